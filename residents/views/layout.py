"""How the fields of a section are grouped on its page."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django import forms
from django.urls import reverse

if TYPE_CHECKING:
    from residents.views.page import Page

GROUPS: dict[str, tuple[tuple[str, tuple[str, ...]], ...]] = {
    "basic": (
        (
            "个人情况",
            (
                "sex",
                "birth_date",
                "nationality",
                "ethnicity",
                "hukou_province",
                "marital_status",
                "military_status",
            ),
        ),
        ("联系方式", ("mobile", "email", "qq", "landline", "postal_address", "postcode")),
        ("紧急联系人", ("emergency_name", "emergency_mobile", "emergency_address")),
        (
            "外语等级",
            (
                "language_exam_type",
                "english_level",
                "language_other",
                "language_cert_no",
                "language_cert_date",
            ),
        ),
        ("证件照片", ("photo",)),
    ),
    "education": (
        ("学历层次", ("level", "is_enrolled", "is_full_time", "is_integrated_program")),
        (
            "院校与专业",
            ("school", "school_other", "major", "major_other", "expected_graduation", "graduation_date"),
        ),
        ("毕业证书", ("education_code", "has_diploma", "diploma_no", "diploma_date")),
        ("学位证书", ("has_degree", "degree_code", "degree_type", "degree_no", "degree_date")),
        ("其他", ("overseas_cert_no", "scan")),
    ),
    "certificate": (
        (
            "医师资格考试",
            (
                "passed_qualification_exam",
                "exam_pass_date",
                "has_qualification_cert",
                "score_report_type",
                "score_report_scan",
            ),
        ),
        (
            "医师资格证书",
            (
                "qualification_no",
                "qualification_date",
                "qualification_level",
                "qualification_class",
                "scan_qualification",
            ),
        ),
        (
            "医师执业证书",
            ("has_license", "license_date", "practice_class", "practice_scope", "license_no", "scan_license"),
        ),
    ),
    "work": (
        (
            "工作单位",
            ("employer_name", "employer_uscc", "employer_is_military", "employer_kind", "primary_care_kind"),
        ),
        ("医院情况", ("hospital_category", "hospital_level", "hospital_grade", "affiliation", "department")),
        ("本人", ("work_start_date", "title", "title_date")),
    ),
}


@dataclass(frozen=True, slots=True)
class Control:
    """One field of the form with the file it holds now and the comments on it (GOAL-R3)."""

    field: forms.BoundField
    file_url: str
    comments: list[Any]


@dataclass(frozen=True, slots=True)
class Group:
    """Fields under one heading. A group whose fields depend on answers elsewhere may be empty."""

    title: str
    controls: list[Control]


def groups_of(page: "Page", form: forms.Form) -> list[Group]:
    """The fields of the form in groups; what no group names comes last, so that nothing is ever left out."""
    named = {name for _, names in GROUPS[page.section] for name in names}
    rest = ("其他", tuple(name for name in form.fields if name not in named))
    found = []
    for title, names in (*GROUPS[page.section], rest):
        controls = [_control(page, form, name) for name in names if name in form.fields]
        if controls:
            found.append(Group(title, controls))
    return found


def _control(page: "Page", form: forms.Form, name: str) -> Control:
    comments = [each for each in page.comments if each.field == name]
    stored = isinstance(form.fields[name], forms.FileField) and getattr(page.row, name, None)
    return Control(form[name], file_url(page.section, page.row, name) if stored else "", comments)


def file_url(section: str, row: Any, name: str) -> str:
    if section == "education":
        return reverse("residents:education-scan", args=[row.pk])
    return reverse("residents:file", args=[section, name])
