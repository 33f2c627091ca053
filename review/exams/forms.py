"""Forms of 结业考核: a session, who is meant, results, a certificate to be corrected."""

from datetime import date
from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils import timezone

from bases.models import Province
from bases.scope import bases_in_view
from portal.models import User
from residents.forms import scan_field
from residents.rules.completion import judge_certificate
from residents.rules.fields import Problems
from residents.services.uploads import upload_problem
from review.choices import ANY, _names
from review.exams.due import STAGES
from review.models import ExamEntry

_DAY = forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})


class SessionForm(forms.Form):
    """A session of one of the officer's provinces."""

    province = forms.ModelChoiceField(label="省份", queryset=Province.objects.none(), empty_label=None)
    year = forms.IntegerField(label="年度", min_value=2014, max_value=2099)
    name = forms.CharField(label="名称", max_length=60, help_text="例如“2026 年结业考核”。")
    due_until = forms.DateField(
        label="培训结束日期截至",
        widget=_DAY,
        help_text="到这一天为止培训期满的人列为应结业；延期的按延期后的日期，减免已计入预计结束时间。",
    )
    confirm_until = forms.DateField(label="基地确认截止日", widget=_DAY)

    def __init__(self, data: Any = None, *, provinces: Any) -> None:
        today = timezone.localdate()
        super().__init__(data, initial={"year": today.year, "due_until": date(today.year, 12, 31)})
        self.fields["province"].queryset = provinces  # type: ignore[attr-defined]

    def clean_due_until(self) -> date:
        return _within(self.cleaned_data["due_until"])

    def clean_confirm_until(self) -> date:
        day = _within(self.cleaned_data["confirm_until"])
        if day < timezone.localdate():
            raise forms.ValidationError("基地确认截止日不能早于今天。")
        return day


def _within(day: date) -> date:
    if not 2014 <= day.year <= 2099:
        raise forms.ValidationError("年份应在 2014 至 2099 之间。")
    return day


class PeopleForm(forms.Form):
    """Which figure's people are listed. What cannot be read asks for nothing."""

    stage = forms.ChoiceField(
        label="阶段", required=False, choices=[(key, words) for key, (words, _) in STAGES.items()]
    )
    base = forms.ChoiceField(label="培训基地", required=False)
    specialty = forms.CharField(max_length=4, required=False)

    def __init__(self, data: Any, *, user: User) -> None:
        super().__init__({"stage": "due"} | {name: data[name] for name in data})
        bases = bases_in_view(user).order_by("code")
        self.fields["base"].choices = [*ANY, *_names(bases).items()]  # type: ignore[attr-defined]
        self.is_valid()

    @property
    def asked(self) -> dict[str, str]:
        return {name: value for name, value in self.cleaned_data.items() if value}

    @property
    def stage_in_words(self) -> str:
        return STAGES[self.cleaned_data.get("stage") or "due"][0]


class DropForm(forms.Form):
    """Why the province sends people off the list."""

    reason = forms.CharField(
        label="退回的理由",
        min_length=4,
        max_length=200,
        error_messages={"required": "请写明退回的理由，培训基地会看到。"},
    )


class PhotoForm(forms.Form):
    """A photo shows a person as his number does: it leaves for a stated purpose."""

    purpose = forms.CharField(
        label="用途",
        min_length=4,
        max_length=200,
        error_messages=dict.fromkeys(
            ("required", "min_length"), "请写明照片的用途，至少 4 个字；用途会记入操作记录。"
        ),
    )


class CorrectionForm(forms.Form):
    """Another number or day of a certificate."""

    new_no = forms.CharField(label="更正后的证书编号", max_length=30)
    new_date = forms.DateField(label="更正后的发证日期", widget=_DAY)
    reason = forms.CharField(
        label="更正理由", min_length=4, max_length=500, widget=forms.Textarea(attrs={"rows": 2})
    )
    evidence = scan_field("证明材料（选填）", "证书扫描件")

    def __init__(self, data: Any = None, files: Any = None, *, entry: ExamEntry) -> None:
        self.entry = entry
        initial = {"new_no": entry.certificate_no, "new_date": entry.certificate_date}
        super().__init__(data, files, initial=initial)
        self.fields["evidence"].required = False

    def clean_evidence(self) -> UploadedFile | None:
        evidence: UploadedFile | None = self.cleaned_data["evidence"]
        if evidence and (refused := upload_problem("evidence", evidence)):
            raise forms.ValidationError(str(refused))
        return evidence

    def clean(self) -> dict[str, Any]:
        """Judged as a row of the workbook is; what only looks odd is for the province to see."""
        entry, given = self.entry, self.cleaned_data
        found: Problems = {}
        record = entry.enrollment
        told = {
            "certificate_no": given.get("new_no"),
            "certificate_date": given.get("new_date"),
            "actual_end_date": entry.ended_on,
            "province": record.base.province_id,
            "specialty": record.specialty_id,
        }
        judge_certificate(told, {"today": timezone.localdate()}, found)
        for name, problems in found.items():
            for each in problems:
                if not each.is_warning:
                    self.add_error({"certificate_no": "new_no"}.get(name, "new_date"), str(each))
        if given.get("new_no") == entry.certificate_no and given.get("new_date") == entry.certificate_date:
            self.add_error(None, "编号和日期都没有变化，不用更正。")
        return given


class DecisionForm(forms.Form):
    """The province's word on a correction."""

    comment = forms.CharField(label="处理说明", min_length=2, max_length=500)
