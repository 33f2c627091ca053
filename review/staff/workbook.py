"""Staff accounts by workbook: each row one person of one organisation, all or nothing, one-time codes as slips."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.http import HttpRequest

from bases import staff as services
from bases.models import Province, SpecialtyBase, TrainingBase
from portal import audit
from portal.models import User
from portal.roles import Role
from portal.sheets.streaming import stream_xlsx
from portal.sheets.writing import Column, write_template
from portal.sign_in.services import issue_initial_code
from residents.codes.code_list import fold
from review.sheets import Fault, Line, Sheet
from review.staff.forms import StaffForm

# Every code takes a slow hash of its own.
MOST_ROWS = 200
RIGHTS = {"可办理业务": "0", "只读": "1"}
COLUMNS = (
    Column("姓名", 14, required=True, example="周晓兰"),
    Column(
        "账号",
        20,
        required=True,
        rule="4 至 40 位小写字母、数字、点、下划线或短横线，以字母开头。",
        example="zhouxl01",
    ),
    Column("手机号", 16, required=True, example="13900000001"),
    Column("电子邮箱", 24),
    Column("单位", 34, required=True, rule="省级单位名称，或培训基地的代码。", example="33001"),
    Column("权限", 12, rule="留空为可办理业务。", choices=tuple(RIGHTS)),
    Column(
        "专业", 18, rule="任用专业基地秘书时填写培训专业的名称或四位代码；留空为整个单位。", example="内科"
    ),
)
_HEADERS = {
    "full_name": "姓名",
    "username": "账号",
    "mobile": "手机号",
    "email": "电子邮箱",
    "read_only": "权限",
}


@dataclass(slots=True)
class Person:
    """Who is to be appointed where; `known` has an account already."""

    organisation: services.Organisation
    values: dict[str, Any]
    known: User | None = None


@dataclass(slots=True)
class Plan:
    """Who is to be invited; `faults` non-empty means that nobody is."""

    faults: list[Fault] = field(default_factory=list)
    people: list[Person] = field(default_factory=list)
    unchanged: int = 0

    @property
    def counts(self) -> dict[str, int]:
        known = sum(person.known is not None for person in self.people)
        counts = {"新增人员": len(self.people) - known, "已有的人员（不变）": self.unchanged}
        return counts | ({"任用已有的账号": known} if known else {})

    @property
    def changes_nothing(self) -> bool:
        return not self.people


def template() -> bytes:
    return write_template(
        COLUMNS,
        sheet_name="工作人员",
        notes=["一人一行，一人一号，不要共用账号。已在该单位的账号保持不变。"],
        version="staff-1",
        text_rows=MOST_ROWS,
    )


def plan(sheet: Sheet, *, by: User) -> Plan:
    """Judge every row by the rules of the page; an account that already works there is left alone."""
    made = Plan(list(sheet.faults))
    organisations = {
        name: place for name, place in _organisations(sheet).items() if services.may_manage(by, place)
    }
    departments = _departments(organisations)
    existing = _existing(sheet)
    accounts: dict[str, int] = {}
    for line in sheet.lines:
        unit, department = line.cells.get("单位") or "", line.cells.get("专业")
        place = organisations.get(unit)
        if place is not None and department:
            place = departments.get((place.pk, fold(department))) or departments.get((place.pk, department))
            if place is None:
                text = "该单位没有这个专业基地。请填写该培训基地专业的名称或四位代码，或留空。"
                made.faults.append(sheet.fault(line, "专业", text))
                continue
        account = (line.cells.get("账号") or "").lower()
        told = {fault.header for fault in sheet.told(line)}
        if place is None and "单位" in told:
            continue
        if place is None:
            text = "没有这个单位，或不由您管理。请填写省级单位名称，或在用培训基地的代码。"
            made.faults.append(sheet.fault(line, "单位", text))
        elif (row := accounts.setdefault(account, line.number)) != line.number:
            made.faults.append(sheet.fault(line, "账号", f"与第 {row} 行的账号重复。请改用不同的账号。"))
        elif (account, type(place), place.pk) in existing:
            made.unchanged += 1
        else:
            _judge(made, sheet, line, place)
    return made


def _organisations(sheet: Sheet) -> dict[str, services.Organisation]:
    named = {line.cells.get("单位") for line in sheet.lines} - {None}
    found: dict[str, services.Organisation] = {
        base.code: base
        for base in TrainingBase.objects.filter(code__in=named, is_active=True).select_related("province")
    }
    return found | {province.name: province for province in Province.objects.filter(name__in=named)}


def _departments(organisations: Mapping[str, services.Organisation]) -> dict[tuple, SpecialtyBase]:
    """The single specialties of the named bases, by the base's key and by code or name."""
    bases = [place.pk for place in organisations.values() if isinstance(place, TrainingBase)]
    rows = SpecialtyBase.objects.filter(base__in=bases).select_related("base__province", "specialty")
    return {(row.base_id, word): row for row in rows for word in (row.specialty_id, fold(row.specialty.name))}


def _existing(sheet: Sheet) -> set[tuple]:
    accounts = [(line.cells.get("账号") or "").lower() for line in sheet.lines]
    return {
        (account, model, place)
        for model, grants in services.GRANTS.items()
        for account, place in grants.objects.filter(user__username__in=accounts).values_list(
            "user__username", "content_object"
        )
    }


def _judge(made: Plan, sheet: Sheet, line: Line, place: services.Organisation) -> None:
    right = line.cells.get("权限") or "可办理业务"
    given = {name: line.cells.get(header) or "" for name, header in _HEADERS.items()}
    form = StaffForm(given | {"read_only": RIGHTS.get(right, right)}, organisation=place)
    if form.is_valid():
        made.people.append(Person(place, form.cleaned_data, form.known))
    told = {fault.header for fault in sheet.told(line)}
    for name, texts in form.errors.items():
        if _HEADERS[name] in told:
            continue
        made.faults += [sheet.fault(line, _HEADERS[name], str(text)) for text in texts]


@dataclass(frozen=True, slots=True)
class Slip:
    """What is printed for one person, once."""

    person: User
    organisation: services.Organisation
    code: str


def apply(made: Plan, *, by: User, request: HttpRequest) -> list[Slip]:
    """Create and appoint everybody in one transaction; each new one gets a one-time code that nobody can read again."""
    with transaction.atomic():
        slips = []
        for person in made.people:
            if person.known:
                read_only = person.values["read_only"]
                services.appoint_known(person.known, person.organisation, by=by, read_only=read_only)
                continue
            user = services.create_staff(person.organisation, **person.values, by=by)
            slips.append(Slip(user, person.organisation, issue_initial_code(user, by=by, request=request)))
        audit.record("import_staff", by=by, rows=len(made.people))
    return slips


@dataclass(frozen=True, slots=True)
class SlipPage:
    """The slips of one unit, a province for the association and an organisation for a province, with its own file."""

    name: str
    slips: list[Slip]

    @property
    def workbook(self) -> str:
        return slips_as_workbook(self.slips)


def pages_of(slips: list[Slip], *, by: User) -> list[SlipPage]:
    """What is handed on together, in the order of the names."""
    pages: dict[str, list[Slip]] = {}
    for slip in sorted(slips, key=lambda each: (each.organisation.name, each.person.username)):
        pages.setdefault(_handed_to(slip.organisation, by), []).append(slip)
    return [SlipPage(name, found) for name, found in sorted(pages.items())]


def _handed_to(place: services.Organisation, by: User) -> str:
    if by.role != Role.CMDA or isinstance(place, Province):
        return place.name
    return (place if isinstance(place, TrainingBase) else place.base).province.name


def slips_as_workbook(slips: list[Slip]) -> str:
    """The slips as .xlsx in base64, part of the page: a second request could not have the codes any more. Sorted by
    organisation, so that each is handed its own rows."""
    lines = (
        [slip.organisation.name, slip.person.full_name, slip.person.username, slip.code]
        for slip in sorted(slips, key=lambda each: (each.organisation.name, each.person.username))
    )
    headers = ["单位", "姓名", "账号", "一次性初始密码"]
    content = b"".join(stream_xlsx(headers, lines, sheet_name="初始密码", widths=[34, 14, 20, 18]))
    return base64.b64encode(content).decode()
