"""提交核实: whom the base means, and what proves it (AM-35)."""

from django import forms

from bases.transfers.forms import PersonForm
from residents.forms import scan_field


class IdentityCheckForm(PersonForm):
    """提交核实: the three details as the ID card says, and what proves them (AM-35)."""

    reason = forms.CharField(
        label="核实说明",
        max_length=500,
        widget=forms.Textarea({"rows": 2}),
        error_messages={"required": "请填写核实说明，例如已核对证件原件。"},
    )
    evidence = scan_field("证明材料（选填）", "证件扫描件")
