"""What the worker does with an uploaded workbook: check every row, write the good ones (docs/architecture.md#workbook).

Every move locks the batch's row and expects a state, so a second task or a worker that comes back finds the work done.
A check may be repeated; an apply is one transaction, so a killed worker leaves nothing behind.
"""

import logging
from collections.abc import Iterator
from typing import Any

import pghistory
from django.core.serializers.json import DjangoJSONEncoder
from django.db import DatabaseError, InterfaceError, connection, transaction
from django.utils import timezone

from bases.imports.batch import (
    SET_ASIDE,
    BatchMoved,
    State,
    Verdict,
    _counts,
    count_rows,
    locked,
    move,
    read_batch,
    require_open,
)
from bases.imports.choices import chosen_rows, facts_of
from bases.imports.file_check import explained, remarks_on
from bases.models import ImportBatch, ImportRow
from bases.workbooks.kinds import workbook_of
from bases.workbooks.matching import columns_to_match
from bases.workbooks.persons import without_others
from bases.workbooks.rows import Applied, JudgedRow, typed_of
from bases.workbooks.signs import tell
from portal import audit
from portal.bulk import copy_into, without_collecting
from portal.deadlocks import begun_again
from portal.service import trouble_of
from portal.sheets.reading import SheetRefused, Table
from portal.sheets.values import Wire
from residents.rules.account import OF_GOOD_ROWS

logger = logging.getLogger(__name__)

_ROWS_BETWEEN_SIGNS = 500
MOST_STARTS = 3
# Warnings about an account that no longer hold once somebody else was first.
_OVERTAKEN = OF_GOOD_ROWS - {"already_here", "already_here_differs"}
_json = DjangoJSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


class _NotAllGood(Exception):
    """Rows were refused while applying all or nothing: what was written must go again."""

    def __init__(self, applied: Applied) -> None:
        super().__init__()
        self.applied = applied


# --- state -----------------------------------------------------------------------------------------------------------


def begin(batch_id: int) -> bool:
    """Whether a worker may begin; counts the starts. One that was begun MOST_STARTS times and never ended is set
    aside, with words."""
    with transaction.atomic():
        batch = locked(batch_id)
        if batch.state not in (State.UPLOADED, State.CHECKING, State.APPLYING):
            return True
        if batch.starts < MOST_STARTS:
            ImportBatch.objects.filter(pk=batch_id).update(starts=batch.starts + 1)
            return True
        is_applying = batch.state == State.APPLYING
        text = f"处理这份文件的程序中断了 {MOST_STARTS} 次，已停止再试，没有导入任何数据。"
        repair = "请再次确认导入" if is_applying else "请点“重新处理”，或换一份文件上传"
        refusal = {
            "code": SET_ASIDE,
            "text": text,
            "repair": f"{repair}；如仍不成功，请联系技术支持并告知批次号。",
        }
        move(batch, _unwritten(batch) if is_applying else State.REFUSED, refusal=refusal, starts=0)
        return False


# --- check ---------------------------------------------------------------------------------------------------------


@without_collecting()
def check_batch(batch_id: int) -> None:
    """Read and judge every row; the batch is then 待确认, or 文件未被接受 with the reason. Safe to repeat."""
    with transaction.atomic():
        batch = locked(batch_id)
        if batch.state not in (State.UPLOADED, State.CHECKING):
            return
        move(batch, State.CHECKING)
    try:
        tell("正在读取文件")
        table = read_batch(batch)
        remarks = remarks_on(batch, table)
        table, nobody = without_others(table, workbook_of(batch).resource)
        remarks += nobody
        ImportBatch.objects.filter(pk=batch.pk).update(rows_total=len(table.rows), facts=facts_of(table))
        table = chosen_rows(table, batch.choices)
        _keep_verdicts(batch_id, table, remarks, list(_judged(batch, table)))
    except SheetRefused as refusal:
        refusal = explained(batch, refusal)
        told = {"code": refusal.code, "text": refusal.text, "repair": refusal.repair}
        facts: dict[str, Any] = {"hidden_sheets": refusal.sheets}
        if refusal.columns:
            facts["columns"] = columns_to_match(workbook_of(batch).resource, refusal.columns)
        _refuse(batch_id, told, facts)
    except _Stopped:
        return
    except Exception as error:
        trouble = trouble_of(error)
        if trouble and isinstance(error, (DatabaseError, InterfaceError)):
            # The database, not the file: the clock queues it again.
            raise
        logger.exception("Check of import batch %s failed", batch_id)
        why = f"{trouble.title}，这份文件没有检查完" if trouble else "系统在检查这份文件时出错，已记录"
        _refuse(
            batch_id,
            {
                "code": "failure",
                "text": f"{why}，没有导入任何数据。",
                "repair": "请点“重新处理”；如仍出错，请联系技术支持并告知批次号。",
            },
        )


class _Stopped(Exception):
    """The batch was cancelled, or another worker has finished it."""


def _judged(batch: ImportBatch, table: Table) -> Iterator[JudgedRow]:
    """The judged rows, with a sign of life and a look at the cancel button now and then."""
    total = len(table.rows)
    tell("正在检查", 0, total)
    for done, row in enumerate(workbook_of(batch).judge(batch, table), 1):
        tell("正在检查", done, total)
        if done % _ROWS_BETWEEN_SIGNS == 0:
            alive = ImportBatch.objects.filter(pk=batch.pk, state=State.CHECKING)
            if not alive.update(worked_at=timezone.now()):
                raise _Stopped
        yield row


def _keep_verdicts(batch_id: int, table: Table, remarks: list[dict], rows: list[JudgedRow]) -> None:
    tell("正在保存检查结果")
    with transaction.atomic():
        batch = locked(batch_id)
        if batch.state != State.CHECKING:
            return
        batch.sheet_name = table.sheet_name[:100]
        batch.header_row = table.header_row
        batch.headers = [list(header) for header in table.headers]
        batch.ignored_headers = remarks
        typed = {number: typed_of(record) for number, record in table.records()}
        with connection.cursor() as cursor:
            copy_into(
                cursor,
                ImportRow._meta.db_table,
                _ROW_COLUMNS,
                (_row_values(batch_id, row, typed[row.sheet_row]) for row in rows),
            )
        batch.rows_total = len(rows)
        count_rows(batch)
        move(batch, State.CHECKED)


_ROW_COLUMNS = (
    "batch_id",
    "sheet_row",
    "raw",
    "typed",
    "values",
    "verdict",
    "problems",
    "enrollment_id",
    "before",
)


def _row_values(batch_id: int, row: JudgedRow, typed: dict[str, Wire] | None) -> tuple:
    return (
        batch_id,
        row.sheet_row,
        _json(row.raw),
        _json(typed) if typed else None,
        _json(row.values),
        row.verdict,
        _json(row.problems) if row.problems else "[]",
        row.enrollment_id,
        _json(row.before) if row.before is not None else None,
    )


def _refuse(batch_id: int, refusal: dict[str, str], facts: dict[str, Any] | None = None) -> None:
    with transaction.atomic():
        batch = locked(batch_id)
        if batch.state == State.CHECKING:
            move(batch, State.REFUSED, refusal=refusal, facts=facts or {})


# --- apply -----------------------------------------------------------------------------------------------------------


@without_collecting()
def apply_batch(batch_id: int) -> None:
    """Write the good rows, exactly once, in one transaction; a second call or a killed worker's repetition changes
    nothing. Conflicts that came up since the check become row errors."""
    try:
        begun_again(lambda: _apply(batch_id))
    except Exception as error:
        if trouble_of(error):
            raise
        logger.exception("Import of batch %s failed", batch_id)
        _give_back(batch_id)


def _apply(batch_id: int) -> None:
    batch = locked(batch_id)
    if batch.state != State.APPLYING:
        return
    by = batch.confirmed_by
    assert by is not None
    try:
        require_open(batch)
        with (
            pghistory.context(user=by.pk, role=by.role, channel="import", batch=batch.pk),
            transaction.atomic(),
        ):
            tell("正在导入")
            applied = workbook_of(batch).apply(batch, _good_rows(batch), by=by)
            refused = [verdict for verdict, *_ in applied.changed.values() if verdict == Verdict.REFUSED]
            if refused and batch.mode == ImportBatch.Mode.ALL_OR_NOTHING:
                raise _NotAllGood(applied)
    except BatchMoved as closed:
        move(batch, _unwritten(batch), refusal={"code": "closed", "text": str(closed), "repair": ""})
    except _NotAllGood as conflict:
        _rewrite_verdicts(batch, conflict.applied)
        count_rows(batch)
        text = f"确认之后有 {batch.rows_refused} 行发生变化而不能导入，按“全部无误才导入”没有写入任何数据。"
        refusal = {"code": "conflict", "text": text, "repair": "请查看有误的行。"}
        move(batch, _unwritten(batch), refusal=refusal)
    else:
        _rewrite_verdicts(batch, applied)
        count_rows(batch)
        move(batch, State.APPLIED, applied_at=timezone.now())
        audit.record("import", by=by, target=batch, **_counts(batch))


def _give_back(batch_id: int) -> None:
    """After a failure of ours: nothing was written, the batch waits for a confirmation again."""
    with transaction.atomic():
        batch = locked(batch_id)
        if batch.state == State.APPLYING:
            text = "系统在导入时出错，已记录，没有写入任何数据。"
            repair = "请稍后再次确认导入；如仍出错，请联系技术支持并告知批次号。"
            move(batch, _unwritten(batch), refusal={"code": "failure", "text": text, "repair": repair})


def _unwritten(batch: ImportBatch) -> str:
    """Where a batch is when this apply wrote nothing: an earlier one may have written the rows that were good then."""
    return State.APPLIED if batch.applied_at else State.CHECKED


def _good_rows(batch: ImportBatch) -> list[tuple[int, dict]]:
    rows = batch.rows.waiting() if batch.applied_at else batch.rows.good()
    return list(rows.order_by("sheet_row").values_list("sheet_row", "values"))


def _rewrite_verdicts(batch: ImportBatch, applied: Applied) -> None:
    tell("正在导入：记录结果")
    changed = {row.sheet_row: row for row in batch.rows.filter(sheet_row__in=applied.changed)}
    for number, (verdict, problems, enrollment_id) in applied.changed.items():
        row = changed[number]
        row.problems = [each for each in row.problems if each["code"] not in _OVERTAKEN] + problems
        row.verdict, row.enrollment_id = verdict, enrollment_id
    ImportRow.objects.bulk_update(changed.values(), ["verdict", "problems", "enrollment"], batch_size=500)
