"""What is changed in the directory by hand."""

from typing import TypeVar

from django.forms import ModelForm

from bases.models import Specialty, SpecialtyBase, TrainingBase
from portal import audit
from portal.models import User

Entry = TypeVar("Entry", TrainingBase, SpecialtyBase, Specialty)
_ACTS = {TrainingBase: "save_base", SpecialtyBase: "save_accreditation", Specialty: "save_specialty"}


def save(form: "ModelForm[Entry]", *, by: User) -> Entry:
    """Save a base, an accredited specialty or a specialty of the catalogue, with its line in the audit log."""
    return audit.save_form(_ACTS[form._meta.model], form, by=by)
