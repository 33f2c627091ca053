"""Forms of the association's calendar: a cycle, a window."""

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils import timezone

from bases.models import Province, TrainingBase
from portal.models import CollectionCycle, CycleWindow
from residents.models import Enrollment

_TO_THE_SECOND = "%Y-%m-%dT%H:%M:%S"


def _moment(label: str, help_text: str) -> forms.DateTimeField:
    return forms.DateTimeField(
        label=label,
        help_text=help_text,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local", "step": "1"}, format=_TO_THE_SECOND),
        input_formats=[_TO_THE_SECOND, "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M"],
        error_messages={"invalid": "请按“2026-10-31 23:59:59”的样子填写日期和时间。"},
    )


class CycleForm(forms.Form):
    """A new yearly cycle; the year after the latest one is proposed."""

    year = forms.IntegerField(label="招收年份", min_value=2014, max_value=2099)
    title = forms.CharField(label="名称", max_length=100)

    def __init__(self, data: Any = None) -> None:
        latest = CollectionCycle.objects.order_by("-year").first()
        year = latest.year + 1 if latest else timezone.localdate().year
        super().__init__(data, initial={"year": year, "title": f"{year}年住院医师信息采集"})


class WindowForm(forms.Form):
    """When a step opens, and its last moment: what people read as "10月31日前" is 23:59:59 of that day (AM-26)."""

    province = forms.ModelChoiceField(label="省份", queryset=Province.objects.all(), empty_label="请选择省份")
    opens_at = _moment("开始时间", "从这一刻起开放。")
    last_moment = _moment("截止时间", "包含这一秒；例如 10 月 31 日前，填 10-31 23:59:59。")

    def __init__(
        self, data: Any, *, window: CycleWindow | None, choosing: bool = False, prefix: str | None = None
    ) -> None:
        """With a prefix it is one of several on a page; that of a step without a window may stay empty."""
        initial = {}
        if window:
            initial = {"opens_at": window.opens_at, "last_moment": window.closes_at - timedelta(seconds=1)}
        super().__init__(
            data,
            initial=initial,
            prefix=prefix,
            empty_permitted=prefix is not None and window is None,
            use_required_attribute=prefix is None,
        )
        if not choosing:
            del self.fields["province"]

    def clean(self) -> dict[str, Any]:
        for name in ("opens_at", "last_moment"):
            moment = self.cleaned_data.get(name)
            if moment and not 2014 <= moment.year < 2100:
                self.add_error(name, "年份应在 2014 至 2099 之间。")
        opens, last = self.cleaned_data.get("opens_at"), self.cleaned_data.get("last_moment")
        if opens and last and last < opens:
            self.add_error("last_moment", "截止时间须晚于开始时间。")
        return self.cleaned_data

    @property
    def times(self) -> dict[str, datetime]:
        return {
            "opens_at": self.cleaned_data["opens_at"],
            "closes_at": self.cleaned_data["last_moment"] + timedelta(seconds=1),
        }


class PlaceForm(forms.Form):
    """The filters of the lapsed: one province, one base. What cannot be read narrows to nobody."""

    province = forms.ModelChoiceField(
        label="省份", queryset=Province.objects.order_by("code"), required=False, empty_label="全部"
    )
    base = forms.ModelChoiceField(
        label="培训基地", queryset=TrainingBase.objects.order_by("code"), required=False, empty_label="全部"
    )

    def narrow(self, records: QuerySet[Enrollment]) -> QuerySet[Enrollment]:
        """The records of the places given; offers the bases that occur among them."""
        bases = TrainingBase.objects.filter(pk__in=records.order_by().values("base")).order_by("code")
        field = self.fields["base"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = bases
        if not self.is_valid():
            return records.none()
        if province := self.cleaned_data.get("province"):
            records = records.filter(base__province=province)
        if base := self.cleaned_data.get("base"):
            records = records.filter(base=base)
        return records


class ReviveForm(forms.Form):
    reason = forms.CharField(
        label="恢复的理由",
        max_length=200,
        help_text="会告知培训基地、省级和住院医师本人，并记入操作记录。",
        error_messages={"required": "请填写恢复的理由。"},
    )
