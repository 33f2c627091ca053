"""No message of Django or another library reaches anybody in English (GOAL-S5, TRUST-77)."""

import re
from collections.abc import Iterator

import pytest
from django import forms
from django.contrib.auth.password_validation import get_password_validators
from django.core import validators
from django.core.exceptions import ValidationError
from django.forms.formsets import BaseFormSet
from django.urls import get_resolver

from portal.sign_in.forms import NewPasswordForm
from tests.test_every_page import ALLOWED

WORD = re.compile(r"[A-Za-z]{3,}")
PLACE = re.compile(r"%\(\w+\)\w|%\w|\{\w+\}")
# Names that are written so in Chinese, and the example of an address.
NAMES = ALLOWED | {"JSON", "UUID", "Unicode", "ManagementForm", "name", "example", "com"}
# What nobody would type; each judge says what it finds.
BAD_PASSWORDS = [
    "",
    "1",
    "a1b2c3",
    "1234567",
    "password",
    "12345678",
    "iloveyou",
    "000000ab",
    "quietriverstone",
]


def english(words: object) -> set[str]:
    return set(WORD.findall(PLACE.sub("", str(words)))) - NAMES


def _below(kind: type) -> Iterator[type]:
    for each in kind.__subclasses__():
        yield each
        yield from _below(each)


def messages() -> Iterator[tuple[str, object]]:
    """Where from, and the text: of every kind of field, of every field of our forms, of every validator."""
    # All our forms are imported by the addresses.
    assert get_resolver().url_patterns
    for kind in {forms.Field, *_below(forms.Field)}:
        for key, text in getattr(kind, "default_error_messages", {}).items():
            yield f"{kind.__module__}.{kind.__name__} {key}", text
    for form in _below(forms.BaseForm):
        for name, field in getattr(form, "base_fields", {}).items():
            for key, text in field.error_messages.items():
                yield f"{form.__name__}.{name} {key}", text
            for validator in field.validators:
                yield f"{form.__name__}.{name} {validator!r}", getattr(validator, "message", "")
    for name, validator in vars(validators).items():
        if name.endswith("Validator"):
            yield name, getattr(validator, "message", "")
    for key, text in BaseFormSet.default_error_messages.items():
        yield f"formset {key}", text


def test_no_message_of_a_field_or_validator_is_english():
    """TRUST-77."""
    found = {where: words for where, text in messages() if (words := english(text))}
    assert found == {}


@pytest.mark.parametrize("password", BAD_PASSWORDS)
def test_no_judge_of_passwords_speaks_english(password, settings):
    """Each validator by itself, whatever it says first, and the form."""
    for judge in get_password_validators(settings.AUTH_PASSWORD_VALIDATORS):
        said = [judge.get_help_text()]
        try:
            judge.validate(password)
        except ValidationError as weak:
            said += weak.messages
        assert english(said) == set()
    form = NewPasswordForm({"new_password1": password, "new_password2": password})
    assert english([list(texts) for texts in form.errors.values()]) == set()


def test_the_scan_finds_english():
    """It can fail: Django's own rule of length is not translated."""
    assert english("This password is too short. 至少 %(min_length)d") == {"This", "password", "too", "short"}
