"""What people do with an uploaded workbook: upload, confirm, give up; the worker's part is bases/imports/worker.py."""

import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.core.files.uploadedfile import UploadedFile
from django.db import OperationalError, transaction
from django.utils import timezone

from bases.imports.batch import FAILURE, SET_ASIDE, BatchMoved, State, count_rows, locked, move, require_open
from bases.imports.choices import ANSWERS, LEAVE, has_open_questions, other_sheets, questions_of
from bases.imports.offers import can_be_read_again
from bases.imports.progress import begins_to_wait
from bases.imports.tasks import work_on_batch
from bases.models import ImportBatch, Province, TrainingBase
from bases.workbooks.kinds import kind_named
from portal import audit
from portal.models import CollectionCycle, User
from residents.rules.account import TWO_TYPES

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
    cycle: CollectionCycle | None = None,
) -> ImportBatch:
    """Keep the uploaded workbook of a base or a province and queue its check; the same token again gives the batch of
    the first time (PAIN-23). Without a cycle it is of the one that takes such a workbook now (AM-42)."""
    with transaction.atomic():
        # Without a cycle the page's own check of the opening has refused already.
        batch, is_new = ImportBatch.objects.get_or_create(  # type: ignore[misc]
            token=token,
            defaults={
                "kind": kind,
                "module": module,
                "cycle": cycle or kind_named(kind).cycle(base or province, module),
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
    _hand_over(batch)


def _hand_over(batch: ImportBatch) -> None:
    turn = f"base:{batch.base_id}" if batch.base_id else f"province:{batch.province_id}"
    transaction.on_commit(lambda: work_on_batch.enqueue(batch.pk, turn=turn))


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


def process_again(batch: ImportBatch, *, by: User) -> None:
    """A batch whose check failed through no fault of the file: checked once more. Raises BatchMoved for any other."""
    with transaction.atomic():
        batch = locked(batch.pk)
        if not can_be_processed_again(batch):
            raise BatchMoved("这批数据不需要重新处理，或文件已删除，请重新上传。")
        require_open(batch)
        audit.record("import_again", by=by, target=batch)
        _read_again(batch)


def can_be_processed_again(batch: ImportBatch) -> bool:
    """Whether its check was stopped by an error of ours or by dying workers, and the file is still there (TRUST-48)."""
    return (
        batch.state == State.REFUSED
        and batch.refusal.get("code") in (FAILURE, SET_ASIDE)
        and bool(batch.file)
    )


# --- what the file hides ---------------------------------------------------------------------------------------------


def choose(batch: ImportBatch, answers: Mapping[str, str], *, by: User) -> None:
    """Say of hidden and of struck-through rows whether they are read or left out (AM-39); where rows come or go, the
    file is read again. Raises BatchMoved where a question is left open or the batch has gone on."""
    with transaction.atomic():
        batch = _to_be_read_again(batch)
        given = {each.name: answers.get(each.name, "") for each in questions_of(batch)}
        if not given or any(answer not in ANSWERS for answer in given.values()):
            raise BatchMoved("请逐项选择：隐藏的、划有删除线的行，一并读取还是略去。")
        audit.record("import_choose", by=by, target=batch, request=None, **given)
        left = [name for name in given if LEAVE in (given[name], batch.choices.get(name))]
        is_other = any(given[name] != batch.choices.get(name) for name in left)
        batch.choices |= given
        if is_other:
            _read_again(batch)
        else:
            batch.save(update_fields=["choices"])


def read_sheet(batch: ImportBatch, name: str, *, by: User) -> None:
    """Read another sheet of the file, a hidden one too, for the user says so (AM-39). Raises BatchMoved for a sheet
    that holds no table, or where the batch has gone on."""
    with transaction.atomic():
        batch = _to_be_read_again(batch, State.REFUSED)
        if name not in other_sheets(batch):
            raise BatchMoved("这份文件中没有这张可以读取的工作表。")
        audit.record("import_choose", by=by, target=batch, sheet=name)
        # What was said of the rows of the other sheet is void.
        kept = {"headers": batch.choices["headers"]} if "headers" in batch.choices else {}
        batch.choices = {"sheet": name} | kept
        _read_again(batch)


def match_headers(batch: ImportBatch, matched: Mapping[str, str], *, by: User) -> None:
    """Say which unknown column holds what, {missing header: unknown one}; the file is read anew, and the base's later
    files of this kind are read so too (GOAL-B20). Raises BatchMoved where a column is left open or taken twice."""
    with transaction.atomic():
        batch = _to_be_read_again(batch, State.REFUSED)
        columns = batch.facts.get("columns", {})
        given = {header: matched.get(header, "") for header in columns.get("missing", [])}
        known = {each["header"] for each in columns.get("unknown", [])}
        if not given or not known.issuperset(given.values()) or len(set(given.values())) < len(given):
            raise BatchMoved("请为缺少的每一列各选一列，同一列不能选两次。")
        audit.record("import_choose", by=by, target=batch, count=len(given))
        batch.choices |= {"headers": {text: header for header, text in given.items()}}
        _read_again(batch)


def _to_be_read_again(batch: ImportBatch, *more: str) -> ImportBatch:
    """The batch, locked, if its file can be read anew without losing anybody's work."""
    batch = locked(batch.pk)
    if batch.state not in (State.CHECKED, *more):
        raise BatchMoved(f"这批数据现在是“{batch.get_state_display()}”，不能再选择。")
    if not can_be_read_again(batch):
        raise BatchMoved("文件已删除或已在网页中修改过，不能再选择；要重新选择，请再上传一次。")
    require_open(batch)
    return batch


def _read_again(batch: ImportBatch) -> None:
    batch.rows.all().delete()
    batch.rows_total = 0
    count_rows(batch)
    move(batch, State.UPLOADED, refusal={}, facts={}, ignored_headers=[], starts=0)
    _queue(batch)


# --- confirm, cancel -------------------------------------------------------------------------------------------------


def asks_reason(batch: ImportBatch) -> bool:
    """Whether rows to be written look like persons known under another ID type: to be confirmed with a reason
    (AM-36)."""
    rows = batch.rows.waiting() if batch.applied_at else batch.rows.good()
    return rows.filter(problems__contains=[{"code": TWO_TYPES}]).exists()


def confirm(batch: ImportBatch, *, mode: str, by: User, reason: str = "") -> None:
    """待确认 → 正在导入; an applied batch once more, for rows corrected since (GOAL-B7).

    Raises BatchMoved where there is nothing to import, the window closed, a row is bad in the mode 全部无误才导入 or
    the reason is missing that `asks_reason` tells of.
    """
    with transaction.atomic():
        batch = locked(batch.pk)
        is_second = batch.state == State.APPLIED and batch.rows.waiting().exists()
        if batch.state == State.APPLYING or (batch.state == State.APPLIED and not is_second):
            return
        if batch.state != State.CHECKED and not is_second:
            raise BatchMoved(f"这批数据现在是“{batch.get_state_display()}”，不能导入。")
        if has_open_questions(batch):
            raise BatchMoved("文件中有隐藏的或划有删除线的行。请先选择一并读取还是略去，再确认导入。")
        if not batch.rows_created + batch.rows_updated:
            raise BatchMoved("这批数据中没有可以导入的行。")
        if mode == ImportBatch.Mode.ALL_OR_NOTHING and batch.rows_refused:
            raise BatchMoved(
                f"还有 {batch.rows_refused} 行有误，“全部无误才导入”不能执行，没有导入任何数据。"
            )
        require_open(batch)
        is_asked = asks_reason(batch)
        if is_asked and not reason.strip():
            raise BatchMoved("有疑似同一人用另一种证件登记的行，请核实后填写确认理由，再确认导入。")
        told: dict[str, Any] = {"two_types_reason": reason.strip()[:200]} if is_asked else {}
        move(batch, State.APPLYING, mode=mode, confirmed_by=by, refusal={}, starts=0, **told)
        # The worker's own line has no address: it runs elsewhere, later (TRUST-55).
        audit.record("import_confirm", by=by, target=batch, **told)
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
            begins_to_wait(batch.pk)
            _hand_over(batch)
    return len(batches)
