"""Forms of 提前结业补报: the delivery, the words of the one who sends it back, its statistics."""

from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile

from bases.imports.forms import UploadForm
from bases.scope import bases_in_view, provinces_for
from portal.models import User
from portal.roles import Action
from residents.rules.completion import YEARS
from residents.services.uploads import upload_problem
from review.completions.statistics import DIMENSIONS


class DeliveryForm(UploadForm):
    """附件1 and the certificate sample together: a delivery without the sample is refused (BR-17)."""

    sample = forms.FileField(
        label="结业证书模板（电子版）",
        max_length=255,
        allow_empty_file=True,
        widget=forms.FileInput({"accept": "image/jpeg,image/png,application/pdf"}),
        help_text="本省结业证书的样张，PDF、JPG 或 PNG，不超过10 MB。",
        error_messages={"required": "请同时选择结业证书模板的电子版；没有它不能补报。"},
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


class CompletionStatisticsForm(forms.Form):
    """Which two dimensions of the early completions are crossed, narrowed by which values of any."""

    rows = forms.ChoiceField(label="行", choices=lambda: _dimensions(), required=False)
    columns = forms.ChoiceField(label="列", choices=lambda: _dimensions(), required=False)

    def __init__(self, data: Any, *, user: User) -> None:
        # The boxes show what the table shows, also where the address says nothing.
        super().__init__({"rows": "province", "columns": "years"} | {name: data[name] for name in data})
        own = {
            "province": lambda: dict(provinces_for(user, Action.VIEW).values_list("pk", "name")),
            "base": lambda: {str(base.pk): base.name for base in bases_in_view(user).order_by("code")},
            "end": lambda: {str(year): f"{year}年" for year in (*YEARS, YEARS[-1] + 1)},
        }
        for key, dimension in DIMENSIONS.items():
            names = own.get(key, dimension.names)()
            choices = [("", "全部"), *names.items()]
            self.fields[key] = forms.ChoiceField(label=dimension.label, choices=choices, required=False)
        self.is_valid()

    @property
    def narrowing(self) -> list[forms.BoundField]:
        return [self[key] for key in DIMENSIONS]

    @property
    def filters(self) -> dict[str, str]:
        """What was asked and could be read."""
        return {key: self.cleaned_data[key] for key in DIMENSIONS if self.cleaned_data.get(key)}

    @property
    def crossed(self) -> tuple[str, str]:
        """The two dimensions, different ones whatever was asked."""
        rows = self.cleaned_data.get("rows") or "province"
        columns = self.cleaned_data.get("columns") or "years"
        return (rows, columns) if rows != columns else (rows, "end" if rows != "end" else "years")


def _dimensions() -> list[tuple[str, str]]:
    return [(key, dimension.label) for key, dimension in DIMENSIONS.items()]
