"""What the worker does for this app."""

from django_tasks import task

from bases.import_notices import queued_at, tell_if_waited
from bases.import_work import apply_batch, check_batch


@task()
def work_on_batch(batch_id: int) -> None:
    """Bring an import batch one step further: check it, or write it once it is confirmed. Twice is the same as once."""
    since = queued_at(batch_id)
    check_batch(batch_id)
    apply_batch(batch_id)
    tell_if_waited(batch_id, since)
