"""Migration of the legacy yearly rosters into 住院医师管理 (BR-25): read, judged and written in chunks.

A chunk and the progress of its file are one transaction: killed in the middle and run again, every row enters exactly
once. The verdicts are those of residents.rules.legacy and of the platform's records; a dry run gives the same ones and
writes nothing.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import dropwhile, islice
from pathlib import Path
from typing import Any, cast

import pghistory
from django.db import transaction
from django.utils import timezone

from bases.legacy.columns import OPTIONAL, REQUIRED, Cells, aliases
from bases.legacy.people import COMPARED, BaseNames, People, Record
from bases.models import LegacyFault, LegacyRoster, TrainingBase
from bases.workbooks.rows import shown
from portal.digests import sha256_of
from portal.models import User
from portal.sheets.rolls import Roll, open_roll
from residents.catalogue.catalogue import Problem
from residents.codes.training import WITHDRAWN
from residents.rules.legacy import Judged, judge
from residents.services.legacy import LegacyRow, write_legacy
from residents.standing import AccountRow

CHUNK = 2_000
# A row whose person came in by another way in this very moment is judged again.
_PASSES = 4


class RosterBusy(Exception):
    """Another process has gone on with this roster meanwhile."""


@dataclass(slots=True)
class Counts:
    """rows = created + present + refused; `incomplete` are created rows with cells left out."""

    rows: int = 0
    created: int = 0
    present: int = 0
    refused: int = 0
    incomplete: int = 0

    def add(self, other: "Counts") -> None:
        for name in Counts.__dataclass_fields__:
            setattr(self, name, getattr(self, name) + getattr(other, name))


@dataclass(slots=True)
class Fault:
    """A row that was refused or taken without some cells: what it held and [header, problem] in words."""

    sheet_row: int
    is_refused: bool
    cells: list[str]
    problems: list[list[str]]


@dataclass(slots=True)
class Row:
    """One row on its way: judged by the rules, then by what the platform knows."""

    number: int
    values: list[Any]
    cells: Cells
    judged: Judged
    base: TrainingBase | Problem
    refusals: list[tuple[str, Problem]] = field(default_factory=list)
    is_present: bool = False
    # Where it is present: what it tells otherwise than the platform.
    changed: list[tuple[str, Problem]] = field(default_factory=list)

    @property
    def person(self) -> AccountRow:
        told = self.judged.values["account"]
        return AccountRow(
            self.number, **{name: told.get(name) for name in AccountRow.__slots__ if name != "row"}
        )

    @property
    def home(self) -> TrainingBase:
        """The base of a row that is not refused for it."""
        return cast(TrainingBase, self.base)

    @property
    def record(self) -> Record:
        told = self.judged.values
        status = told["status"]["status"]
        return Record(
            self.home.pk,
            self.home.name,
            told["account"]["intake_year"],
            told["training"].get("specialty"),
            status,
            is_live=status != WITHDRAWN,
            is_migrated=True,
            details={name: told["training"].get(name) for name in COMPARED},
        )


@dataclass(slots=True)
class Result:
    """What became of one file; `faults` can be walked through once."""

    headers: list[str]
    ignored: list[str]
    counts: Counts
    faults: Iterable[Fault]


class Migration:
    """One run over any number of rosters. `tell` gets the counts of a file after every chunk (BR-13)."""

    def __init__(self, *, by: User, dry_run: bool, tell: Callable[[Path, Counts], None]) -> None:
        self.by = by
        self.dry_run = dry_run
        self.tell = tell
        self.bases = BaseNames()
        # A dry run has nothing written by which it would know the rows it took before.
        self._rehearsed = People()

    def run(self, path: Path) -> Result:
        """Migrate one file, or what is left of it. Raises SheetRefused and RosterBusy."""
        with open_roll(path, expected_headers=REQUIRED, optional_headers=OPTIONAL, aliases=aliases()) as roll:
            if self.dry_run:
                return self._rehearse(path, roll)
            return self._migrate(path, roll)

    def _rehearse(self, path: Path, roll: Roll) -> Result:
        counts = Counts()
        faults: list[Fault] = []
        for chunk in _chunks(roll.rows):
            rows = [self._read(roll, *row) for row in chunk]
            self._judge(rows, self._rehearsed)
            faults += _faults(rows)
            counts.add(_counts(rows))
            self.tell(path, counts)
        return _result(roll, counts, faults)

    def _migrate(self, path: Path, roll: Roll) -> Result:
        roster = self._begin(path)
        rest = dropwhile(lambda row: row[0] <= roster.row_done, roll.rows)
        for chunk in _chunks(rest):
            with (
                transaction.atomic(),
                pghistory.context(user=self.by.pk, role=self.by.role, channel="migration", roster=roster.pk),
            ):
                self._work(roster, [self._read(roll, *row) for row in chunk])
            self.tell(path, _counts_of(roster))
        LegacyRoster.objects.filter(pk=roster.pk).update(finished_at=timezone.now())
        faults = (
            Fault(each.sheet_row, each.is_refused, each.cells, each.problems)
            for each in roster.faults.iterator(chunk_size=CHUNK)
        )
        return _result(roll, _counts_of(roster), faults)

    def _begin(self, path: Path) -> LegacyRoster:
        """The file's progress: a new one, the one it was left with, or, once finished, a second walk from the top."""
        roster, _ = LegacyRoster.objects.get_or_create(
            file_sha256=sha256_of(path), defaults={"file_name": path.name[-255:], "started_by": self.by}
        )
        if roster.finished_at is None:
            return roster
        with transaction.atomic():
            roster.faults.all().delete()
            roster.finished_at, roster.started_at, roster.started_by = None, timezone.now(), self.by
            roster.row_done = 0
            _store_counts(roster, Counts())
        return roster

    def _work(self, roster: LegacyRoster, rows: list[Row]) -> None:
        locked = LegacyRoster.objects.select_for_update().get(pk=roster.pk)
        if locked.row_done != roster.row_done:
            raise RosterBusy
        pending = rows
        for _ in range(_PASSES):
            self._judge(pending, People())
            good = [row for row in pending if not row.is_present and not row.refusals]
            entered = write_legacy([_as_written(row) for row in good], by=self.by)
            pending = [row for row in good if row.number not in entered]
            if not pending:
                break
        else:
            raise RosterBusy
        LegacyFault.objects.bulk_create(
            LegacyFault(
                roster=roster,
                sheet_row=fault.sheet_row,
                is_refused=fault.is_refused,
                cells=fault.cells,
                problems=fault.problems,
            )
            for fault in _faults(rows)
        )
        counts = _counts_of(roster)
        counts.add(_counts(rows))
        roster.row_done = rows[-1].number
        _store_counts(roster, counts)

    def _read(self, roll: Roll, number: int, values: list[Any]) -> Row:
        names = [header for _, header in roll.headers[: roll.known]]
        cells = Cells(dict(zip(names, values, strict=False)))
        base = self.bases.find(cells.base, cells.province)
        context = {
            "today": timezone.localdate(),
            "base_province": base.province_id if isinstance(base, TrainingBase) else None,
        }
        return Row(number, values, cells, judge(cells.raw, cells.unreadable, context), base)

    def _judge(self, rows: list[Row], people: People) -> None:
        """First the row by itself, then, in the order of the rows, against the platform."""
        sound = []
        for row in rows:
            row.refusals = list(row.judged.refusals)
            if isinstance(row.base, Problem):
                row.refusals.append(("base", row.base))
            if not row.refusals:
                sound.append(row)
        people.load(row.person for row in sound)
        for row in sound:
            person, record = row.person, row.record
            found = people.judge(person, record)
            row.is_present = found is None
            if row.is_present:
                row.changed = [("account.id_number", each) for each in people.changed(person, record)]
            row.refusals += [("account.id_number", each) for each in found or ()]
            if found == []:
                people.take(person, record)


def _chunks(rows: Iterator[tuple[int, list[Any]]]) -> Iterator[list[tuple[int, list[Any]]]]:
    while chunk := list(islice(rows, CHUNK)):
        yield chunk


def _as_written(row: Row) -> LegacyRow:
    judged = row.judged
    return LegacyRow(
        row.person, row.home.pk, judged.values, judged.training_is_complete, judged.personal_is_complete
    )


def _counts(rows: list[Row]) -> Counts:
    refused = sum(bool(row.refusals) for row in rows)
    present = sum(row.is_present for row in rows)
    return Counts(
        rows=len(rows),
        created=len(rows) - refused - present,
        present=present,
        refused=refused,
        incomplete=sum(bool(row.judged.left_out) and not row.refusals and not row.is_present for row in rows),
    )


def _counts_of(roster: LegacyRoster) -> Counts:
    return Counts(
        roster.rows_total,
        roster.rows_created,
        roster.rows_present,
        roster.rows_refused,
        roster.rows_incomplete,
    )


def _store_counts(roster: LegacyRoster, counts: Counts) -> None:
    roster.rows_total, roster.rows_created = counts.rows, counts.created
    roster.rows_present, roster.rows_refused = counts.present, counts.refused
    roster.rows_incomplete = counts.incomplete
    roster.save()


def _faults(rows: Iterable[Row]) -> Iterator[Fault]:
    """Refused rows with all that is wrong with them, created ones of which cells were left out, and those that were
    there already and tell something else now."""
    for row in rows:
        problems = row.refusals + (row.changed if row.is_present else row.judged.left_out)
        if problems:
            yield Fault(
                row.number,
                bool(row.refusals),
                [shown(value) for value in row.values],
                [[row.cells.header(path), str(each)] for path, each in problems],
            )


def _result(roll: Roll, counts: Counts, faults: Iterable[Fault]) -> Result:
    return Result(
        [header for _, header in roll.headers],
        [header for _, header in roll.headers[roll.known :]],
        counts,
        faults,
    )
