"""The filters of 数据质量 and the form of 已核实."""

from typing import Any, cast

from django import forms

from bases.models import Province, TrainingBase
from bases.scope import bases_in_view, provinces_for
from portal.models import User
from portal.roles import Action, Role
from review.choices import ANY
from review.quality.checks import CHECKS

STATES = [("open", "未核实"), ("verified", "已核实"), ("all", "全部")]


class QualityFilter(forms.Form):
    """Filters of the quality list, kept in its address; without a state only what nobody looked into is listed."""

    kind = forms.ChoiceField(
        label="提示类型",
        required=False,
        choices=[*ANY, *((kind, check.title) for kind, check in CHECKS.items())],
    )
    province = forms.ModelChoiceField(
        label="省份", queryset=Province.objects.none(), required=False, empty_label="全部"
    )
    base = forms.ModelChoiceField(
        label="培训基地",
        queryset=TrainingBase.objects.none(),
        required=False,
        empty_label="全部",
    )
    year = forms.IntegerField(label="招收年份", required=False, min_value=2000, max_value=2100)
    state = forms.ChoiceField(label="核实情况", required=False, choices=STATES)

    def __init__(self, user: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        cast(forms.ModelChoiceField, self.fields["base"]).queryset = bases_in_view(user).order_by(
            "province_id", "code"
        )
        cast(forms.ModelChoiceField, self.fields["province"]).queryset = provinces_for(
            user, Action.VIEW
        ).order_by("pk")
        if user.role != Role.CMDA:
            del self.fields["province"]
        self.is_valid()

    @property
    def values(self) -> dict[str, Any]:
        return {name: value for name, value in self.cleaned_data.items() if value not in (None, "")}


class VerifyForm(forms.Form):
    """已核实: the facts that were looked at, and why they are right."""

    fingerprint = forms.CharField(max_length=32)
    reason = forms.CharField(
        label="核实说明",
        min_length=2,
        max_length=200,
        error_messages={"required": "请写明核实情况。", "min_length": "请把核实情况写清楚，至少 2 个字。"},
    )
