"""Whose a batch is: who may look at it, and who may act on it."""

from django.core.exceptions import PermissionDenied
from django.shortcuts import get_object_or_404

from bases.models import ImportBatch
from bases.scope import bases_for, province_codes_for, provinces_for
from bases.workbooks.kinds import kind_of
from portal.models import User
from portal.roles import Action, Role


def batch_for(user: User, pk: int, *, to_act: bool = True) -> ImportBatch:
    """404 for the batch of another base or province; 403 for one that the user may only look at."""
    batches = ImportBatch.objects.select_related(
        "base__province", "province", "cycle", "uploaded_by", "confirmed_by", "copy_job"
    )
    if user.role == Role.BASE:
        batches = batches.filter(base__in=list(bases_for(user, Action.VIEW).values_list("pk", flat=True)))
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
        return bases_for(user, action).filter(pk=found.base_id).exists()
    return provinces_for(user, action).filter(pk=found.province_id).exists()
