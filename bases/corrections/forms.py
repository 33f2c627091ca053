"""Forms of 更正证件: the base's request and the words of those who decide (PAIN-18)."""

from django import forms

from residents.codes import CODE_LISTS

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
    evidence = forms.FileField(
        label="证明材料（选填）",
        required=False,
        allow_empty_file=True,
        widget=forms.FileInput({"accept": "image/jpeg,image/png,application/pdf"}),
        help_text="证件扫描件，JPG、PNG 或 PDF，不超过10 MB。",
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
