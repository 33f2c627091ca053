"""What every form of ours takes: one line end, characters that can be stored, days that a calendar of ours knows."""

from datetime import date, datetime
from typing import Any

from django import forms

from portal.characters import first_unstorable, one_line_end

FIRST_DAY, LAST_DAY = date(1900, 1, 1), date(2100, 12, 31)


def can_be_stored(value: Any) -> None:
    """Refuses a text with a character that no workbook and no answer can hold; NUL has Django's own validator. What a
    field has made into something else than a text is no matter of this."""
    found = first_unstorable(value.replace("\x00", "")) if isinstance(value, str) else None
    if found:
        place, name = found
        raise forms.ValidationError(f"第 {place} 个字符（{name}）不能保存，请删去或重新输入。")


def is_in_calendar(value: date) -> None:
    """Refuses a day so far away that a day more is no date."""
    day = value.date() if isinstance(value, datetime) else value
    if not FIRST_DAY <= day <= LAST_DAY:
        raise forms.ValidationError(f"日期应在 {FIRST_DAY} 至 {LAST_DAY} 之间，请核对。")


def _sent_text(widget: forms.Textarea, data: Any, files: Any, name: str) -> Any:
    value = data.get(name)
    return one_line_end(value) if isinstance(value, str) else value


def use_own_values() -> None:
    """Put these into Django's fields, so that no form can be written without them."""
    forms.Textarea.value_from_datadict = _sent_text  # type: ignore[method-assign,assignment]
    forms.CharField.default_validators = [can_be_stored]
    for field in (forms.DateField, forms.DateTimeField):
        field.default_validators = [is_in_calendar]
