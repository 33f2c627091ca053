"""Forms of one code of an editable list and of one more shape of certificate numbers."""

import re
from typing import Any

from django import forms

from portal.parameters import number_of
from residents.codes import CODE_LISTS
from residents.codes.number_shapes import MOST_DIGITS, NUMBER_SHAPES, Shape
from residents.services.code_lists import EDITABLE, ListRefused

_SEPARATORS = re.compile(r"[、,，;；\s]+")
_MOST_SYNONYMS = 20


def _reason() -> forms.CharField:
    return forms.CharField(
        label="修改原因", max_length=200, help_text="例如文件名称和文号，会写入修改历史和操作记录。"
    )


class CodeForm(forms.Form):
    """One code; `code` is asked of a new one only, `short_name` of the Corps."""

    code = forms.CharField(label="代码", max_length=4)
    label = forms.CharField(label="名称", max_length=40)
    short_name = forms.CharField(label="简称", max_length=10)
    synonyms = forms.CharField(
        label="同义词",
        required=False,
        max_length=1000,
        widget=forms.Textarea({"rows": 3}),
        help_text="导入表格中同样认得的写法，每行一个。改名后，原名称自动成为同义词。",
    )
    is_offered = forms.BooleanField(
        label="表单和模板中提供",
        required=False,
        help_text="不提供的代码不能再选用；以前的记录照常显示。",
    )
    reason = _reason()
    version = forms.IntegerField(widget=forms.HiddenInput, min_value=0, required=False)

    def __init__(self, *args: Any, name: str, given_code: str | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        editable = EDITABLE[name]
        if given_code is not None:
            del self.fields["code"]
        else:
            self.fields["code"].help_text = _hint_of_code(name)
            del self.fields["version"]
        if name != "province":
            del self.fields["short_name"]
        else:
            # As long as the column of the reviewing units.
            self.fields["label"] = forms.CharField(label="名称", max_length=20)
        if given_code in editable.fixed:
            del self.fields["is_offered"]

    def clean_code(self) -> str:
        return self.cleaned_data["code"].strip().upper()

    def clean_synonyms(self) -> list[str]:
        # A former name may hold any mark that could separate two.
        found = [text.strip() for text in self.cleaned_data["synonyms"].splitlines() if text.strip()]
        if len(found) > _MOST_SYNONYMS or any(len(text) > 40 for text in found):
            raise forms.ValidationError(f"同义词最多{_MOST_SYNONYMS}个，每个最多40字。")
        return found

    @property
    def values(self) -> dict[str, Any]:
        """What the service takes; a code that may not be withdrawn stays offered."""
        return {"is_offered": True, **self.cleaned_data}


def _hint_of_code(name: str) -> str:
    editable, width = EDITABLE[name], CODE_LISTS[EDITABLE[name].lists[0]].width
    heads = "、".join(f"{head}（{word}）" for head, word in editable.heads)
    return f"{width}位数字或大写字母" + (f"，第一位表示所属：{heads}。" if heads else "。")


class ShapeForm(forms.Form):
    """One more shape of a certificate number, put together from simple parts."""

    field = forms.ChoiceField(
        label="适用于",
        choices=[(field, shapes.title) for field, shapes in NUMBER_SHAPES.items()],
        widget=forms.RadioSelect,
    )
    lengths = forms.CharField(
        label="位数",
        max_length=40,
        help_text=f"包括开头在内的总位数，最多{MOST_DIGITS}位；几种位数用顿号隔开，例如 12、15。",
    )
    # Django keeps `prefix` for names of fields; fields are taken out of the class before it reads it.
    prefix = forms.CharField(  # type: ignore[assignment]
        label="开头", max_length=10, required=False, strip=True, help_text="固定的开头文字，没有的留空。"
    )
    has_letters = forms.ChoiceField(
        label="其余字符",
        choices=[("", "只有数字"), ("1", "数字和字母")],
        widget=forms.RadioSelect,
        required=False,
    )
    reason = _reason()

    def clean_lengths(self) -> tuple[int, ...]:
        parts = [part for part in _SEPARATORS.split(self.cleaned_data["lengths"]) if part]
        lengths = {number_of(part, 1, MOST_DIGITS) or 0 for part in parts}
        if 0 in lengths:
            raise forms.ValidationError(f"请填写1至{MOST_DIGITS}之间的整数。")
        return tuple(sorted(lengths))

    @property
    def shape(self) -> Shape:
        given = self.cleaned_data
        return Shape(given["lengths"], bool(given["has_letters"]), given["prefix"].upper())


class ShapeStateForm(forms.Form):
    """Withdraw an added shape or restore it."""

    reason = _reason()
    version = forms.IntegerField(widget=forms.HiddenInput, min_value=1)
    is_accepted = forms.BooleanField(widget=forms.HiddenInput, required=False)


def show_faults(form: forms.Form, refusal: ListRefused) -> None:
    """Each sentence beside its field."""
    for name, text in refusal.faults.items():
        form.add_error(name if name in form.fields else None, text)
