"""What a form says is plain Chinese and tells what to do; the framework's words are not shown."""

import pytest
from django import forms

from review.organisations.forms import BaseForm
from review.staff.forms import StaffForm
from tests import factories

FOREIGN = ("有效的", "必填项", "确保该", "Email", "null", "None", "不在可用的选项中")
KINDS: list[tuple[forms.Field, str]] = [
    (forms.CharField(), ""),
    (forms.CharField(max_length=2), "一二三"),
    (forms.CharField(min_length=2), "一"),
    (forms.EmailField(), "he.min"),
    (forms.IntegerField(), "十"),
    (forms.IntegerField(min_value=3), "2"),
    (forms.IntegerField(max_value=3), "4"),
    (forms.DecimalField(), "十"),
    (forms.DateField(), "2026-13-01"),
    (forms.DateTimeField(), "昨天"),
    (forms.ChoiceField(choices=[("1", "一")]), "2"),
    (forms.ChoiceField(choices=[("1", "一")]), ""),
    (forms.MultipleChoiceField(choices=[("1", "一")]), ["2"]),
]


@pytest.mark.parametrize(("field", "value"), KINDS, ids=lambda each: type(each).__name__)
def test_words_are_plain(field, value):
    """With the repair step, as everywhere (README: a message of a rule)."""
    with pytest.raises(forms.ValidationError) as refusal:
        field.clean(value)
    (words,) = refusal.value.messages
    assert [each for each in FOREIGN if each in words] == []
    assert words.endswith("。")


def test_a_base_that_is_there_already_is_named(base, db):
    """GOAL-N1: at the field, with the base that has the code or the name."""
    asked = {"province": base.province_id, "code": base.code, "name": base.name}
    form = BaseForm(asked)
    assert not form.is_valid()
    assert f"已属于“{base.name}”" in form.errors["code"][0]
    assert f"代码 {base.code}" in form.errors["name"][0]
    assert BaseForm(asked, instance=base).is_valid()


def test_an_address_typed_wrong_is_told_plainly(db):
    place = factories.TrainingBaseFactory()
    form = StaffForm({"email": "he.min", "username": factories.PASSWORD}, organisation=place)
    assert form.errors["email"] == ["电子邮箱格式不正确，请核对，例如 name@example.com。"]
