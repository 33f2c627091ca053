"""The quality list (GOAL-P9): findings rebuilt set-wise, listed within one's scope, marked 已核实 with a reason."""

from collections.abc import Mapping
from datetime import timedelta

from django.core.exceptions import PermissionDenied
from django.db import connection, transaction
from django.db.models import Count, Exists, OuterRef, QuerySet
from django.utils import timezone

from bases.scope import base_ids, bases_for, provinces_for
from portal import audit
from portal.calendar import cycle_in_view, cycle_state
from portal.models import User
from portal.roles import Action, Role
from residents.models import Enrollment
from residents.services.states import StateMoved
from review.models import QualityCheck, QualityFinding, QualityMark
from review.quality.checks import CHECKS, DOUBLES

# Any fixed number: two rebuilds at once would only wait for each other's rows.
_LOCK = 2019_009
EVERY = timedelta(hours=1)
_STILL_FILLING = {"0", "1"}

# Before a kind of finding among other kinds of hints.
QUALITY = "quality:"

_KEEP = """
INSERT INTO quality_found
SELECT %(kind)s, coalesce('e' || enrollment_id, 'b' || base_id), enrollment_id, base_id, intake_year, detail, md5(facts)
FROM ({}) found
"""
_SETTLE = """
DELETE FROM review_qualityfinding old WHERE NOT EXISTS (
    SELECT FROM quality_found new WHERE new.kind = old.kind AND new.subject = old.subject);
INSERT INTO review_qualityfinding
    (kind, subject, enrollment_id, base_id, intake_year, detail, fingerprint, found_at)
SELECT kind, subject, enrollment_id, base_id, intake_year, detail, fingerprint, now() FROM quality_found
    ORDER BY kind, base_id, subject
ON CONFLICT (kind, subject) DO UPDATE SET detail = excluded.detail, fingerprint = excluded.fingerprint,
    base_id = excluded.base_id, intake_year = excluded.intake_year, found_at = excluded.found_at
WHERE (review_qualityfinding.fingerprint, review_qualityfinding.detail)
    IS DISTINCT FROM (excluded.fingerprint, excluded.detail);
DROP TABLE quality_found
"""


def open_findings() -> QuerySet[QualityFinding]:
    """Findings about the record of an outer submission that nobody has marked 已核实 (GOAL-P11)."""
    return unmarked(QualityFinding.objects.filter(enrollment=OuterRef("enrollment_id")))


def unmarked(findings: QuerySet[QualityFinding]) -> QuerySet[QualityFinding]:
    """Those whose facts nobody has marked 已核实."""
    return findings.filter(~Exists(QualityMark.objects.filter(**{name: OuterRef(name) for name in _FACTS})))


def recheck() -> int:
    """Run every check over all records and settle the list; returns the number of findings.

    One statement a check however many records there are; findings whose facts are unchanged are not written.
    """
    cycle = cycle_in_view()
    asked = {
        "year": cycle.year if cycle else timezone.localdate().year,
        "is_closed": cycle is not None and cycle_state(cycle) not in _STILL_FILLING,
    }
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        cursor.execute(
            "CREATE TEMPORARY TABLE quality_found (kind text, subject text, enrollment_id bigint, base_id bigint, "
            "intake_year int, detail text, fingerprint text)"
        )
        for check in CHECKS.values():
            cursor.execute(_KEEP.format(check.sql), asked | {"kind": check.kind})
        cursor.execute(_SETTLE)
        QualityCheck.objects.update_or_create(pk=1, defaults={"checked_at": timezone.now()})
    return QualityFinding.objects.count()


def is_due(every: timedelta = EVERY) -> bool:
    """Whether the last rebuild, and the last time one was asked for, are longer ago than `every`; from a True on, the
    caller has asked for it and others get False."""
    now = timezone.now()
    QualityCheck.objects.get_or_create(pk=1)
    due = QualityCheck.objects.exclude(checked_at__gt=now - every).exclude(asked_at__gt=now - every)
    return bool(due.update(asked_at=now))


def checked_at() -> QualityCheck | None:
    """When the records were last looked through; None before the first time."""
    return QualityCheck.objects.filter(checked_at__isnull=False).first()


def findings(user: User, filters: Mapping) -> QuerySet[QualityFinding]:
    """Findings in the user's scope that match `QualityFilter`; those of records deleted since are left out."""
    deleted = Enrollment.objects.filter(pk=OuterRef("enrollment_id"), deleted_at__isnull=False)
    found = QualityFinding.objects.filter(~Exists(deleted))
    if user.role != Role.CMDA:
        found = found.filter(base_id__in=base_ids(user, Action.VIEW))
    for name, column in {"kind": "kind", "base": "base", "year": "intake_year"}.items():
        if filters.get(name):
            found = found.filter(**{column: filters[name]})
    if filters.get("province"):
        found = found.filter(base__province=filters["province"])
    state = filters.get("state", "open")
    if state in {"open", "verified"}:
        marked = Exists(QualityMark.objects.filter(**{name: OuterRef(name) for name in _FACTS}))
        found = found.filter(marked if state == "verified" else ~marked)
    return found


_FACTS = ("kind", "subject", "fingerprint")


def for_list(found: QuerySet[QualityFinding]) -> QuerySet[QualityFinding]:
    """With what a line of the list names, in the same query."""
    return found.select_related("base__province", "enrollment__resident")


def with_marks(rows: list[QualityFinding]) -> list[QualityFinding]:
    """The rows, each with its `mark` or None and the `found_by`, the check that found it; one query."""
    marks = QualityMark.objects.filter(
        kind__in={row.kind for row in rows}, subject__in={row.subject for row in rows}
    )
    by_facts = {
        tuple(getattr(mark, name) for name in _FACTS): mark for mark in marks.select_related("marked_by")
    }
    for row in rows:
        row.mark = by_facts.get(tuple(getattr(row, name) for name in _FACTS))
        row.found_by = CHECKS[row.kind]
        row.may_be_double = row.kind in DOUBLES
    return rows


def counts_by_kind(user: User) -> list[tuple[str, str, int]]:
    """Open findings of each kind in the user's scope: key, name, number; those without any too."""
    counted = dict(
        findings(user, {})
        .order_by()
        .values_list("kind")
        .annotate(number=Count("pk"))
        .values_list("kind", "number")
    )
    return [(kind, check.title, counted.get(kind, 0)) for kind, check in CHECKS.items()]


def may_verify(user: User) -> bool:
    """The association's staff, and those of a province who act for it; never a read-only member."""
    return user.role == Role.CMDA or provinces_for(user, Action.REVIEW).exists()


def verify(finding: QualityFinding, *, fingerprint: str, reason: str, by: User) -> None:
    """Mark a finding 已核实. Raises StateMoved where its facts are no longer those that were on the page."""
    _guard(finding, by)
    if finding.fingerprint != fingerprint:
        raise StateMoved("该记录的情况已经变化，请核对新的内容后再标记。")
    facts = {name: getattr(finding, name) for name in _FACTS}
    with transaction.atomic():
        _, is_new = QualityMark.objects.get_or_create(**facts, defaults={"reason": reason, "marked_by": by})
        if is_new:
            audit.record("quality_verify", by=by, target=finding, **_named(finding), reason=reason)


def reopen(finding: QualityFinding, *, by: User) -> None:
    """Take the mark back; the audit log keeps both acts."""
    _guard(finding, by)
    with transaction.atomic():
        gone, _ = QualityMark.objects.filter(**{name: getattr(finding, name) for name in _FACTS}).delete()
        if gone:
            audit.record("quality_reopen", by=by, target=finding, **_named(finding))


def _named(finding: QualityFinding) -> dict:
    return {"kind": finding.kind, "subject": finding.subject}


def _guard(finding: QualityFinding, by: User) -> None:
    if by.role == Role.CMDA:
        return
    if not bases_for(by, Action.REVIEW).filter(pk=finding.base_id).exists():
        raise PermissionDenied
