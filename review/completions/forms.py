"""Forms of 提前结业补报: the batch, the words of the one who sends it back, its statistics."""

from collections.abc import Callable
from typing import ClassVar

from django import forms
from django.core.files.uploadedfile import UploadedFile

from bases.imports.forms import UploadForm
from portal.models import User
from residents.forms import scan_field
from residents.rules.completion import YEARS
from residents.services.uploads import upload_problem
from review.completions.statistics import DIMENSIONS
from review.statistics.forms import AsOfForm, CrossedForm


class BatchForm(UploadForm):
    """附件1 and the certificate sample together: a batch without the sample is refused (BR-17)."""

    sample = scan_field(
        "结业证书模板（电子版）",
        "本省结业证书的样张",
        required="请同时选择结业证书模板的电子版；没有它不能补报。",
        max_length=255,
    )

    def clean_sample(self) -> UploadedFile:
        sample = self.cleaned_data["sample"]
        if refused := upload_problem("sample", sample):
            raise forms.ValidationError(str(refused))
        return sample


class SendBackForm(forms.Form):
    comment = forms.CharField(
        label="退回意见",
        max_length=500,
        widget=forms.Textarea({"rows": 3}),
        error_messages={"required": "请填写退回意见，告诉省级需要改什么。"},
    )


class CompletionStatisticsForm(AsOfForm, CrossedForm):
    """Which two dimensions of the early completions are crossed, narrowed by which values of any."""

    default: ClassVar = {"rows": "province", "columns": "years"}
    by: ClassVar = DIMENSIONS
    spare = "end"
    field_order = ["rows", "columns", "shown", "day", "clock"]

    def own_names(self, user: User) -> dict[str, Callable[[], dict[str, str]]]:
        ends = {str(year): f"{year}年" for year in (*YEARS, YEARS[-1] + 1)}
        return super().own_names(user) | {"end": lambda: ends}
