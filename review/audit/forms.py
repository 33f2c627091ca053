"""The filters of the pages of 操作记录."""

from typing import Any

from django import forms

from bases.models import Province, TrainingBase
from portal.models import Delivery, Message
from portal.searching import SearchField
from review.audit.words import ACTS, RESULTS
from review.choices import ANY


def _day(label: str) -> forms.DateField:
    return forms.DateField(
        label=label, required=False, widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d")
    )


class PeriodFilter(forms.Form):
    """When; kept in the address."""

    since = _day("从")
    until = _day("到")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.is_valid()

    @property
    def values(self) -> dict[str, Any]:
        return {name: value for name, value in self.cleaned_data.items() if value not in (None, "")}


class HistoryFilter(PeriodFilter):
    """Who, which record, which organisation, when."""

    who = SearchField(label="操作人姓名或账号", required=False, max_length=50)
    record = SearchField(label="记录编号或证件号", required=False, max_length=20)
    province = forms.ModelChoiceField(
        label="省份", queryset=Province.objects.all(), required=False, empty_label="全部"
    )
    base = forms.ModelChoiceField(
        label="培训基地",
        queryset=TrainingBase.objects.order_by("province_id", "code"),
        required=False,
        empty_label="全部",
    )

    field_order = ["who", "record", "province", "base", "since", "until"]


class AuditFilter(HistoryFilter):
    """The same for the audit log, with the act and how it ended."""

    act = forms.ChoiceField(label="操作", required=False, choices=[*ANY, *ACTS.items()])
    result = forms.ChoiceField(label="结果", required=False, choices=[*ANY, *RESULTS.items()])

    field_order = ["who", "act", "record", "province", "base", "since", "until", "result"]


class DeliveryFilter(PeriodFilter):
    """To whom, about what, which way, with what outcome, when."""

    who = SearchField(label="收件人姓名或账号", required=False, max_length=50)
    topic = forms.ChoiceField(label="内容", required=False, choices=[*ANY, *Message.Topic.choices])
    channel = forms.ChoiceField(label="方式", required=False, choices=[*ANY, *Delivery.Channel.choices])
    state = forms.ChoiceField(label="结果", required=False, choices=[*ANY, *Delivery.State.choices])

    field_order = ["who", "topic", "channel", "state", "since", "until"]
