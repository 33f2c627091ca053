"""Telling the sender of a workbook that the worker is through, if he had to wait (GOALS B8)."""

from datetime import datetime, timedelta

from django.urls import reverse
from django.utils import timezone

from bases.import_work import State
from bases.models import ImportBatch
from portal import messages

# Whoever waits less is still looking at the page.
PATIENCE = timedelta(seconds=20)

_SUBJECTS = {
    State.REFUSED: "“{name}”未被接受，请查看原因",
    State.CHECKED: "“{name}”已检查完毕，请确认导入",
    State.APPLIED: "“{name}”已导入完毕",
}


def queued_at(batch_id: int) -> datetime:
    """When the batch was handed to the worker."""
    return ImportBatch.objects.values_list("worked_at", flat=True).get(pk=batch_id)


def tell_if_waited(batch_id: int, since: datetime) -> None:
    """An in-site message to the one who waits, if the batch was queued longer ago than he stays at the page."""
    batch = ImportBatch.objects.get(pk=batch_id)
    if batch.state not in _SUBJECTS or timezone.now() - since < PATIENCE:
        return
    messages.send(
        [batch.confirmed_by_id or batch.uploaded_by_id],
        kind="import",
        subject=_SUBJECTS[State(batch.state)].format(name=batch.file_name[:60]),
        link=reverse("bases:import-batch", args=[batch.pk]),
    )
