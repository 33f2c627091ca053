"""The forms of 登录, 激活账号 and 修改密码."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.utils.module_loading import import_string

from portal.sign_in.services import INITIAL_WORD


def _kinds() -> list[tuple[str, str]]:
    return [("", "请选择"), *import_string(settings.LOGIN_NAME_KINDS)()]


def _kind_field() -> forms.ChoiceField:
    """Asked only of whoever shares his number with another (AM-35)."""
    return forms.ChoiceField(
        label="证件类型",
        choices=_kinds,
        required=True,
        error_messages={"required": "请选择证件类型。"},
        help_text="此证件号有不止一位住院医师使用，请选择本人的证件类型。",
    )


class SignInForm(forms.Form):
    account = forms.CharField(label="账号", max_length=80)
    password = forms.CharField(
        label="密码",
        max_length=128,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )

    field_order = ["account", "kind", "password"]

    def __init__(self, *args: Any, is_resident: bool, asks_kind: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if asks_kind:
            self.fields["kind"] = _kind_field()
            self.order_fields(self.field_order)
        account = self.fields["account"]
        account.widget.attrs.update(
            {"autocomplete": "username", "autocapitalize": "none", "spellcheck": "false"}
        )
        if is_resident:
            account.label = "证件号"
            account.help_text = "培训基地导入的证件号码，例如居民身份证号。"
            self.fields[
                "password"
            ].help_text = f"首次登录请输入初始密码 {INITIAL_WORD}，进入激活页面设置自己的密码。"


def _new_password_field() -> forms.CharField:
    return forms.CharField(
        label="新密码",
        max_length=128,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text="至少 8 位，不能全是数字，不能包含证件号、手机号、出生日期、姓名拼音等他人知道的信息；"
        "工作人员的须包含大写字母、小写字母、数字、符号中的至少三种。",
    )


class NewPasswordForm(forms.Form):
    """The own new password, twice. What depends on the person is judged by the caller once he is known."""

    new_password1 = _new_password_field()
    new_password2 = forms.CharField(
        label="再次输入新密码",
        max_length=128,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def clean_new_password1(self) -> str:
        password = self.cleaned_data["new_password1"]
        # What depends on nobody; the same judges see it again with the person.
        validate_password(password)
        return password

    def clean(self) -> dict[str, Any]:
        super().clean()
        values = self.cleaned_data
        first, second = values.get("new_password1"), values.get("new_password2")
        if first and second and first != second:
            self.add_error("new_password2", "两次输入的密码不一致。请重新输入。")
        return values


class ActivationForm(NewPasswordForm):
    """One page for every account, known or not: proof of who one is, the new password, the consent (TRUST-01, TRUST-03,
    TRUST-53)."""

    account = forms.CharField(label="证件号", max_length=80)
    mobile = forms.CharField(
        label="登记的手机号",
        max_length=30,
        required=False,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "tel"}),
        help_text="填写培训基地导入账号时登记的完整手机号。",
    )
    code = forms.CharField(
        label="一次性初始密码（如基地已发放）",
        max_length=20,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "autocapitalize": "characters"}),
        help_text="形如 K7PM-3XWQ，见培训基地打印的账号条。持有时不必填写手机号。",
    )
    accepts_privacy = forms.BooleanField(
        label="我已阅读《个人信息处理告知》，同意为住院医师规范化培训管理处理我的个人信息",
        error_messages={"required": "请阅读告知并勾选同意后再激活。"},
    )
    accepts_sensitive = forms.BooleanField(
        label="我单独同意处理其中的敏感个人信息（证件号码、证件照片、证书扫描件）",
        error_messages={"required": "处理敏感个人信息需要您的单独同意。"},
    )
    field_order = ["account", "kind", "mobile", "code", "new_password1", "new_password2"]

    def __init__(self, *args: Any, is_resident: bool, asks_kind: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if asks_kind:
            self.fields["kind"] = _kind_field()
            self.order_fields(self.field_order)
        if not is_resident:
            # The sensitive facts are those of residents.
            del self.fields["mobile"], self.fields["accepts_sensitive"]
            self.fields["accepts_privacy"].label = "我已阅读《个人信息处理告知》，同意平台处理我的账号信息"
            self.fields["account"].label = "账号"
            self.fields["code"].label = "一次性初始密码"
            self.fields["code"].help_text = "形如 K7PM-3XWQ，由为您开通账号的人员提供。"

    def clean(self) -> dict[str, Any]:
        values = super().clean()
        if not values.get("mobile") and not values.get("code"):
            self.add_error(
                "mobile" if "mobile" in self.fields else "code", "请填写登记的手机号或一次性初始密码。"
            )
        return values


class PasswordChangeForm(NewPasswordForm):
    """The own password; whether the old one is right is asked by the caller, who counts the tries."""

    old_password = forms.CharField(
        label="当前密码",
        max_length=128,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )
    field_order = ["old_password", "new_password1", "new_password2"]
