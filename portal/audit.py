"""操作记录: the one way to write a line of the audit log."""

from typing import Any

import pghistory
from django.db import models, transaction
from django.forms import ModelForm
from django.http import HttpRequest

from portal.middleware import client_address
from portal.models import AuditEvent, User


def record(
    action: str,
    *,
    by: User | None,
    target: models.Model | None = None,
    request: HttpRequest | None = None,
    result: str = "ok",
    **detail: Any,
) -> AuditEvent:
    """Write one line of the audit log (BR-21). Details must hold no full ID number, mobile number or password.

    A service that is not handed the request takes address and request id from the history's context (TRUST-55).
    """
    with pghistory.context() as acting:
        known = acting.metadata
    return AuditEvent.objects.create(
        actor=by,
        role=by.role if by else "",
        action=action,
        target_type=target._meta.label if target else "",
        target_id=str(target.pk) if target else "",
        address=client_address(request) if request else known.get("address"),
        request_id=getattr(request, "id", "") if request else known.get("request", ""),
        result=result,
        detail=detail,
    )


def save_form(action: str, form: ModelForm, *, by: User, **detail: Any) -> Any:
    """Save what a valid form holds with its line in the audit log, both or neither; returns the saved row. A row that
    the form leaves as it is gets neither."""
    if not (form.instance._state.adding or form.has_changed()):
        return form.instance
    with transaction.atomic():
        saved = form.save()
        record(action, by=by, target=saved, changed=form.changed_data, **detail)
    return saved
