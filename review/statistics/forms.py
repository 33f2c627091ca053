"""What the pages of 统计 ask for: dimensions, filters, source, export."""

from typing import Any

from django import forms

from bases.scope import bases_in_view, provinces_for
from portal.models import User
from portal.roles import Action
from portal.widgets import LongSelect
from review.choices import ANY, _names
from review.exports.forms import ExportForm
from review.statistics import returns as return_statistics
from review.statistics.cross_table import BLANK, DIMENSIONS, SOURCES, UNKNOWN


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


class StatisticsForm(forms.Form):
    """Which two dimensions are crossed, of which source, narrowed by which values of the others."""

    source = forms.ChoiceField(
        label="统计口径",
        choices=list(SOURCES.items()),
        required=False,
        help_text="现有人员：每人最近一次审核通过的信息；招收原始信息：招收审核通过时的信息，不随后来的更新变化。",
    )
    rows = forms.ChoiceField(label="行", choices=lambda: _dimensions(), required=False)
    columns = forms.ChoiceField(label="列", choices=lambda: _dimensions(), required=False)

    def __init__(self, data: Any, *, user: User) -> None:
        # The boxes show what the table shows, also where the address says nothing.
        super().__init__({"rows": "province", "columns": "type"} | {name: data[name] for name in data})
        own = {
            "province": lambda: _names(provinces_for(user, Action.VIEW)),
            "base": lambda: _names(bases_in_view(user).order_by("province_id", "code")),
        }
        for key, dimension in DIMENSIONS.items():
            if key == "year":
                field: forms.Field = forms.IntegerField(min_value=2000, max_value=2100, required=False)
            else:
                names = own.get(key, dimension.names)()
                choices = [*ANY, *names.items(), *([(BLANK, UNKNOWN)] if dimension.can_be_blank else [])]
                field = forms.ChoiceField(choices=choices, required=False, widget=LongSelect)
            field.label = dimension.label
            self.fields[key] = field
        self.is_valid()

    @property
    def narrowing(self) -> list[forms.BoundField]:
        return [self[key] for key in DIMENSIONS]

    @property
    def is_readable(self) -> bool:
        return not self.errors

    @property
    def filters(self) -> dict[str, str]:
        return {key: str(self.cleaned_data[key]) for key in DIMENSIONS if self.cleaned_data.get(key)}

    @property
    def crossed(self) -> tuple[str, str]:
        """The two dimensions, different ones whatever was asked."""
        rows = self.cleaned_data.get("rows") or "province"
        columns = self.cleaned_data.get("columns") or "type"
        return (rows, columns) if rows != columns else (rows, "year" if rows != "year" else "type")

    @property
    def asked_twice(self) -> bool:
        """Whether rows and columns were asked to be the same dimension."""
        return bool(self.cleaned_data.get("rows")) and self.crossed[1] != (
            self.cleaned_data.get("columns") or "type"
        )

    @property
    def chosen_source(self) -> str:
        return self.cleaned_data.get("source") or "current"


class ReturnStatisticsForm(forms.Form):
    """By what the reasons of returns are split, narrowed by which values; what cannot be read asks for nothing."""

    rows = forms.ChoiceField(
        label="按",
        choices=[(key, each.label) for key, each in return_statistics.SPLIT.items()],
        required=False,
    )

    def __init__(self, data: Any, *, user: User) -> None:
        # The boxes show what the table shows, also where the address says nothing.
        super().__init__({"rows": "base"} | {name: data[name] for name in data})
        own = {
            "province": lambda: _names(provinces_for(user, Action.VIEW)),
            "base": lambda: _names(bases_in_view(user).order_by("province_id", "code")),
        }
        for key, dimension in return_statistics.ALL.items():
            if key == "year":
                field: forms.Field = forms.IntegerField(min_value=2000, max_value=2100, required=False)
            else:
                field = forms.ChoiceField(
                    choices=[*ANY, *own.get(key, dimension.names)().items()], required=False
                )
            field.label = dimension.label
            self.fields[key] = field
        self.is_valid()

    @property
    def narrowing(self) -> list[forms.BoundField]:
        return [self[key] for key in return_statistics.ALL]

    @property
    def filters(self) -> dict[str, str]:
        return {
            key: str(self.cleaned_data[key]) for key in return_statistics.ALL if self.cleaned_data.get(key)
        }

    @property
    def chosen_rows(self) -> str:
        return self.cleaned_data.get("rows") or "base"


def _dimensions() -> list[tuple[str, str]]:
    return [(key, dimension.label) for key, dimension in DIMENSIONS.items()]
