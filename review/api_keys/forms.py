"""The form of a new key of the interface."""

from datetime import timedelta
from typing import Any, cast

from django import forms
from django.utils import timezone

from bases.models import Province
from bases.scope import provinces_for
from portal.models import User
from portal.roles import Action
from review.api.keys import Scope, network

MOST_ADDRESSES = 20


class KeyForm(forms.Form):
    """Name, rights, period and permitted addresses of a key."""

    province = forms.ModelChoiceField(label="省份", queryset=Province.objects.none(), empty_label="请选择")
    name = forms.CharField(label="名称", max_length=50, help_text="说明由谁使用，例如“省住培平台 生产环境”。")
    kind = forms.ChoiceField(
        label="用途",
        choices=[
            ("sandbox", "沙箱：完整校验，不写入任何数据，用于联调"),
            ("live", "正式：切换为接口传送后可用"),
        ],
        widget=forms.RadioSelect,
        initial="sandbox",
    )
    scopes = forms.MultipleChoiceField(
        label="权限",
        choices=Scope.choices,
        widget=forms.CheckboxSelectMultiple,
        initial=list(Scope.values),
        help_text="基础数据（培训基地、专业、代码表）任何密钥都可查询。",
    )
    days = forms.TypedChoiceField(
        label="有效期",
        coerce=int,
        choices=[(30, "30 天"), (90, "90 天"), (180, "180 天"), (365, "一年")],
        initial=90,
    )
    addresses = forms.CharField(
        label="允许的来源地址（选填）",
        required=False,
        max_length=1000,
        widget=forms.Textarea({"rows": 3}),
        help_text="一行一个 IP 地址或网段，例如 203.0.113.8 或 203.0.113.0/24；不填则不限制。",
    )

    def __init__(self, user: User, *args: Any) -> None:
        super().__init__(*args)
        own = provinces_for(user, Action.MANAGE_STAFF).order_by("code")
        cast(forms.ModelChoiceField, self.fields["province"]).queryset = own
        if len(found := own[:2]) == 1:
            self.fields["province"].initial = found[0].pk

    def clean_addresses(self) -> list[str]:
        lines = [line for line in self.cleaned_data["addresses"].splitlines() if line.strip()]
        if len(lines) > MOST_ADDRESSES:
            raise forms.ValidationError(f"最多填写{MOST_ADDRESSES}个地址。")
        found = []
        for number, line in enumerate(lines, start=1):
            try:
                found.append(network(line))
            except ValueError as error:
                raise forms.ValidationError(f"第{number}行“{line.strip()}”不是 IP 地址或网段。") from error
        return found

    def values(self) -> dict[str, Any]:
        """As review.api.keys.create takes them, without the province."""
        data = self.cleaned_data
        return {
            "name": data["name"],
            "scopes": data["scopes"],
            "addresses": data["addresses"],
            "is_sandbox": data["kind"] == "sandbox",
            "expires_at": timezone.now() + timedelta(days=data["days"]),
        }
