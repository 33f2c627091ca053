"""Forms of the base's desk: the filters of its lists, training info, reminders."""

from collections.abc import Collection, Mapping
from typing import Any, cast

from django import forms
from django.utils import timezone

from residents.codes import CODE_LISTS, REASONS_OF_STATUS
from residents.codes.training import IN_TRAINING
from residents.forms import Control, as_input, form_for
from residents.models import Enrollment
from residents.rules import status
from residents.rules.text import LONGEST_NAME
from residents.rules.training import still_open
from residents.services.training import EDITABLE
from residents.snapshot import values_of
from residents.words import in_words

# --- 培训信息 and 培训状态 ----------------------------------------------------------------------------------

_GRADUATE = (("True", "应届生"), ("False", "往届生"))
# Headings of the training form and the first field under each.
TRAINING_GROUPS = {
    "specialty": "培训专业与人员类型",
    "approved_years": "培训年限与时间",
    "current_degree": "学位与派送（委派）单位",
    "at_partner_unit": "协同单位",
    "is_western_support": "西部支援行动",
    "remark": "备注",
}


def training_form(
    enrollment: Enrollment,
    context: Mapping[str, Any],
    *,
    data: Any = None,
    files: Any = None,
    carried: Mapping[str, Any] | None = None,
) -> forms.Form:
    """培训信息 as the base edits it: only its own fields, specialties it is accredited for, no field that is locked.
    `carried` are values that were asked for where none are stored."""
    values = values_of(enrollment, "training") | dict(carried or {})
    fields = [field for field in EDITABLE if not (field.name == "specialty" and enrollment.specialty_locked)]
    form = form_for(fields, values, data=data, files=files, context=context)
    # The rule's help speaks of workbook cells.
    form.fields["is_fresh_graduate"].widget.choices = _GRADUATE
    form.fields["is_fresh_graduate"].help_text = ""
    if not values.get("current_degree") and (told := context.get("current_degree")):
        # In words, not as the chosen value: saved unread it would be stored and un-report the record (AM-37, PAIN-19).
        degree = CODE_LISTS["current_degree"].label(told)
        form.fields["current_degree"].help_text = f"按学习经历应为“{degree}”，请核对后选择。"
    if "specialty" in form.fields:
        start = enrollment.actual_start_date
        open_now = still_open(context["accredited"], start.year if start else enrollment.intake_year)
        offered = {code: name for code, name in CODE_LISTS["specialty"].items.items() if code in open_now}
        if enrollment.specialty:
            offered.setdefault(enrollment.specialty.pk, enrollment.specialty.name)
        form.fields["specialty"].widget.choices = [("", "请选择"), *sorted(offered.items())]
    return form


def grouped(form: forms.Form) -> list[tuple[str, list[forms.BoundField]]]:
    """The fields of the training form under their headings."""
    groups: list[tuple[str, list[forms.BoundField]]] = []
    for field in form:
        if field.name in TRAINING_GROUPS or not groups:
            groups.append((TRAINING_GROUPS.get(field.name, TRAINING_GROUPS["specialty"]), []))
        groups[-1][1].append(field)
    return groups


def show_stored(form: forms.Form, enrollment: Enrollment) -> None:
    """After a conflict: below each field that differs, what is stored now (TRUST-43)."""
    stored = values_of(enrollment, "training")
    for field in EDITABLE:
        control = form.fields.get(field.name)
        if control is None or field.kind == "file":
            continue
        if (form.data.get(field.name) or None) != (as_input(field, stored.get(field.name)) or None):
            cast(
                Control, control
            ).notice = f"他人保存的是：{in_words(field, stored.get(field.name)) or '（空）'}"


def status_form(context: Mapping[str, Any], *, data: Any = None, files: Any = None) -> forms.Form:
    """One change of 培训状态: the statuses that may follow, and the current one to correct its details
    (docs/codes.md#status)."""
    current = context["current_status"]
    form = form_for(
        status.FIELDS, {"effective_date": context["today"]}, data=data, files=files, context=context
    )
    offered = [*status.offered(context), *([current] if current != IN_TRAINING else [])]
    labels = CODE_LISTS["status"]
    form.fields["status"].widget = forms.RadioSelect(
        choices=[
            (code, f"{labels.label(code)}（更正明细）" if code == current else labels.label(code))
            for code in offered
        ]
    )
    form.fields["reason"].widget = forms.Select(choices=_reasons(offered, context))
    return form


def _reasons(offered: list[str], context: Mapping[str, Any]) -> list:
    current = context.get("current_reason")
    groups = [
        (
            CODE_LISTS["status"].label(new),
            [
                (code, name)
                for code, name in REASONS_OF_STATUS[new].items()
                # A correction of the details keeps the reason, be it out of use by now.
                if (code == current or code in CODE_LISTS["reason"].offered)
                and status.is_reason_offered(context["current_status"], new, code)
            ],
        )
        for new in offered
        if REASONS_OF_STATUS[new]
    ]
    return [("", "请选择"), *groups]


class NameForm(forms.Form):
    """更正姓名 (AM-07)."""

    full_name = forms.CharField(label="正确的姓名", max_length=LONGEST_NAME, help_text="与证件上的姓名一致。")
    reason = forms.CharField(
        label="更正理由", max_length=200, required=False, widget=forms.Textarea(attrs={"rows": 2})
    )


# --- to the residents ------------------------------------------------------------------------------------------------


class SpecialtyForm(forms.Form):
    """转换专业 (PAIN-16): the new specialty, the date and why."""

    specialty = forms.ChoiceField(label="转入专业", error_messages={"required": "请选择转入专业。"})
    effective_date = forms.DateField(
        label="转换日期",
        initial=timezone.localdate,
        widget=forms.DateInput({"type": "date", "max": "2100-12-31"}, format="%Y-%m-%d"),
        error_messages={"required": "请填写转换日期。", "invalid": "转换日期格式不正确，请写成 2026-09-01。"},
        help_text="原专业的退培日期，也是新专业的培训实际开始时间。",
    )
    note = forms.CharField(
        label="说明（选填）", max_length=200, required=False, widget=forms.Textarea({"rows": 2})
    )

    def __init__(self, *args: Any, offered: Collection[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        names = CODE_LISTS["specialty"]
        choices = [(code, names.label(code)) for code in sorted(offered)]
        cast(forms.ChoiceField, self.fields["specialty"]).choices = [("", "请选择"), *choices]
