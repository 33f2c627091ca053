"""退回修改: a comment for the base, with reasons and remarks on single fields, of one record or of many (GOAL-P4)."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django import forms

from bases.models import ReturnReason
from bases.submissions.differences import label_at
from bases.submissions.sections import WHOLE_BLOCK, WHOLE_ROW
from portal.parameters import moment_of, number_of, texts, whole_number
from residents.places import REPEATED, frozen
from residents.words import BLOCKS

# Rows for remarks on single fields: at first, and with every 再加几行.
REMARKS, MOST_REMARKS = 3, 30


class ReturnForm(forms.Form):
    """Without a reason the statistic of returns could not say why: at least one of `reasons` is required.

    `rows`: names of the rows of 学习经历 that a remark can stand at (residents/places.py).

    再加几行 sends the form too: then `is_extended`, and it is not judged, only laid out anew with what was typed.
    """

    comment = forms.CharField(
        label="退回修改意见",
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": "请填写退回修改意见，写明需要改什么。"},
        help_text="这段话会显示在该记录上。",
    )
    reasons = forms.MultipleChoiceField(
        label="退回原因",
        choices=ReturnReason.choices,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "请勾选至少一项退回原因；都不符合的，请选“其他”。"},
        help_text="可多选；退回原因统计按此汇总。",
    )
    rows = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, data: Any = None, *, rows: Iterable[str] = ()) -> None:
        self.is_extended = data is not None and "more_rows" in data
        if self.is_extended:
            typed = {name: data[name] for name in data} | {"reasons": data.getlist("reasons")}
            super().__init__(initial=typed)
        else:
            super().__init__(data)
        count = min(_rows_in(data) + (REMARKS if self.is_extended else 0), MOST_REMARKS)
        self.initial["rows"] = count
        self.remarks = range(1, count + 1)
        choices = [("", "选择字段"), *_choices(rows)]
        for number in self.remarks:
            self.fields[f"field_{number}"] = forms.ChoiceField(
                label=f"字段 {number}", choices=choices, required=False
            )
            self.fields[f"remark_{number}"] = forms.CharField(
                label=f"对该字段的意见 {number}", max_length=300, required=False
            )

    def clean(self) -> dict[str, Any]:
        for number in self.remarks:
            field, remark = (
                self.cleaned_data.get(f"field_{number}"),
                self.cleaned_data.get(f"remark_{number}"),
            )
            if field and not remark:
                self.add_error(f"remark_{number}", "请写明该字段需要怎样修改。")
            elif remark and not field:
                self.add_error(f"field_{number}", "请选择这条意见针对的字段。")
        return self.cleaned_data

    @property
    def remark_pairs(self) -> list[tuple[forms.BoundField, forms.BoundField]]:
        return [(self[f"field_{number}"], self[f"remark_{number}"]) for number in self.remarks]

    @property
    def may_extend(self) -> bool:
        return len(self.remarks) < MOST_REMARKS

    def field_comments(self) -> dict[str, str]:
        """Remarks by their place in the snapshot; two at one place are joined."""
        found: dict[str, str] = {}
        for number in self.remarks:
            field, remark = self.cleaned_data[f"field_{number}"], self.cleaned_data[f"remark_{number}"]
            if field:
                found[field] = "；".join(filter(None, [found.get(field), remark]))
        return found


def _rows_in(data: Any) -> int:
    return max(whole_number(data or {}, "rows", most=999) or 0, REMARKS)


def _choices(rows: Iterable[str]) -> list[tuple[str, list[tuple[str, str]]]]:
    """By block, each as a whole and each of its fields; of 学习经历 by row."""
    found = []
    for block in BLOCKS:
        fields = [(f"{block.key}.{field.name}", field.label) for field in block.fields]
        of_rows = list(rows) if block.key == REPEATED else []
        for row in of_rows:
            places = [(block.key, WHOLE_ROW), *fields]
            label = label_at(frozen(block.key, row))
            found.append((label, [(frozen(path, row), said) for path, said in places]))
        found.append((block.label, [(block.key, WHOLE_BLOCK), *([] if of_rows else fields)]))
    return found


class BulkForm(forms.Form):
    """Which records of the queue one click decides: `choices` is submission id → version of what was ticked."""

    act = forms.ChoiceField(choices=[("approve", "审核通过"), ("return", "退回修改")])
    range = forms.ChoiceField(choices=[("selected", "勾选的记录"), ("all", "筛选结果全部")])
    loaded_at = forms.CharField()

    def clean_loaded_at(self) -> datetime:
        moment = moment_of(self.cleaned_data["loaded_at"])
        if moment is None:
            raise forms.ValidationError("页面已过期，请刷新后重试。")
        return moment

    def clean(self) -> dict[str, Any]:
        chosen = {}
        for mark in texts(self.data, "choice"):
            pk, version = (number_of(part) for part in mark.partition(":")[::2])
            if pk is not None and version is not None:
                chosen[pk] = version
        self.cleaned_data["choices"] = chosen
        if self.cleaned_data.get("range") == "selected" and not chosen:
            raise forms.ValidationError("请先勾选要处理的记录。")
        return self.cleaned_data


class RevokeForm(forms.Form):
    """撤销审核决定 with its reason."""

    reason = forms.CharField(
        label="撤销理由", max_length=200, error_messages={"required": "请填写撤销理由，培训基地会看到。"}
    )
