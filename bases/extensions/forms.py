"""The form of 申请延长填报时间: which step, until when, for whom and why (GOAL-P8)."""

import json
from datetime import date, datetime, time, timedelta
from typing import Any, cast

from django import forms
from django.db.models import QuerySet
from django.utils import timezone

from bases.extensions.services import STEPS
from residents.models import Enrollment

WHOLE, NAMED = "whole", "named"


def end_of_day(day: date) -> datetime:
    """The moment up to which, not including it, the whole day is given (AM-26)."""
    return timezone.make_aware(datetime.combine(day + timedelta(days=1), time.min))


class DayField(forms.DateField):
    """The last day of a deadline, from this year to the next: more time than that is no extension."""

    def __init__(self, **kwargs: Any) -> None:
        widget = forms.DateInput({"type": "date"}, format="%Y-%m-%d")
        super().__init__(widget=widget, help_text="含当日，到 23:59:59 为止。", **kwargs)

    def validate(self, value: date | None) -> None:
        super().validate(value)
        if value and not timezone.localdate() <= value <= timezone.localdate() + timedelta(days=365):
            raise forms.ValidationError("请填写今天以后、一年以内的日期。")


class PeopleField(forms.ModelMultipleChoiceField):
    asked: str  # the condition under which the page shows it, as in residents/forms.py

    def label_from_instance(self, record: Enrollment) -> str:
        return f"{record.resident.full_name}（{record.specialty or '未填专业'}）"


class ExtensionForm(forms.Form):
    step = forms.ChoiceField(label="需要延长的环节", choices=[(step.value, step.label) for step in STEPS])
    last_day = DayField(label="申请延长至")
    reach = forms.ChoiceField(
        label="范围",
        choices=[(NAMED, "只为下面勾选的住院医师"), (WHOLE, "本基地全部招收记录")],
        widget=forms.RadioSelect,
    )
    people = PeopleField(label="住院医师", queryset=None, required=False, widget=forms.CheckboxSelectMultiple)
    reason = forms.CharField(
        label="申请理由",
        max_length=200,
        widget=forms.Textarea({"rows": 2}),
        error_messages={"required": "请填写申请理由，例如住院医师因病未能按时填报。"},
    )

    def __init__(self, data: Any, *, people: QuerySet[Enrollment], initial: dict[str, Any]) -> None:
        super().__init__(data, initial=initial)
        field = cast(PeopleField, self.fields["people"])
        field.queryset = people
        field.asked = json.dumps([["reach", [NAMED]]])

    def clean(self) -> dict[str, Any]:
        found = self.cleaned_data
        if found.get("reach") == NAMED and "people" in found and not found["people"]:
            self.add_error("people", "请至少勾选一名住院医师，或改选“本基地全部招收记录”。")
        return found

    @property
    def asked(self) -> dict[str, Any]:
        """The arguments of `bases.extensions.services.ask`."""
        found = self.cleaned_data
        return {
            "step": found["step"],
            "until": end_of_day(found["last_day"]),
            "reason": found["reason"],
            "enrollments": list(found["people"]) if found["reach"] == NAMED else [],
        }
