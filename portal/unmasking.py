"""Full numbers for one answer only: after the second factor, for a purpose that the audit log keeps (TRUST-51)."""

from django import forms
from django.contrib import messages
from django.db.models import Model

from portal import audit
from portal.models import AuditEvent
from portal.requests import SignedInRequest
from portal.sign_in import second_factor

_UNCLEAR = "请填写查看目的，至少 4 个字，例如“核对身份证原件”。"


class UnmaskForm(forms.Form):
    """What for somebody asks to see numbers in full."""

    purpose = forms.CharField(
        min_length=4, max_length=100, error_messages={"required": _UNCLEAR, "min_length": _UNCLEAR}
    )


def unmask(request: SignedInRequest, target: Model) -> AuditEvent | None:
    """The line of the log that lets the answer to this request show the numbers of `target` in full; without a purpose
    None, and the person is told. Whether he may see them at all is the caller's question."""
    second_factor.demand(request.user)
    form = UnmaskForm(request.POST)
    if not form.is_valid():
        messages.error(request, str(form.errors["purpose"][0]))
        return None
    return audit.record(
        "unmask", by=request.user, target=target, request=request, purpose=form.cleaned_data["purpose"]
    )
