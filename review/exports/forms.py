"""How a list is to be exported: file format, masked or in full, for what purpose."""

from typing import Any

from django import forms


class ExportForm(forms.Form):
    """How a list of people leaves the portal: masked, or in full for a stated purpose (GOAL-N5)."""

    file_format = forms.ChoiceField(
        label="文件格式",
        required=False,
        # Excel shows 18 digits of a csv as 1.10E+17, and saves but 15 of them (PAIN-01).
        help_text="用 Excel、WPS 查看请选 xlsx：直接打开 csv 会把证件号变成科学计数，一保存就丢失末尾数字。",
        choices=[("xlsx", "Excel 工作簿（xlsx）"), ("csv", "文本文件（csv）")],
    )
    unmasked = forms.BooleanField(label="导出完整的证件号和手机号", required=False)
    purpose = forms.CharField(label="用途", required=False, max_length=200)

    def clean_file_format(self) -> str:
        return self.cleaned_data["file_format"] or "xlsx"

    def clean(self) -> dict[str, Any]:
        if self.cleaned_data.get("unmasked") and len(self.cleaned_data.get("purpose", "")) < 4:
            self.add_error("purpose", "导出完整号码须写明用途，至少 4 个字；用途会记入操作记录。")
        return self.cleaned_data
