"""Whether audit and history are what was sealed, judged by the anchors outside the database (GOAL-S8).

Everything is computed here: of the database only its tables are asked, none of its functions, which an owner may have
replaced.
"""

import json
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from itertools import groupby
from pathlib import Path
from typing import Any

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper
from django.utils import timezone

from portal import audit
from portal.chain import sealing
from portal.chain.installation import COLUMN, FORMATS, leaf, never_sealed
from portal.models import SealedBatch

Kind = SealedBatch.Kind
LEAF = 32
SPAN_ROWS = 20_000
ACT = "verify_history"


@dataclass(slots=True)
class Report:
    """What was compared and what does not hold."""

    batches: int = 0
    rows: int = 0
    purged: int = 0
    # Sealed, but not yet known outside; written, but not yet sealed.
    not_anchored: int = 0
    not_sealed: int = 0
    recoveries: list[str] = field(default_factory=list)
    findings: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _Sealed:
    """The rows of one table in one batch as they were sealed: leaf by key, in their order."""

    batch: int
    low: int
    high: int
    columns: list[str]
    leaves: dict[str, bytes]


def verify(files: Iterable[Path] = (), *, since: int = 0) -> Report:
    """Compare rows, seals and anchors, and put into the audit log how it ended.

    With `since`, the number of a batch found sound before, only what was sealed after it is read.
    """
    report = Report()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        cursor.execute("SET LOCAL search_path = public, pg_temp")
        for name, value in FORMATS.items():
            cursor.execute(f"SET LOCAL {name} = '{value}'")
        # A nation's seals are read for longer than a page may take.
        cursor.execute("SET LOCAL statement_timeout = '10min'")
        batches = _batches(cursor, since)
        report.batches = len(batches)
        last = batches[-1]["number"] if batches else 0
        base = batches.pop(0) if since and batches and batches[0]["number"] == since else None
        if since and base is None:
            report.findings.append(f"封存批次不连续：第 {since} 批曾核对相符，现已不存在。")
        _verify_links(batches, base, report)
        _verify_anchors(
            [base, *batches] if base else batches, list(files) or [sealing.anchors_file()], report
        )
        _verify_rows(cursor, batches, base["high"] if base else 0, report)
    audit.record(
        ACT,
        by=None,
        result="refused" if report.findings else "ok",
        rows=report.rows,
        batches=report.batches,
        findings=len(report.findings),
        since=since,
        to=last,
    )
    return report


def _batches(cursor: CursorWrapper, since: int) -> list[dict[str, Any]]:
    """The batches from this number on."""
    cursor.execute(
        "SELECT number, kind, sealed_at::text AS sealed_at, low, high, shift, rows, detail::text AS detail,"
        " previous, root FROM public.portal_sealedbatch WHERE number >= %s ORDER BY number",
        [since],
    )
    names = [column.name for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _verify_links(batches: list[dict[str, Any]], base: dict[str, Any] | None, report: Report) -> None:
    """Each link is made of its parts and follows from the one before, the first of them from `base`."""
    previous, high, before = (bytes(base["root"]), base["high"], base["number"]) if base else (b"", 0, 0)
    parts: dict[int, list[bytes]] = defaultdict(list)
    with connection.chunked_cursor() as rows:
        rows.execute(
            'SELECT batch_id, "table", part, columns, keys, leaves FROM public.portal_sealedrows'
            ' WHERE batch_id > %s ORDER BY batch_id, "table" COLLATE "C", part',
            [before],
        )
        for batch, table, part, columns, keys, leaves in rows:
            said = "\n".join([table, str(part), ",".join(columns), ",".join(keys)])
            parts[batch].append(sha256(b"\x01" + said.encode() + bytes(leaves)).digest())
    for batch in batches:
        number = batch["number"]
        if number != before + 1:
            report.findings.append(f"封存批次不连续：第 {number} 批之前缺少批次。")
        before = number
        said = "\n".join(
            str(batch[name]) for name in ("number", "kind", "sealed_at", "low", "high", "shift", "detail")
        )
        root = sha256(b"\x02" + said.encode() + bytes(batch["previous"]) + b"".join(parts.pop(number, [])))
        if (
            root.digest() != bytes(batch["root"])
            or bytes(batch["previous"]) != previous
            or batch["low"] != high
        ):
            report.findings.append(f"第 {number} 批的封存记录被改动，或与上一批不相接。")
        previous, high = bytes(batch["root"]), batch["high"]
        # Only what follows from the content counts from here on, whatever stands in the column.
        batch["root"] = root.digest()
    report.findings += [f"有不属于任何批次的封存记录（第 {number} 批）。" for number in parts]
    report.recoveries = [
        f"{_on_the_wall(batch['sealed_at'])}（{json.loads(batch['detail'])['reason']}）"
        for batch in batches
        if batch["kind"] == Kind.RECOVERY
    ]


def _on_the_wall(moment: str) -> str:
    return f"{timezone.localtime(datetime.fromisoformat(moment)):%Y-%m-%d %H:%M}"


def _verify_anchors(batches: list[dict[str, Any]], files: list[Path], report: Report) -> None:
    """Each anchor is the root of its batch, but for those that a recovery took back."""
    found = {batch["number"]: batch for batch in batches}
    first = min(found, default=1)
    anchored: set[int] = set()
    for path in files:
        expected: dict[int, str] = {}
        for entry in sealing.read(path):
            if entry.get("kind") == Kind.RECOVERY:
                expected = {number: root for number, root in expected.items() if number < entry["number"]}
            if entry["number"] >= first:
                expected[entry["number"]] = entry["root"]
        if not expected and batches:
            report.findings.append(
                f"没有外部锚点：{path} 不存在或是空的。请用 --anchors 指明保管锚点的文件。"
            )
        for number, root in expected.items():
            if number not in found:
                report.findings.append(f"第 {number} 批在外部锚点中有，数据库中没有：封存记录被删除。")
            elif bytes(found[number]["root"]).hex() != root:
                other = "新建的数据库应使用空的锚点文件夹。" if number == 1 else ""
                report.findings.append(f"第 {number} 批与外部锚点不符：{_where(number)}。{other}")
        anchored |= set(expected)
    report.not_anchored = len(set(found) - anchored)


def _where(number: int) -> str:
    """Which rows a batch is about, where it is not known which of them was changed together with its hash."""
    with connection.cursor() as cursor:
        cursor.execute(
            'SELECT "table", keys[1], keys[array_upper(keys, 1)] FROM public.portal_sealedrows WHERE batch_id = %s'
            ' ORDER BY "table", part',
            [number],
        )
        named = [f"{table} 编号 {first} 至 {last}" for table, first, last in cursor.fetchall()]
    return "涉及 " + "、".join(named) if named else "批次本身被改动"


def _verify_rows(cursor: CursorWrapper, batches: list[dict[str, Any]], low: int, report: Report) -> None:
    """The rows of transactions from `low` on, against the batches that hold them."""
    bounds = {
        batch["number"]: (batch["low"], batch["high"]) for batch in batches if batch["kind"] == Kind.ROWS
    }
    end = batches[-1]["high"] if batches else low
    purged = _purged(cursor)
    tables = _tables(cursor)
    cursor.execute('SELECT DISTINCT "table" FROM public.portal_sealedrows')
    for table in sorted(({name for (name,) in cursor.fetchall()} | set(tables)) - never_sealed()):
        if table not in tables:
            report.findings.append(f"{table}：表已被删除，或不再记录批次。")
            continue
        key, existing = tables[table]
        sealed = _sealed(table, bounds, min(bounds, default=0))
        report.not_sealed += _count(cursor, f"public.{table} WHERE {COLUMN} >= %s", end)
        _verify_table(
            cursor, _Table(table, key, existing), sealed, (low, end), purged.get(table, set()), report
        )


@dataclass(frozen=True, slots=True)
class _Table:
    name: str
    key: str
    columns: list[str]


def _verify_table(
    cursor: CursorWrapper,
    table: _Table,
    sealed: Iterable[_Sealed],
    bounds: tuple[int, int],
    purged: set[str],
    report: Report,
) -> None:
    """Row by row: changed, removed, moved to another place of the order, or put in afterwards."""
    missing: dict[str, int] = {}
    extra: dict[str, int] = {}
    at, end = bounds
    for span in _spans(sealed):
        columns, end_of_span = span[0].columns, span[-1].high
        if gone := set(columns) - set(table.columns):
            report.findings.append(f"{table.name}：封存时的列 {'、'.join(sorted(gone))} 已不存在，不能核对。")
            at = end_of_span
            continue
        found: dict[int, dict[str, bytes]] = {each.batch: {} for each in span}
        lows = [each.low for each in span]
        for key, number, hashed in _leaves(cursor, table, columns, at, end_of_span):
            each = span[max(bisect_right(lows, number) - 1, 0)]
            if each.low <= number < each.high:
                found[each.batch][key] = hashed
            else:
                # Between two sealed ranges of this table there was nothing when they were sealed.
                extra[key] = each.batch
        at = end_of_span
        for each in span:
            rows = found[each.batch]
            report.rows += len(each.leaves)
            for key, expected in each.leaves.items():
                if key not in rows:
                    missing[key] = each.batch
                elif rows[key] != expected:
                    report.findings.append(f"{table.name} 编号 {key}：内容被改动（第 {each.batch} 批封存）。")
            extra |= dict.fromkeys(set(rows) - set(each.leaves), each.batch)
            if [key for key in each.leaves if key in rows] != [key for key in rows if key in each.leaves]:
                report.findings.append(f"{table.name}：第 {each.batch} 批中行的顺序被改动。")
    extra |= {key: 0 for key, _, _ in _leaves(cursor, table, [COLUMN], at, end)}
    for key, batch in missing.items():
        if key in extra:
            del extra[key]
            report.findings.append(f"{table.name} 编号 {key}：在顺序中的位置被改动（第 {batch} 批封存）。")
        elif key in purged:
            report.purged += 1
        else:
            report.findings.append(f"{table.name} 编号 {key}：被删除（第 {batch} 批封存）。")
    report.findings += [f"{table.name} 编号 {key}：事后插入，封存时没有。" for key in extra]


def _leaves(
    cursor: CursorWrapper, table: _Table, columns: list[str], low: int, high: int
) -> Iterator[tuple[str, int, bytes]]:
    """Key, transaction and hash of the rows of these transactions, in the order of the seals."""
    if low >= high:
        return
    values = ", ".join(f't."{column}"' for column in columns)
    hashed = leaf(f"'{table.name}'", f"t.{table.key}", values)
    cursor.execute(
        f"SELECT t.{table.key}::text, {COLUMN}, {hashed}"
        f" FROM public.{table.name} t WHERE {COLUMN} >= %s AND {COLUMN} < %s ORDER BY {COLUMN}, t.{table.key}",  # nosec B608 # names of the catalogue
        [low, high],
    )
    for key, number, found in cursor.fetchall():
        yield key, number, bytes(found)


def _spans(sealed: Iterable[_Sealed]) -> Iterator[list[_Sealed]]:
    """Neighbouring batches of the same columns, so many that one query reads some thousand rows."""
    span: list[_Sealed] = []
    rows = 0
    for each in sealed:
        if span and (span[0].columns != each.columns or rows >= SPAN_ROWS):
            yield span
            span, rows = [], 0
        span.append(each)
        rows += len(each.leaves)
    if span:
        yield span


def _sealed(table: str, bounds: dict[int, tuple[int, int]], first: int) -> Iterator[_Sealed]:
    with connection.chunked_cursor() as parts:
        parts.execute(
            "SELECT batch_id, columns, keys, leaves FROM public.portal_sealedrows"
            ' WHERE "table" = %s AND batch_id >= %s ORDER BY batch_id, part',
            [table, first],
        )
        for batch, rows in groupby(parts, key=lambda row: row[0]):
            if batch not in bounds:
                continue
            some = list(rows)
            leaves: dict[str, bytes] = {}
            for _, _, keys, hashed in some:
                whole = bytes(hashed)
                leaves |= {key: whole[n * LEAF : n * LEAF + LEAF] for n, key in enumerate(keys)}
            yield _Sealed(batch, *bounds[batch], some[0][1], leaves)


def _purged(cursor: CursorWrapper) -> dict[str, set[str]]:
    """Whose purge is sealed, by table."""
    cursor.execute(
        'SELECT s."table", s.keys FROM public.portal_sealedrows s JOIN public.portal_sealedbatch b'
        " ON b.number = s.batch_id WHERE b.kind = 'purge'"
    )
    found: dict[str, set[str]] = defaultdict(set)
    for table, keys in cursor.fetchall():
        found[table].update(keys)
    return found


def _tables(cursor: CursorWrapper) -> dict[str, tuple[str, list[str]]]:
    """Key and columns of every table whose rows know their transaction."""
    cursor.execute(
        "SELECT c.relname, (SELECT a.attname FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid"
        " AND a.attnum = i.indkey[0] WHERE i.indrelid = c.oid AND i.indisprimary),"
        " array_agg(a.attname::text ORDER BY a.attnum)"
        " FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped"
        " WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' GROUP BY c.oid"
        " HAVING bool_or(a.attname = %s)",
        [COLUMN],
    )
    return {table: (key, columns) for table, key, columns in cursor.fetchall()}


def _count(cursor: CursorWrapper, rows: str, *parameters: Any) -> int:
    cursor.execute(f"SELECT count(*) FROM {rows}", parameters)  # nosec B608 # names of the catalogue
    return cursor.fetchone()[0]
