"""The forms of 工作人员: a new person, a hand-over, and why a second factor is reset."""

from typing import Any, cast

from django import forms
from django.core.validators import RegexValidator
from django.db.models import QuerySet

from bases.staff import ROLE_OF, Organisation, memberships_of
from portal.models import User
from residents.catalogue.catalogue import Invalid
from residents.rules.identity import clean_mobile
from residents.rules.text import name_key

STAFF_NAME = r"^[a-z][a-z0-9._-]*\Z"
STAFF_NAME_WORDS = "账号以小写字母开头，只能含小写字母、数字、点、下划线和短横线。"


class StaffForm(forms.Form):
    """A person of an organisation: a new one, or one who has an account already.

    The role is not asked: it follows from the organisation (TRUST-29).
    """

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

    # Whose account it is, where there is one already that may be appointed here.
    known: User | None = None

    def __init__(self, *args: Any, organisation: Organisation | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.organisation = organisation
        if organisation is None:
            del self.fields["read_only"]

    def clean(self) -> dict[str, Any]:
        values = self.cleaned_data
        known = User.objects.filter(username=values.get("username", "")).first()
        if known is None:
            return values
        if reason := self._why_not(known, values.get("full_name")):
            self.add_error("username", reason)
        else:
            self.known = known
        return values

    def _why_not(self, known: User, name: str | None) -> str:
        """Why this account is not appointed here; "" where it may be: who tells account and name knows the person."""
        if self.organisation is None or known.role != ROLE_OF[type(self.organisation)]:
            return "这个账号已被使用，请换一个。"
        if name is None or name_key(known.full_name) != name_key(name):
            return "这个账号已被另一个姓名的人使用。是同一人的，请按其登记的姓名填写；不是的，请换一个账号。"
        places = memberships_of(known)
        if any(each.organisation == self.organisation for each in places):
            return "此人已在本单位，不需要再新增；要改权限的，请在人员列表中修改。"
        if places and not known.is_active:
            return "这个账号已由其所在单位停用，请先由该单位或上级启用。"
        return ""

    def clean_mobile(self) -> str:
        try:
            return clean_mobile(self.cleaned_data["mobile"])
        except Invalid as refusal:
            raise forms.ValidationError(str(refusal.problem)) from refusal


class _Colleague(forms.ModelChoiceField):
    """People of one organisation may bear the same name: the account tells them apart."""

    def label_from_instance(self, obj: Any) -> str:
        return f"{obj.full_name}（{obj.username}）"


class HandOverForm(forms.Form):
    """To which colleague the work of a leaving person goes."""

    to = _Colleague(
        label="移交给",
        queryset=User.objects.none(),
        empty_label="请选择",
        help_text="本单位在用的其他人员；名单里没有的，请先“新增人员”。移交后可办理业务。",
    )

    def __init__(self, *args: Any, colleagues: QuerySet[User], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        cast(forms.ModelChoiceField, self.fields["to"]).queryset = colleagues


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
