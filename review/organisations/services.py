"""What is changed in the directory by hand."""

from collections.abc import Mapping
from functools import partial
from typing import TypeVar

from django.db import transaction
from django.forms import ModelForm

from bases.models import Specialty, SpecialtyBase, TrainingBase
from portal import audit
from portal.models import User
from review.organisations.tasks import tell_of_name, tell_of_years

Entry = TypeVar("Entry", TrainingBase, SpecialtyBase, Specialty)
_ACTS = {TrainingBase: "save_base", SpecialtyBase: "save_accreditation", Specialty: "save_specialty"}


def save(form: "ModelForm[Entry]", *, by: User) -> Entry:
    """Save a base, an accredited specialty or a specialty of the catalogue, with its line in the audit log; whom
    another name or other years of a specialty concern is told (AM-45)."""
    with transaction.atomic():
        saved = audit.save_form(_ACTS[form._meta.model], form, by=by)
        if {"valid_from", "valid_to"} & set(form.changed_data):
            announce(saved)
        if isinstance(saved, TrainingBase) and "name" in form.changed_data and form.initial.get("name"):
            announce_names({saved.pk: form.initial["name"]})
    return saved


def announce_names(former: Mapping[int, str]) -> None:
    """Have the worker tell of the bases that had these names until now, once it is committed."""
    for pk, name in former.items():
        transaction.on_commit(partial(tell_of_name.enqueue, pk, name))


def announce(changed: TrainingBase | SpecialtyBase | Specialty) -> None:
    """Have the worker tell whom the years of this specialty concern, once they are committed."""
    if isinstance(changed, SpecialtyBase):
        code, bases = changed.specialty_id, [changed.base_id]
    else:
        code, held = str(changed.pk), SpecialtyBase.objects.filter(specialty=str(changed.pk))
        bases = list(held.values_list("base_id", flat=True))
    transaction.on_commit(lambda: tell_of_years.enqueue(code, bases))
