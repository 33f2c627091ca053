"""Forms of the association's directory (bases, accredited specialties, the catalogue) and of staff accounts."""

from typing import Any

from django import forms
from django.core.validators import RegexValidator
from django.db.models import QuerySet

from bases.models import Specialty, SpecialtyBase, TrainingBase
from portal.models import Notice, SiteContact, User
from residents.catalogue.catalogue import Invalid
from residents.pinyin import pinyin_key
from residents.rules.identity import clean_mobile, clean_uscc


class BaseForm(forms.ModelForm):
    """One training base. The province of an existing base is fixed: its records are reported to that province."""

    class Meta:
        model = TrainingBase
        fields = ["province", "code", "name", "uscc", "is_active"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            self.fields["province"].disabled = True

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

    def __init__(self, *args: Any, base: TrainingBase, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            del self.fields["specialty"]
        else:
            self.instance.base = base
            held = base.specialty_bases.values("specialty_id")
            self.fields["specialty"].queryset = Specialty.objects.exclude(pk__in=held)


class SpecialtyForm(_Years):
    """One specialty of the national catalogue; the code never changes."""

    class Meta:
        model = Specialty
        fields = ["name", "valid_from", "valid_to"]


class StaffForm(forms.Form):
    """A new person of an organisation. The role is not asked: it follows from the organisation (TRUST 29)."""

    full_name = forms.CharField(label="姓名", max_length=50)
    username = forms.CharField(
        label="账号",
        min_length=4,
        max_length=40,
        help_text="4 至 40 位小写字母、数字、点、下划线或短横线，以字母开头；一人一号，不要共用。",
        validators=[
            RegexValidator(
                r"^[a-z][a-z0-9._-]*\Z", "账号以小写字母开头，只能含小写字母、数字、点、下划线和短横线。"
            )
        ],
    )
    mobile = forms.CharField(label="手机号", max_length=20)
    email = forms.EmailField(label="电子邮箱", max_length=100, required=False)
    read_only = forms.TypedChoiceField(
        label="权限",
        choices=[("0", "可办理业务"), ("1", "只读（查看和导出）")],
        coerce=lambda value: value == "1",
    )

    def __init__(self, *args: Any, asks_right: bool = True, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not asks_right:
            del self.fields["read_only"]

    def clean_username(self) -> str:
        username = self.cleaned_data["username"]
        if User.objects.filter(username=username).exists():
            raise forms.ValidationError("这个账号已被使用，请换一个。")
        return username

    def clean_mobile(self) -> str:
        try:
            return clean_mobile(self.cleaned_data["mobile"])
        except Invalid as refusal:
            raise forms.ValidationError(str(refusal.problem)) from refusal


class FactorResetForm(forms.Form):
    """Why a colleague's second factor is taken away."""

    reason = forms.CharField(
        label="理由",
        max_length=200,
        min_length=4,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="写明怎样核实了本人身份，例如“本人手机丢失，已电话回拨单位座机核实”。记入操作记录。",
        error_messages={"required": "请填写理由。", "min_length": "请把理由写清楚，至少 4 个字。"},
    )


class NoticeForm(forms.ModelForm):
    """One notice of the association (BR-95)."""

    class Meta:
        model = Notice
        fields = ["title", "body", "audience", "is_pinned"]
        widgets = {"body": forms.Textarea(attrs={"rows": 12})}


class ContactForm(forms.ModelForm):
    """The contact block of sign-in and help pages (BR-94)."""

    class Meta:
        model = SiteContact
        fields = ["department", "department_phone", "support", "support_phone", "service_line", "email"]
