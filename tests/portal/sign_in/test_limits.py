"""Ways in: spraying, many addresses, networks, known devices, codes and mobiles apart, until when (TRUST-04 … TRUST-07;
TRUST-72, TRUST-73)."""

import datetime

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from portal.models import AuditEvent, SignInAttempt, User
from portal.roles import Role
from portal.sign_in import devices, services, throttle
from tests import factories
from tests.factories import PASSWORD
from tests.portal.sign_in.entrances import NEW, activation, sign_in

pytestmark = pytest.mark.django_db


def person(**values) -> User:
    return factories.UserFactory(role=Role.RESIDENT, username=factories.id_number(), **values)


def is_in(answer) -> bool:
    return answer.status_code == 302


def test_spraying_stops_for_accounts_known_at_the_address_too():
    """TRUST-72: Thirty-five colleagues have signed in here; a guess spread over them is stopped all the same."""
    people = [person() for _ in range(35)]
    for each in people:
        assert is_in(sign_in(Client(), each.username, PASSWORD, REMOTE_ADDR="10.0.0.9"))
    SignInAttempt.objects.update(at=timezone.now() - datetime.timedelta(hours=1))
    for _ in range(2):
        for each in people:
            sign_in(Client(), each.username, "Chunjie-2026", REMOTE_ADDR="10.0.0.9")
    tried = SignInAttempt.objects.filter(succeeded=False)
    assert tried.count() <= throttle.FAILED_ACCOUNTS_PER_ADDRESS + 1


def test_one_account_from_many_addresses_is_slowed_and_its_owner_is_not_locked_out():
    """TRUST-72: sixty addresses have thirty tries together; the known browser and the known address come in."""
    owner, mine = person(), Client()
    sign_in(mine, owner.username, PASSWORD, REMOTE_ADDR="10.9.0.1")
    mine.post(reverse("portal:sign-out"))
    for number in range(60):
        for _ in range(2):
            sign_in(Client(), owner.username, "wrong", REMOTE_ADDR=f"10.1.{number}.1")
    assert SignInAttempt.objects.filter(succeeded=False).count() == throttle.TRIES_PER_ACCOUNT
    refused = sign_in(Client(), owner.username, PASSWORD, REMOTE_ADDR="10.2.0.1")
    assert not is_in(refused)
    assert "以后再试" in refused.text
    assert is_in(sign_in(mine, owner.username, PASSWORD, REMOTE_ADDR="10.3.0.1"))
    assert is_in(sign_in(Client(), owner.username, PASSWORD, REMOTE_ADDR="10.9.0.1"))


def test_many_days_slow_guessing_is_stopped_within_the_day():
    owner = person()
    for hour in range(4):
        at = timezone.now() - datetime.timedelta(hours=hour + 1)
        SignInAttempt.objects.bulk_create(
            SignInAttempt(account=throttle._key(owner.username), address=f"10.4.{hour}.{each}", at=at)
            for each in range(25)
        )
    assert not is_in(sign_in(Client(), owner.username, PASSWORD, REMOTE_ADDR="10.5.0.1"))


def test_known_device_has_its_own_five_tries():
    owner, mine = person(), Client()
    sign_in(mine, owner.username, PASSWORD)
    mine.post(reverse("portal:sign-out"))
    for _ in range(throttle.TRIES_PER_ACCOUNT_AND_ADDRESS):
        sign_in(mine, owner.username, "wrong")
    assert not is_in(sign_in(mine, owner.username, PASSWORD))


def test_device_of_one_account_is_none_of_another():
    mine, victim, attacker = person(), person(), Client()
    sign_in(attacker, mine.username, PASSWORD)
    attacker.post(reverse("portal:sign-out"))
    for _ in range(5):
        sign_in(Client(), victim.username, "wrong")
    assert not is_in(sign_in(attacker, victim.username, PASSWORD))


@pytest.mark.parametrize("value", ["", "forged", "eyJpZCI6IjEifQ:1abc:xyz"])
def test_forged_device_is_none(value, rf):
    request = rf.get("/")
    request.COOKIES[devices.COOKIE] = value
    assert devices.known(request, "330106199503120014") == ""


def test_device_cookie_says_nothing_of_the_account():
    owner, client = person(), Client()
    sign_in(client, owner.username, PASSWORD)
    cookie = client.cookies[devices.COOKIE]
    assert owner.username not in cookie.value
    assert (bool(cookie["httponly"]), cookie["samesite"]) == (True, "Lax")


@pytest.mark.parametrize(
    ("addresses", "origin"),
    [
        (["2001:db8:1:2::1", "2001:db8:1:2:ffff::9"], "2001:db8:1:2::"),
        (["::ffff:10.0.0.1", "10.0.0.1"], "10.0.0.1"),
    ],
)
def test_one_subscriber_is_one_address(addresses, origin):
    assert {throttle.origin(each) for each in addresses} == {origin}


def test_a_network_of_64_bits_has_the_tries_of_one_address():
    owner = person()
    for number in range(8):
        sign_in(Client(), owner.username, "wrong", REMOTE_ADDR=f"2001:db8:1:2::{number + 1:x}")
    assert SignInAttempt.objects.count() == throttle.TRIES_PER_ACCOUNT_AND_ADDRESS
    assert is_in(sign_in(Client(), owner.username, PASSWORD, REMOTE_ADDR="2001:db8:1:3::1"))


def test_password_change_is_limited(signed_in):
    """Whoever sits at an open screen guesses the old password five times."""
    owner = person()
    client, address = signed_in(owner), reverse("portal:password-change")
    values = {"old_password": "wrong", "new_password1": NEW, "new_password2": NEW}
    for _ in range(throttle.TRIES_PER_ACCOUNT_AND_ADDRESS):
        assert "当前密码不正确" in client.post(address, values).text
    answer = client.post(address, values | {"old_password": PASSWORD})
    assert "以后再试" in answer.text
    owner.refresh_from_db()
    assert owner.check_password(PASSWORD)


def test_words_of_a_limit_are_the_same_for_every_account(newcomer, base_officer):
    """TRUST-02: unknown, not activated, staff at the wrong entrance: after five tries the same words."""
    texts = set()
    for account in ("330102199001010000", newcomer.username, person().username, base_officer.username):
        for _ in range(5):
            sign_in(Client(), account, "wrong")
        answer = sign_in(Client(), account, PASSWORD)
        texts.update(answer.context["form"].non_field_errors())
        SignInAttempt.objects.update(at=timezone.now() - datetime.timedelta(days=2))
    (words,) = {each[:11] for each in texts}
    assert words.startswith("短时间内尝试过多")


# --- activation ------------------------------------------------------------------------------------------------------


def wrong_mobiles(account: User, count: int) -> None:
    for number in range(count):
        Client().post("/activate/", activation(account, mobile="13000000000"), REMOTE_ADDR=f"10.6.0.{number}")


def test_strangers_wrong_mobiles_take_nothing_from_the_holder_of_a_code(newcomer, base_officer):
    """TRUST-73."""
    code = services.issue_initial_code(newcomer, by=base_officer)
    wrong_mobiles(newcomer, 8)
    newcomer.refresh_from_db()
    assert newcomer.activation_failures == services.MOBILE_TRIES
    assert is_in(Client().post("/activate/", activation(newcomer, mobile="", code=code)))


def test_wrong_codes_lock_no_mobile(newcomer):
    for number in range(8):
        values = activation(newcomer, mobile="", code="K7PM-3XWQ")
        Client().post("/activate/", values, REMOTE_ADDR=f"10.7.0.{number}")
    newcomer.refresh_from_db()
    assert newcomer.activation_failures == 0
    assert is_in(Client().post("/activate/", activation(newcomer)))


def test_who_is_locked_learns_who_opens_it_whether_the_account_exists_or_not(newcomer):
    for account in (newcomer, User(username="330102199001010000")):
        wrong_mobiles(account, services.MOBILE_TRIES)
        answer = Client().post(
            "/activate/", activation(account, mobile="13000000000"), REMOTE_ADDR="10.6.1.1"
        )
        assert "直到培训基地在“账号查找与重置”中解除" in answer.text
        assert "一次性初始密码的，不受影响" in answer.text


def test_release_by_the_base_opens_the_mobile_again(newcomer, base_officer):
    wrong_mobiles(newcomer, 8)
    services.release_activation(newcomer, by=base_officer)
    assert is_in(Client().post("/activate/", activation(newcomer)))


def test_base_sees_until_when_an_account_is_limited(signed_in, base_officer, enrollment):
    """TRUST-73."""
    address = reverse("bases:account", args=[enrollment.pk])
    client = signed_in(base_officer)
    assert "以前受到限制" not in client.get(address).text
    for _ in range(6):
        sign_in(Client(), enrollment.resident.user.username, "wrong")
    assert "以前受到限制，之后自动恢复" in client.get(address).text


def test_reset_forgives_the_wrong_tries(enrollment, base_officer):
    user = enrollment.resident.user
    for _ in range(6):
        sign_in(Client(), user.username, "wrong")
    services.reset_to_activation(user, by=base_officer)
    assert services.limited_until(user) is None
    assert AuditEvent.objects.filter(action="password_reset").count() == 1
