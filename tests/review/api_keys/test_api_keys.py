"""Keys of the interface: hashed, shown once, scoped to a province, expiring, rotated, revoked, limited (TRUST-30)."""

import datetime
import hashlib

import pytest
from django.test import Client
from django.utils import timezone

from bases.models.organisations import ReportingMode
from portal.models import AuditEvent
from portal.roles import Role
from review.api import keys
from review.models import ApiClient
from tests import factories

QUERIES_OF_THE_LIST = 7
BASES = "/api/v1/reference/bases"


def ask(key, path=BASES, **headers):
    return Client().get(path, headers={"Authorization": f"Bearer {key}", **headers})


def code(response):
    return (response.status_code, response.json()["code"])


def test_key_is_stored_as_a_hash_and_nowhere_in_full(make_key):
    client, key = make_key()
    assert client.key_hash == hashlib.sha256(key.encode()).hexdigest()
    assert key.split("_")[:3] == ["zp", "live", client.prefix]
    assert all(key not in str(value) for value in vars(client).values())


def test_request_without_a_key_is_a_problem_in_chinese(db):
    """RFC 9457: application/problem+json with what to do."""
    response = Client().get(BASES)
    assert (response.status_code, response["Content-Type"]) == (401, "application/problem+json")
    assert response["WWW-Authenticate"] == "Bearer"
    problem = response.json()
    assert (problem["code"], problem["title"], problem["status"]) == ("key_required", "需要接口密钥", 401)
    assert problem["request_id"] == response["X-Request-ID"]


@pytest.mark.parametrize(
    "key", ["", "x", "zp_live_00000000_x", "zp_live__", "zp_live_\u00e9_x", "zp_live_0' OR 1=1_x", "_" * 9]
)
def test_wrong_key_is_refused(db, key):
    assert code(ask(key)) == (401, "key_required")


def test_right_prefix_with_a_wrong_secret_is_refused(make_key):
    client, _ = make_key()
    assert code(ask(f"zp_live_{client.prefix}_{'x' * 43}")) == (401, "key_required")


def test_session_of_a_signed_in_person_opens_nothing(signed_in, national_officer):
    """The interface knows keys only."""
    assert signed_in(national_officer).get(BASES).status_code == 401


def test_key_sees_the_bases_of_its_province_only(make_key, base):
    """TRUST-30: X's key on Y's data."""
    factories.TrainingBaseFactory(province_id="44", name="广东省人民医院")
    _, key = make_key()
    assert [item["name"] for item in ask(key).json()["items"]] == [base.name]


def test_revoked_key_ends_at_once(make_key, national_officer):
    """TRUST-30: after revoke 401."""
    client, key = make_key()
    assert ask(key).status_code == 200
    keys.revoke(client.pk, by=national_officer)
    assert code(ask(key)) == (401, "key_required")


def test_expired_key_ends(make_key):
    _, key = make_key(expires_at=timezone.now() - datetime.timedelta(seconds=1))
    assert code(ask(key)) == (401, "key_required")


def test_switching_off_closes_the_interface(make_key, province):
    """TRUST-30: after mode switch-off 403."""
    _, key = make_key()
    assert ask(key).status_code == 200
    province.reporting_mode = ReportingMode.DIRECT
    province.save()
    assert code(ask(key)) == (403, "mode_closed")


def test_rotation_leaves_no_gap(make_key, national_officer):
    """Both keys are valid for a week; then only the new one."""
    client, old = make_key()
    successor, new = keys.rotate(client.pk, by=national_officer)
    assert (ask(old).status_code, ask(new).status_code) == (200, 200)
    client.refresh_from_db()
    left = client.expires_at - timezone.now()
    assert datetime.timedelta(days=6, hours=23) < left <= datetime.timedelta(days=7)
    assert (successor.scopes, successor.addresses, successor.lineage) == (
        client.scopes,
        client.addresses,
        client.lineage,
    )


def test_key_without_the_scope_is_refused(make_key):
    _, key = make_key(scopes=["deliver"])
    assert code(ask(key, "/api/v1/results")) == (403, "scope_missing")
    assert ask(key).status_code == 200


@pytest.mark.parametrize(("addresses", "status"), [(["10.0.0.0/8"], 403), (["127.0.0.1"], 200), ([], 200)])
def test_key_may_be_limited_to_addresses(make_key, addresses, status):
    _, key = make_key(addresses=addresses)
    assert ask(key).status_code == status


def test_forged_forwarded_address_does_not_help(make_key):
    _, key = make_key(addresses=["10.0.0.1"])
    assert code(ask(key, **{"X-Forwarded-For": "10.0.0.1"})) == (403, "address_refused")


def test_every_answer_tells_the_rate_and_too_many_are_refused(make_key, settings):
    """GOAL-N3: rate headers; 429 with Retry-After."""
    settings.API_REQUESTS_PER_MINUTE = 3
    client, key = make_key()
    ask(key)
    ApiClient.objects.filter(pk=client.pk).update(requests_in_minute=2)
    third, fourth = ask(key), ask(key)
    if third["RateLimit-Remaining"] != "0":
        # A minute has begun between the requests: the count starts again.
        ApiClient.objects.filter(pk=client.pk).update(requests_in_minute=3)
        fourth = ask(key)
    assert code(fourth) == (429, "too_many_requests")
    assert (fourth["RateLimit-Limit"], fourth["RateLimit-Remaining"]) == ("3", "0")
    assert 1 <= int(fourth["Retry-After"]) <= 60


def test_last_use_is_kept(make_key):
    client, key = make_key()
    ask(key)
    client.refresh_from_db()
    assert timezone.now() - client.last_used_at < datetime.timedelta(minutes=1)


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("get", "/api/v1/nothing", (404, "not_found")),
        ("get", "/api/v1/recruitments", (405, "method_not_allowed")),
        ("delete", "/api/v1/results", (405, "method_not_allowed")),
        ("get", "/api/v1/results?cursor=x", (422, "malformed")),
        ("get", "/api/v1/results?limit=501", (422, "malformed")),
        ("get", "/api/v1/results?curser=7", (422, "malformed")),
        ("post", "/api/v1/recruitments", (400, "bad_request")),
    ],
)
def test_every_refusal_is_a_problem(make_key, method, path, expected):
    """RFC 9457 for whatever is wrong with the request."""
    _, key = make_key()
    headers = {"Authorization": f"Bearer {key}", "Idempotency-Key": "12345678"}
    body = {"data": "{", "content_type": "application/json"} if method == "post" else {}
    response = getattr(Client(), method)(path, headers=headers, **body)
    assert (code(response), response["Content-Type"]) == (expected, "application/problem+json")


def test_too_large_request_is_a_problem(make_key, settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 100
    _, key = make_key()
    response = Client().post(
        "/api/v1/recruitments",
        b"x" * 101,
        content_type="application/json",
        headers={"Authorization": f"Bearer {key}", "Idempotency-Key": "12345678"},
    )
    assert code(response) == (413, "too_large")


def test_malformed_batch_names_each_fault_by_its_place(make_key):
    _, key = make_key()
    body = {
        "declared": False,
        "records": [{"account": {}}, {"basic": 3}, {"account": {"mobile": {}}}],
        "x": 1,
    }
    response = Client().post(
        "/api/v1/recruitments",
        body,
        content_type="application/json",
        headers={"Authorization": f"Bearer {key}", "Idempotency-Key": "12345678"},
    )
    assert response.json()["errors"] == [
        {"pointer": "/declared", "text": "只能是 true：请先核对信息，再声明真实、准确、完整。"},
        {"pointer": "/records/1", "text": "缺少“account”。"},
        {"pointer": "/records/2", "text": "“account.mobile”应为文字、数字或真假值。"},
        {"pointer": "/x", "text": "没有这个字段。"},
    ]


# --- the page --------------------------------------------------------------------------------------------------------


def new_key(client, **changes):
    data = {
        "province": "33",
        "name": "省平台",
        "kind": "sandbox",
        "scopes": ["deliver", "results"],
        "days": "90",
        "addresses": "",
    }
    return client.post("/review/api-keys/new/", data | changes)


def test_provinces_administrator_makes_a_key_that_is_shown_once(signed_in, provincial_reviewer):
    client = signed_in(provincial_reviewer)
    shown = new_key(client, addresses="203.0.113.8\n203.0.113.77/24\n")
    made = ApiClient.objects.get()
    assert (made.addresses, made.is_sandbox) == (["203.0.113.8", "203.0.113.0/24"], True)
    assert f"zp_test_{made.prefix}_" in shown.content.decode()
    assert f"zp_test_{made.prefix}_" not in client.get("/review/api-keys/").content.decode()
    assert AuditEvent.objects.filter(action="api_key_created", actor=provincial_reviewer).count() == 1


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("province", "44", "请从列表中重新选择"),
        ("addresses", "医院", "第1行“医院”不是 IP 地址或网段。"),
        ("days", "9999", "请从列表中重新选择"),
        ("scopes", "everything", "请从列表中重新选择"),
    ],
)
def test_form_refuses_what_is_not_his_or_makes_no_sense(signed_in, provincial_reviewer, field, value, words):
    response = new_key(signed_in(provincial_reviewer), **{field: value})
    assert response.status_code == 422
    assert words in response.content.decode()
    assert ApiClient.objects.count() == 0


def test_read_only_member_of_a_province_manages_no_keys(signed_in, province, make_key):
    make_key()
    reader = factories.UserFactory(role=Role.PROVINCE)
    factories.grant(reader, province, read_only=True)
    client = signed_in(reader)
    assert new_key(client).status_code == 403
    assert client.post(f"/review/api-keys/{ApiClient.objects.get().pk}/revoke/").status_code == 404


def test_keys_are_rotated_and_revoked_on_the_page(signed_in, provincial_reviewer, make_key):
    made, key = make_key()
    client = signed_in(provincial_reviewer)
    shown = client.post(f"/review/api-keys/{made.pk}/rotate/")
    successor = ApiClient.objects.exclude(pk=made.pk).get()
    assert f"zp_live_{successor.prefix}_" in shown.content.decode()
    client.post(f"/review/api-keys/{made.pk}/revoke/")
    assert code(ask(key)) == (401, "key_required")
    again = client.post(f"/review/api-keys/{made.pk}/rotate/", follow=True)
    assert "不能更换" in again.content.decode()


@pytest.mark.parametrize("count", [1, 3])
def test_list_of_keys_asks_a_constant_number_of_queries(
    signed_in, provincial_reviewer, make_key, django_assert_num_queries, count
):
    for _ in range(count):
        make_key()
    client = signed_in(provincial_reviewer)
    client.get("/review/api-keys/")
    with django_assert_num_queries(QUERIES_OF_THE_LIST):
        client.get("/review/api-keys/")
