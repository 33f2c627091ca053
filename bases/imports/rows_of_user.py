"""A refused row of an import as the beginning of something else: 请求转出, 提交核实."""

from django.shortcuts import get_object_or_404

from bases.models import ImportRow
from bases.scope import bases_for
from portal.parameters import key, text
from portal.requests import SignedInRequest
from portal.roles import Action


def refused_row(request: SignedInRequest) -> ImportRow | None:
    """The refused row of one of the user's own batches that the address names. Raises Http404 for any other."""
    if not text(request.GET, "row"):
        return None
    own = bases_for(request.user, Action.IMPORT_ACCOUNTS)
    rows = ImportRow.objects.select_related("batch__base").filter(batch__base__in=own, verdict="refused")
    return get_object_or_404(rows, pk=key(request.GET, "row"))
