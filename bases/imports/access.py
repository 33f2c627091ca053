"""Whose a batch or a row is: who may look at it, who may act on it, and who sees its full numbers (TRUST-51)."""

from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.shortcuts import get_object_or_404

from bases.models import ImportBatch, ImportRow
from bases.models.imports import ImportRows
from bases.reveal import Purpose, reveal
from bases.scope import (
    base_ids,
    bases_for,
    province_codes_for,
    provinces_for,
    specialty_bases_for,
    specialty_places,
)
from bases.workbooks.kinds import kind_of
from portal.models import User
from portal.parameters import key, text
from portal.requests import SignedInRequest
from portal.roles import Action, Role
from residents.standing import bearers


def batch_for(user: User, pk: int, *, to_act: bool = True) -> ImportBatch:
    """404 for the batch of another base or province; 403 for one that the user may only look at."""
    batches = ImportBatch.objects.select_related(
        "base__province", "province", "cycle", "uploaded_by", "confirmed_by", "copy_job"
    )
    if user.role == Role.BASE:
        # A department secretary sees what he has sent himself: the files of others hold other people.
        own = Q(base__in=base_ids(user, Action.VIEW))
        own |= Q(base__in=[place.base_id for place in specialty_places(user)], uploaded_by=user)
        batches = batches.filter(own)
    else:
        codes = province_codes_for(user, Action.VIEW)
        batches = batches.filter(base=None, province__in=codes)
    found = get_object_or_404(batches, pk=pk)
    if to_act and not may_act(user, found):
        raise PermissionDenied
    return found


def may_act(user: User, found: ImportBatch) -> bool:
    """Whether the user may do with this batch what its kind of workbook asks for."""
    action = kind_of(found).action
    if found.base_id:
        own = found.uploaded_by_id == user.pk and found.kind == ImportBatch.Kind.TRAINING
        return bases_for(user, action).filter(pk=found.base_id).exists() or (
            own and specialty_bases_for(user, action).filter(base=found.base_id).exists()
        )
    return provinces_for(user, action).filter(pk=found.province_id).exists()


def refused_row(request: SignedInRequest) -> ImportRow | None:
    """The refused row of one of the user's own batches that the address names: 请求转出 or 提交核实 begins with it.
    Raises Http404 for any other."""
    if not text(request.GET, "row"):
        return None
    own = bases_for(request.user, Action.IMPORT_ACCOUNTS)
    rows = ImportRow.objects.select_related("batch__base").filter(batch__base__in=own, verdict="refused")
    return get_object_or_404(rows, pk=key(request.GET, "row"))


def show_rows(
    request: SignedInRequest, batch: ImportBatch, rows: ImportRows, purpose: Purpose, *, action: str
) -> None:
    """Pass the gate for these rows; the persons among them whom the platform knows are named in the log.

    Raises what bases.reveal raises.
    """
    numbers = [number for number in rows.values_list("values__id_number", flat=True) if number]
    known = {person.pk for some in bearers(numbers).values() for person in some}
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
