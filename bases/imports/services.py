"""What people do with an uploaded workbook: upload, confirm, give up; the worker's part is bases/imports/worker.py."""

import hashlib
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.db import OperationalError, transaction
from django.utils import timezone

from bases.imports.batch import BatchMoved, State, locked, move, require_open
from bases.imports.progress import begins_to_wait
from bases.imports.tasks import work_on_batch
from bases.models import ImportBatch, Province, TrainingBase
from portal import audit
from portal.calendar import current_cycle
from portal.models import User

# A batch that shows no sign of life for this long is queued again; a repeated task does no harm.
ABANDONED_AFTER = timedelta(seconds=30)
# --- upload --------------------------------------------------------------------------------------------------------


def store_upload(
    file: UploadedFile,
    *,
    kind: str,
    module: str,
    by: User,
    token: UUID,
    base: TrainingBase | None = None,
    province: Province | None = None,
) -> ImportBatch:
    """Keep the uploaded workbook of a base or a province and queue its check; the same token again gives the batch of
    the first time (PAIN-23)."""
    with transaction.atomic():
        # Without a cycle the page's own check of the opening has refused already.
        batch, is_new = ImportBatch.objects.get_or_create(  # type: ignore[misc]
            token=token,
            defaults={
                "kind": kind,
                "module": module,
                "cycle": current_cycle(),
                "base": base,
                "province": province,
                "uploaded_by": by,
                "file_name": _shown_name(file.name),
                "file_sha256": _sha256(file),
            },
        )
        if is_new:
            batch.file.save("", file)
            _queue(batch)
    return batch


def _shown_name(name: str | None) -> str:
    """What the sender called the file, as data: no path, no control characters, at most 255 characters."""
    name = "".join(character for character in name or "" if character.isprintable())
    return name.replace("\\", "/").rsplit("/", 1)[-1][-255:] or "未命名"


def _sha256(file: UploadedFile) -> str:
    file.seek(0)
    digest = hashlib.file_digest(file, "sha256").hexdigest()
    file.seek(0)
    return digest


def _queue(batch: ImportBatch) -> None:
    """Hand the batch to the worker once this transaction is committed; lost on the way, it counts as abandoned."""
    begins_to_wait(batch.pk)
    transaction.on_commit(lambda: work_on_batch.enqueue(batch.pk))


def earlier_upload(batch: ImportBatch) -> ImportBatch | None:
    """The last time this base or province imported the very same file (GOAL-B10)."""
    same = ImportBatch.objects.filter(
        base=batch.base_id,
        province=batch.province_id,
        kind=batch.kind,
        module=batch.module,
        file_sha256=batch.file_sha256,
    )
    return same.filter(state=State.APPLIED, pk__lt=batch.pk).order_by("-pk").first()


# --- confirm, cancel -------------------------------------------------------------------------------------------------


def confirm(batch: ImportBatch, *, mode: str, by: User) -> None:
    """待确认 → 正在导入; an applied batch once more, for rows corrected since (GOAL-B7).

    Raises BatchMoved where there is nothing to import, the window closed or a row is bad in the mode 全部无误才导入.
    """
    with transaction.atomic():
        batch = locked(batch.pk)
        is_second = batch.state == State.APPLIED and batch.rows.waiting().exists()
        if batch.state == State.APPLYING or (batch.state == State.APPLIED and not is_second):
            return
        if batch.state != State.CHECKED and not is_second:
            raise BatchMoved(f"这批数据现在是“{batch.get_state_display()}”，不能导入。")
        if not batch.rows_created + batch.rows_updated:
            raise BatchMoved("这批数据中没有可以导入的行。")
        if mode == ImportBatch.Mode.ALL_OR_NOTHING and batch.rows_refused:
            raise BatchMoved(
                f"还有 {batch.rows_refused} 行有误，“全部无误才导入”不能执行，没有导入任何数据。"
            )
        require_open(batch)
        move(batch, State.APPLYING, mode=mode, confirmed_by=by, refusal={})
        # The worker's own line has no address: it runs elsewhere, later (TRUST-55).
        audit.record("import_confirm", by=by, target=batch)
        _queue(batch)


def cancel(batch: ImportBatch) -> None:
    """Give a batch up while nothing of it is written. Raises BatchMoved once the worker writes or has written."""
    try:
        with transaction.atomic():
            batch = ImportBatch.objects.select_for_update(nowait=True).get(pk=batch.pk)
            if batch.state in (State.APPLIED, State.UNDONE, State.REFUSED):
                raise BatchMoved(f"这批数据现在是“{batch.get_state_display()}”，不能取消。")
            # A second apply is given up; what the first one wrote stays.
            move(batch, State.APPLIED if batch.applied_at else State.CANCELLED)
    except OperationalError as error:
        raise BatchMoved("这批数据正在写入，不能取消；请等待完成。") from error


# --- abandoned and old batches ---------------------------------------------------------------------------------------


def requeue_abandoned(now: datetime | None = None) -> int:
    """Queue again every batch whose worker died or whose task was lost; returns how many. Safe at any time: a batch
    that is being written is locked and skipped, and a task that runs twice does nothing the second time."""
    now = now or timezone.now()
    with transaction.atomic():
        silent = ImportBatch.objects.select_for_update(skip_locked=True).filter(
            state__in=[State.UPLOADED, State.CHECKING, State.APPLYING], worked_at__lt=now - ABANDONED_AFTER
        )
        batches = list(silent)
        for batch in batches:
            move(batch, batch.state)
            _queue(batch)
    return len(batches)


def forget_old_files(now: datetime | None = None) -> int:
    """Delete uploaded workbooks after UPLOAD_RETENTION_DAYS (PAIN-26); their rows and counts stay. Returns how many."""
    before = (now or timezone.now()) - timedelta(days=settings.UPLOAD_RETENTION_DAYS)
    old = list(ImportBatch.objects.filter(uploaded_at__lt=before).exclude(file=""))
    for batch in old:
        batch.file.delete(save=False)
        batch.file = ""
        batch.save(update_fields=["file"])
    return len(old)
