"""报名名册 (X1) and 证书名册 (X3) as sheets, and the photos of a session as a package (GOAL-N10)."""

import hashlib
from collections.abc import Generator, Iterator, Mapping
from pathlib import Path
from typing import Any

from django.core.files.storage import default_storage
from django.db.models import QuerySet

from portal.calendar import wall_clock
from portal.models import User
from portal.sheets.streaming import stream_csv, stream_zip
from residents.models import Enrollment
from review.exams.due import STAGES, at_stage, due
from review.exams.services import certificates, in_view
from review.exports.sheets import Column, Sheet, label, sheet_of
from review.models import ExamEntry, ExamSession, Export

_ROSTER = (
    Column("报名序号", "entry", width=10),
    Column("培训基地", "base__name", width=30),
    Column("年级", "intake_year", width=8),
    Column("培训专业", "specialty__name", width=18),
    Column("姓名", "resident__full_name"),
    Column("证件类型", "resident__id_type", label("id_type"), 18),
    Column("证件号", "resident__id_number", width=22, is_personal=True),
    Column("手机号", "resident__mobile", width=16, is_personal=True),
    Column("人员类型", "trainee_type", label("trainee_type"), 26),
    Column("核定的培训年限（年）", "approved_years", width=10),
    Column("培训实际开始时间", "actual_start_date", width=16),
    Column("应结束日期", "due_on", width=14),
    Column("培训状态", "status", label("status"), 10),
    Column("是否军队人员", "resident__basic__military_status", label("military_status"), 14),
    Column("医师资格证书编码", "resident__certificate__qualification_no", width=30, is_personal=True),
    Column("取得医师资格证书时间", "resident__certificate__qualification_date", width=16),
    Column("医师执业证书编码", "resident__certificate__license_no", width=20),
    Column("执业范围", "resident__certificate__practice_scope", label("practice_scope"), 18),
    Column("省级确认", "entry_accepted", wall_clock, 20),
    Column("考核结果", "entry_result", label("exam_result"), 10),
)
_CERTIFICATES = (
    Column("合格证书编号", "certificate_no", width=22),
    Column("发证日期", "certificate_date", width=14),
    Column("考核批次", "session__name", width=24),
    Column("省份", "enrollment__base__province__name"),
    Column("培训基地", "enrollment__base__name", width=30),
    Column("培训专业", "enrollment__specialty__name", width=18),
    Column("招收年份", "enrollment__intake_year", width=10),
    Column("姓名", "enrollment__resident__full_name"),
    Column("证件类型", "enrollment__resident__id_type", label("id_type"), 18),
    Column("证件号", "enrollment__resident__id_number", width=22, is_personal=True),
    Column("结束日期", "ended_on", width=14),
)


def people(user: User, asked: Mapping[str, str]) -> tuple[ExamSession, QuerySet[Enrollment]]:
    """The records of one figure: session, stage, base, specialty."""
    session = in_view(user).get(pk=int(asked["session"]))
    found = at_stage(due(user, session), asked.get("stage") or "due")
    if asked.get("base"):
        found = found.filter(base=int(asked["base"]))
    if asked.get("specialty"):
        found = found.filter(specialty=asked["specialty"])
    return session, found


def roster_sheet(user: User, asked: Mapping[str, str], *, unmasked: bool) -> Sheet:
    """What the page of the same parameters lists. Whoever is signed up and no longer 在培 shows his status (BR-82)."""
    _, found = people(user, asked)
    return sheet_of(found, _ROSTER, unmasked=unmasked)


def roster_words(asked: Mapping[str, str]) -> list[str]:
    session = ExamSession.objects.get(pk=int(asked["session"]))
    return [session.name, STAGES[asked.get("stage") or "due"][0]]


def certificate_sheet(user: User, asked: Mapping[str, str], *, unmasked: bool) -> Sheet:
    return sheet_of(certificates(user), _CERTIFICATES, unmasked=unmasked, person="enrollment__resident_id")


# --- photos ----------------------------------------------------------------------------------------------------------

_PHOTO_HEADERS = ["报名序号", "姓名", "证件号", "文件", "SHA-256", "说明"]


def photo_sheet(user: User, asked: Mapping[str, str], *, unmasked: bool) -> Sheet:
    """Whom a package of photos is about: those whom the province has confirmed. A photo shows a person as a number
    does, so it leaves for a purpose only."""
    _, found = people(user, {**asked, "stage": "accepted"})
    keys = found.order_by().values_list("resident_id", flat=True)
    return Sheet(
        headers=_PHOTO_HEADERS,
        widths=[],
        count=found.count,
        rows=_no_rows(),
        people=keys if unmasked else None,
    )


def _no_rows() -> Generator[list]:
    """The archive reads its own."""
    yield from ()


def photo_words(asked: Mapping[str, str]) -> list[str]:
    return [ExamSession.objects.get(pk=int(asked["session"])).name]


def photos(export: Export, *, unmasked: bool) -> Iterator[bytes]:
    """The zip: a file a person named by number and name, and 照片清单.csv with the hash of each; without the right to
    full numbers (any more) nobody is in it."""
    entries = ExamEntry.objects.none()
    if unmasked:
        _, found = people(export.requested_by, {**export.filters, "stage": "accepted"})
        entries = ExamEntry.objects.filter(
            session=int(export.filters["session"]), enrollment__in=found.values("pk")
        ).select_related("enrollment__resident__basic")
    lines: list[list[Any]] = []

    def members() -> Iterator[tuple[str, Iterator[bytes] | list[bytes]]]:
        for entry in entries.order_by("pk").iterator(chunk_size=500):
            person = entry.enrollment.resident
            basic = getattr(person, "basic", None)
            stored = basic.photo.name if basic and basic.photo else ""
            line: list[Any] = [entry.pk, person.full_name, person.id_number]
            if not stored or not default_storage.exists(stored):
                lines.append([*line, "", "", "没有照片" if not stored else "文件缺失"])
                continue
            with default_storage.open(stored) as file:
                content = file.read()
            name = f"{person.id_number}_{person.full_name}{Path(stored).suffix or '.jpg'}".replace("/", "-")
            lines.append([*line, name, hashlib.sha256(content).hexdigest(), ""])
            yield f"photos/{name}", [content]
        yield "照片清单.csv", stream_csv(_PHOTO_HEADERS, lines)

    return stream_zip(members())
