"""Notifying the sender of a workbook that the worker has finished (GOAL-B8).

Whether he still waits at the page cannot be known when the worker ends: the message is always written, and the page
that shows him the result marks it as read.
"""

from django.urls import reverse

from bases.imports.batch import State
from bases.models import ImportBatch
from portal.messages import services as messages
from portal.models import User

_SUBJECTS = {
    State.REFUSED: "“{name}”未被接受，请查看原因",
    State.CHECKED: "“{name}”已检查完毕，请确认导入",
    State.APPLIED: "“{name}”已导入完毕",
}
_GIVEN_BACK = "“{name}”没有导入，请查看原因"


def tell(batch_id: int, before: str) -> None:
    """An in-site message with the way to the batch to the one who sent or confirmed it. `before` is the state in which
    the worker took the batch up: who finds nothing to do sends nothing."""
    batch = ImportBatch.objects.get(pk=batch_id)
    if batch.state not in _SUBJECTS or batch.state == before:
        return
    is_given_back = before == State.APPLYING and batch.refusal
    subject = _GIVEN_BACK if is_given_back else _SUBJECTS[State(batch.state)]
    messages.send(
        [batch.confirmed_by_id or batch.uploaded_by_id],
        kind="import",
        subject=subject.format(name=batch.file_name[:60]),
        body=_sums(batch),
        link=_address(batch.pk),
    )


def has_seen(user: User, batch: ImportBatch) -> None:
    """The person reads the result itself; one query."""
    messages.mark_seen(user, link=_address(batch.pk))


def _address(batch_id: int) -> str:
    return reverse("bases:import-batch", args=[batch_id])


def _sums(batch: ImportBatch) -> str:
    """The sum line, which is never left out; the reason where the file was not taken or nothing written."""
    if batch.refusal:
        return batch.refusal["text"] + batch.refusal["repair"]
    counted = (
        f"新增 {batch.rows_created} 行，更新 {batch.rows_updated} 行，"
        f"没有变化 {batch.rows_unchanged} 行，有误 {batch.rows_refused} 行"
    )
    return f"共 {batch.rows_total} 行：{counted}。"
