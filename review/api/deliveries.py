"""Safe retries: one request and its answer under the platform's Idempotency-Key for 72 hours (GOAL-N4; TRUST-50).

The row of the key, everything the batch writes and the answer are one transaction. A second request with the same key
waits at the key's unique constraint for the first: then it finds the answer, or, where the first one failed, does the
work itself. No request can be half done.
"""

import hashlib
import json
from collections.abc import Callable
from typing import Any

from django.db import OperationalError, connection
from psycopg2 import errorcodes

from portal import retention
from portal.deadlocks import begun_again, code_of
from review.api.problems import Refusal
from review.models import ApiClient, ApiDelivery

# A repeated request waits for the first one at most so long, then is asked to come again.
LONGEST_WAIT_SECONDS = 20


def once(client: ApiClient, key: str, body: bytes, work: Callable[[], dict[str, Any]]) -> tuple[str, bool]:
    """The answer as text, and whether it is a stored one: `work` is done at most once for a key and body.

    Raises Refusal for another body under a known key, and where the first request still runs.
    """
    digest = hashlib.sha256(body).hexdigest()
    try:
        # Two batches may name the same persons at different bases.
        return begun_again(lambda: _once(client, key, digest, work))
    except OperationalError as error:
        if code_of(error) == errorcodes.LOCK_NOT_AVAILABLE:
            raise _in_progress() from error
        raise


def forget_old() -> int:
    """Answers that no platform may ask for again go: before each request, and for the clock."""
    return ApiDelivery.objects.filter(received_at__lt=retention.until("deliveries")).delete()[0]


def _once(client: ApiClient, key: str, digest: str, work: Callable[[], dict[str, Any]]) -> tuple[str, bool]:
    forget_old()
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL lock_timeout = %s", [f"{LONGEST_WAIT_SECONDS}s"])
    row, is_first = ApiDelivery.objects.get_or_create(
        lineage=client.lineage, idempotency_key=key, defaults={"client": client, "body_sha256": digest}
    )
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL lock_timeout = 0")
    if not is_first:
        if row.body_sha256 != digest:
            raise Refusal(
                409,
                "idempotency_key_reused",
                "Idempotency-Key 已用于其他内容",
                "72小时内用过的 Idempotency-Key 不能用于不同的请求内容；内容有改动请换一个新的。",
            )
        return row.answer, True
    row.answer = json.dumps(work(), ensure_ascii=False)
    row.save(update_fields=["answer"])
    return row.answer, False


def _in_progress() -> Refusal:
    return Refusal(
        409,
        "in_progress",
        "同一请求正在处理",
        "使用同一 Idempotency-Key 的请求正在处理，请稍后用同一个重试，将得到它的结果。",
        headers={"Retry-After": "5"},
    )
