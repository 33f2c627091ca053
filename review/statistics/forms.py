"""What the pages of 统计 ask for: dimensions, filters, source, export."""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, cast

from django import forms

from bases.scope import bases_in_view, provinces_for
from portal.models import User
from portal.roles import Action
from review.choices import ANY, _names
from review.exports.forms import ExportForm
from review.statistics import returns as return_statistics
from review.statistics.cross_table import BLANK, DIMENSIONS, SOURCES, UNKNOWN, Dimension


class StatisticsExportForm(ExportForm):
    """As ExportForm; the records behind a number can also leave with all that was collected of them."""

    kind = forms.ChoiceField(
        label="导出内容",
        required=False,
        choices=[("statistics_list", "名单（主要信息）"), ("records_in_full", "完整采集信息（全部字段）")],
    )
    field_order = ["kind", "file_format"]

    def clean_kind(self) -> str:
        return self.cleaned_data["kind"] or "statistics_list"


class NarrowedForm(forms.Form):
    """The boxes of a table's page: by what it is split, and to which values of the dimensions `by` it is narrowed.
    What cannot be read asks for nothing."""

    # The boxes show what the table shows, also where the address says nothing.
    default: ClassVar[dict[str, str]]
    by: ClassVar[Mapping[str, Dimension]]
    # By what it may be split, where that is not every one of `by`.
    split: ClassVar[Mapping[str, Dimension]] = {}
    offers_blank: ClassVar[bool] = False

    def __init__(self, data: Any, *, user: User) -> None:
        super().__init__(self.default | {name: data[name] for name in data})
        for name in self.default:
            cast(forms.ChoiceField, self.fields[name]).choices = [
                (key, each.label) for key, each in (self.split or self.by).items()
            ]
        own = self.own_names(user)
        for key, dimension in self.by.items():
            if key == "year":
                field: forms.Field = forms.IntegerField(min_value=2000, max_value=2100, required=False)
            else:
                blank = [(BLANK, UNKNOWN)] if self.offers_blank and dimension.can_be_blank else []
                choices = [*ANY, *own.get(key, dimension.names)().items(), *blank]
                field = forms.ChoiceField(choices=choices, required=False)
            field.label = dimension.label
            self.fields[key] = field
        self.is_valid()

    def own_names(self, user: User) -> dict[str, Callable[[], dict[str, str]]]:
        """What may be chosen where it is not every value of the dimension."""
        return {
            "province": lambda: _names(provinces_for(user, Action.VIEW)),
            "base": lambda: _names(bases_in_view(user).order_by("province_id", "code")),
        }

    @property
    def narrowing(self) -> list[forms.BoundField]:
        return [self[key] for key in self.by]

    @property
    def filters(self) -> dict[str, str]:
        """What was asked and could be read."""
        return {key: str(self.cleaned_data[key]) for key in self.by if self.cleaned_data.get(key)}


class CrossedForm(NarrowedForm):
    """Two dimensions crossed; `spare` takes the place of columns that are asked to be the same as the rows."""

    spare: ClassVar[str]

    rows = forms.ChoiceField(label="行", required=False)
    columns = forms.ChoiceField(label="列", required=False)

    @property
    def crossed(self) -> tuple[str, str]:
        """The two dimensions, different ones whatever was asked."""
        rows, columns = self._asked("rows"), self._asked("columns")
        if rows != columns:
            return rows, columns
        return rows, self.spare if rows != self.spare else self.default["columns"]

    def _asked(self, name: str) -> str:
        return self.cleaned_data.get(name) or self.default[name]


class StatisticsForm(CrossedForm):
    """Which two dimensions are crossed, of which source, narrowed by which values of the others."""

    default: ClassVar = {"rows": "province", "columns": "type"}
    by: ClassVar = DIMENSIONS
    spare = "year"
    offers_blank = True

    source = forms.ChoiceField(
        label="统计口径",
        choices=list(SOURCES.items()),
        required=False,
        help_text="现有人员、结束、转出待入按人计，每人一次；全部培训记录按记录计；招收原始信息按招收时审核通过的信息计。",
    )
    field_order = ["source"]

    @property
    def is_readable(self) -> bool:
        return not self.errors

    @property
    def asked_twice(self) -> bool:
        """Whether rows and columns were asked to be the same dimension."""
        return bool(self.cleaned_data.get("rows")) and self.crossed[1] != self._asked("columns")

    @property
    def chosen_source(self) -> str:
        return self.cleaned_data.get("source") or "current"


class ReturnStatisticsForm(NarrowedForm):
    """By what the reasons of returns are split, narrowed by which values."""

    default: ClassVar = {"rows": "base"}
    by: ClassVar = return_statistics.ALL
    split: ClassVar = return_statistics.SPLIT

    rows = forms.ChoiceField(label="按", required=False)

    @property
    def chosen_rows(self) -> str:
        return self.cleaned_data.get("rows") or "base"
