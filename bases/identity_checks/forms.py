"""提交核实: whom the base means, and what proves it (AM-35)."""

from django import forms

from bases.transfers.forms import PersonForm


class IdentityCheckForm(PersonForm):
    """提交核实: the three details as the ID card says, and what proves them (AM-35)."""

    reason = forms.CharField(
        label="核实说明",
        max_length=500,
        widget=forms.Textarea({"rows": 2}),
        error_messages={"required": "请填写核实说明，例如已核对证件原件。"},
    )
    evidence = forms.FileField(
        label="证明材料（选填）",
        required=False,
        allow_empty_file=True,
        widget=forms.FileInput({"accept": "image/jpeg,image/png,application/pdf"}),
        help_text="证件扫描件，JPG、PNG 或 PDF，不超过10 MB。",
    )
