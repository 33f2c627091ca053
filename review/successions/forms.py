"""The association says who goes on with a base's work, from when, and on what ground."""

from datetime import timedelta
from typing import Any

from django import forms
from django.utils import timezone

from bases.models import Province, Succession, TrainingBase

LATEST = timedelta(days=366)


class SuccessionForm(forms.Form):
    """Where the base's work goes: into another base, or with the base into another province."""

    kind = forms.ChoiceField(label="方式", choices=Succession.Kind.choices, widget=forms.RadioSelect)
    successor = forms.CharField(
        label="承接基地代码", max_length=12, required=False, help_text="并入时填写。承接基地可以在其他省份。"
    )
    province = forms.ModelChoiceField(
        label="划入的省级单位",
        queryset=Province.objects.all(),
        required=False,
        empty_label="请选择",
        help_text="划转时选择。基地代码、人员和账号不变。",
    )
    day = forms.DateField(
        label="生效日期",
        widget=forms.DateInput({"type": "date", "max": "2100-12-31"}, format="%Y-%m-%d"),
        help_text="今天或以前的日期，确认后立即办理；以后的日期，到当天自动办理。",
    )
    reason = forms.CharField(
        label="依据",
        min_length=4,
        max_length=200,
        widget=forms.Textarea({"rows": 2}),
        help_text="例如批文名称和文号。",
    )
    takes_staff = forms.BooleanField(
        label="原基地可办理业务的人员，同时在承接基地任用",
        required=False,
        help_text="并入时适用。不勾选的，原基地人员只能查看移交副本。",
    )

    def __init__(self, *args: Any, base: TrainingBase, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.base = base
        self.fields["day"].initial = timezone.localdate

    def clean_day(self) -> Any:
        day = self.cleaned_data["day"]
        if day > timezone.localdate() + LATEST:
            raise forms.ValidationError("生效日期最晚在一年以内，请核对。")
        return day

    def clean(self) -> dict[str, Any]:
        values = self.cleaned_data
        if values.get("kind") == Succession.Kind.MERGED:
            values["province"] = None
            values["successor"] = self._successor(values.get("successor") or "")
        elif values.get("kind") == Succession.Kind.MOVED:
            values["successor"] = None
            self._check_province(values.get("province"))
        return values

    def _successor(self, code: str) -> TrainingBase | None:
        found = TrainingBase.objects.filter(code=code).select_related("province").first()
        if found is None:
            self.add_error(
                "successor",
                "没有这个代码的培训基地，请核对承接基地代码。" if code else "请填写承接基地代码。",
            )
        elif found.pk == self.base.pk:
            self.add_error("successor", "承接基地不能是本基地，请填写另一家基地的代码。")
        elif not found.is_active:
            self.add_error("successor", f"“{found.name}”已停用，不能承接。请填写在用基地的代码。")
        return found

    def _check_province(self, province: Province | None) -> None:
        if province is None:
            self.add_error("province", "请选择划入的省级单位。")
        elif province.pk == self.base.province_id:
            self.add_error("province", "该基地已属于这个省级单位，请选择另一个。")
        elif TrainingBase.objects.filter(province=province, name=self.base.name).exists():
            self.add_error("province", f"{province.name}已有同名的培训基地。请先修改其中一家的名称。")
