"""What a form says where nothing more exact was written for the field: plain words and what to do."""

from django import forms
from django.core import validators
from django.db import models

_CHOICE = "所选的“%(value)s”不在选项中，请从列表中重新选择。"
_LIST = "请从列表中重新选择。"
_WORDS: dict[type[forms.Field], dict[str, str]] = {
    forms.Field: {"required": "请填写此项。"},
    forms.IntegerField: {"invalid": "请填写整数，例如 12。"},
    forms.DecimalField: {"invalid": "请填写数字，例如 12.5。"},
    forms.DateField: {"invalid": "日期格式不正确，请写成 2026-09-01。"},
    forms.DateTimeField: {"invalid": "时间格式不正确，请写成 2026-09-01 08:30。"},
    forms.FileField: {
        "invalid": "没有收到文件，请重新选择文件后提交。",
        "missing": "没有收到文件，请重新选择文件后提交。",
        "empty": "文件是空的，请选择有内容的文件。",
    },
    forms.ChoiceField: {"required": "请选择一项。", "invalid_choice": _CHOICE},
    forms.MultipleChoiceField: {
        "required": "请至少选择一项。",
        "invalid_choice": _CHOICE,
        "invalid_list": _LIST,
    },
    forms.ModelChoiceField: {
        "required": "请选择一项。",
        "invalid_choice": "所选的不在选项中，请从列表中重新选择。",
    },
    forms.ModelMultipleChoiceField: {
        "invalid_choice": _CHOICE,
        "invalid_list": _LIST,
        "invalid_pk_value": _LIST,
    },
}
_VALIDATORS: dict[type, str] = {
    validators.EmailValidator: "电子邮箱格式不正确，请核对，例如 name@example.com。",
    validators.MinValueValidator: "不能小于 %(limit_value)s，请核对。",
    validators.MaxValueValidator: "不能大于 %(limit_value)s，请核对。",
    validators.MinLengthValidator: "至少 %(limit_value)d 个字，现在 %(show_value)d 个。",
    validators.MaxLengthValidator: "最多 %(limit_value)d 个字，现在 %(show_value)d 个，请缩短。",
    validators.ProhibitNullCharactersValidator: "含有不可见的字符，请重新输入。",
}


def use_own_words() -> None:
    """Replace the framework's words; they speak of fields and valid values, and not of what to do."""
    for field, words in _WORDS.items():
        field.default_error_messages = {**field.default_error_messages, **words}
    for validator, message in _VALIDATORS.items():
        validator.message = message  # type: ignore[attr-defined]
    unique = {"unique": "已有相同的%(field_label)s，请核对后换一个。"}
    models.Field.default_error_messages = {**models.Field.default_error_messages, **unique}


UNCHANGED = "没有修改，内容与原来相同。"


def outcome_of(form: forms.BaseForm, words: str) -> str:
    """What a saved form says: `words`, unless it left everything as it was."""
    return words if form.has_changed() else UNCHANGED
