"""消息设置: the form of a person's own choices (GOALS S4)."""

from django import forms

from portal.messages import ALWAYS_SHOWN, LEAVES_PORTAL, Topic, choices_for, chosen
from portal.models import MessageSettings, User


class MessageSettingsForm(forms.Form):
    """One group of choices a topic, and the way besides the portal."""

    channel = forms.ChoiceField(
        label="站外通知方式",
        required=False,
        widget=forms.RadioSelect,
        help_text="站外通知只写有几条新消息和类别，不含姓名等个人信息。“其他”一类不发站外通知。",
    )

    def __init__(self, *args, user: User, settings: MessageSettings | None, **kwargs) -> None:
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
        channel = self.fields["channel"]
        channel.choices = MessageSettings.Channel.choices
        channel.initial = settings.channel if settings else ""
        self.order_fields([*Topic.values, "channel"])

    def save(self) -> None:
        values = self.cleaned_data
        choices = {topic.value: values[topic.value] for topic in Topic}
        MessageSettings.objects.update_or_create(
            user=self.user, defaults={"choices": choices, "channel": values["channel"]}
        )


def _explain(topic: Topic) -> str:
    if topic in ALWAYS_SHOWN:
        return "站内消息始终即时显示，不能关闭；“每日汇总”只影响邮件或短信。"
    way = "站内消息和邮件、短信" if topic in LEAVES_PORTAL else "站内消息"
    return f"“每日汇总”：{way}每天 8 点合并成一条。"
