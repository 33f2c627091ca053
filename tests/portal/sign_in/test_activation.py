"""Activation of an account: GOAL-R1, BR-44, AM-09, TRUST-01 … TRUST-09, TRUST-59."""

import datetime
import re

import pytest
from django.contrib.auth.hashers import check_password
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from portal.models import AuditEvent, CycleWindow, User
from portal.roles import Role
from portal.sign_in import services
from portal.sign_in.services import issue_initial_code
from residents.models import BasicInfo, Enrollment
from tests import factories
from tests.portal.sign_in.entrances import NEW, STAFF_ENTRANCE, activation, sign_in

# Hashing is a part of the subject.
pytestmark = pytest.mark.usefixtures("argon2")


def test_activation_page_shows_nothing_of_the_person(newcomer):
    """TRUST-03."""
    client = Client()
    sign_in(client, newcomer.username, "000000")
    for page in (
        client.get("/activate/"),
        client.post("/activate/", activation(newcomer, mobile="13000000000")),
    ):
        text = page.content.decode()
        assert newcomer.full_name not in text
        assert newcomer.mobile not in text


def test_activation_sets_the_own_password_and_signs_in(newcomer):
    """GOAL-R1: mobile on file and own password in one step; who, when, where is kept."""
    client = Client()
    before = client.cookies.get("sessionid")

    answer = client.post("/activate/", activation(newcomer), REMOTE_ADDR="10.2.3.4")

    assert (answer.status_code, answer.url) == (302, "/desk/")
    newcomer.refresh_from_db()
    assert newcomer.check_password(NEW)
    assert newcomer.activated_from == "10.2.3.4"
    assert newcomer.privacy_accepted_version == services.PRIVACY_VERSION
    assert client.cookies["sessionid"] != before
    assert AuditEvent.objects.filter(action="activate", actor=newcomer, result="ok").count() == 1
    assert sign_in(Client(), newcomer.username, NEW).status_code == 302


def test_activation_accepts_the_mobile_as_people_type_it(newcomer):
    typed = f"+86 {newcomer.mobile[:3]}-{newcomer.mobile[3:7]}-{newcomer.mobile[7:]}"
    assert Client().post("/activate/", activation(newcomer, mobile=typed)).status_code == 302


def test_activation_needs_consent(newcomer):
    """TRUST-53: the separate consent for sensitive parts too."""
    for name in ("accepts_privacy", "accepts_sensitive"):
        values = activation(newcomer)
        del values[name]
        assert Client().post("/activate/", values).status_code == 200
    newcomer.refresh_from_db()
    assert not newcomer.is_activated


@pytest.mark.parametrize(
    "weak", ["000000", "0000000000", "12345678", "password1", "short7!", "ID tail", "mobile", "chenyutong"]
)
def test_weak_passwords_are_refused(newcomer, weak):
    """TRUST-08."""
    password = {"ID tail": f"ab{newcomer.username[-6:]}", "mobile": f"a{newcomer.mobile}"}.get(weak, weak)
    values = activation(newcomer, new_password1=password, new_password2=password)

    assert Client().post("/activate/", values).status_code == 200

    newcomer.refresh_from_db()
    assert (newcomer.is_activated, newcomer.has_usable_password()) == (False, False)


def test_sixth_wrong_mobile_is_refused_even_if_right(newcomer):
    """TRUST-04: from another address too; only the base releases."""
    for number in range(5):
        wrong = activation(newcomer, mobile=f"1390000000{number}")
        Client().post("/activate/", wrong, REMOTE_ADDR=f"10.0.0.{number + 1}")
    assert Client().post("/activate/", activation(newcomer), REMOTE_ADDR="10.9.9.9").status_code == 200

    newcomer.refresh_from_db()
    services.release_activation(newcomer, by=None)

    assert Client().post("/activate/", activation(newcomer), REMOTE_ADDR="10.9.9.9").status_code == 302


def test_account_with_personal_data_needs_a_code(newcomer, enrollment, base_officer):
    """TRUST-59: colleagues know ID and mobile number; a filled account opens only with a code or a release."""
    BasicInfo.objects.create(resident=enrollment.resident, email="a@example.com")
    assert Client().post("/activate/", activation(newcomer)).status_code == 200

    code = services.issue_initial_code(newcomer, by=base_officer)

    assert Client().post("/activate/", activation(newcomer, mobile="", code=code)).status_code == 302


def test_base_policy_code_refuses_the_mobile(newcomer, base):
    """TRUST-09."""
    base.activation_policy = "code"
    base.save()
    assert Client().post("/activate/", activation(newcomer)).status_code == 200


def test_one_time_code_is_hashed_expires_and_works_once(newcomer, base_officer):
    """TRUST-09."""
    code = services.issue_initial_code(newcomer, by=base_officer)
    newcomer.refresh_from_db()
    assert re.fullmatch(r"[2-9A-HJKMNP-Z]{4}-[2-9A-HJKMNP-Z]{4}", code)
    assert code not in newcomer.initial_code_hash
    assert check_password(code.replace("-", ""), newcomer.initial_code_hash)

    User.objects.filter(pk=newcomer.pk).update(initial_code_expires_at=timezone.now() - datetime.timedelta(1))
    assert Client().post("/activate/", activation(newcomer, mobile="", code=code)).status_code == 200
    User.objects.filter(pk=newcomer.pk).update(initial_code_expires_at=timezone.now() + datetime.timedelta(1))
    assert Client().post("/activate/", activation(newcomer, mobile="", code=code.lower())).status_code == 302
    services.reset_to_activation(newcomer, by=base_officer)
    assert Client().post("/activate/", activation(newcomer, mobile="", code=code)).status_code == 200


def test_code_typed_as_password_leads_to_activation(newcomer, base_officer):
    code = services.issue_initial_code(newcomer, by=base_officer)
    client = Client()

    assert sign_in(client, newcomer.username, code).url == "/activate/"

    assert code in client.get("/activate/").content.decode()
    assert sign_in(Client(), "330102199001010000", code).url == "/activate/"


def test_codes_do_not_repeat(newcomer, base_officer, settings):
    """TRUST-09: CSPRNG, no repeats in a sample."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    codes = {services.issue_initial_code(newcomer, by=base_officer) for _ in range(300)}
    assert len(codes) == 300


def test_staff_activates_with_a_code(db, national_officer):
    """TRUST-13: individual invitation, never 000000."""
    invited = factories.UserFactory(username="newcolleague", activated_at=None, password=None)
    assert Client().post("/activate/", activation(invited)).status_code == 200
    code = services.issue_initial_code(invited, by=national_officer)
    client = Client()
    assert sign_in(client, "NewColleague", code, STAFF_ENTRANCE).url == "/activate/"
    assert client.post("/activate/", activation(invited, code=code)).url == "/desk/"


def test_account_left_alone_for_90_days_waits_for_its_base(newcomer, enrollment):
    """TRUST-60: closed until the base renews it."""
    long_ago = timezone.now() - datetime.timedelta(days=91)
    Enrollment.objects.filter(pk=enrollment.pk).update(created_at=long_ago)
    assert Client().post("/activate/", activation(newcomer)).status_code == 200

    newcomer.refresh_from_db()
    services.release_activation(newcomer, by=None)

    assert Client().post("/activate/", activation(newcomer)).status_code == 302


def test_intake_account_opens_inside_its_cycle_only(newcomer, enrollment):
    """TRUST-60, BR-55; a registry account opens at any time (BR-80)."""
    CycleWindow.objects.update(closes_at=timezone.now() - datetime.timedelta(seconds=1))
    assert Client().post("/activate/", activation(newcomer)).status_code == 200

    Enrollment.objects.filter(pk=enrollment.pk).update(registered_at=timezone.now())

    assert Client().post("/activate/", activation(newcomer)).status_code == 302


@pytest.mark.parametrize("who", ["resident", "staff"])
def test_whoever_comes_by_himself_finds_the_form_of_his_entrance(db, client, who):
    """Staff who opened the page were shown the resident's form."""
    page = client.get(reverse("portal:activate"), {"who": who}).content.decode()
    assert ('name="mobile"' in page) == (who == "resident")
    other = "staff" if who == "resident" else "resident"
    assert f'href="?who={other}"' in page


def test_staff_activates_from_the_page_itself(db, client):
    user = factories.UserFactory(username="province01", role=Role.PROVINCE, activated_at=None)
    code = issue_initial_code(user, by=user)
    answer = client.post(
        f"{reverse('portal:activate')}?who=staff",
        {
            "account": "province01",
            "code": code,
            "new_password1": "Shanshui-4096",
            "new_password2": "Shanshui-4096",
            "accepts_privacy": "on",
            "accepts_sensitive": "on",
        },
    )
    assert answer.status_code == 302
    user.refresh_from_db()
    assert user.is_activated
