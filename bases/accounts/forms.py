"""删除账号: the question and the reason before a record is deleted (BR-73, AM-33)."""

from collections.abc import Collection
from datetime import datetime
from typing import Any, cast

from django import forms
from django.utils import timezone

from portal.calendar import last_moment
from residents.models.enrollment import DEPARTURES, Deletion


class DeletionForm(forms.Form):
    """BR-73: deleting is not withdrawing, so the question is asked before every delete.

    Of a recruit three answers delete (AM-33); whoever is in the registry leaves it by 退培.
    """

    WRONG, NO_SHOW, MOVED, LEFT = "wrong", "no_show", "moved", "left"
    KINDS = {WRONG: Deletion.WRONG, NO_SHOW: Deletion.NO_SHOW, MOVED: Deletion.MOVED}

    why = forms.ChoiceField(
        label="录错了，还是已离开培训？",
        widget=forms.RadioSelect,
        error_messages={
            "required": "请选择一项。",
            "invalid_choice": "现在不能按这一项删除，请选择其他一项。",
        },
    )
    left_on = forms.DateField(
        label="离开日期",
        required=False,
        widget=forms.DateInput({"type": "date", "max": "2100-12-31"}, format="%Y-%m-%d"),
        help_text="未报到、放弃培训或转到其他基地的日期；录错的不填。",
        error_messages={"invalid": "日期格式不正确，请写成 2026-09-01。"},
    )
    reason = forms.CharField(
        label="具体原因",
        max_length=200,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    def __init__(
        self,
        *args: Any,
        is_recruit: bool,
        restorable_until: datetime,
        refused: Collection[str] = (),
        **kwargs: Any,
    ) -> None:
        """`refused`: the answers by which the record cannot be deleted now."""
        super().__init__(*args, **kwargs)
        self.restorable_until = restorable_until
        until = last_moment(restorable_until)
        self.fields[
            "reason"
        ].help_text = f"将记入操作记录；{until} 前可以恢复。例如：证件号末位录错，已重新导入。"
        wrong = (self.WRONG, "录错：此人不在本基地培训，或证件号等录入有误")
        departures = [
            (self.NO_SHOW, "未报到或放弃培训"),
            (self.MOVED, "转到其他基地：此人改在其他培训基地培训"),
        ]
        left = (self.LEFT, "已离开培训：退出培训、转到其他基地或更换专业")
        choices = [wrong, *departures] if is_recruit else [wrong, left]
        cast(forms.ChoiceField, self.fields["why"]).choices = [
            each for each in choices if each[0] not in refused
        ]
        if is_recruit:
            self.fields["why"].label = "录错了，还是没有到本基地培训？"
        else:
            del self.fields["left_on"]

    @property
    def kind(self) -> Deletion | None:
        """As what the record goes; None where the answer does not delete."""
        return self.KINDS.get(self.cleaned_data["why"])

    def clean(self) -> dict[str, Any]:
        super().clean()
        values = self.cleaned_data
        kind = self.KINDS.get(values.get("why", ""))
        if kind and len(values.get("reason", "")) < 4:
            self.add_error("reason", "请写明具体原因，至少 4 个字。")
        if kind not in DEPARTURES:
            values["left_on"] = None
        elif values.get("left_on") is None:
            if "left_on" not in self.errors:
                self.add_error("left_on", "请填写离开日期。")
        elif values["left_on"] > timezone.localdate():
            self.add_error("left_on", "离开日期不能晚于今天。")
        return values
