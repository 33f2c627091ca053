"""接口密钥: the association or a province's own administrator makes, rotates and revokes keys (TRUST-30)."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from bases.scope import provinces_for
from portal.access import allow
from portal.requests import SignedInRequest
from portal.roles import Action, Role
from residents.services.states import StateMoved
from review.api import keys
from review.api_keys.forms import KeyForm


@require_GET
@allow(Role.PROVINCE, Role.CMDA)
def api_keys(request: SignedInRequest) -> HttpResponse:
    """The keys of the provinces whose staff the user manages: rights, period, addresses, last use."""
    page = {
        "keys": keys.managed_by(request.user)[:500],
        "may_create": provinces_for(request.user, Action.MANAGE_STAFF).exists(),
        "overlap": keys.OVERLAP.days,
    }
    return render(request, "review/api_keys/api_keys.html", page)


@require_http_methods(["GET", "POST"])
@allow(Role.PROVINCE, Role.CMDA)
def api_key_new(request: SignedInRequest) -> HttpResponse:
    """A new key, shown once, on the answer to this POST."""
    if not provinces_for(request.user, Action.MANAGE_STAFF).exists():
        raise PermissionDenied
    form = KeyForm(request.user, request.POST or None)
    if request.method == "POST" and form.is_valid():
        client, key = keys.create(form.cleaned_data["province"], **form.values(), by=request.user)
        return render(request, "review/api_keys/shown.html", {"client": client, "key": key})
    return render(request, "review/api_keys/new.html", {"form": form}, status=422 if form.errors else 200)


@require_POST
@allow(Role.PROVINCE, Role.CMDA)
def api_key_rotate(request: SignedInRequest, pk: int) -> HttpResponse:
    """The successor is shown once; the old key works on for a while."""
    old = get_object_or_404(keys.managed_by(request.user), pk=pk)
    try:
        client, key = keys.rotate(old.pk, by=request.user)
    except StateMoved as moved:
        messages.error(request, str(moved))
        return redirect("review:api-keys")
    page = {"client": client, "key": key, "old": old, "overlap": keys.OVERLAP.days}
    return render(request, "review/api_keys/shown.html", page)


@require_POST
@allow(Role.PROVINCE, Role.CMDA)
def api_key_revoke(request: SignedInRequest, pk: int) -> HttpResponse:
    """The key ends with this click."""
    client = get_object_or_404(keys.managed_by(request.user), pk=pk)
    keys.revoke(client.pk, by=request.user)
    messages.success(request, f"密钥“{client.name}”（{client.prefix}）已吊销，立即失效。")
    return redirect("review:api-keys")
