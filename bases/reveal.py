"""The one gate to full ID and mobile numbers (TRUST-51; GOAL-S9): page, list, print, workbook, evidence, export.

Whatever lets such a number out asks here: the right, the second factor, the purpose, the limit, a line of the audit log
that names the persons, and so the person's own page 谁查看过. tests/test_full_numbers.py knows every place that handles
a number, and fails for a new one.
"""

from collections.abc import Callable, Collection, Iterable
from datetime import timedelta
from enum import StrEnum
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import connection, transaction
from django.db.models import Model
from django.http import FileResponse, HttpRequest, HttpResponse
from django.utils import timezone

from bases.models import Province, TrainingBase
from bases.scope import base_ids, province_codes_for, reaches, specialty_bases_for
from portal import audit
from portal.downloads import workbook_response
from portal.limits import TooMany, clock_time
from portal.models import AuditEvent, User
from portal.requests import SignedInRequest
from portal.roles import Action, Role
from portal.sign_in import second_factor
from residents.models import Enrollment
from residents.services.disclosures import disclose

Place = Enrollment | TrainingBase | Province | None
# Only those who act see full numbers; a member who may only look reads them masked.
_ACTING: dict[str, Action] = {
    Role.BASE: Action.EDIT_TRAINING,
    Role.PROVINCE: Action.REVIEW,
    Role.CMDA: Action.VIEW,
}
HOUR = timedelta(hours=1)
# Far beyond a day's work of a reviewer with two hundred records an hour.
PERSONS_AN_HOUR = 1_000
LISTS_AN_HOUR = 60


class Purpose(StrEnum):
    """What a number is shown for where the act itself says it; elsewhere the purpose is typed."""

    CORRECT_ROWS = "改正导入文件中有误的行"
    ANNOTATED_COPY = "取回标注了检查结果的导入文件"
    FILLED_TEMPLATE = "填写并导回培训信息"
    EVIDENCE = "核对证明材料"


class PurposeForm(forms.Form):
    """What for somebody asks to see numbers in full."""

    _UNCLEAR = "请填写查看目的，至少 4 个字，例如“核对身份证原件”。"

    purpose = forms.CharField(
        min_length=4, max_length=100, error_messages={"required": _UNCLEAR, "min_length": _UNCLEAR}
    )


def may_see(user: User, place: Place = None) -> bool:
    """Whether this person may see full numbers at all, or those of this record, base or province."""
    action = _ACTING.get(user.role)
    if action is None:
        return False
    if isinstance(place, Enrollment):
        return reaches(user, place, action)
    if isinstance(place, TrainingBase):
        # A secretary acts for his specialties of the base; whom he sees there the records' own scope says.
        is_his = specialty_bases_for(user, action).filter(base=place)
        return place.pk in base_ids(user, action) or is_his.exists()
    if isinstance(place, Province):
        return place.pk in province_codes_for(user, action)
    if user.role == Role.BASE:
        return bool(base_ids(user, action)) or specialty_bases_for(user, action).exists()
    return bool(province_codes_for(user, action))


def demand(user: User, place: Place = None) -> None:
    """Raises PermissionDenied without the right, SecondFactorNeeded without a second factor."""
    if not may_see(user, place):
        raise PermissionDenied
    second_factor.demand(user)


def reveal(
    action: str,
    persons: Iterable[int] | None,
    *,
    by: User,
    at: Place,
    target: Model,
    purpose: str,
    request: HttpRequest | None = None,
    **detail: Any,
) -> AuditEvent:
    """Let full numbers of these persons (keys of Resident) out in one answer: the line of the log that says so. Of a
    long export they are put down with `disclose` once its rows are read: None.

    Raises PermissionDenied, SecondFactorNeeded, or TooMany beyond the limit: of lists by their number, of looks by the
    number of persons.
    """
    demand(by, at)
    named = sorted(set(persons or ()))
    with transaction.atomic():
        _keep_within_limit(by, action, named)
        event = audit.record(action, by=by, target=target, request=request, purpose=purpose, **detail)
        if persons is not None:
            disclose(event, named)
    return event


def asked_in_full(
    request: SignedInRequest, target: Model, persons: Iterable[int], *, at: Place
) -> AuditEvent | None:
    """As `reveal`, for the purpose that was sent with the page's form; without one None, and the person is told."""
    demand(request.user, at)
    form = PurposeForm(request.POST)
    if not form.is_valid():
        messages.error(request, str(form.errors["purpose"][0]))
        return None
    return reveal(
        "unmask",
        persons,
        by=request.user,
        at=at,
        target=target,
        purpose=form.cleaned_data["purpose"],
        request=request,
    )


def hand_out(
    request: SignedInRequest,
    content: bytes,
    persons: Collection[int],
    *,
    at: Place,
    kind: str,
    title: str,
    purpose: str,
) -> HttpResponse:
    """The workbook about these persons, and the line of the log that says so: in full for a purpose, through the gate,
    masked without one. Raises as `reveal`."""
    about: dict[str, Any] = {"by": request.user, "target": at or request.user, "request": request}
    about |= {"kind": kind, "rows": len(persons), "masked": not purpose}
    with transaction.atomic():
        if purpose:
            reveal("export", persons, at=at, purpose=purpose, **about)
        else:
            audit.record("export", **about)
    return workbook_response(content, f"{title}-{timezone.localtime():%Y%m%d-%H%M}.xlsx")


def show_file(
    open_file: Callable[[], FileResponse],
    request: SignedInRequest,
    target: Model,
    persons: Iterable[int],
    *,
    at: Place,
    file: str,
) -> FileResponse:
    """The scan or photo that is handed out: it shows the number as a page does. Where there is none nothing was done,
    and no line is written."""
    with transaction.atomic():
        reveal(
            "file",
            persons,
            by=request.user,
            at=at,
            target=target,
            purpose=Purpose.EVIDENCE.value,
            request=request,
            file=file,
        )
        return open_file()


_LOOKS, _LISTS = ("unmask", "file"), ("export", "download")
_PERSONS_SEEN = """
SELECT count(DISTINCT person), min(e.at)
FROM portal_auditevent e JOIN residents_disclosure d ON d.event_id = e.id, unnest(d.residents) person
WHERE e.actor_id = %s AND e.at > %s AND e.action = ANY(%s) AND person <> ALL(%s)
"""
_LISTS_TAKEN = """
SELECT count(*), min(at) FROM portal_auditevent
WHERE actor_id = %s AND at > %s AND action = ANY(%s) AND NOT coalesce((detail->>'masked')::boolean, false)
"""


def _keep_within_limit(by: User, action: str, persons: list[int]) -> None:
    now = timezone.now()
    since = now - HOUR
    with connection.cursor() as cursor:
        # Fifty requests at once are counted one after the other.
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [f"reveal {by.pk}"])
        if action in _LISTS:
            cursor.execute(_LISTS_TAKEN, [by.pk, since, list(_LISTS)])
        else:
            cursor.execute(_PERSONS_SEEN, [by.pk, since, list(_LOOKS), persons])
        seen, first = cursor.fetchone()
    if action in _LISTS and seen >= LISTS_AN_HOUR:
        what = f"导出或下载完整号码的名单已达 {LISTS_AN_HOUR} 份"
    elif action in _LOOKS and persons and seen + len(persons) > PERSONS_AN_HOUR:
        what = f"查看完整号码的人数已达 {PERSONS_AN_HOUR} 人"
    else:
        return
    until = (first or now) + HOUR
    raise TooMany(f"您一小时内{what}。请在 {clock_time(until)} 以后继续。", until)
