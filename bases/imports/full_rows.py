"""Rows of an import batch with full numbers: for the one who corrects them, and in the annotated copy (TRUST-51)."""

from typing import Any

from bases.models import ImportBatch
from bases.models.imports import ImportRows
from bases.reveal import Purpose, reveal
from portal.requests import SignedInRequest
from residents.models import Resident


def show_rows(
    request: SignedInRequest, batch: ImportBatch, rows: ImportRows, purpose: Purpose, *, action: str
) -> None:
    """Pass the gate for these rows; the persons among them whom the platform knows are named in the log.

    Raises what bases.reveal raises.
    """
    numbers = [number for number in rows.values_list("values__id_number", flat=True) if number]
    known: Any = (
        Resident.objects.filter(id_number__in=numbers).values_list("pk", flat=True) if numbers else ()
    )
    reveal(
        action,
        known,
        by=request.user,
        at=batch.base or batch.province,
        target=batch,
        purpose=purpose.value,
        request=request,
        rows=len(numbers),
    )
