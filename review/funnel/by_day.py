"""By which day a recruit first came to a stage: the daily curve of 填报进度 and the circular (GOAL-P12, GOAL-B16)."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import accumulate
from math import ceil
from typing import Any

from django.db.models import Count, F, Min, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce, Least, TruncDate
from django.utils import timezone

from bases.models import Submission
from portal.histories import event_model
from residents.models import Enrollment
from residents.models.enrollment import Module, PersonalState
from review.funnel.stages import at_stage

# The stages with a moment of their own, in order: what is drawn day by day.
DAILY = ("imported", "activated", "personal", "reported", "approved")
MOST_DAYS = 120

# So many recruits by organisation, stage and the day they first came there.
Reached = dict[str, dict[str, Counter[date]]]


@dataclass(frozen=True, slots=True)
class Day:
    """What had been reached at the end of one day."""

    day: date
    numbers: list[int]


def _first_report() -> Subquery:
    first = Submission.objects.filter(enrollment=OuterRef("pk"), number=1, module=Module.INTAKE)
    return Subquery(first.values("reported_at")[:1])


def _first_complete() -> Coalesce:
    """The moment has no column of its own: the history tells it, and nobody reports what is incomplete."""
    events = event_model(Enrollment).objects.filter(
        pgh_obj=OuterRef("pk"), personal_state=PersonalState.COMPLETE
    )
    first = Subquery(events.order_by().values("pgh_obj").values(first=Min("pgh_created_at")))
    return Coalesce(Least(first, _first_report()), "intake_submission__decided_at")


def _moments() -> dict[str, Any]:
    """When a record first came to each stage of DAILY."""
    return {
        "imported": F("created_at"),
        "activated": F("resident__user__activated_at"),
        "personal": _first_complete(),
        "reported": _first_report(),
        "approved": F("intake_submission__decided_at"),
    }


def reached(found: QuerySet[Enrollment], organisation: str) -> Reached:
    """Of the records that are at a stage of DAILY now, by "province" or "base" (its key as text) and the day each first
    came there, so that the sum of all days is the stage's number; a query a stage."""
    key = {"province": "base__province_id", "base": "base_id"}[organisation]
    counted: Reached = defaultdict(lambda: {stage: Counter() for stage in DAILY})
    for stage, moment in _moments().items():
        dated = at_stage(found, stage).order_by().annotate(first=moment)
        rows = dated.values(key, day=TruncDate("first")).annotate(number=Count("pk"))
        for row in rows:
            if row["day"] is not None:
                counted[str(row[key])][stage][row["day"]] += row["number"]
    return dict(counted)


def days(counted: Reached) -> list[Day]:
    """The cumulative curve of the stages in DAILY, from the first import to today: the last day is the stage's number.

    Of a long time not every day is listed, but always the last.
    """
    together = {stage: total(counted.values(), stage) for stage in DAILY}
    known = [day for each in together.values() for day in each]
    if not known:
        return []
    first, last = min(known), max(timezone.localdate(), *known)
    all_days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    curves = [accumulate([numbers[day] for day in all_days]) for numbers in together.values()]
    told = [Day(day, list(numbers)) for day, *numbers in zip(all_days, *curves, strict=True)]
    return told[:: -ceil(len(told) / MOST_DAYS)][::-1]


def total(organisations: Iterable[dict[str, Counter[date]]], stage: str) -> Counter[date]:
    together: Counter[date] = Counter()
    for each in organisations:
        together.update(each[stage])
    return together
