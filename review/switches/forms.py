"""Forms of 报送方式切换 beside Annex 2 itself, whose fields come from residents.rules.switch."""

from datetime import date
from typing import Any, cast

from django import forms

from residents.forms import scan_field


class ScanForm(forms.Form):
    """The stamped and scanned application."""

    scan = scan_field("盖章扫描件", "打印申请表、盖章后扫描上传（选填）", required="请先选择文件。")


class ConfirmForm(forms.Form):
    """When the switch takes effect (AM-38), and the tick without which nothing is switched."""

    when = forms.ChoiceField(
        label="生效时间",
        choices=[("requested", "按申请切换时间"), ("now", "立即生效")],
        initial="requested",
        widget=forms.RadioSelect,
        error_messages={"required": "请选择生效时间。", "invalid_choice": "请选择生效时间。"},
    )
    checked = forms.BooleanField(
        label="已核对本页列出的未办结工作，确认切换",
        error_messages={"required": "请先核对未办结的工作，再勾选确认。"},
    )

    def __init__(self, *args: Any, requested_at: date | None = None, **kwargs: Any) -> None:
        """`requested_at` is 申请切换时间 where it lies ahead; without one there is nothing to choose."""
        super().__init__(*args, **kwargs)
        if requested_at is None:
            del self.fields["when"]
        else:
            cast(forms.ChoiceField, self.fields["when"]).choices = [
                ("requested", f"按申请切换时间（{requested_at} 零时）"),
                ("now", "立即生效"),
            ]

    @property
    def at_once(self) -> bool:
        return self.cleaned_data.get("when", "now") == "now"


class ReasonForm(forms.Form):
    """Why an application is refused or a switch taken back; the province reads it."""

    reason = forms.CharField(
        label="理由",
        max_length=500,
        widget=forms.Textarea({"rows": 2}),
        error_messages={"required": "请填写理由，省级会看到。"},
    )
