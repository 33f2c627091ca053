"""What every form takes, of all apps and of those not written yet: one line end, characters that can be stored, days of
our calendar (X4 … X6 of the findings)."""

from collections.abc import Iterator

import pytest
from django import forms
from django.http import QueryDict
from django.urls import get_resolver

from portal.form_values import can_be_stored, is_in_calendar
from tests.odd_values import APPS, UNSTORABLE


def kinds(kind: type) -> Iterator[type]:
    for each in kind.__subclasses__():
        yield each
        yield from kinds(each)


def fields() -> list[tuple[str, str, forms.Field]]:
    """(form, name, field) of every form that is declared in the product; the routes import them all."""
    assert get_resolver().url_patterns
    return [
        (f"{kind.__module__}.{kind.__name__}", name, field)
        for kind in kinds(forms.BaseForm)
        if kind.__module__.partition(".")[0] in APPS
        for name, field in getattr(kind, "base_fields", {}).items()
    ]


def texts() -> list[tuple[str, str, forms.CharField]]:
    plain = (forms.CharField,)
    own_rules = (forms.EmailField, forms.UUIDField, forms.URLField)
    return [each for each in fields() if isinstance(each[2], plain) and not isinstance(each[2], own_rules)]


def test_every_text_refuses_what_cannot_be_stored():
    assert len(found := texts()) > 40
    assert [(form, name) for form, name, field in found if can_be_stored not in field.validators] == []


@pytest.mark.parametrize("kind", UNSTORABLE)
def test_refusal_says_where_and_what(kind):
    with pytest.raises(forms.ValidationError) as refusal:
        forms.CharField().clean(f"王{UNSTORABLE[kind]}")
    assert len(refusal.value.messages) == 1
    assert "字符" in refusal.value.messages[0]


def test_refusal_counts_as_people_do():
    with pytest.raises(forms.ValidationError, match="第 3 个字符（U\\+FFFE）不能保存，请删去或重新输入。"):
        forms.CharField().clean("王小\ufffe明")


def test_a_line_break_counts_once_in_every_text_box():
    """The page counts one for it, the browser sends two: what the page lets in, the server takes (X6)."""
    boxes = [each for each in texts() if isinstance(each[2].widget, forms.Textarea) and each[2].max_length]
    assert len(boxes) > 12
    for form, name, field in boxes:
        most = field.max_length
        sent = QueryDict(mutable=True)
        sent["box"] = "字" + "\r\n" * (most - 2) + "字"
        value = field.widget.value_from_datadict(sent, {}, "box")
        assert len(field.clean(value)) == most, (form, name)
        assert field.widget.attrs["maxlength"] == str(most), (form, name)
        sent["box"] += "字"
        with pytest.raises(forms.ValidationError, match=f"现在 {most + 1} 个"):
            field.clean(field.widget.value_from_datadict(sent, {}, "box"))


def test_every_day_is_one_of_our_calendar():
    days = [each for each in fields() if isinstance(each[2], forms.DateField | forms.DateTimeField)]
    assert len(days) > 5
    assert [(form, name) for form, name, field in days if is_in_calendar not in field.validators] == []


@pytest.mark.parametrize("day", ["9999-12-31", "0001-01-01", "2101-01-01", "1899-12-31"])
@pytest.mark.parametrize("field", [forms.DateField(), forms.DateTimeField()])
def test_a_day_beyond_it_is_refused_with_its_bounds(field, day):
    with pytest.raises(forms.ValidationError, match="日期应在 1900-01-01 至 2100-12-31 之间"):
        field.clean(day)
