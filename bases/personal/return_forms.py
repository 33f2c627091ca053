"""Forms of 退回住院医师: of one record beside its fields, of many in rows (BR-45; GOAL-B14)."""

import uuid
from collections.abc import Collection, Iterable
from typing import Any

from django import forms
from django.db import models

from portal import parameters
from residents.places import LIVING
from residents.services.returns import LONGEST_COMMENT

FIRST_ROWS, MOST_ROWS = 3, 20


class ReturnReason(models.TextChoices):
    """Canned reasons of a return to the resident (GOAL-B14)."""

    INCOMPLETE = "incomplete", "信息填写不完整"
    MISMATCH = "mismatch", "与证件或证书不一致"
    CONTACT = "contact", "联系方式有误或无法联系"
    EDUCATION = "education", "学习经历有误"
    CERTIFICATE = "certificate", "证书信息有误"
    UNCLEAR = "unclear", "照片或扫描件不清晰、不符合要求"
    OTHER = "other", "其他（请写明）"


REASONS = [("", "请选择"), *ReturnReason.choices]
# What the boxes beside single fields offer while typing; such words are their own reason.
CANNED = [label for code, label in ReturnReason.choices if code != ReturnReason.OTHER]
_CODES = {label: code for code, label in ReturnReason.choices}


class ReturnForm(forms.Form):
    """退回住院医师: a reason and words for the whole record; the page adds one input a field (BR-45)."""

    batch = forms.UUIDField(
        label="表单编号",
        widget=forms.HiddenInput,
        initial=uuid.uuid4,
        error_messages={"required": "请重新打开此页再提交。", "invalid": "请重新打开此页再提交。"},
    )
    reason = forms.ChoiceField(label="退回原因", choices=REASONS, required=False)
    comment = forms.CharField(
        label="退回修改意见",
        max_length=LONGEST_COMMENT,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="住院医师会在页面顶部看到。请写明哪里需要改、怎样改。",
    )

    def __init__(self, data: Any = None, *, paths: Collection[str] = (), **more: Any) -> None:
        super().__init__(data, **more)
        self.paths = paths

    @property
    def main(self) -> list[forms.BoundField]:
        """The boxes about the whole record."""
        return [self["reason"], self["comment"]]

    def clean(self) -> dict[str, Any]:
        super().clean()
        values = self.cleaned_data
        if lost := self._lost():
            raise forms.ValidationError(
                f"页面打开后住院医师删除了有关的学习经历，以下意见没有对应的项目，请改写在其他项目旁：{'；'.join(lost)}"
            )
        if not self.comments():
            raise forms.ValidationError("请选择退回原因或填写意见，也可以只在具体项目旁写意见。")
        if values.get("reason") == ReturnReason.OTHER and not values.get("comment"):
            self.add_error("comment", "退回原因选了“其他”，请在这里写明。")
        return values

    def _lost(self) -> list[str]:
        """What was written at a row that is gone by now; the page that comes back has no box for it any more."""
        paths = {name.removeprefix("comment:"): name for name in self.data if name.startswith("comment:")}
        return [
            text
            for path, name in paths.items()
            if LIVING in path
            and path not in self.paths
            and (text := parameters.text(self.data, name).strip()[:LONGEST_COMMENT])
        ]

    def comments(self) -> dict[str, tuple[str, str]]:
        """Place ("" for the whole record) → (reason, text), of what was written."""
        values = self.cleaned_data
        reason, text = values.get("reason", ""), values.get("comment", "")
        found = {"": (reason, _in_words(reason, text))} if reason or text else {}
        for path in self.paths:
            words = parameters.text(self.data, f"comment:{path}").strip()[:LONGEST_COMMENT]
            if words:
                found[path] = (_CODES.get(words, reason), words)
        return found


class ManyReturnForm(ReturnForm):
    """The same of many records: beside the words for all of it, rows of one field with its own reason and words.

    再加一行 and 删除 send the form too: then it is not judged, only laid out anew with what was typed.
    """

    def __init__(self, data: Any = None, *, fields: Iterable[tuple[str, list[tuple[str, str]]]]) -> None:
        rows = _rows_of(data) if data is not None else [{} for _ in range(FIRST_ROWS)]
        self.is_rearranged = data is not None and ("add" in data or "remove" in data)
        if self.is_rearranged:
            rows = _rearranged(rows, data)
            typed = {name: data[name] for name in ("batch", "reason", "comment") if name in data}
            typed |= {f"{name}_{at}": text for at, row in enumerate(rows, 1) for name, text in row.items()}
            super().__init__(initial=typed)
        else:
            super().__init__(data)
        self.numbers = range(1, len(rows) + 1)
        for at in self.numbers:
            self.fields |= _row_fields(at, [("", "选择项目"), *fields])

    @property
    def rows(self) -> list[tuple[int, list[forms.BoundField]]]:
        return [(at, [self[f"{name}_{at}"] for name in _ROW]) for at in self.numbers]

    @property
    def may_add(self) -> bool:
        return len(self.numbers) < MOST_ROWS

    def clean(self) -> dict:
        for at in self.numbers:
            field, reason, words = (self.cleaned_data.get(f"{name}_{at}", "") for name in _ROW)
            if field and (not words and reason in ("", ReturnReason.OTHER)):
                self.add_error(f"words_{at}", "请选择原因或写明这一项需要怎样修改。")
            elif (reason or words) and not field and f"field_{at}" not in self.errors:
                self.add_error(f"field_{at}", "请选择这条意见针对的项目。")
        return super().clean() if not self.errors else self.cleaned_data

    def comments(self) -> dict[str, tuple[str, str]]:
        """As for one record; two rows about one field are one comment."""
        found = super().comments()
        for at in self.numbers:
            field, reason, words = (self.cleaned_data[f"{name}_{at}"] for name in _ROW)
            if field:
                before, told = found.get(field, ("", ""))
                text = "；".join(part for part in (told, _in_words(reason, words)) if part)
                found[field] = (before or reason, text)
        return found


_ROW = ("field", "reason", "words")


def _row_fields(at: int, choices: list) -> dict[str, forms.Field]:
    return {
        f"field_{at}": forms.ChoiceField(label=f"项目 {at}", choices=choices, required=False),
        f"reason_{at}": forms.ChoiceField(label=f"原因 {at}", choices=REASONS, required=False),
        f"words_{at}": forms.CharField(label=f"意见 {at}", max_length=300, required=False),
    }


def _rows_of(data: Any) -> list[dict[str, str]]:
    known = min(parameters.whole_number(data, "rows", most=9999) or 0, MOST_ROWS)
    return [{name: parameters.text(data, f"{name}_{at}") for name in _ROW} for at in range(1, known + 1)]


def _rearranged(rows: list[dict[str, str]], data: Any) -> list[dict[str, str]]:
    if "add" in data:
        return [*rows, {}][:MOST_ROWS]
    return [row for at, row in enumerate(rows, 1) if str(at) != data["remove"]]


def _in_words(reason: str, text: str) -> str:
    label = ReturnReason(reason).label if reason and reason != ReturnReason.OTHER else ""
    return "：".join(part for part in (label, text) if part)
