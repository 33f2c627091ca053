"""What the page of a batch offers in the state it is in: no button that would be refused, none that is missing."""

from dataclasses import dataclass

from bases.imports.batch import State
from bases.imports.choices import has_open_questions, other_sheets
from bases.imports.row_fixing import can_be_corrected
from bases.imports.undo.services import can_be_undone
from bases.models import ImportBatch
from portal.calendar import Opening


@dataclass(frozen=True, slots=True)
class Offers:
    """`confirm` the good rows, `write_corrected` what was corrected since, `correct` refused rows in the page, `undo`
    the whole; `give_up` what is not written; `copy`: the annotated file; `choose`: what the file hides is read or left
    out, or another sheet is read; `another` file can be uploaded."""

    confirm: bool = False
    write_corrected: bool = False
    correct: bool = False
    undo: bool = False
    give_up: bool = False
    copy: bool = False
    choose: bool = False
    another: bool = False


def has_annotated_copy(batch: ImportBatch) -> bool:
    """The rows were judged, and the file is still here."""
    return bool(batch.file) and batch.state in (State.CHECKED, State.APPLIED)


def can_be_read_again(batch: ImportBatch) -> bool:
    """The file is here, and nobody's work would be lost."""
    is_waiting = batch.state in (State.CHECKED, State.REFUSED)
    has_left_out = any("left_out" in each for each in batch.ignored_headers)
    is_untouched = not has_left_out and not batch.rows.exclude(corrected_at=None).exists()
    return bool(batch.file) and is_waiting and is_untouched


def offers_of(batch: ImportBatch, opening: Opening, waiting: int) -> Offers:
    """To somebody who may act on it; `waiting` rows were corrected since it was written."""
    return Offers(
        confirm=opening.is_open
        and batch.state == State.CHECKED
        and batch.rows_created + batch.rows_updated > 0
        and not has_open_questions(batch),
        write_corrected=opening.is_open and batch.state == State.APPLIED and waiting > 0,
        correct=opening.is_open and can_be_corrected(batch),
        undo=opening.is_open and can_be_undone(batch),
        give_up=batch.state == State.CHECKED,
        another=opening.is_open,
        copy=has_annotated_copy(batch),
        choose=opening.is_open
        and bool(
            batch.facts.get("hidden_rows")
            or batch.facts.get("struck_rows")
            or batch.facts.get("columns")
            or other_sheets(batch)
        )
        and can_be_read_again(batch),
    )
