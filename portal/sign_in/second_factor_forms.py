"""The forms of 二次验证: a code, and setting up an authenticator."""

from django import forms


class CodeForm(forms.Form):
    """One code: six digits of the authenticator, or a recovery code."""

    code = forms.CharField(
        label="验证码或恢复码",
        max_length=20,
        widget=forms.TextInput(
            attrs={"autocomplete": "one-time-code", "autocapitalize": "characters", "spellcheck": "false"}
        ),
        help_text="打开手机上的验证器应用，输入当前显示的 6 位数字。手机不在身边时，输入一个形如 K7PM-3XWQ 的恢复码。",
    )


class SetUpForm(forms.Form):
    """The first code of a new authenticator, and the own password once more: an unattended screen is not enough."""

    code = forms.CharField(
        label="验证码",
        max_length=20,
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "inputmode": "numeric"}),
        help_text="添加后，应用每 30 秒显示一个新的 6 位数字；请输入当前的一个。",
    )
    password = forms.CharField(
        label="当前登录密码",
        max_length=128,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )
