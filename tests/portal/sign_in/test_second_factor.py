"""The second factor of staff: "TOTP asked; code reuse refused" (TRUST-14)."""

import threading

import pyotp
import pytest
from django.contrib.auth import SESSION_KEY
from django.db import connection, connections
from django.test import Client
from django.urls import reverse

from portal.models import AuditEvent, Message, RecoveryCode, SecondFactor, User
from portal.sign_in import second_factor, services
from portal.sign_in.second_factor import seal
from tests import factories
from tests.factories import PASSWORD
from tests.portal.sign_in.authenticators import (
    SECOND_STEP,
    SET_UP,
    Clock,
    code,
    codes_shown,
    enter,
    half_way,
    key_shown,
    set_up,
)
from tests.portal.sign_in.entrances import NEW, STAFF_ENTRANCE, activation, sign_in

# Hashing is a part of the subject.
pytestmark = pytest.mark.usefixtures("argon2")


@pytest.fixture(autouse=True)
def clock(monkeypatch) -> type[Clock]:
    monkeypatch.setattr(second_factor, "time", Clock)
    monkeypatch.setattr(Clock, "now", Clock.now)
    return Clock


@pytest.fixture
def factor(base_officer, signed_in) -> str:
    """The key of the base officer's second factor."""
    return set_up(signed_in(base_officer))[0]


def test_set_up_shows_the_key_as_picture_and_text(base_officer, signed_in):
    """TRUST-14: available to all staff; the picture is data of the page, as the content security policy wants."""
    page = signed_in(base_officer).get(SET_UP)
    text = page.content.decode()
    assert len(key_shown(page)) == 32
    assert '<img src="data:image/svg+xml' in text
    assert "unsafe-inline" not in page["Content-Security-Policy"]
    assert "no-store" in page["Cache-Control"]


def test_set_up_needs_a_code_of_this_key_and_the_password(base_officer, signed_in):
    client = signed_in(base_officer)
    key = key_shown(client.get(SET_UP))
    for values in (
        {"code": code(pyotp.random_base32()), "password": PASSWORD},
        {"code": code(key), "password": "wrong-password"},
        {"code": "", "password": PASSWORD},
    ):
        page = client.post(SET_UP, values)
        assert (SecondFactor.objects.count(), key_shown(page)) == (0, key)
    client.post(SET_UP, {"code": code(key), "password": PASSWORD})
    assert SecondFactor.objects.get().user == base_officer


def test_a_resident_has_no_second_factor(resident, signed_in):
    assert signed_in(resident).get(SET_UP).status_code == 403


def test_code_is_asked_after_the_password_and_nobody_is_signed_in_before(base_officer, factor):
    """TRUST-14: TOTP asked. Every page still leads to the entrance."""
    client = half_way(base_officer)
    assert SESSION_KEY not in client.session
    waiting = AuditEvent.objects.get(action="sign_in")
    assert (waiting.actor, waiting.target_id, waiting.result) == (None, str(base_officer.pk), "waiting")
    assert client.get(reverse("bases:desk")).url == f"/sign-in/?next={reverse('bases:desk')}"
    assert client.get(SECOND_STEP).status_code == 200

    assert enter(client, "000000") is False
    assert SESSION_KEY not in client.session
    assert enter(client, code(factor)) is True
    assert client.session[SESSION_KEY] == str(base_officer.pk)
    assert client.get(reverse("bases:desk")).status_code == 200
    event = AuditEvent.objects.get(action="sign_in", result="ok")
    assert (event.actor, event.detail) == (base_officer, {"proof": "code"})


def test_whoever_was_signed_in_there_is_out_at_the_second_step(base_officer, factor, resident, signed_in):
    client = signed_in(resident)
    sign_in(client, base_officer.username, PASSWORD, STAFF_ENTRANCE)
    assert SESSION_KEY not in client.session
    assert enter(client, code(factor)) is True
    assert client.session[SESSION_KEY] == str(base_officer.pk)


def test_wrong_password_never_gets_to_the_code(base_officer, factor):
    client = Client()
    assert sign_in(client, base_officer.username, "wrong-password", STAFF_ENTRANCE).status_code == 200
    assert client.get(SECOND_STEP).url == STAFF_ENTRANCE


def test_session_id_changes_at_both_steps(base_officer, factor):
    """TRUST-15."""
    client = Client()
    client.session["x"] = 1
    client.get(STAFF_ENTRANCE)
    ids = [client.session.session_key]
    sign_in(client, base_officer.username, PASSWORD, STAFF_ENTRANCE)
    ids.append(client.session.session_key)
    enter(client, code(factor))
    ids.append(client.session.session_key)
    assert len(set(ids)) == 3


def test_the_way_on_is_kept_and_never_leads_away(base_officer, factor):
    """TRUST-21."""
    for steps, (target, expected) in enumerate((("/messages/", "/messages/"), ("//evil.example", "/desk/"))):
        client = Client()
        values = {"account": base_officer.username, "password": PASSWORD}
        step = client.post(f"{STAFF_ENTRANCE}?next={target}", values)
        assert step.url.startswith(f"{SECOND_STEP}?next=")
        assert client.post(step.url, {"code": code(factor, steps)}).url == expected


def test_code_is_good_once(base_officer, factor):
    """TRUST-14: code reuse refused, in another browser and from another address too."""
    typed = code(factor)
    assert enter(half_way(base_officer), typed) is True
    assert enter(half_way(base_officer), typed, REMOTE_ADDR="10.0.0.9") is False
    assert enter(half_way(base_officer), code(factor, -1)) is False
    assert enter(half_way(base_officer), code(factor, 1)) is True


def test_code_of_the_set_up_is_used_up_by_it(base_officer, signed_in):
    """TRUST-14."""
    client = signed_in(base_officer)
    key = key_shown(client.get(SET_UP))
    typed = code(key)
    client.post(SET_UP, {"code": typed, "password": PASSWORD})
    assert enter(half_way(base_officer), typed) is False


@pytest.mark.parametrize(("steps", "fits"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_drift_of_one_step(base_officer, factor, steps, fits):
    """A telephone's clock may be half a minute wrong, not a whole one."""
    assert enter(half_way(base_officer), code(factor, steps)) is fits


def test_code_may_be_typed_full_width_and_with_a_blank(base_officer, factor):
    typed = "".join(chr(ord(digit) + 0xFEE0) for digit in code(factor))
    assert enter(half_way(base_officer), f" {typed[:3]}\u3000{typed[3:]}") is True


def waiting_for(table: str) -> int:
    """How many connections wait for a row of this table."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE %s",
            [f'%"{table}"%'],
        )
        return cursor.fetchone()[0]


def test_two_browsers_with_one_code_at_one_instant(transactional_db):
    """TRUST-14: on two real connections exactly one gets in. Both wait for the row before either has used the code."""
    user = factories.UserFactory(username="zjyy01")
    key = pyotp.random_base32()
    factor = SecondFactor.objects.create(user=user, sealed_key=seal(key), last_step=0)
    User.objects.filter(pk=user.pk).update(second_factor_at=factor.made_at)
    browsers = [half_way(user) for _ in range(2)]
    opened = []

    def run(client: Client) -> None:
        try:
            opened.append(enter(client, code(key)))
        finally:
            connection.close()

    holder = connections["default"].copy()
    with holder.cursor() as cursor:
        cursor.execute("BEGIN")
        cursor.execute("SELECT 1 FROM portal_secondfactor FOR UPDATE")
        threads = [threading.Thread(target=run, args=[client]) for client in browsers]
        for thread in threads:
            thread.start()
        while waiting_for("portal_secondfactor") < len(threads):
            assert all(thread.is_alive() for thread in threads)
        cursor.execute("COMMIT")
    holder.close()
    for thread in threads:
        thread.join(timeout=30)

    assert sorted(opened) == [False, True]
    assert sum(SESSION_KEY in client.session for client in browsers) == 1


def test_few_tries_from_one_address(base_officer, factor):
    """TRUST-04, TRUST-05, TRUST-07: the sixth is refused even with the right code; another address still gets in."""
    client = half_way(base_officer)
    assert [enter(client, "000000") for _ in range(5)] == [False] * 5
    assert enter(client, code(factor)) is False
    assert enter(half_way(base_officer), code(factor), REMOTE_ADDR="10.0.0.9") is True
    results = AuditEvent.objects.filter(action="second_factor_code").order_by("pk")
    assert list(results.values_list("result", flat=True)) == ["refused"] * 5 + ["limited"]


def test_the_password_waits_ten_minutes_for_the_code(base_officer, factor, clock):
    client = half_way(base_officer)
    clock.now += second_factor.WAIT_SECONDS + 1
    assert client.post(SECOND_STEP, {"code": code(factor)}).url == STAFF_ENTRANCE
    assert SESSION_KEY not in client.session


def test_what_changes_in_between_ends_the_waiting(base_officer, factor, national_officer):
    """TRUST-22: disabled, or a new password, between the two steps."""
    client, other = half_way(base_officer), half_way(base_officer)
    User.objects.filter(pk=base_officer.pk).update(is_active=False)
    assert client.post(SECOND_STEP, {"code": code(factor)}).url == STAFF_ENTRANCE
    User.objects.filter(pk=base_officer.pk).update(is_active=True)
    services.reset_to_activation(User.objects.get(pk=base_officer.pk), by=national_officer)
    assert other.post(SECOND_STEP, {"code": code(factor)}).url == STAFF_ENTRANCE
    assert SecondFactor.objects.get().last_step == 0


def test_a_new_password_does_not_pass_the_code_by(base_officer, factor, national_officer):
    """BR-51: after a reset of the password the activation ends at the second step, too."""
    base_officer.refresh_from_db()
    services.reset_to_activation(base_officer, by=national_officer)
    initial = services.issue_initial_code(base_officer, by=national_officer)
    client = Client()
    sign_in(client, base_officer.username, initial, STAFF_ENTRANCE)
    values = activation(base_officer, code=initial)
    del values["mobile"]
    assert client.post("/activate/", values).url == SECOND_STEP
    assert SESSION_KEY not in client.session
    assert enter(client, code(factor)) is True
    assert sign_in(Client(), base_officer.username, NEW, STAFF_ENTRANCE).url == SECOND_STEP


def test_each_recovery_code_opens_once(base_officer, signed_in):
    """Ten, all different, stored hashed, each good once; the person is told of each use."""
    _, codes = set_up(signed_in(base_officer))
    assert len(set(codes)) == 10
    stored = list(RecoveryCode.objects.values_list("code_hash", flat=True))
    assert {each.split("$")[0] for each in stored} == {"argon2"}
    Message.objects.all().delete()

    assert enter(half_way(base_officer), codes[3].lower().replace("-", " ")) is True
    assert enter(half_way(base_officer), codes[3]) is False
    assert enter(half_way(base_officer), codes[4]) is True

    assert second_factor.recovery_codes_left(base_officer) == 8
    told = Message.objects.filter(recipient=base_officer, kind="second_factor", topic="security")
    assert [("恢复码" in message.subject) for message in told] == [True, True]
    assert AuditEvent.objects.filter(action="recovery_code", actor=base_officer).count() == 2


def test_recovery_codes_are_shown_once_and_renewed_with_a_code(base_officer, signed_in):
    client = signed_in(base_officer)
    key, old = set_up(client)
    assert not any(each in client.get(SET_UP).content.decode() for each in old)
    assert codes_shown(client.post(SET_UP, {"act": "codes", "code": "000000"})) == []

    new = codes_shown(client.post(SET_UP, {"act": "codes", "code": code(key)}))

    assert (len(set(new)), set(new) & set(old)) == (10, set())
    assert enter(half_way(base_officer), old[0]) is False
    assert enter(half_way(base_officer), new[0]) is True


def test_setting_up_and_taking_away_end_the_other_sessions(base_officer, signed_in):
    """TRUST-22: a browser that was in with the password alone is out."""
    here, elsewhere = signed_in(base_officer), signed_in(base_officer)
    key, _ = set_up(here)
    assert (here.get("/messages/").status_code, elsewhere.get("/messages/").status_code) == (200, 302)

    elsewhere = half_way(base_officer)
    enter(elsewhere, code(key))
    assert here.post(SET_UP, {"act": "remove", "code": code(key)}).status_code == 200
    assert here.post(SET_UP, {"act": "remove", "code": code(key, 1)}).url == SET_UP
    assert (here.get("/messages/").status_code, elsewhere.get("/messages/").status_code) == (200, 302)
    assert (SecondFactor.objects.count(), RecoveryCode.objects.count()) == (0, 0)
    assert sign_in(Client(), base_officer.username, PASSWORD, STAFF_ENTRANCE).url == "/desk/"


# --- the key at rest -------------------------------------------------------------------------------------------------


def everything_stored() -> str:
    """Every row of every table as text: what a backup holds, history and sessions included."""
    with connection.cursor() as cursor:
        found = []
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT t::text FROM "{table}" t')
            found += [row[0] for row in cursor.fetchall()]
    return "\n".join(found)


def test_key_and_recovery_codes_lie_nowhere_in_clear(base_officer, signed_in):
    """PIPL 51: neither while it is set up, in the session, nor afterwards in the table, the history or the log."""
    client = signed_in(base_officer)
    key = key_shown(client.get(SET_UP))
    pending = everything_stored()
    assert key not in pending
    assert client.session["second_factor_key"] != key
    codes = codes_shown(client.post(SET_UP, {"code": code(key), "password": PASSWORD}))
    stored = everything_stored()
    assert [
        secret for secret in (key, *codes, *(each.replace("-", "") for each in codes)) if secret in stored
    ] == []
    assert second_factor.unseal(SecondFactor.objects.get().sealed_key) == key


def test_changed_secret_key_with_its_fallback(base_officer, factor, settings):
    """docs/operations.md: the old key reads, the next code seals anew; then the old one is no longer needed."""
    old = settings.SECRET_KEY
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another-key-for-this-test", [old]
    assert enter(half_way(base_officer), code(factor)) is True
    settings.SECRET_KEY_FALLBACKS = []
    assert enter(half_way(base_officer), code(factor, 1)) is True


def test_changed_secret_key_with_its_fallback_keeps_people_signed_in(base_officer, factor, settings):
    """docs/operations.md: with a second factor as without one."""
    client = half_way(base_officer)
    enter(client, code(factor))
    old = settings.SECRET_KEY
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another-key-for-this-test", [old]
    assert client.get("/messages/").status_code == 200
    settings.SECRET_KEY_FALLBACKS = []
    assert client.get("/messages/").status_code == 200


def test_changed_secret_key_without_fallback_leaves_the_recovery_codes(base_officer, signed_in, settings):
    key, codes = set_up(signed_in(base_officer))
    settings.SECRET_KEY = "another-key-for-this-test"
    assert enter(half_way(base_officer), code(key)) is False
    assert enter(half_way(base_officer), codes[0]) is True
