"""消息设置: the form of a person's own choices (GOAL-S4)."""

from typing import Any, cast

from django import forms

from portal.messages.services import ALWAYS_SHOWN, LEAVES_PORTAL, Topic, choices_for, chosen
from portal.models import MessageSettings, User

Channel = MessageSettings.Channel
# The field at which to say that nothing could be sent this way, and what to do.
_WITHOUT_ADDRESS = {
    Channel.MAIL: ("email", "您选择了电子邮件，请填写电子邮箱；不想填写的，请选择其他通知方式。"),
    Channel.SMS: (
        "channel",
        "您的账号没有手机号，收不到短信。请选择其他通知方式，或请管理员为您登记手机号。",
    ),
}


class MessageSettingsForm(forms.Form):
    """One group of choices a topic, the way besides the portal, and the person's own address on it."""

    channel = forms.ChoiceField(
        label="站外通知方式",
        required=False,
        widget=forms.RadioSelect,
        help_text="站外通知只写有几条新消息和类别，不含姓名等个人信息。“其他”一类不发站外通知。",
    )

    email = forms.EmailField(
        label="接收通知的电子邮箱",
        required=False,
        max_length=100,
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )
    email_again = forms.EmailField(
        label="再次输入电子邮箱",
        required=False,
        max_length=100,
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
        help_text="填写新的电子邮箱时，请再输入一遍。",
    )

    def __init__(self, *args: Any, user: User, settings: MessageSettings | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user
        for topic in Topic:
            self.fields[topic.value] = forms.ChoiceField(
                label=topic.label,
                choices=[(choice.value, choice.label) for choice in choices_for(topic)],
                initial=chosen(settings, topic),
                widget=forms.RadioSelect,
                help_text=_explain(topic),
            )
        channel = cast(forms.ChoiceField, self.fields["channel"])
        channel.choices = MessageSettings.Channel.choices
        channel.initial = settings.channel if settings else ""
        self.fields["email"].initial = user.email
        self.order_fields([*Topic.values, "channel", "email", "email_again"])

    @property
    def lost_channel(self) -> str:
        """The stored way besides the portal if there is no address on it: messages then stay in the portal."""
        channel = self.fields["channel"].initial
        return Channel(channel).label if channel and not self._has_address(channel, self.user.email) else ""

    def _has_address(self, channel: str, email: str) -> bool:
        return bool({Channel.MAIL: email, Channel.SMS: self.user.mobile}.get(Channel(channel), True))

    def clean(self) -> dict[str, Any]:
        values = self.cleaned_data
        email = values.get("email", self.user.email)
        if email and email != self.user.email and values.get("email_again") != email:
            self.add_error("email_again", "两次输入的电子邮箱不一致，请重新输入。")
        channel = values.get("channel")
        if channel and not self._has_address(channel, email) and "email" not in self.errors:
            field, words = _WITHOUT_ADDRESS[channel]
            self.add_error(field, words)
        return values

    @property
    def choices(self) -> dict[str, str]:
        """Topic → when the person hears of it."""
        return {topic.value: self.cleaned_data[topic.value] for topic in Topic}


def _explain(topic: Topic) -> str:
    if topic in ALWAYS_SHOWN:
        return "站内消息始终即时显示，不能关闭；“每日汇总”只影响邮件或短信。"
    way = "站内消息和邮件、短信" if topic in LEAVES_PORTAL else "站内消息"
    return f"“每日汇总”：{way}每天 8 点合并成一条。"
