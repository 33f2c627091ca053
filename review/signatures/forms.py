"""What a unit says of its part of an edition."""

from django import forms


class RefusalForm(forms.Form):
    """Why a part is not signed."""

    reason = forms.CharField(
        label="不予签署的理由",
        min_length=4,
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="上级和中国医师协会会看到，请写明哪些人或数字有误。",
    )
