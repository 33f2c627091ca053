"""What a package is to hold."""

from typing import Any

from django import forms

from review.exports.forms import ExportForm


class PackageForm(ExportForm):
    """As a full export: the persons leave only for a stated purpose (GOAL-N8)."""

    photos = forms.BooleanField(label="同时包含照片", required=False)
    field_order = ["unmasked", "photos", "purpose"]

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        del self.fields["file_format"]
        self.fields["unmasked"].label = "包含名单（完整的证件号和手机号）"

    def clean(self) -> dict[str, Any]:
        if self.cleaned_data.get("photos") and not self.cleaned_data.get("unmasked"):
            self.add_error("photos", "照片随名单提供，请同时勾选“包含名单”。")
        return super().clean()
