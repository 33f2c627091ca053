"""Forms of the answer to 申请延长填报时间 (GOAL-P8)."""

from datetime import date, datetime, timedelta
from typing import Any

from django import forms
from django.utils import timezone

from bases.extensions.forms import DayField, end_of_day
from bases.models import ExtensionRequest


def _day(moment: datetime) -> date:
    return timezone.localdate(moment - timedelta(seconds=1))


class GrantForm(forms.Form):
    last_day = DayField(label="同意延长至")
    review_last_day = DayField(label="省级审核同时延长至", required=False)
    comment = forms.CharField(label="说明（选填）", max_length=500, required=False)
    prefix = "grant"

    def __init__(self, data: Any = None, *, asked: ExtensionRequest, is_national: bool) -> None:
        day = _day(asked.until)
        super().__init__(data, initial={"last_day": day, "review_last_day": day + timedelta(days=3)})
        if not is_national:
            del self.fields["review_last_day"]

    @property
    def granted(self) -> dict[str, Any]:
        """The arguments of `review.extensions.services.grant`."""
        found = self.cleaned_data
        review = found.get("review_last_day")
        return {
            "until": end_of_day(found["last_day"]),
            "review_until": end_of_day(review) if review else None,
            "comment": found["comment"],
        }


class RefuseForm(forms.Form):
    comment = forms.CharField(
        label="不同意的理由",
        max_length=500,
        error_messages={"required": "请填写理由，培训基地会看到。"},
    )
    prefix = "refusal"
