"""应结业: whose training ends by the day of a session, what he still lacks, and how far he has come (BR-82, GOAL-N10).

A stage's number and its list come from the same queryset.
"""

from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Exists, Max, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Greatest

from bases.scope import enrollments_for
from portal.models import User
from portal.roles import Action
from residents.codes.training import EXTENDED, IN_TRAINING, SUSPENDED
from residents.models import Enrollment, StatusChange
from residents.models.enrollment import LIVE, PersonalState, ReportStatus, ReviewStatus
from review.models import ExamEntry, ExamSession

# 检验医学科: its graduates need no physician's certificate.
_WITHOUT_CERTIFICATE = ("2100",)


@dataclass(frozen=True, slots=True)
class Check:
    """Something a resident must have: what is said where he has not, when that is so, and the base's page for it."""

    words: str
    lacks: Q
    route: str


CHECKS: dict[str, Check] = {
    "status": Check("培训状态不是“在培”", ~Q(status=IN_TRAINING), "bases:status-edit"),
    "approval": Check(
        "最近的信息尚未审核通过",
        ~Q(report_status=ReportStatus.REPORTED, review_status=ReviewStatus.APPROVED),
        "bases:record",
    ),
    "personal": Check("个人信息不完整", ~Q(personal_state=PersonalState.COMPLETE), "bases:record"),
    "training": Check("培训信息不完整", Q(training_complete=False), "bases:training-edit"),
    "photo": Check(
        "没有证件照片", Q(resident__basic__photo="") | Q(resident__basic__isnull=True), "bases:record"
    ),
    "certificate": Check(
        "没有登记医师资格证书",
        ~Q(specialty__in=_WITHOUT_CERTIFICATE)
        & (Q(resident__certificate__isnull=True) | ~Q(resident__certificate__has_qualification_cert=True)),
        "bases:record",
    ),
}
_LACKS = Q()
for _check in CHECKS.values():
    _LACKS |= _check.lacks
_ACCEPTED = Q(entry_accepted__isnull=False)
STAGES: dict[str, tuple[str, Q]] = {
    "due": ("应结业", Q()),
    "missing": ("资格不齐", _LACKS & Q(entry__isnull=True)),
    "eligible": ("资格齐全", ~_LACKS | Q(entry__isnull=False)),
    "confirmed": ("基地确认", Q(entry__isnull=False)),
    "accepted": ("省级确认", _ACCEPTED),
    "sat": ("已有成绩", _ACCEPTED & ~Q(entry_result="")),
    "passed": ("通过", Q(entry_result=ExamEntry.Result.PASSED)),
    "certified": ("获证", Q(entry_certificate__gt="")),
}
# Of whom a base or a province can sign up the next.
TO_CONFIRM = ~_LACKS & Q(entry__isnull=True)
TO_ACCEPT = Q(entry__isnull=False, entry_accepted__isnull=True, status=IN_TRAINING)


def due(user: User, session: ExamSession) -> QuerySet[Enrollment]:
    """The records within the user's scope whose training ends by the day of the session, or that are signed up for it;
    with `due_on`, moved by 延期 (the planned end knows of 减免 already), and what is known of the entry."""
    mine = ExamEntry.objects.filter(session=session, enrollment=OuterRef("pk"))
    passed = ExamEntry.objects.filter(enrollment=OuterRef("pk"), result=ExamEntry.Result.PASSED)
    moved = (
        StatusChange.objects.filter(enrollment=OuterRef("pk"), taken_back_by=None)
        .order_by()
        .values("enrollment")
        .annotate(last=Max("extended_until"))
        .values("last")
    )
    found = enrollments_for(user, Action.VIEW).filter(base__province=session.province_id)
    return (
        found.annotate(
            due_on=Greatest("planned_end_date", Subquery(moved)),
            entry=Subquery(mine.values("pk")),
            entry_accepted=Subquery(mine.values("accepted_at")),
            entry_result=Subquery(mine.values("result")),
            entry_certificate=Subquery(mine.values("certificate_no")),
            passed_before=Exists(passed.exclude(session=session)),
        )
        .filter(
            Q(entry__isnull=False)
            | Q(LIVE)
            & Q(
                registered_at__isnull=False,
                status__in=[IN_TRAINING, EXTENDED, SUSPENDED],
                due_on__lte=session.due_until,
                passed_before=False,
            )
        )
        .select_related("resident", "base", "specialty")
    )


def at_stage(found: QuerySet[Enrollment], stage: str) -> QuerySet[Enrollment]:
    return found.filter(STAGES[stage][1])


def missing_of(records: list[Enrollment]) -> dict[int, list[Check]]:
    """What each of these lacks; one query a check."""
    keys = [record.pk for record in records]
    found: dict[int, list[Check]] = {key: [] for key in keys}
    for check in CHECKS.values():
        lacking = Enrollment.objects.filter(check.lacks, pk__in=keys)
        for key in lacking.values_list("pk", flat=True):
            found[key].append(check)
    return found


def by_base(found: QuerySet[Enrollment]) -> list[dict[str, Any]]:
    """The stages by base and specialty, in the order of their codes; one query."""
    numbers = {stage: Count("pk", filter=condition) for stage, (_, condition) in STAGES.items()}
    columns = ("base__code", "base_id", "base__name", "specialty_id", "specialty__name")
    return list(found.order_by(*columns[:1], "specialty_id").values(*columns).annotate(**numbers))
