"""Forms of the base's desk: the filters of its lists, training info, reminders."""

import re
from collections.abc import Mapping
from typing import Any

from django import forms

from bases.lists.records import NO_SPECIALTY, Module, Stage, Todo
from bases.personal.reminders import TEXT
from portal.searching import SearchField
from residents.codes import CODE_LISTS, REASONS_OF_STATUS
from residents.codes.training import IN_TRAINING
from residents.forms import as_input, form_for
from residents.models import Enrollment
from residents.models.enrollment import ReportStatus
from residents.rules import status
from residents.rules.text import LONGEST_NAME
from residents.services.training import EDITABLE
from residents.snapshot import values_of
from residents.words import in_words

ANY = ("", "全部")
_YEAR = re.compile(r"20[0-9]{2}")


def _codes(name: str) -> list[tuple[str, str]]:
    return [ANY, *CODE_LISTS[name].items.items()]


class RecordFilter(forms.Form):
    """The filters of a record list, kept in its address; `values` holds what was given and could be read.

    The intake list shows this cycle's year unless another or "all" is asked for (BR-40).
    """

    q = SearchField(
        label="姓名或证件号",
        required=False,
        max_length=50,
        widget=forms.TextInput({"placeholder": "或证件号后 4 位"}),
    )
    year = forms.ChoiceField(label="招收年份", required=False)
    specialty = forms.ChoiceField(label="培训专业", required=False)
    trainee_type = forms.ChoiceField(label="人员类型", required=False, choices=lambda: _codes("trainee_type"))
    stage = forms.ChoiceField(label="办理进度", required=False, choices=[ANY, *Stage.choices])
    personal = forms.ChoiceField(
        label="个人信息状态", required=False, choices=lambda: _codes("personal_state")
    )
    report = forms.ChoiceField(label="上报状态", required=False, choices=lambda: _codes("report_status"))
    review = forms.ChoiceField(
        label="审核状态",
        required=False,
        choices=lambda: [("", "全部"), ("0", "未审核"), *_codes("review_status")[2:]],
    )
    status = forms.ChoiceField(label="培训状态", required=False, choices=lambda: _codes("status"))
    todo = forms.ChoiceField(label="需跟进", required=False, choices=[ANY, *Todo.choices])
    batch = forms.IntegerField(label="导入批次号", required=False, min_value=1, max_value=2**31 - 1)

    def __init__(
        self,
        data: Any,
        *,
        module: str,
        years: list[int],
        specialties: list[tuple[str, str]],
        default_year: int | None,
    ) -> None:
        self.default_year = default_year if module == Module.INTAKE else None
        # The choice that stands in the menu as the empty one is taken for it.
        default = str(self.default_year or "all")
        super().__init__(
            {name: "" if (name, data[name]) == ("year", default) else data[name] for name in data}
        )
        self.fields["year"].choices = self._years(years)
        self.fields["specialty"].choices = self._specialties(specialties)
        if module == Module.INTAKE:
            del self.fields["status"]
        self.is_valid()

    def _years(self, years: list[int]) -> list[tuple[str, str]]:
        asked = self.data.get("year", "")
        if _YEAR.fullmatch(asked):
            # Nobody of that year is left: an empty list, not a mistake in the address.
            years = sorted({*years, int(asked)}, reverse=True)
        others = [(str(year), f"{year} 年") for year in years if year != self.default_year]
        if not self.default_year:
            return [ANY, *others]
        return [("", f"{self.default_year} 年（本周期）"), ("all", "全部年份"), *others]

    def _specialties(self, occurring: list[tuple[str, str]]) -> list[tuple[str, str]]:
        asked, known = self.data.get("specialty", ""), CODE_LISTS["specialty"].items
        if asked in known and asked not in dict(occurring):
            occurring = sorted([*occurring, (asked, known[asked])])
        return [ANY, *occurring, (NO_SPECIALTY, "（未选专业）")]

    @property
    def values(self) -> dict[str, Any]:
        """What to filter by; of an address that cannot be read, that nothing is to be listed or acted on."""
        if self.errors:
            return {"unreadable": True}
        found = {name: value for name, value in self.cleaned_data.items() if value}
        year = found.pop("year", None)
        if year and year != "all":
            found["year"] = int(year)
        elif not year and self.default_year:
            found["year"] = self.default_year
        return found

    @property
    def main(self) -> list[forms.BoundField]:
        """The filters that are always in sight."""
        return [self[name] for name in ("q", "year", "specialty", "stage")]

    @property
    def more(self) -> list[forms.BoundField]:
        return [self[name] for name in self.fields if name not in ("q", "year", "specialty", "stage")]

    @property
    def uses_more(self) -> bool:
        return any(field.errors or self.cleaned_data.get(field.name) for field in self.more)

    @property
    def given(self) -> list[tuple[str, str]]:
        """What was given, as the address has it, for forms that carry the filters on."""
        return [(name, self.data[name]) for name, value in self.cleaned_data.items() if value]

    @property
    def is_narrowed(self) -> bool:
        """Whether anything but the default is asked for, so that an empty list can say why it is empty."""
        return any(self.cleaned_data.values())


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
    enrollment: Enrollment, context: Mapping[str, Any], *, data: Any = None, files: Any = None
) -> forms.Form:
    """培训信息 as the base edits it: only its own fields, specialties it is accredited for, no field that is locked."""
    values = values_of(enrollment, "training")
    if not values.get("current_degree") and enrollment.report_status != ReportStatus.REPORTED:
        # Not in a reported record: saving it unread would store the proposal and un-report it (P-19).
        values["current_degree"] = context.get("current_degree")
    fields = [field for field in EDITABLE if not (field.name == "specialty" and enrollment.specialty_locked)]
    form = form_for(fields, values, data=data, files=files, context=context)
    # The rule's help speaks of workbook cells.
    form.fields["is_fresh_graduate"].widget.choices = _GRADUATE
    form.fields["is_fresh_graduate"].help_text = ""
    if "specialty" in form.fields:
        offered = {
            code: name
            for code, name in CODE_LISTS["specialty"].items.items()
            if code in context["accredited"]
        }
        if enrollment.specialty_id:
            offered.setdefault(enrollment.specialty_id, enrollment.specialty.name)
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
    """After a conflict: below each field that differs, what is stored now (TRUST 43)."""
    stored = values_of(enrollment, "training")
    for field in EDITABLE:
        control = form.fields.get(field.name)
        if control is None or field.kind == "file":
            continue
        if (form.data.get(field.name) or None) != (as_input(field, stored.get(field.name)) or None):
            control.notice = f"他人保存的是：{in_words(field, stored.get(field.name)) or '（空）'}"


def status_form(context: Mapping[str, Any], *, data: Any = None, files: Any = None) -> forms.Form:
    """One change of 培训状态: the statuses that may follow, and the current one to correct its details (§3.4)."""
    current = context["current_status"]
    form = form_for(
        status.FIELDS, {"effective_date": context["today"]}, data=data, files=files, context=context
    )
    offered = [*status.targets(current), *([current] if current != IN_TRAINING else [])]
    labels = CODE_LISTS["status"]
    form.fields["status"].widget = forms.RadioSelect(
        choices=[
            (code, f"{labels.label(code)}（更正明细）" if code == current else labels.label(code))
            for code in offered
        ]
    )
    form.fields["reason"].widget = forms.Select(choices=_reasons(offered, context.get("current_reason")))
    return form


def _reasons(offered: list[str], current: str | None) -> list:
    groups = [
        (
            CODE_LISTS["status"].label(status),
            [
                (code, name)
                for code, name in REASONS_OF_STATUS[status].items()
                # A correction of the details keeps the reason, be it out of use by now.
                if code == current or code in CODE_LISTS["reason"].offered
            ],
        )
        for status in offered
        if REASONS_OF_STATUS[status]
    ]
    return [("", "请选择"), *groups]


class NameForm(forms.Form):
    """更正姓名 (AM-07)."""

    full_name = forms.CharField(label="正确的姓名", max_length=LONGEST_NAME, help_text="与证件上的姓名一致。")
    reason = forms.CharField(
        label="更正理由", max_length=200, required=False, widget=forms.Textarea(attrs={"rows": 2})
    )


# --- to the residents ------------------------------------------------------------------------------------------------


class ReminderForm(forms.Form):
    """提醒住院医师: the words of the message (BR-33)."""

    text = forms.CharField(
        label="站内消息内容", max_length=300, initial=TEXT, widget=forms.Textarea(attrs={"rows": 3})
    )
