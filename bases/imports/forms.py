"""The upload form of 导入 and its confirmation."""

import uuid
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile

from bases.models import ImportBatch
from portal import scanning
from portal.sheets.reading import MAX_BYTES

MEGABYTE = 1024 * 1024


class UploadForm(forms.Form):
    """A workbook and the token that makes a second click harmless; what is inside is judged by the worker."""

    token = forms.UUIDField(
        label="上传页面",
        widget=forms.HiddenInput,
        initial=uuid.uuid4,
        error_messages=dict.fromkeys(("required", "invalid"), "页面不完整。请刷新页面后重新上传。"),
    )
    file = forms.FileField(
        max_length=255,
        allow_empty_file=True,
        widget=forms.FileInput(attrs={"accept": ".xlsx,.xls,.ods,.csv"}),
        error_messages={
            "max_length": "文件名过长。请改短文件名后重新上传。",
            "missing": "没有收到文件。请重新选择文件并上传。",
        },
    )

    def __init__(self, *args: Any, template: str, most_rows: int = 0, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        most_rows = most_rows or settings.WORKBOOK_MAX_ROWS
        size = f"{MAX_BYTES // MEGABYTE} MB、{most_rows} 行"
        help_text = f"请上传 .xlsx 文件（.xls、.ods、.csv 也可以），不超过 {size}。"
        self.fields["file"].help_text = help_text
        self.fields["file"].label = f"填好的{template}"
        self.fields["file"].error_messages["required"] = f"没有选择文件。请先选择填好的{template}。"

    def clean_file(self) -> UploadedFile:
        file = self.cleaned_data["file"]
        if not file.size:
            raise ValidationError("文件是空的（0 字节）。请检查文件内容后重新上传。")
        if file.size > MAX_BYTES:
            raise ValidationError(
                f"文件有 {file.size / MEGABYTE:.1f} MB，超过 {MAX_BYTES // MEGABYTE} MB 的上限。"
                "请删去图片和无关的工作表，或分成几个文件上传。"
            )
        try:
            found = scanning.finding(file)
        except scanning.NotScanned as silent:
            raise ValidationError(scanning.NOT_SCANNED + scanning.NOT_SCANNED_REPAIR) from silent
        if found:
            raise ValidationError(f"文件未通过安全检查（{found}）。请用杀毒软件处理后重新上传。")
        return file


class ConfirmForm(forms.Form):
    mode = forms.ChoiceField(choices=ImportBatch.Mode.choices)
    reason = forms.CharField(max_length=200, required=False)
