"""What a base takes home of its lists: the list exactly as it is seen, or all that was collected of those in it
(GOAL-B19). Masked, or in full for a purpose (TRUST-51); many are written by the worker (portal/deeds.py)."""

from collections.abc import Iterable, Iterator

from django import forms
from django.db.models import QuerySet
from django.http import QueryDict

from bases.lists.columns import chosen_columns
from bases.lists.filters import RecordFilter
from bases.lists.records import for_list, records_of, scope_of
from bases.lists.selection import listed
from bases.lists.take_home import MaskForm
from bases.models import TrainingBase
from bases.submissions.kept import last_snapshots, snapshot_as_kept
from bases.submissions.wide import parts_of_a_record
from portal.models import User
from portal.sheets.streaming import stream_xlsx
from residents.models import Enrollment
from residents.models.enrollment import Module
from residents.snapshot import for_check

ACT = "export_records"
LIST, FULL = "list", "full"
TITLES = {LIST: "名单", FULL: "个人信息"}
_AT_ONCE = 200


class ExportForm(MaskForm):
    """What leaves, masked or in full."""

    what = forms.ChoiceField(
        label="内容", choices=[(LIST, "本页名单，列与所见相同"), (FULL, "全部采集信息，每条记录一行")]
    )


def seen(
    user: User, base: TrainingBase | None, module: str, params: QueryDict
) -> tuple[QuerySet[Enrollment], RecordFilter]:
    """The records of the list under these filters, in its order."""
    found, asked = listed(params, records_of(scope_of(user, base), module), module, user, base)
    return for_list(found), asked


def workbook(
    user: User, base: TrainingBase | None, module: str, params: QueryDict, *, what: str, masked: bool
) -> tuple[bytes, list[int]]:
    """The file, and the keys of the persons in it."""
    found, asked = seen(user, base, module, params)
    people = list(found.values_list("resident_id", flat=True))
    if what == FULL:
        headers, widths, lines = _in_full(found, masked)
    else:
        columns, is_intake = chosen_columns(module, asked.column_keys), module == Module.INTAKE
        headers, widths = (
            ["姓名", *(column.label for column in columns)],
            [14, *(column.width for column in columns)],
        )
        lines = (
            [
                row.resident.full_name,
                *(each.cell(row, is_intake=is_intake, masked=masked) for each in columns),
            ]
            for row in found
        )
    content = b"".join(stream_xlsx(headers, lines, sheet_name=TITLES[what], widths=widths))
    return content, people


def _in_full(found: QuerySet[Enrollment], masked: bool) -> tuple[list[str], list[int], Iterator[list]]:
    parts = parts_of_a_record()
    headers = [header for part in parts for header in part.headers]
    widths = [width for part in parts for width in part.widths]
    return headers, widths, _lines(found, masked)


def _lines(found: QuerySet[Enrollment], masked: bool) -> Iterator[list]:
    """Of one who has left what his base keeps of him (AM-20); read in parts, so that thousands need no more memory."""
    parts, ids = parts_of_a_record(), list(found.values_list("pk", flat=True))
    for start in range(0, len(ids), _AT_ONCE):
        rows = _in_order(ids[start : start + _AT_ONCE])
        kept = last_snapshots(rows)
        for row in rows:
            snapshot = snapshot_as_kept(row, kept.get(row.pk))
            yield [value for part in parts for value in part.values(snapshot, masked)]


def _in_order(ids: Iterable[int]) -> list[Enrollment]:
    rows = {row.pk: row for row in for_check(Enrollment.objects.filter(pk__in=ids))}
    return [rows[pk] for pk in ids if pk in rows]
