"""The other entry of a person, which of the two stays, and why."""

from typing import Any, cast

from django import forms

from residents.models import Resident
from residents.rules.identity import normalise_login

_WHY = {"required": "请写明依据。", "min_length": "请把依据写清楚，至少 4 个字。"}


class OtherForm(forms.Form):
    """The number under which the person stands once more."""

    id_number = forms.CharField(
        label="另一账号的证件号", max_length=60, error_messages={"required": "请填写另一账号的完整证件号。"}
    )

    def __init__(self, *args: Any, person: Resident, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.person = person
        self.found: list[Resident] = []

    def clean_id_number(self) -> str:
        number = normalise_login(self.cleaned_data["id_number"])
        bearers = Resident.objects.filter(id_number=number, enrollments__isnull=False).distinct()
        self.found = list(bearers.exclude(pk=self.person.pk).order_by("pk"))
        if not self.found:
            raise forms.ValidationError("没有查到使用此证件号、有培训记录的另一个账号，请核对号码。")
        return number


class MergeForm(forms.Form):
    """Which entry stays; the other's account is closed."""

    keep = forms.ChoiceField(
        label="保留的账号", widget=forms.RadioSelect, error_messages={"required": "请选择保留哪一个账号。"}
    )
    reason = forms.CharField(
        label="依据",
        min_length=4,
        max_length=200,
        widget=forms.Textarea({"rows": 2}),
        error_messages=_WHY,
        help_text="例如核对了哪些证件、哪家基地来函；会告知有关基地和省级。",
    )

    def __init__(self, *args: Any, choices: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        cast(forms.ChoiceField, self.fields["keep"]).choices = choices


class PartForm(forms.Form):
    """Why two entries are two persons after all."""

    reason = forms.CharField(
        label="撤销理由",
        min_length=4,
        max_length=200,
        widget=forms.Textarea({"rows": 2}),
        error_messages=_WHY,
    )
