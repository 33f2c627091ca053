"""What became of a province's records since a point: its lines of ApiResult, oldest first (GOAL-N4)."""

from typing import Any

from django.utils import timezone

from bases.models import Submission
from review.models import ApiClient, ApiResult

MOST_ITEMS = 500


def results(client: ApiClient, cursor: int, limit: int) -> dict[str, Any]:
    """The next lines after `cursor`, in an order that never changes; a sandbox has written nothing and so has none.

    Two queries, however many lines.
    """
    rows = ApiResult.objects.none()
    if not client.is_sandbox:
        rows = (
            ApiResult.objects.filter(province=client.province_id, pk__gt=cursor)
            .select_related("submission__base", "submission__enrollment__api_record")
            .defer("submission__snapshot")
            .order_by("pk")
        )
    found = list(rows[: limit + 1])
    items = [_item(row) for row in found[:limit]]
    return {
        "sandbox": client.is_sandbox,
        "items": items,
        "next_cursor": items[-1]["cursor"] if items else str(cursor),
        "has_more": len(found) > limit,
    }


def _item(row: ApiResult) -> dict[str, Any]:
    submission = row.submission
    record = getattr(submission.enrollment, "api_record", None)
    is_told = row.kind in (ApiResult.Kind.RETURNED, ApiResult.Kind.REVOKED)
    return {
        "cursor": str(row.pk),
        "event": row.kind,
        "text": row.get_kind_display(),
        "at": timezone.localtime(row.at),
        "reference": str(submission.enrollment_id),
        "external_id": record.external_id if record else "",
        "training_base": submission.base.code,
        "intake_year": submission.intake_year,
        "number": submission.turn,
        "comment": "\n".join(filter(None, [submission.comment, submission.revocation])) if is_told else "",
        "field_comments": submission.field_comments if is_told else {},
        "now": Submission.Outcome(submission.outcome).label,
    }
