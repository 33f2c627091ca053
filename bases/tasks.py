"""What the worker does for this app."""

from django_tasks import task

from bases.deadlines import messages as deadline_notices
from bases.imports import messages as import_notices
from bases.imports import progress as import_progress
from bases.imports.worker import apply_batch, check_batch
from bases.models import ImportBatch
from portal.models import CollectionCycle, Step


@task()
def work_on_batch(batch_id: int) -> None:
    """Bring an import batch one step further: check it, or write it once it is confirmed. Twice is the same as once."""
    before = ImportBatch.objects.values_list("state", flat=True).get(pk=batch_id)
    with import_progress.at_work(batch_id):
        check_batch(batch_id)
        apply_batch(batch_id)
    import_notices.tell(batch_id, before)


@task()
def tell_of_window(cycle_id: int, step: str, codes: list[str]) -> None:
    """Tell those behind in these provinces of a window that ends soon now. Twice is the same as once."""
    deadline_notices.tell_of_change(CollectionCycle.objects.get(pk=cycle_id), Step(step), codes)
