"""Forms of the association's directory (bases, accredited specialties, the catalogue) and of staff accounts."""

from typing import Any, cast

from django import forms
from django.db.models import QuerySet

from bases.models import Specialty, SpecialtyBase, TrainingBase
from portal.closed_fields import refuse_closed
from residents.catalogue.catalogue import Invalid
from residents.pinyin import pinyin_key
from residents.rules.identity import clean_uscc
from review.organisations.closing import why_not_closed


class BaseForm(forms.ModelForm):
    """One training base. The province of an existing base is fixed: its records are reported to that province."""

    class Meta:
        model = TrainingBase
        fields = ["province", "code", "name", "uscc", "is_active"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            self.fields["province"].disabled = True

    def clean(self) -> dict[str, Any]:
        values = super().clean() or self.cleaned_data
        if self.instance.pk:
            refuse_closed(self, {"province": (self.initial["province"], PROVINCE_BY_MOVE)})
        return values

    def clean_is_active(self) -> bool:
        is_active = self.cleaned_data["is_active"]
        ends = self.instance.pk and self.initial.get("is_active") and not is_active
        if ends and (reason := why_not_closed([self.instance]).get(self.instance.pk)):
            raise forms.ValidationError(reason)
        return is_active

    def clean_code(self) -> str:
        code = self.cleaned_data["code"]
        if other := self._others().filter(code=code).first():
            raise forms.ValidationError(
                f"基地代码 {code} 已属于“{other.name}”。请核对代码，或改为修改那一家。"
            )
        return code

    def clean_name(self) -> str:
        name = self.cleaned_data["name"]
        same = self._others().filter(province=self.cleaned_data.get("province"), name=name).first()
        if same:
            raise forms.ValidationError(
                f"该省已有同名的培训基地（代码 {same.code}）。请核对名称，或改为修改那一家。"
            )
        return name

    def _others(self) -> QuerySet[TrainingBase]:
        return TrainingBase.objects.exclude(pk=self.instance.pk)

    def clean_uscc(self) -> str:
        if not self.cleaned_data["uscc"]:
            return ""
        try:
            return clean_uscc(self.cleaned_data["uscc"])
        except Invalid as refusal:
            raise forms.ValidationError(str(refusal.problem)) from refusal

    def save(self, commit: bool = True) -> TrainingBase:
        self.instance.name_key = pinyin_key(self.cleaned_data["name"])
        return super().save(commit)


PROVINCE_BY_MOVE = "基地的省份不能在这里修改。请返回，使用“并入或划转”。"
SPECIALTY_BY_NEW = "专业基地的专业不能修改。请返回，用“增加专业”另加一个。"


class _Years(forms.ModelForm):
    """From which to which intake year something is valid; an open end stays empty."""

    def clean(self) -> dict[str, Any]:
        first, last = self.cleaned_data.get("valid_from"), self.cleaned_data.get("valid_to")
        if first and last and last < first:
            self.add_error("valid_to", "终止年份不能早于起始年份。")
        return self.cleaned_data


class AccreditationForm(_Years):
    """One accredited specialty of a base (专业基地)."""

    class Meta:
        model = SpecialtyBase
        fields = ["specialty", "valid_from", "valid_to"]
        labels = {"specialty": "培训专业"}

    def clean(self) -> dict[str, Any]:
        values = super().clean()
        if self.instance.pk:
            refuse_closed(self, {"specialty": (self.instance.specialty_id, SPECIALTY_BY_NEW)})
        return values

    def __init__(self, *args: Any, base: TrainingBase, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            del self.fields["specialty"]
        else:
            self.instance.base = base
            held = base.specialty_bases.values("specialty_id")
            cast(forms.ModelChoiceField, self.fields["specialty"]).queryset = Specialty.objects.exclude(
                pk__in=held
            )


class SpecialtyForm(_Years):
    """One specialty of the national catalogue; the code never changes."""

    class Meta:
        model = Specialty
        fields = ["name", "valid_from", "valid_to"]
