"""The reviewers' list of all residents, reported or not, as a query."""

from collections.abc import Mapping

from django.db.models import Q, QuerySet

from bases.lists.records import Todo, todo_condition
from bases.models import TrainingBase
from bases.scope import enrollments_for
from portal.models import User
from portal.roles import Action
from residents.models import Enrollment
from residents.models.enrollment import Module, ReviewStatus, reviewed_as
from residents.search import by_name_or_number
from review.queue.lists import narrowed

LAPSED = "lapsed"
# What the end of a specialty means for a record, as the list of its base says it (AM-45).
ENDED = (Todo.CUT_OFF, Todo.FINISHING)


# 审核状态 as lists say and filter it: what lapsed at the lock waits for nobody (AM-29).
REVIEW_STATES = {
    ReviewStatus.NONE.value: "未审核",
    ReviewStatus.PENDING.value: "待审核",
    ReviewStatus.APPROVED.value: "审核通过",
    ReviewStatus.RETURNED.value: "退回修改",
    LAPSED: "锁定失效",
}


def all_records(user: User, filters: Mapping) -> QuerySet[Enrollment]:
    """Every training record in the user's scope, reported or not (BR-58), that matches `RecordFilter`."""
    everybody = enrollments_for(user, Action.VIEW)
    records = narrowed(everybody, filters, status="status", report="report_status")
    if filters.get("review"):
        records = records.filter(_in_review_state(filters["review"]))
    if filters.get("todo"):
        records = records.filter(todo_condition(filters["todo"]))
    if filters.get("province"):
        # As a list of bases: PostgreSQL then reads the records by their index.
        bases = TrainingBase.objects.filter(province=filters["province"])
        records = records.filter(base__in=list(bases.values_list("pk", flat=True)))
    if filters.get("module"):
        records = records.filter(registered_at__isnull=filters["module"] == Module.INTAKE)
    if filters.get("q"):
        records = by_name_or_number(records, filters["q"])
    return records


def _in_review_state(review: str) -> Q:
    if review == LAPSED:
        return Q(lapsed_at__isnull=False)
    return reviewed_as(review)
