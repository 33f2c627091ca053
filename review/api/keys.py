"""Keys of a province's platform: made, rotated, revoked, recognised, counted (TRUST-30; GOAL-N3).

A key is 32 random bytes, so a plain SHA-256 of it is as strong as a slow hash and costs nothing at each request.
"""

import hashlib
import hmac
import ipaddress
import math
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast

from django.conf import settings
from django.db import connection, transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from ninja.security import HttpBearer

from bases.models import Province
from bases.models.organisations import ReportingMode
from bases.scope import province_codes_for
from portal import audit
from portal.middleware import client_address
from portal.models import User
from portal.requests import Request
from portal.roles import Action
from residents.services.states import StateMoved
from review.api.problems import Refusal, general
from review.models import ApiClient

# After a rotation both keys work for so long, so that the platform can change over without a gap.
OVERLAP = timedelta(days=7)
Scope = ApiClient.Scope


@dataclass(frozen=True, slots=True)
class Usage:
    """Requests of one key in this minute; `reset` in seconds."""

    limit: int
    used: int
    reset: int

    @property
    def headers(self) -> dict[str, str]:
        return {
            "RateLimit-Limit": str(self.limit),
            "RateLimit-Remaining": str(max(0, self.limit - self.used)),
            "RateLimit-Reset": str(self.reset),
        }


# --- the desk --------------------------------------------------------------------------------------------------------


def managed_by(user: User) -> QuerySet[ApiClient]:
    """Keys of the provinces whose staff the user may manage, the association's or a province's own administrator."""
    codes = province_codes_for(user, Action.MANAGE_STAFF)
    return ApiClient.objects.filter(province__in=codes).select_related("province", "created_by")


def create(
    province: Province,
    *,
    name: str,
    scopes: Collection[str],
    addresses: Collection[str],
    is_sandbox: bool,
    expires_at: datetime,
    by: User,
) -> tuple[ApiClient, str]:
    """A new key: the row and the text, which exists nowhere else and is shown once."""
    with transaction.atomic():
        client, key = _make(
            province=province,
            name=name,
            scopes=list(scopes),
            addresses=list(addresses),
            is_sandbox=is_sandbox,
            expires_at=expires_at,
            created_by=by,
        )
        audit.record("api_key_created", by=by, target=client, scopes=client.scopes, sandbox=is_sandbox)
    return client, key


def rotate(client_id: int, *, by: User) -> tuple[ApiClient, str]:
    """A successor with the same rights and period; the old key works for OVERLAP longer. Raises StateMoved."""
    with transaction.atomic():
        old = ApiClient.objects.select_for_update().get(pk=client_id)
        if not old.is_valid:
            raise StateMoved("这个密钥已吊销或已过期，不能更换，请新建密钥。")
        now = timezone.now()
        successor, key = _make(
            province_id=old.province_id,
            name=old.name,
            scopes=old.scopes,
            addresses=old.addresses,
            is_sandbox=old.is_sandbox,
            lineage=old.lineage,
            expires_at=now + (old.expires_at - old.created_at),
            created_by=by,
        )
        old.expires_at = min(old.expires_at, now + OVERLAP)
        old.save(update_fields=["expires_at"])
        audit.record("api_key_rotated", by=by, target=old, successor=successor.pk)
    return successor, key


def revoke(client_id: int, *, by: User) -> None:
    """The key ends at once; a second time changes nothing."""
    with transaction.atomic():
        client = ApiClient.objects.select_for_update().get(pk=client_id)
        if client.revoked_at is None:
            client.revoked_at = timezone.now()
            client.save(update_fields=["revoked_at"])
            audit.record("api_key_revoked", by=by, target=client)


def _make(**values: object) -> tuple[ApiClient, str]:
    prefix = secrets.token_hex(4)
    kind = "test" if values["is_sandbox"] else "live"
    key = f"zp_{kind}_{prefix}_{secrets.token_urlsafe(32)}"
    return ApiClient.objects.create(prefix=prefix, key_hash=_hash(key), **values), key


def _hash(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


# --- each request ----------------------------------------------------------------------------------------------------


class KeyRequest(Request):
    """A request that KeyAuth has let through."""

    auth: ApiClient
    api_usage: Usage


class KeyAuth(HttpBearer):
    """Who asks: the key's row as `request.auth`, if it is valid, used from where it may be, and its province delivers
    by the interface. A sandbox key works before the switch too: it is for the joint test (BR-06)."""

    def __init__(self, scope: str | None = None) -> None:
        super().__init__()
        self.scope = scope

    def authenticate(self, request: HttpRequest, token: str) -> ApiClient:
        client = _recognised(token)
        if not _is_from(client_address(request), client.addresses):
            raise Refusal(
                403, "address_refused", "来源地址不在允许范围内", "这个密钥限定了来源地址，本次请求不在其中。"
            )
        usage = count(client.pk)
        cast(KeyRequest, request).api_usage = usage
        if usage.used > usage.limit:
            refusal = general(429)
            refusal.headers["Retry-After"] = str(usage.reset)
            raise refusal
        if not client.is_sandbox:
            refuse_direct(client.province.reporting_mode)
        if self.scope and self.scope not in client.scopes:
            raise Refusal(
                403, "scope_missing", "密钥没有此权限", f"这个密钥没有“{Scope(self.scope).label}”的权限。"
            )
        return client


def refuse_direct(reporting_mode: str) -> None:
    """Raise the refusal of a province that does not deliver by the interface (BR-08)."""
    if reporting_mode != ReportingMode.API:
        raise Refusal(
            403,
            "mode_closed",
            "本省未开通接口传送",
            "本省现在不是接口传送方式：请在平台提交报送方式切换申请，经中国医师协会确认后使用。",
        )


def _recognised(token: str) -> ApiClient:
    parts = token.split("_", 3)
    # The prefix is ASCII hex; anything else never reaches the database.
    prefix = parts[2] if len(parts) == 4 and parts[2].isascii() and parts[2].isalnum() else ""
    client = ApiClient.objects.select_related("province").filter(prefix=prefix).first()
    stored = client.key_hash if client else ""
    sent = _hash(token)
    if client is None or not hmac.compare_digest(stored, sent) or not client.is_valid:
        raise general(401)
    return client


def _is_from(address: str, allowed: Collection[str]) -> bool:
    here = ipaddress.ip_address(address)
    return not allowed or any(here in ipaddress.ip_network(each) for each in allowed)


def network(text: str) -> str:
    """An address or a CIDR network in its usual form. Raises ValueError."""
    found = ipaddress.ip_network(text.strip(), strict=False)
    return str(found.network_address) if found.num_addresses == 1 else str(found)


_COUNT = """
UPDATE review_apiclient SET
  requests_in_minute = 1
    + CASE WHEN minute = date_trunc('minute', clock_timestamp()) THEN requests_in_minute ELSE 0 END,
  minute = date_trunc('minute', clock_timestamp()), last_used_at = clock_timestamp()
WHERE id = %s
RETURNING requests_in_minute, extract(epoch FROM minute + interval '1 minute' - clock_timestamp())
"""


def count(client_id: int) -> Usage:
    """Count one request; exact however many processes count at once."""
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, [client_id])
        used, seconds = cursor.fetchone()
    return Usage(settings.API_REQUESTS_PER_MINUTE, used, max(1, math.ceil(seconds)))
