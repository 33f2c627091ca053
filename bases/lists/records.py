"""Which records a base's lists show: two modules, stages of the work, filters of the URL (BR-38, BR-90; GOAL-B16)."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from django.db import models
from django.db.models import Case, Exists, F, OuterRef, Q, QuerySet, Subquery, Value, When
from django.utils import timezone

from bases.accreditation import CUT_OFF, finishing
from bases.models import HandedOver, ImportRow, TrainingBase
from bases.scope import enrollments_for, specialty_records
from portal.calendar import Calendar
from portal.models import AuditEvent, User
from portal.prepared import Asked, among, prepared
from portal.roles import Action
from residents.lapses import IS_MISSING
from residents.models import Enrollment, PersonalReturn, StatusChange
from residents.models.enrollment import (
    LIVE,
    OF_THE_INTAKE,
    Module,
    PersonalState,
    ReportStatus,
    ReviewStatus,
    Status,
    reviewed_as,
)
from residents.models.personal import TO_REVIEW
from residents.rules.identity import STAND_IN
from residents.search import by_name_or_number
from residents.updating import ASKED, is_up_to_date, update_of


class Stage(models.TextChoices):
    """How far a record is on its way to 审核通过: each in exactly one stage, so that the counts add up."""

    EMPTY = "empty", "未填写"
    FILLING = "filling", "填写中"
    RETURNED = "returned", "已退回住院医师"
    TRAINING = "training", "待填培训信息"
    READY = "ready", "信息完整，待上报"
    PROVINCE = "province", "省级退回"
    PENDING = "pending", "待审核"
    CHANGED = "changed", "已修改未上报"
    APPROVED = "approved", "审核通过"
    LAPSED = "lapsed", "锁定失效"
    TAKEN_UP = "taken_up", "锁定失效，已另有记录"


class Todo(models.TextChoices):
    """What a base looks for beside the stages (BR-14, BR-33, BR-82; AM-14; AM-40; PAIN-14, PAIN-20; GOAL-B14)."""

    UPDATE = "update", "个人信息有未上报的更新"
    STALE = "stale", "本年度信息未逐项确认"
    NEVER = "never", "从未登录"
    ANSWERED = "answered", "已修改待复核"
    OVERDUE = "overdue", "延期或暂停已到期"
    UNDATED = "undated", "历史状态缺日期或原因，待补填"
    REPORT = "report", "未上报（含省级退回）"
    BACK = "back", "省级退回，尚未重新上报"
    UNFILLED = "unfilled", "招收个人信息没有填写完整（省级退回的除外）"
    CUT_OFF = "cut_off", "不在专业基地招收年份，不能上报"
    FINISHING = "finishing", "专业基地已终止，可以完成培训"
    FREED = "freed", "证件号已释放，待申请更正"


def _stage(*first: When) -> Case:
    """The first that fits: what the province decided or must decide comes before what is filled in."""
    return Case(
        *first,
        When(IS_MISSING, then=Value(Stage.LAPSED)),
        When(lapsed_at__isnull=False, then=Value(Stage.TAKEN_UP)),
        When(review_status=ReviewStatus.PENDING, then=Value(Stage.PENDING)),
        When(personal_state=PersonalState.RETURNED, then=Value(Stage.RETURNED)),
        When(review_status=ReviewStatus.RETURNED, then=Value(Stage.PROVINCE)),
        When(
            review_status=ReviewStatus.APPROVED,
            report_status=ReportStatus.UNREPORTED,
            then=Value(Stage.CHANGED),
        ),
        When(review_status=ReviewStatus.APPROVED, then=Value(Stage.APPROVED)),
        When(personal_state=PersonalState.EMPTY, then=Value(Stage.EMPTY)),
        When(personal_state=PersonalState.FILLING, then=Value(Stage.FILLING)),
        When(training_complete=False, then=Value(Stage.TRAINING)),
        default=Value(Stage.READY),
        output_field=models.CharField(),
    )


_STAGES = {
    # In the intake list an approved recruit stays what he was, whatever his registry record does since (AM-30).
    Module.INTAKE: _stage(When(registered_at__isnull=False, then=Value(Stage.APPROVED))),
    Module.REGISTRY: _stage(),
}


def scope_of(user: User, base: TrainingBase | None, action: Action = Action.VIEW) -> QuerySet[Enrollment]:
    """The records of the base a person works for; without a base, those of the single specialties granted to him."""
    if base is None:
        return specialty_records(user, action)
    return enrollments_for(user, action).filter(base=base)


def records_of(scope: QuerySet[Enrollment], module: str) -> QuerySet[Enrollment]:
    """The records of one module, each with its `stage`.

    An approved recruit is in both: in the registry as the living record, in the intake as the approved original, whose
    number among his reports is `original`.
    """
    records = in_module(scope, module)
    if module == Module.INTAKE:
        records = records.annotate(original=F("intake_submission__number"))
    return records.annotate(stage=_STAGES[Module(module)])


def with_stage(scope: QuerySet[Enrollment]) -> QuerySet[Enrollment]:
    """The records of both modules, each once, with the `stage` it has in its own."""
    return scope.annotate(stage=_STAGES[Module.REGISTRY])


def in_module(scope: QuerySet[Enrollment], module: str) -> QuerySet[Enrollment]:
    """As records_of, for who only counts."""
    return scope.filter(OF_THE_INTAKE if module == Module.INTAKE else Q(registered_at__isnull=False))


# The filter's word for records that have no specialty yet.
NO_SPECIALTY = "none"
_COLUMNS = {
    "year": "intake_year",
    "specialty": "specialty",
    "trainee_type": "trainee_type",
    "personal": "personal_state",
    "report": "report_status",
    "status": "status",
    "stage": "stage",
}


def filtered(
    records: QuerySet[Enrollment],
    filters: Mapping[str, Any],
    *,
    bases: Sequence[TrainingBase],
) -> QuerySet[Enrollment]:
    """Apply the cleaned values of bases.lists.filters.RecordFilter; what is absent or empty asks for nothing
    (BR-90)."""
    if filters.get("unreadable"):
        return records.none()
    if filters.get("specialty") == NO_SPECIALTY:
        records = records.filter(specialty__isnull=True)
        filters = {**filters, "specialty": ""}
    for name, column in _COLUMNS.items():
        if filters.get(name) not in (None, ""):
            records = records.filter(**{column: filters[name]})
    if filters.get("review"):
        records = records.filter(reviewed_as(filters["review"]))
    if filters.get("todo"):
        updates = begun_updates(bases) if filters["todo"] == Todo.STALE else ()
        records = records.filter(todo_condition(filters["todo"], updates))
    if filters.get("batch"):
        rows = ImportRow.objects.filter(batch=filters["batch"], verdict=ImportRow.Verdict.UPDATE)
        records = records.filter(Q(import_batch=filters["batch"]) | Q(pk__in=rows.values("enrollment")))
    if filters.get("told"):
        records = records.filter(pk__in=told(filters["told"]))
    if filters.get("former"):
        came = HandedOver.objects.filter(succession__base=filters["former"])
        records = records.filter(pk__in=came.values("enrollment"))
    if filters.get("q"):
        records = by_name_or_number(records, filters["q"], by_end=True)
    return records


# The acts whose line of the audit log keeps the ids of their records, so that the link of their message opens these.
TOLD = ("lapsed_revived", "extension_granted", "approve", "return", "revoke")


def told(event: int) -> list[int]:
    """The records of one of these acts; of which of them the reader sees, his scope decides."""
    found = AuditEvent.objects.filter(pk=event, action__in=TOLD).values_list("detail__records", flat=True)
    return found.first() or []


# Returned to the resident and answered to the last comment; the base has not looked at the answers yet (GOAL-B14).
IS_ANSWERED = (
    Q(lapsed_at__isnull=True)
    & ~Q(status=Status.WITHDRAWN)
    & ~Q(personal_state=PersonalState.RETURNED)
    & Q(Exists(PersonalReturn.objects.filter(TO_REVIEW, enrollment=OuterRef("pk"))))
)


# Taken over without day, reason or details, and still so: any later change fills the gap (AM-40).
_LAST_CHANGE = StatusChange.objects.filter(enrollment=OuterRef("enrollment")).order_by("-changed_at", "-pk")
IS_UNDATED = ~Q(status=Status.IN_TRAINING) & Q(
    Exists(
        StatusChange.objects.filter(
            enrollment=OuterRef("pk"), is_undated=True, pk=Subquery(_LAST_CHANGE.values("pk")[:1])
        )
    )
)


# Nobody has signed in for a living record: what list, board and page of accounts count alike.
NEVER_IN = LIVE & Q(resident__user__activated_at__isnull=True)
# A recruit whom his base must still report, the first time or anew: what reminder, preview and list count alike.
TO_REPORT = LIVE & Q(registered_at__isnull=True, report_status=ReportStatus.UNREPORTED)

# A recruit whose own part is not complete; whoever was returned has the time of the review (AM-03).
UNFILLED = (
    LIVE
    & Q(registered_at__isnull=True)
    & ~Q(personal_state=PersonalState.COMPLETE)
    & ~Q(review_status=ReviewStatus.RETURNED)
)


class UpdateAt(NamedTuple):
    """A yearly update at one base: the ids of base and cycle, or in a prepared query what asks for them."""

    base: int | Asked
    cycle: int | Asked
    since: datetime | None = None


def begun_updates(bases: Iterable[TrainingBase], calendar: Calendar | None = None) -> list[UpdateAt]:
    """Each yearly update that has begun at one of these bases; three queries a base, with the calendar none."""
    found = [
        (base, update_of(province_id=base.province_id, base_id=base.pk, calendar=calendar)) for base in bases
    ]
    return [
        UpdateAt(base.pk, update.cycle.pk, update.opens_at)
        for base, update in found
        if update.cycle is not None and update.has_begun
    ]


def todo_condition(todo: str, updates: Iterable[UpdateAt] = ()) -> Q:
    """The records that one kind of follow-up is about; 本年度信息 is asked for in these updates."""
    today = timezone.localdate()
    if todo == Todo.UPDATE:
        # Whose number is to be corrected first is another task.
        return Q(has_unreported_update=True) & ~Q(resident__id_number__startswith=STAND_IN)
    if todo == Todo.REPORT:
        return TO_REPORT
    if todo == Todo.UNFILLED:
        return UNFILLED
    if todo == Todo.NEVER:
        return NEVER_IN
    if todo == Todo.CUT_OFF:
        return CUT_OFF
    if todo == Todo.FINISHING:
        return finishing()
    if todo == Todo.FREED:
        return LIVE & Q(resident__id_number__startswith=STAND_IN)
    if todo == Todo.OVERDUE:
        return Q(status=Status.EXTENDED, extended_until__lt=today) | Q(
            status=Status.SUSPENDED, expected_resume__lt=today
        )
    if todo == Todo.UNDATED:
        return IS_UNDATED
    if todo == Todo.BACK:
        return reviewed_as(ReviewStatus.RETURNED) & Q(registered_at__isnull=True)
    if todo == Todo.ANSWERED:
        return IS_ANSWERED
    return _is_stale(updates)


def _is_stale(updates: Iterable[UpdateAt]) -> Q:
    """Whoever has not confirmed or saved every section in the update that has begun at his base (BR-14, AM-04)."""
    found = Q(pk__in=[])
    for base, cycle, _ in updates:
        found |= Q(base_id=base) & ASKED & ~is_up_to_date(cycle)
    return found


def rows(module: Module, keys: Sequence[int]) -> list[Enrollment]:
    """These records with what a row of the module's list displays, in the order of the list; one query."""
    return _rows.ask(module, keys=list(keys))


@prepared
def _rows(module: Module) -> QuerySet[Enrollment]:
    return for_list(records_of(Enrollment.objects.filter(among("pk", "keys")), module))


def for_list(records: QuerySet[Enrollment]) -> QuerySet[Enrollment]:
    """With what a row of the list displays, in its order."""
    # Of the account one moment only: fifty more objects would cost more than the rows.
    records = records.annotate(is_answered=IS_ANSWERED, activated_at=F("resident__user__activated_at"))
    return in_order(records.select_related("resident", "specialty"))


def in_order(records: QuerySet[Enrollment]) -> QuerySet[Enrollment]:
    """Newest cohort first: the order of the index enrollment_list."""
    return records.order_by("-intake_year", "-pk")
