from typing import Any

from django.db import models
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
    """Write one line of the audit log (BR-21). Details must hold no full ID number, mobile number or password."""
    return AuditEvent.objects.create(
        actor=by,
        role=by.role if by else "",
        action=action,
        target_type=target._meta.label if target else "",
        target_id=str(target.pk) if target else "",
        address=client_address(request) if request else None,
        request_id=getattr(request, "id", "") if request else "",
        result=result,
        detail=detail,
    )
