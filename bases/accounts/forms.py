"""删除账号: the question and the reason before a record is deleted (BR-73)."""

from typing import Any

from django import forms


class DeletionForm(forms.Form):
    """BR-73: deleting is not withdrawing, so the question is asked before every delete."""

    WRONG, LEFT = "wrong", "left"

    why = forms.ChoiceField(
        label="录错了，还是已离开培训？",
        choices=[
            (WRONG, "录错了：此人不在本基地培训，或证件号等录入有误"),
            (LEFT, "已离开培训：退出培训、转到其他基地或更换专业"),
        ],
        widget=forms.RadioSelect,
        error_messages={"required": "请选择一项。"},
    )
    reason = forms.CharField(
        label="删除原因",
        max_length=200,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="将记入操作记录；30 天内可以恢复。例如：证件号末位录错，已重新导入。",
    )

    def clean(self) -> dict[str, Any]:
        super().clean()
        values = self.cleaned_data
        if values.get("why") == self.WRONG and len(values.get("reason", "")) < 4:
            self.add_error("reason", "请写明删除原因，至少 4 个字。")
        return values
