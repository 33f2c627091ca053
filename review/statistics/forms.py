"""What the pages of 统计 ask for: dimensions, filters, source, export."""

from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from typing import Any, ClassVar, cast

from django import forms
from django.utils import timezone

from bases.models import Source
from bases.scope import bases_in_view, provinces_for
from portal.models import User
from portal.roles import Action
from review.choices import ANY, _names
from review.exports.forms import ExportForm
from review.figures import SHOWN
from review.models import Edition
from review.statistics import returns as return_statistics
from review.statistics.cross_table import BLANK, DIMENSIONS, SOURCES, UNKNOWN, Dimension

# The notice that began it all is of this year (BR-01); nothing counted before.
EARLIEST = date(2019, 1, 1)


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

    shown = forms.ChoiceField(label="显示", choices=list(SHOWN.items()), required=False)

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
    def chosen_shown(self) -> str:
        return self.cleaned_data.get("shown") or ""

    @property
    def narrowing(self) -> list[forms.BoundField]:
        return [self[key] for key in self.by]

    @property
    def filters(self) -> dict[str, str]:
        """What was asked and could be read."""
        return {key: str(self.cleaned_data[key]) for key in self.by if self.cleaned_data.get(key)}


class AsOfForm(forms.Form):
    """截至日期: the moment of the database that a statistic is asked of; nothing given means now (AM-50, GOAL-N12)."""

    day = forms.DateField(
        label="截至日期",
        required=False,
        widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d"),
        error_messages={"invalid": "截至日期格式不正确，请写成 2026-09-01。"},
        help_text="当时已审核通过、当时显示的数；不填为现在。",
    )
    clock = forms.TimeField(
        label="时刻",
        required=False,
        widget=forms.TimeInput({"type": "time", "step": "1"}, format="%H:%M:%S"),
        error_messages={"invalid": "时刻格式不正确，请写成 17:30 或 17:30:00。"},
        help_text="不填为当日 24 时。",
    )

    def clean_day(self) -> date | None:
        day = self.cleaned_data["day"]
        if day and not EARLIEST <= day <= timezone.localdate():
            raise forms.ValidationError(f"截至日期须在 {EARLIEST:%Y-%m-%d} 至今天之间，请重新填写。")
        return day

    def clean(self) -> dict[str, Any] | None:
        if self.cleaned_data.get("clock") and not self.cleaned_data.get("day") and "day" not in self.errors:
            self.add_error("day", "填写了时刻，请一并填写截至日期。")
        return super().clean()

    @property
    def knows_when(self) -> bool:
        """Whether the moment, if any, could be read."""
        return not (self.has_error("day") or self.has_error("clock"))

    @property
    def as_of(self) -> datetime | None:
        """The last instant that still counts; None where that is now, or is yet to come."""
        day, clock = self.cleaned_data.get("day"), self.cleaned_data.get("clock")
        if not day:
            return None
        # What was written within the second named belongs to it.
        last = datetime.combine(day, clock.replace(microsecond=999_999) if clock else time.max)
        moment = timezone.make_aware(last)
        return moment if moment < timezone.now() else None

    @property
    def asked_until(self) -> dict[str, str]:
        """As the address says it."""
        given = {name: self.cleaned_data.get(name) for name in ("day", "clock")}
        return {name: value.isoformat() for name, value in given.items() if value}


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


class StatisticsForm(AsOfForm, CrossedForm):
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
    edition = forms.ModelChoiceField(
        label="数据",
        queryset=Edition.objects.select_related("order"),
        required=False,
        empty_label="实时数据",
        help_text="选年度版时按封版的数据统计，以后不再变化。",
    )
    field_order = ["source", "edition", "rows", "columns", "shown", "day", "clock"]

    def clean(self) -> dict[str, Any] | None:
        found = super().clean()
        if self.cleaned_data.get("edition"):
            if self.cleaned_data.get("source") in (Source.ALL, Source.INTAKE):
                self.add_error("edition", "年度版按人统计，统计口径请选“现有人员”“结束”或“转出待入”。")
            if self.cleaned_data.get("day"):
                self.add_error("edition", "年度版的截止日已定，请清空“截至日期”，或改选实时数据。")
        return found

    @property
    def chosen_edition(self) -> Edition | None:
        return self.cleaned_data.get("edition")

    @property
    def asked(self) -> dict[str, str]:
        """What the address of a list names."""
        edition = {"edition": str(self.chosen_edition.pk)} if self.chosen_edition else {}
        return {"source": self.chosen_source, **edition, **self.asked_until, **self.filters}

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


class ReturnStatisticsForm(AsOfForm, NarrowedForm):
    """By what the reasons of returns are split, narrowed by which values."""

    default: ClassVar = {"rows": "base"}
    by: ClassVar = return_statistics.ALL
    split: ClassVar = return_statistics.SPLIT

    rows = forms.ChoiceField(label="按", required=False)
    field_order = ["rows", "shown", "day", "clock"]

    @property
    def chosen_rows(self) -> str:
        return self.cleaned_data.get("rows") or "base"
