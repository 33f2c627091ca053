"""The two entrances and activation: GOAL-R1, BR-28, BR-44, BR-51, AM-09, AM-21, TRUST-01 … TRUST-10, TRUST-16,
TRUST-60."""

import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from portal.hashers import OwaspArgon2idHasher
from portal.models import AuditEvent, User
from portal.roles import Role
from portal.sign_in import services, throttle
from residents.models import Enrollment
from tests import factories
from tests.factories import PASSWORD
from tests.portal.sign_in.entrances import NEW, RESIDENT_ENTRANCE, STAFF_ENTRANCE, activation, sign_in

# Hashing is a part of the subject.
pytestmark = pytest.mark.usefixtures("argon2")


def body(response) -> str:
    """The page without what differs on every answer."""
    text = response.content.decode()
    text = re.sub(r'csrf[^>]*value="[^"]+"|data-htmx-headers-token="[^"]*"', "", text)
    return re.sub(r"<time.*?</time>", "", text)


def test_resident_signs_in_with_id_number(resident):
    """BR-28."""
    client = Client()
    assert sign_in(client, resident.username, PASSWORD).url == reverse("portal:desk")
    assert client.session["_auth_user_id"] == str(resident.pk)


def test_staff_signs_in_at_its_own_entrance_only(base_officer, resident):
    """BR-27, BR-28: two entrances."""
    assert sign_in(Client(), base_officer.username, PASSWORD, STAFF_ENTRANCE).status_code == 302
    for account, entrance in (
        (base_officer.username, RESIDENT_ENTRANCE),
        (resident.username, STAFF_ENTRANCE),
    ):
        client = Client()
        assert sign_in(client, account, PASSWORD, entrance).status_code == 200
        assert "_auth_user_id" not in client.session


@pytest.mark.parametrize("spelling", ["lower", "full width", "blanks", "invisible"])
def test_account_is_normalised_at_sign_in(spelling, base, cycle):
    """PAIN-11, TRUST-07."""
    number = "11010119900307002X"
    person = factories.ResidentFactory(id_number=number)
    factories.EnrollmentFactory(resident=person, base=base, intake_year=cycle.year)
    typed = {
        "lower": number.lower(),
        "full width": "".join(chr(ord(character) + 0xFEE0) for character in number),
        "blanks": f"  {number[:6]} {number[6:]}\u3000",
        "invisible": f"\u202d{number}\u200b",
    }[spelling]
    assert sign_in(Client(), typed, PASSWORD).status_code == 302


@pytest.mark.parametrize("who", ["newcomer", "resident", "locked", "unknown", "base_officer"])
def test_initial_word_leads_everybody_to_the_same_activation_page(who, request, db):
    """TRUST-01 and TRUST-02: 000000 reveals nothing and opens nothing else."""
    if who == "unknown":
        account = "330102199001010000"
    elif who == "locked":
        user = request.getfixturevalue("newcomer")
        User.objects.filter(pk=user.pk).update(activation_failures=5)
        account = user.username
    else:
        account = request.getfixturevalue(who).username
    client = Client()

    answer = sign_in(client, account, "000000")

    assert (answer.status_code, answer.url) == (302, "/activate/")
    assert client.get("/activate/").status_code == 200
    assert client.get("/resident/").status_code == 302
    assert client.get(reverse("portal:password-change")).status_code == 302


def test_reset_ends_every_session_and_nobody_learns_a_password(resident, base_officer):
    """BR-51, TRUST-10, TRUST-11 (AM-09)."""
    other_browser = Client()
    sign_in(other_browser, resident.username, PASSWORD)

    services.reset_to_activation(resident, by=base_officer)

    assert other_browser.get(reverse("portal:password-change")).status_code == 302
    resident.refresh_from_db()
    assert not resident.has_usable_password()
    assert AuditEvent.objects.get(action="password_reset").actor == base_officer
    assert sign_in(Client(), resident.username, PASSWORD).status_code == 200


def test_refusals_cannot_be_told_apart(newcomer, resident, base_officer):
    """TRUST-02, BR-51: unknown, not activated, wrong, staff, disabled."""
    disabled = factories.ResidentFactory().user
    User.objects.filter(pk=disabled.pk).update(is_active=False)
    accounts = [
        "330102199001010000",
        newcomer.username,
        resident.username,
        base_officer.username,
        disabled.username,
    ]
    answers = [sign_in(Client(), account, "wrong-password") for account in accounts]

    texts = {body(answer).replace(account, "") for answer, account in zip(answers, accounts, strict=True)}
    assert len(texts) == 1
    assert {answer.status_code for answer in answers} == {200}
    assert "请联系所在培训基地" in texts.pop()
    assert len({frozenset(answer.cookies) for answer in answers}) == 1


@pytest.mark.parametrize("who", ["unknown", "newcomer", "resident", "base_officer"])
def test_every_refusal_takes_one_hash(who, request, monkeypatch, db):
    """TRUST-02: the same work, so the same time."""
    account = "330102199001010000" if who == "unknown" else request.getfixturevalue(who).username
    hashes = []
    for name in ("encode", "verify"):
        original = getattr(OwaspArgon2idHasher, name)
        monkeypatch.setattr(
            OwaspArgon2idHasher, name, lambda *a, f=original, **k: hashes.append(1) or f(*a, **k)
        )

    sign_in(Client(), account, "wrong-password")

    assert len(hashes) == 1


def test_wrong_tries_from_one_address_do_not_lock_the_owner_out(resident):
    """TRUST-05: no malicious lockout."""
    for _ in range(20):
        sign_in(Client(), resident.username, "wrong-password", REMOTE_ADDR="10.0.0.1")
    assert sign_in(Client(), resident.username, PASSWORD, REMOTE_ADDR="10.0.0.1").status_code == 200
    assert sign_in(Client(), resident.username, PASSWORD, REMOTE_ADDR="10.0.0.2").status_code == 302


@pytest.mark.parametrize("who", ["resident", "unknown"])
def test_throttled_tries_leave_one_line_without_the_number(who, request, db):
    """TRUST-55: who, where and that it was too many; a stranger's further tries do not fill the log."""
    user = request.getfixturevalue("resident") if who == "resident" else None
    account = user.username if user else "330102199001010000"
    for address in ("10.0.0.1", "10.0.0.2"):
        for _ in range(9):
            sign_in(Client(), account, "wrong-password", REMOTE_ADDR=address)

    lines = AuditEvent.objects.filter(action="sign_in", result="limited").order_by("pk")

    target = str(user.pk) if user else ""
    assert [(line.address, line.actor, line.target_id) for line in lines] == [
        ("10.0.0.1", None, target),
        ("10.0.0.2", None, target),
    ]
    assert {line.detail["account"] for line in lines} == {f"{account[:3]}***********{account[-4:]}"}
    assert AuditEvent.objects.filter(result="refused").count() == 10


def test_throttled_activation_leaves_a_line(newcomer):
    """TRUST-55."""
    for _ in range(7):
        Client().post("/activate/", activation(newcomer, mobile="13000000000"))
    line = AuditEvent.objects.get(action="activate", result="limited")
    number = newcomer.username
    masked = {"account": f"{number[:3]}***********{number[-4:]}"}
    assert (line.target_id, line.detail) == (str(newcomer.pk), masked)


def test_limit_is_not_evaded_by_header_cookie_or_spelling(base, cycle):
    """TRUST-07."""
    number = "11010119900307002X"
    person = factories.ResidentFactory(id_number=number)
    factories.EnrollmentFactory(resident=person, base=base, intake_year=cycle.year)
    for spelling in (number, number.lower(), f" {number}", number.replace("X", "Ｘ"), f"{number}\u200b"):
        sign_in(Client(), spelling, "wrong-password", HTTP_X_FORWARDED_FOR="1.2.3.4")
    assert sign_in(Client(), number, PASSWORD, HTTP_X_FORWARDED_FOR="9.9.9.9").status_code == 200


def test_spraying_one_password_is_stopped_and_good_logins_are_not(db, settings):
    """TRUST-06."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    people = [factories.UserFactory(role=Role.RESIDENT, username=factories.id_number()) for _ in range(50)]
    for user in people:
        assert sign_in(Client(), user.username, PASSWORD, REMOTE_ADDR="10.0.0.3").url == "/desk/"
    strangers = [factories.id_number() for _ in range(40)]
    for account in strangers:
        sign_in(Client(), account, "Chunjie-2026", REMOTE_ADDR="10.0.0.4")
    victim = factories.UserFactory(
        role=Role.RESIDENT, username=factories.id_number(), password="Chunjie-2026"
    )
    assert sign_in(Client(), victim.username, "Chunjie-2026", REMOTE_ADDR="10.0.0.4").status_code == 200
    assert sign_in(Client(), victim.username, "Chunjie-2026", REMOTE_ADDR="10.0.0.5").status_code == 302


def test_parallel_tries_all_count(transactional_db, settings):
    """TRUST-07: fifty at once have no more tries than one after another."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    account = factories.id_number()

    def attempt(_):
        try:
            return bool(throttle.begin(account, "10.0.0.8"))
        except throttle.Limited:
            return False
        finally:
            connection.close()

    with ThreadPoolExecutor(12) as pool:
        allowed = list(pool.map(attempt, range(50)))

    assert sum(allowed) == 5


def test_disabled_person_is_out_at_once(resident, signed_in):
    """TRUST-22."""
    client = signed_in(resident)
    assert client.get(reverse("portal:messages")).status_code == 200
    User.objects.filter(pk=resident.pk).update(is_active=False)
    assert client.get(reverse("portal:messages")).status_code == 302


def test_idle_session_ends_and_leads_back(resident, settings):
    """TRUST-16: after SESSION_IDLE_SECONDS; the way back is kept."""
    client = Client()
    sign_in(client, resident.username, PASSWORD)
    client.get(reverse("portal:messages"))
    session = client.session
    session["seen_at"] -= settings.SESSION_IDLE_SECONDS + 1
    session.save()

    answer = client.get("/messages/")

    assert answer.url == "/sign-in/?next=/messages/"
    assert client.get(answer.url).url == "/sign-in/staff/?next=%2Fmessages%2F"


def test_next_never_leads_away(resident):
    """TRUST-21."""
    for target in ("//evil.example", "https://evil.example/", "javascript:alert(1)"):
        answer = Client().post(
            f"{RESIDENT_ENTRANCE}?next={target}", {"account": resident.username, "password": PASSWORD}
        )
        assert answer.url == "/desk/"


def test_personal_pages_are_not_cached_and_logout_ends(resident, signed_in):
    """TRUST-15."""
    client = signed_in(resident)
    page = client.get(reverse("portal:messages"))
    assert "no-store" in page["Cache-Control"]
    client.post(reverse("portal:sign-out"))
    assert client.get(reverse("portal:messages")).status_code == 302
    assert client.get(reverse("portal:sign-out")).status_code == 302


def test_security_headers_and_csrf(resident):
    """TRUST-17, TRUST-18."""
    page = Client().get("/")
    policy = page["Content-Security-Policy"]
    assert "unsafe-inline" not in policy
    assert "frame-ancestors 'none'" in policy
    assert page["X-Content-Type-Options"] == "nosniff"
    strict = Client(enforce_csrf_checks=True)
    assert sign_in(strict, resident.username, PASSWORD).status_code == 403
    assert "页面已过期" in sign_in(strict, resident.username, PASSWORD).content.decode()


def test_own_password_change_keeps_this_session_only(resident, signed_in):
    """BR-44: 可修改密码."""
    here, elsewhere = signed_in(resident), signed_in(resident)
    values = {"old_password": PASSWORD, "new_password1": NEW, "new_password2": NEW}

    assert here.post(reverse("portal:password-change"), values).status_code == 302

    assert here.get(reverse("portal:messages")).status_code == 200
    assert elsewhere.get(reverse("portal:messages")).status_code == 302


def test_staff_password_needs_three_classes(base_officer, signed_in):
    """TRUST-08, 等保."""
    weak = {"old_password": PASSWORD, "new_password1": "quietriverstone", "new_password2": "quietriverstone"}
    answer = signed_in(base_officer).post(reverse("portal:password-change"), weak)
    assert answer.status_code == 200
    base_officer.refresh_from_db()
    assert base_officer.check_password(PASSWORD)


def test_draft_survives_and_never_holds_secrets(resident, signed_in):
    """GOAL-R4, PAIN-22, TRUST-52."""
    client = signed_in(resident)
    sent = {"form": "basic", "data": "email=a%40b.cn&password=geheim", "base_version": "3"}
    assert client.post(reverse("portal:draft"), sent).status_code == 204
    draft = resident.drafts.get()
    assert (draft.data, draft.base_version) == ({"email": ["a@b.cn"]}, 3)
    client.post(reverse("portal:draft"), {"form": "basic", "discard": "1", "next": "//evil.example"})
    assert resident.drafts.count() == 0


def test_frozen_account_of_a_deleted_record_cannot_sign_in(resident):
    """TRUST-60."""
    User.objects.filter(pk=resident.pk).update(is_active=False)
    assert Enrollment.objects.count() == 1
    assert sign_in(Client(), resident.username, PASSWORD).status_code == 200
