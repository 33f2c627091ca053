"""提醒住院医师: the message that a base sends to its residents."""

from django import forms

from bases.personal.reminders import TEXT


class ReminderForm(forms.Form):
    """提醒住院医师: the words of the message (BR-33)."""

    text = forms.CharField(
        label="站内消息内容", max_length=300, initial=TEXT, widget=forms.Textarea(attrs={"rows": 3})
    )
