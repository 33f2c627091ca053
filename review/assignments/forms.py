"""Forms of 审核分工: which reviewers have which bases, and who stands in for whom (GOAL-P6)."""

from collections.abc import Sequence
from typing import Any, cast

from django import forms
from django.utils import timezone

from bases.models import TrainingBase
from portal.models import User

_DAY = forms.DateInput({"type": "date"}, format="%Y-%m-%d")


class AssignmentForm(forms.Form):
    """A column of boxes per base. Only what differs from the page as it was sent is saved, so that a colleague's
    assignment of another base stays."""

    def __init__(
        self,
        data: Any = None,
        *,
        bases: Sequence[TrainingBase],
        people: Sequence[User],
        given: dict[int, set[int]],
    ) -> None:
        super().__init__(data)
        self.bases = bases
        choices = [(person.pk, person.full_name) for person in people]
        known = {person.pk for person in people}
        for base in bases:
            shown = sorted(given.get(base.pk, set()) & known)
            self.fields[f"base_{base.pk}"] = forms.TypedMultipleChoiceField(
                label=base.name,
                choices=choices,
                coerce=int,
                required=False,
                initial=shown,
                widget=forms.CheckboxSelectMultiple,
                show_hidden_initial=True,
            )

    @property
    def rows(self) -> list[tuple[TrainingBase, forms.BoundField]]:
        return [(base, self[f"base_{base.pk}"]) for base in self.bases]

    def wanted(self) -> dict[int, set[int]]:
        """Base id → reviewer ids, of the bases whose boxes were changed on the page."""
        return {
            base.pk: set(self.cleaned_data[f"base_{base.pk}"])
            for base in self.bases
            if f"base_{base.pk}" in self.changed_data
        }


class SubstitutionForm(forms.Form):
    """代班: whose bases, by whom, from which to which day."""

    absent = forms.TypedChoiceField(label="不在岗", coerce=int)
    substitute = forms.TypedChoiceField(label="代班人", coerce=int)
    starts_on = forms.DateField(label="开始日期", widget=_DAY)
    ends_on = forms.DateField(label="结束日期（含当日）", widget=_DAY)
    prefix = "cover"

    def __init__(self, data: Any = None, *, people: Sequence[User]) -> None:
        super().__init__(data)
        self.people = {person.pk: person for person in people}
        choices = [("", "请选择"), *((pk, person.full_name) for pk, person in self.people.items())]
        for name in ("absent", "substitute"):
            cast(forms.ChoiceField, self.fields[name]).choices = choices

    def clean(self) -> dict[str, Any]:
        found = self.cleaned_data
        if found.get("absent") and found.get("absent") == found.get("substitute"):
            self.add_error("substitute", "代班人不能是本人，请选择另一位审核人员。")
        starts, ends = found.get("starts_on"), found.get("ends_on")
        if starts and ends and ends < starts:
            self.add_error("ends_on", "结束日期不能早于开始日期。")
        elif ends and ends < timezone.localdate():
            self.add_error("ends_on", "结束日期已经过去，请填写今天或以后的日期。")
        return found

    def chosen(self) -> dict[str, Any]:
        """The arguments of `assignments.substitute`."""
        found = self.cleaned_data
        return {
            "absent": self.people[found["absent"]],
            "by_whom": self.people[found["substitute"]],
            "starts_on": found["starts_on"],
            "ends_on": found["ends_on"],
        }
