"""What lies open in a province's intake when its way of reporting is switched (GOAL-N2)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import BigIntegerField, Count, Func, Q, QuerySet, Value
from django.db.models.functions import Cast
from django.utils import timezone

from bases.models import ImportBatch, Province, TrainingBase
from portal.models import FormDraft
from residents.models import Enrollment
from residents.models.enrollment import LIVE, Module, ReportStatus, ReviewStatus

_BatchState = ImportBatch.State
UNFINISHED = (_BatchState.UPLOADED, _BatchState.CHECKING, _BatchState.CHECKED, _BatchState.APPLYING)
MOST_DRAFTS = 100
_WORDS = {"training": "培训信息", "personal": "个人信息"}


@dataclass(frozen=True, slots=True)
class Draft:
    """Something typed into a form of one intake record and not saved."""

    enrollment: Enrollment
    form: str
    saved_at: datetime


@dataclass(frozen=True, slots=True)
class OpenWork:
    """The intake of one province: how many bases, their records by how far they came, and what is typed or uploaded
    and not finished."""

    bases: int
    years: list[int]
    records: int
    unreported: int
    waiting: int
    returned: int
    approved: int
    by_base: QuerySet
    batches: QuerySet[ImportBatch]
    drafts: list[Draft]


def open_work(province: Province) -> OpenWork:
    """Of every year whose intake is not locked (AM-42). A handful of queries however large the province is; drafts
    beyond the newest hundred are not listed."""
    bases = TrainingBase.objects.filter(province=province, is_active=True)
    records = Enrollment.objects.filter(LIVE, base__province=province, registered_at=None)
    unfinished = ~Q(review_status=ReviewStatus.APPROVED)
    counts = records.aggregate(
        records=Count("pk"),
        unreported=Count(
            "pk", filter=Q(report_status=ReportStatus.UNREPORTED) & ~Q(review_status=ReviewStatus.RETURNED)
        ),
        waiting=Count("pk", filter=Q(review_status=ReviewStatus.PENDING)),
        returned=Count("pk", filter=Q(review_status=ReviewStatus.RETURNED)),
        approved=Count("pk", filter=Q(review_status=ReviewStatus.APPROVED)),
    )
    by_base = (
        records.filter(unfinished)
        .values("base_id", "base__name")
        .annotate(
            waiting=Count("pk", filter=Q(review_status=ReviewStatus.PENDING)),
            unreported=Count("pk", filter=Q(report_status=ReportStatus.UNREPORTED)),
        )
        .order_by("base__code")
    )
    batches = ImportBatch.objects.filter(
        base__province=province, module=Module.INTAKE, state__in=UNFINISHED
    ).select_related("base", "uploaded_by")
    years = sorted(set(records.order_by().values_list("intake_year", flat=True)))
    return OpenWork(
        bases=bases.count(), years=years, by_base=by_base, batches=batches, drafts=_drafts(records), **counts
    )


def figures_of(province: Province) -> dict[str, Any]:
    """The numbers of open_work, to be kept with the decision; nobody's name is in them."""
    found = open_work(province)
    names = ("bases", "years", "records", "unreported", "waiting", "returned", "approved")
    at = f"{timezone.localtime():%Y-%m-%d %H:%M}"
    return {name: getattr(found, name) for name in names} | {"by_base": list(found.by_base), "at": at}


def _drafts(records: QuerySet[Enrollment]) -> list[Draft]:
    """Drafts are kept by the name of their form, "training:7" or "personal:7:basic"."""
    record_id = Cast(Func("form", Value(":"), Value(2), function="split_part"), BigIntegerField())
    newest = (
        FormDraft.objects.filter(form__regex=r"^(training|personal):[0-9]{1,18}(:|$)")
        .annotate(record_id=record_id)
        .filter(record_id__in=records.values("pk"))
        .order_by("-saved_at")[:MOST_DRAFTS]
    )
    drafts = list(newest)
    found = records.select_related("resident", "base").in_bulk([draft.record_id for draft in drafts])
    return [
        Draft(found[draft.record_id], _WORDS[draft.form.split(":")[0]], draft.saved_at) for draft in drafts
    ]
