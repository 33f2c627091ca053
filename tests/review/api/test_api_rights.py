"""Every operation of the interface and what its key must be allowed to do (TRUST-30, TRUST-23)."""

import datetime

import pytest
from django.utils import timezone

from review.api import documentation
from review.models import ApiClient

# Which right each operation asks for; None: any key.
OPERATIONS = {
    ("post", "/api/v1/recruitments"): "deliver",
    ("post", "/api/v1/removals"): "deliver",
    ("get", "/api/v1/results"): "results",
    ("get", "/api/v1/reference/bases"): None,
    ("get", "/api/v1/reference/specialties"): None,
    ("get", "/api/v1/reference/codes"): None,
}
RIGHTS = ApiClient.Scope.values


def asked(client, operation, key: str | None):
    method, path = operation
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    if method == "get":
        return client.get(path, headers=headers)
    headers["Idempotency-Key"] = "0123456789"
    return client.post(path, {}, content_type="application/json", headers=headers)


def test_every_operation_is_in_the_table():
    paths = documentation.schema()["paths"]
    assert {(method, path) for path, methods in paths.items() for method in methods} == set(OPERATIONS)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_operation_asks_for_its_right(client, make_key, cycle, operation):
    """TRUST-30: without a key, with one that ended and with one of other rights nothing is read, let alone done."""
    needed = OPERATIONS[operation]
    assert asked(client, operation, None).status_code == 401
    for scope in RIGHTS:
        known, key = make_key(scopes=[scope], is_sandbox=True)
        answer = asked(client, operation, key)
        if needed in (None, scope):
            assert answer.status_code in (200, 422)
        else:
            assert (answer.status_code, answer.json()["code"]) == (403, "scope_missing")
        for ended in ({"revoked_at": timezone.now()}, {"expires_at": timezone.now() - datetime.timedelta(1)}):
            ApiClient.objects.filter(pk=known.pk).update(**ended)
            assert asked(client, operation, key).status_code == 401
            ApiClient.objects.filter(pk=known.pk).update(
                revoked_at=None, expires_at=timezone.now() + datetime.timedelta(1)
            )
