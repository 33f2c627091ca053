"""The forms of 工作人员: a new person, and why a second factor is reset."""

from typing import Any

from django import forms
from django.core.validators import RegexValidator

from portal.models import User
from residents.catalogue.catalogue import Invalid
from residents.rules.identity import clean_mobile

STAFF_NAME = r"^[a-z][a-z0-9._-]*\Z"
STAFF_NAME_WORDS = "账号以小写字母开头，只能含小写字母、数字、点、下划线和短横线。"


class StaffForm(forms.Form):
    """A new person of an organisation. The role is not asked: it follows from the organisation (TRUST-29)."""

    full_name = forms.CharField(label="姓名", max_length=50)
    username = forms.CharField(
        label="账号",
        min_length=4,
        max_length=40,
        help_text="4 至 40 位小写字母、数字、点、下划线或短横线，以字母开头；一人一号，不要共用。",
        validators=[RegexValidator(STAFF_NAME, STAFF_NAME_WORDS)],
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
