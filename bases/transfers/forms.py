"""Forms of transfers between bases and of a change of specialty."""

from typing import Any

from django import forms
from django.utils import timezone

from residents.catalogue.catalogue import Invalid
from residents.codes import CODE_LISTS
from residents.rules.identity import clean_id_number, normal_id_number
from residents.rules.text import LONGEST_NAME, clean_name


class PersonForm(forms.Form):
    """Whom a base asks for: the three details that must all agree (AM-28)."""

    id_type = forms.ChoiceField(label="证件类型", choices=lambda: CODE_LISTS["id_type"].choices)
    id_number = forms.CharField(label="证件号", max_length=60, error_messages={"required": "请填写证件号。"})
    full_name = forms.CharField(
        label="姓名", max_length=LONGEST_NAME, error_messages={"required": "请填写与证件一致的姓名。"}
    )

    def clean(self) -> dict[str, Any]:
        super().clean()
        values = self.cleaned_data
        try:
            number = clean_id_number(values.get("id_number", ""))
            values["id_number"] = normal_id_number(values.get("id_type"), number)
        except Invalid as refusal:
            self.add_error("id_number", str(refusal))
        try:
            values["full_name"] = clean_name(values.get("full_name", ""))
        except Invalid as refusal:
            self.add_error("full_name", str(refusal))
        return values


class ReasonForm(forms.Form):
    """Why the person comes to the asking base."""

    reason = forms.CharField(
        label="转入说明",
        max_length=200,
        widget=forms.Textarea({"rows": 2}),
        error_messages={"required": "请填写转入说明，原基地据此处理。"},
        help_text="原基地和两地省级都会看到，请写明转入的依据，例如批准文号。",
    )


class ReleaseForm(forms.Form):
    """退培 for 转换培训基地: everything else of the change is fixed."""

    effective_date = forms.DateField(
        label="退培日期",
        initial=timezone.localdate,
        widget=forms.DateInput({"type": "date", "max": "2100-12-31"}, format="%Y-%m-%d"),
        error_messages={"required": "请填写退培日期。", "invalid": "退培日期格式不正确，请写成 2026-09-01。"},
    )
    destination = forms.CharField(
        label="学员去向", max_length=100, error_messages={"required": "请填写转入的培训基地。"}
    )
    note = forms.CharField(
        label="说明（选填）", max_length=200, required=False, widget=forms.Textarea({"rows": 2})
    )


class LastResortForm(ReleaseForm):
    """As ReleaseForm, by the association, which must say why it acts in the base's place."""

    note = forms.CharField(
        label="由协会办理的理由",
        max_length=200,
        widget=forms.Textarea({"rows": 2}),
        error_messages={"required": "请填写由协会办理的理由，将记入操作记录并告知原基地。"},
    )


class RefusalForm(forms.Form):
    answer = forms.CharField(
        label="不同意的理由",
        max_length=200,
        widget=forms.Textarea({"rows": 2}),
        error_messages={"required": "请填写不同意转出的理由。"},
    )
