"""What the worker does for 导入."""

from django_tasks import task

from bases.imports import messages, progress
from bases.imports.worker import apply_batch, begin, check_batch
from bases.models import ImportBatch


@task()
def work_on_batch(batch_id: int, turn: str = "") -> None:
    """Bring an import batch one step further: check it, or write it once it is confirmed. Twice is the same as once.
    `turn` is whose (run_worker)."""
    before = ImportBatch.objects.values_list("state", flat=True).get(pk=batch_id)
    if not begin(batch_id):
        messages.tell(batch_id, before)
        return
    with progress.at_work(batch_id):
        check_batch(batch_id)
        apply_batch(batch_id)
    messages.tell(batch_id, before)
