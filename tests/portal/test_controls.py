"""Controls written in Python are those that Django's templates write, only sooner."""

import datetime

import pytest
from django import forms
from django.forms.renderers import DjangoTemplates
from django.template import Context, Template
from django.test import SimpleTestCase
from hypothesis import given
from hypothesis import strategies as st

from portal.controls import GROUPS_OF_BOXES, Menu, Renderer, control, field_box

ODD = "<b>&\"'"
CHOICES = [("", "全部"), ("1", "浙江大学医学院附属第一医院"), (2, ODD), (ODD, "省人民医院"), (None, "无")]
GROUPED = [
    ("", "全部"),
    ("some", "有变化"),
    (f"基本信息{ODD}", [("basic.sex", "性别"), ("b", ODD)]),
    ("z", "末"),
]
WIDGETS = [
    forms.TextInput({"maxlength": 3, "placeholder": ODD}),
    forms.NumberInput({"min": 0, "max": None}),
    forms.EmailInput(),
    forms.URLInput(),
    forms.PasswordInput({"autocomplete": "off"}),
    forms.HiddenInput(),
    forms.DateInput({"type": "date"}),
    forms.DateTimeInput({"type": "datetime-local"}),
    forms.TimeInput(),
    forms.FileInput({"accept": ".xlsx", "data-x": False}),
    forms.CheckboxInput(),
    forms.Textarea({"rows": 3}),
    forms.RadioSelect(choices=CHOICES),
    forms.RadioSelect(choices=GROUPED),
    forms.CheckboxSelectMultiple(choices=CHOICES),
    forms.Select(choices=CHOICES),
    forms.Select(choices=GROUPED),
    # Not written here: Django's own template.
    forms.SelectMultiple(choices=CHOICES),
]
ATTRIBUTES = {"id": "id_it", "class": "form-control", "required": True, "disabled": False, "title": ODD}


def ours(widget: forms.Widget) -> forms.Widget:
    return Menu(widget.attrs, widget.choices) if type(widget) is forms.Select else widget


def assert_same(widget: forms.Widget, value: object) -> None:
    usual = widget.render("it", value, ATTRIBUTES, DjangoTemplates())
    SimpleTestCase().assertHTMLEqual(ours(widget).render("it", value, ATTRIBUTES, Renderer()), usual)


@pytest.mark.parametrize("widget", WIDGETS, ids=lambda widget: type(widget).__name__)
@pytest.mark.parametrize("value", ["", None, "1", 2, ODD, "b", 0, False, True, datetime.date(2026, 1, 2)])
def test_a_control_is_that_of_the_framework(widget, value):
    assert_same(widget, value)


@given(st.sampled_from(WIDGETS), st.text())
def test_a_control_takes_any_text(widget, text):
    assert_same(widget, text)


@given(st.lists(st.tuples(st.text(), st.text())), st.text())
def test_a_menu_takes_any_choices(choices, value):
    assert_same(forms.Select(choices=choices), value)


class Everything(forms.Form):
    name = forms.CharField(label=f"姓名{ODD}", help_text="与证件一致", max_length=4)
    kind = forms.ChoiceField(label="类型", choices=CHOICES, required=False)
    sex = forms.ChoiceField(label="性别", choices=[("1", "男"), ("2", "女")], widget=forms.RadioSelect)
    yes = forms.BooleanField(label="同意")


def test_a_menu_written_once_shows_each_form_its_own_value():
    first, second = Everything({"kind": "1"}), Everything({"kind": "2"})
    for _ in range(2):
        assert 'value="1" selected' in control(first["kind"])
        assert 'value="2" selected' in control(second["kind"])
        assert control(first["kind"]).count(" selected") == 1


@pytest.mark.parametrize("name", Everything.base_fields)
def test_label_error_and_help_belong_to_their_control(name):
    """What a screen reader says, and where the list of errors at the head of the form leads."""
    field = Everything({"name": ODD * 2})[name]
    html = field_box(field)
    assert f'id="id_{name}_box"' in html
    assert (f'for="{field.id_for_label}"' in html) is not isinstance(field.field.widget, GROUPS_OF_BOXES)
    assert ("<legend" in html) is isinstance(field.field.widget, GROUPS_OF_BOXES)
    if field.errors:
        assert "field-bad" in html
        assert f'id="id_{name}_error"' in html
        assert 'aria-invalid="true"' in html
        assert f'aria-describedby="id_{name}_error' in html
    if field.help_text:
        assert f'id="id_{name}_help"' in html
    assert ODD not in html


def test_a_template_writes_the_same():
    form = Everything()
    written = Template('{% include "_parts/field.html" with field=form.name %}').render(
        Context({"form": form})
    )
    assert written.strip() == field_box(form["name"])
