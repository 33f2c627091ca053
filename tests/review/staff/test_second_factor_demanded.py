"""Of whom a second factor is demanded, and what happens when one is lost (TRUST-14)."""

import os
import subprocess
import sys

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse

from bases.models import CorrectionRequest
from portal.models import AuditEvent, Message, SecondFactor, User
from portal.sign_in import second_factor
from review.models import Export
from tests import factories
from tests.access_table import ROUTES
from tests.factories import PASSWORD
from tests.portal.sign_in.authenticators import SET_UP, Clock, code, key_shown
from tests.portal.sign_in.authenticators import set_up as set_up_in

UNMASK = {"act": "unmask", "purpose": "核对身份证原件"}


@pytest.fixture(autouse=True)
def _clock(monkeypatch):
    monkeypatch.setattr(second_factor, "time", Clock)


@pytest.fixture
def required(settings):
    settings.SECOND_FACTOR_REQUIRED = True


@pytest.mark.parametrize(("debug", "expected"), [("0", "True"), ("1", "False")])
def test_required_where_debug_is_off(debug, expected):
    """TRUST-14: the setting of a server; the printed sign-ins of the demo go on working."""
    environment = {
        **os.environ,
        "DEBUG": debug,
        "SECRET_KEY": "x" * 50,
        "DJANGO_SETTINGS_MODULE": "portal.settings",
    }
    environment.pop("SECOND_FACTOR_REQUIRED", None)
    program = "from django.conf import settings; print(settings.SECOND_FACTOR_REQUIRED)"
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == expected


def test_association_is_led_to_the_set_up_and_back(national_officer, signed_in, required):
    """TRUST-14: required for national; a plain explanation, and the page that was wanted afterwards."""
    client, wanted = signed_in(national_officer), f"{reverse('review:statistics')}?source=current"
    sent = client.get(wanted)
    assert sent.url == f"{SET_UP}?next=%2Freview%2Fstatistics%2F%3Fsource%3Dcurrent"
    page = client.get(sent.url)
    assert "须启用二次验证后才能继续" in page.content.decode()
    answer = client.post(sent.url, {"code": code(key_shown(page)), "password": PASSWORD})
    assert f'href="{wanted}"' in answer.content.decode()
    assert client.get(wanted).status_code == 200


def test_association_without_a_factor_reaches_nothing_else(national_officer, signed_in, required):
    """TRUST-14: no page and no form of its desk; only its password, the manual and the way out."""
    client = signed_in(national_officer)
    for name in ("review:national", "review:exports", "review:audit", "review:staff", "portal:desk"):
        assert client.get(reverse(name)).url.startswith(SET_UP)
    before = User.objects.count()
    new = {"full_name": "李四", "username": "lisi", "mobile": "13900000001"}
    assert client.post(reverse("review:appoint", args=["cmda", "all"]), new).url == SET_UP
    assert User.objects.count() == before
    for name in ("portal:password-change", "manual:index", "portal:home"):
        assert client.get(reverse(name)).status_code == 200
    assert client.post(reverse("portal:sign-out")).url == "/"


def test_nothing_is_demanded_where_it_is_not_required(national_officer, signed_in):
    assert signed_in(national_officer).get(reverse("review:national")).status_code == 200


@pytest.mark.parametrize("who", ["national_officer", "provincial_reviewer", "auditor"])
@pytest.mark.parametrize("method", ["get", "post"])
def test_who_decides_or_watches_reaches_nothing_without_a_factor(who, method, request, signed_in, required):
    """TRUST-14, TRUST-78."""
    user = request.getfixturevalue(who)
    client = signed_in(user)
    letter = {"cmda": "c", "province": "p", "auditor": "s"}[user.role]
    before = {"portal:sign-out", "portal:password-change", "portal:second-factor"}
    for name, route in ROUTES.items():
        if letter in route.roles and "a" not in route.roles and not route.names and name not in before:
            answer = getattr(client, method)(reverse(name))
            assert answer.status_code == 405 or answer.url.startswith(SET_UP), name


@pytest.fixture
def auditor(db):
    return factories.UserFactory(role="auditor", username="shenji01")


def test_full_numbers_of_a_record_need_a_factor(base_officer, signed_in, required, pending):
    """TRUST-14, TRUST-51: masked as before without one; led to the set-up and back; shown and logged with one."""
    client = signed_in(base_officer)
    address = reverse("bases:record", args=[pending.enrollment_id])
    number = pending.enrollment.resident.id_number
    assert f'href="{SET_UP}?next={address.replace("/", "%2F")}"' in client.get(address).content.decode()

    refused = client.post(address, UNMASK, headers={"referer": f"http://testserver{address}?page=2"})

    assert refused.url == f"{SET_UP}?next={address.replace('/', '%2F')}%3Fpage%3D2"
    assert "须先设置二次验证" in client.get(refused.url).content.decode()
    assert AuditEvent.objects.filter(action="unmask").count() == 0
    set_up_in(client)
    assert number in client.post(address, UNMASK).content.decode()
    assert AuditEvent.objects.filter(action="unmask").count() == 1


def test_numbers_of_a_correction_need_a_factor(
    provincial_reviewer, base_officer, signed_in, required, enrollment
):
    """TRUST-14, TRUST-51."""
    correction = CorrectionRequest.objects.create(
        resident=enrollment.resident,
        base=enrollment.base,
        old_id_type="01",
        old_id_number=enrollment.resident.id_number,
        new_id_type="01",
        new_id_number=factories.id_number(),
        reason="录错",
        asked_by=base_officer,
    )
    client, address = signed_in(provincial_reviewer), reverse("review:correction", args=[correction.pk])
    assert client.post(address, UNMASK).url == SET_UP
    set_up_in(client)
    assert correction.old_id_number in client.post(address, UNMASK).content.decode()


def test_unmasked_exports_need_a_factor(provincial_reviewer, signed_in, required, pending):
    """TRUST-14."""
    client, address = signed_in(provincial_reviewer), reverse("review:residents-export")
    full = {"unmasked": "on", "purpose": "核发补助"}
    assert client.post(address, full).url == SET_UP
    assert Export.objects.count() == 0
    set_up_in(client)
    assert client.post(address, full).status_code == 200
    assert list(Export.objects.order_by("pk").values_list("is_masked", flat=True)) == [False]


def test_finished_unmasked_export_needs_a_factor_to_be_fetched(provincial_reviewer, signed_in, required):
    """TRUST-14: made while there was a factor, fetched after its reset."""
    export = Export.objects.create(
        requested_by=provincial_reviewer,
        kind="residents_list",
        is_masked=False,
        purpose="核发补助",
        file="x.xlsx",
    )
    client = signed_in(provincial_reviewer)
    address = reverse("review:export-file", args=[export.pk])
    assert client.get(address).url == f"{SET_UP}?next={address.replace('/', '%2F')}"
    export.refresh_from_db()
    assert export.downloaded_at is None


# --- a lost one ------------------------------------------------------------------------------------------------------


def give(user: User) -> None:
    factor = SecondFactor.objects.create(user=user, sealed_key=second_factor.seal("A" * 32), last_step=0)
    user.second_factor_at = factor.made_at
    user.save(update_fields=["second_factor_at"])


# Who takes away whose, and with what answer: 302 done, 403 may not, 404 does not see him there.
RESETS = [
    ("national_officer", "base_officer", 302),
    ("national_officer", "provincial_reviewer", 302),
    ("national_officer", "colleague", 302),
    ("national_officer", "national_officer", 403),
    ("provincial_reviewer", "base_officer", 302),
    ("provincial_reviewer", "provincial_reviewer", 403),
    ("provincial_reviewer", "second_reviewer", 403),
    ("provincial_reviewer", "colleague", 404),
    ("other_province_reviewer", "base_officer", 404),
    ("base_officer", "base_officer", 403),
    ("base_officer", "second_officer", 403),
    ("resident", "base_officer", 403),
]


@pytest.fixture
def second_officer(base):
    user = factories.UserFactory(role="base")
    factories.grant(user, base)
    return user


@pytest.fixture
def second_reviewer(province):
    user = factories.UserFactory(role="province")
    factories.grant(user, province)
    return user


@pytest.fixture
def colleague(db):
    return factories.UserFactory(role="cmda", username="cmda02")


@pytest.mark.parametrize(("by", "whose", "status"), RESETS)
def test_who_may_reset_whose_factor(by, whose, status, request, signed_in, base, province):
    """TRUST-14, TRUST-29: the manager above, among the association's own a colleague; never an equal, never oneself."""
    by, user = request.getfixturevalue(by), request.getfixturevalue(whose)
    place = {"base": ("base", base.pk), "province": ("province", "33"), "cmda": ("cmda", "all")}[user.role]
    give(user)
    address = reverse("review:staff-factor", args=[*place, user.pk])

    answer = signed_in(by).post(address, {"reason": "手机丢失，已回拨座机核实"})

    assert answer.status_code == status
    assert SecondFactor.objects.filter(user=user).exists() is (status != 302)


def test_reset_ends_sessions_tells_the_person_and_is_logged(national_officer, base_officer, signed_in, base):
    """TRUST-10, TRUST-14, TRUST-55: with the reason; the next sign-in needs the password only."""
    theirs = signed_in(base_officer)
    set_up_in(theirs)
    Message.objects.all().delete()
    manager = signed_in(national_officer)
    address = reverse("review:staff-factor", args=["base", base.pk, base_officer.pk])
    assert "重置二次验证" in manager.get(reverse("review:staff-of", args=["base", base.pk])).content.decode()
    assert manager.post(address, {"reason": " "}).status_code == 200
    assert SecondFactor.objects.count() == 1

    manager.post(address, {"reason": "手机丢失，已回拨座机核实"})

    assert theirs.get("/messages/").status_code == 302
    event = AuditEvent.objects.get(action="second_factor_reset")
    assert (event.actor, event.target_id) == (national_officer, str(base_officer.pk))
    assert event.detail == {"reason": "手机丢失，已回拨座机核实"}
    message = Message.objects.get(recipient=base_officer)
    assert (message.kind, message.topic) == ("second_factor", "security")
    values = {"account": base_officer.username, "password": PASSWORD}
    assert theirs.post("/sign-in/staff/", values).url == "/desk/"


def test_operator_resets_the_associations_only_account(national_officer, capsys):
    """TRUST-14: the command, with its reason in the log and nobody as its actor."""
    give(national_officer)
    call_command("reset_second_factor", "CMDA01", reason="唯一账号，凭书面申请办理")
    assert "cmda01 的二次验证已重置" in capsys.readouterr().out
    event = AuditEvent.objects.get(action="second_factor_reset")
    assert (event.actor, event.detail) == (None, {"reason": "唯一账号，凭书面申请办理"})
    national_officer.refresh_from_db()
    assert national_officer.second_factor_at is None
    with pytest.raises(CommandError):
        call_command("reset_second_factor", "cmda01", reason="再来一次")
