"""Forms of 更正申请: the base's requests and the words of those who decide (PAIN-18, AM-34)."""

from collections.abc import Collection
from typing import Any, cast

from django import forms

from bases.models import CorrectionRequest
from residents.codes import CODE_LISTS
from residents.forms import scan_field

Kind = CorrectionRequest.Kind
_TWO_LINES = {"rows": 2}


class CorrectionForm(forms.Form):
    """The right ID type and number and why the stored one is wrong; judged by bases.corrections.services."""

    id_type = forms.ChoiceField(label="正确的证件类型", choices=lambda: CODE_LISTS["id_type"].choices)
    id_number = forms.CharField(
        label="正确的证件号",
        max_length=60,
        widget=forms.TextInput({"spellcheck": "false", "autocomplete": "off"}),
        error_messages={"required": "请填写正确的证件号。"},
    )
    reason = forms.CharField(
        label="更正理由",
        max_length=500,
        widget=forms.Textarea(_TWO_LINES),
        error_messages={"required": "请填写更正理由，例如导入时录入有误。"},
    )
    evidence = scan_field("证明材料（选填）", "证件扫描件")


class EndCorrectionForm(forms.Form):
    """What is asked about a 结束, and why (AM-34); `offered` is what is open for this record now."""

    kind = forms.ChoiceField(label="申请事项", widget=forms.RadioSelect)
    reason = forms.CharField(
        label="申请理由",
        max_length=500,
        widget=forms.Textarea(_TWO_LINES),
        error_messages={"required": "请填写申请理由，例如结业结果登记有误、批准再次培训的文号。"},
        help_text="省级和中国医师协会据此核实。",
    )
    evidence = scan_field("证明材料（选填）", "批准文件或证书的扫描件")

    def __init__(self, *args: Any, offered: Collection[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        words = {
            Kind.REOPEN: "恢复为“在培”：结业并获证登记有误，此人没有结业",
            Kind.AGAIN: "再次培训：“结束”保留，不再占用此人，可重新导入",
        }
        kind = cast(forms.ChoiceField, self.fields["kind"])
        kind.choices = [(each, words[each]) for each in words if each in offered]
        if len(kind.choices) == 1:
            kind.initial = kind.choices[0][0]


class DoubtForm(forms.Form):
    """What a former base thinks is wrong with the ID (AM-47)."""

    text = forms.CharField(
        label="疑问",
        min_length=4,
        max_length=300,
        widget=forms.Textarea(_TWO_LINES),
        help_text="写明依据，例如“本基地留存的证件复印件与登记的号码末四位不同”。不要写完整证件号。",
        error_messages={"required": "请写明有什么疑问。"},
    )


class AcceptForm(forms.Form):
    comment = forms.CharField(
        label="核实说明（选填）", max_length=500, required=False, widget=forms.Textarea(_TWO_LINES)
    )


class RefuseForm(forms.Form):
    comment = forms.CharField(
        label="不通过的理由",
        max_length=500,
        widget=forms.Textarea(_TWO_LINES),
        error_messages={"required": "请填写不通过的理由，培训基地会看到。"},
    )
    prefix = "refusal"
