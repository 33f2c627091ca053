"""What is ended stays ended (TRUST-16, TRUST-22, TRUST-76), and what was left behind goes (TRUST-79)."""

import datetime

import pytest
from django.contrib.auth.password_validation import validate_password
from django.contrib.sessions.models import Session
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from bases import staff
from portal import drafts
from portal.models import FormDraft, SignInAttempt, User
from portal.sign_in import pruning
from tests import factories
from tests.factories import PASSWORD
from tests.portal.sign_in.entrances import sign_in

pytestmark = pytest.mark.django_db
PAGE = "/messages/"


def ways_to_disable(user: User, national: User) -> dict:
    return {
        "staff": lambda active: staff.set_active(User.objects.get(pk=user.pk), active=active, by=national),
        "set-wise": lambda active: User.objects.filter(pk=user.pk).update(is_active=active),
    }


@pytest.mark.parametrize("way", ["staff", "set-wise"])
def test_disabled_and_enabled_again_is_signed_out(way, signed_in, base_officer, national_officer):
    """TRUST-76."""
    client = signed_in(base_officer)
    assert client.get(PAGE).status_code == 200
    change = ways_to_disable(base_officer, national_officer)[way]
    change(False)
    change(True)
    assert client.get(PAGE).status_code == 302
    assert signed_in(User.objects.get(pk=base_officer.pk)).get(PAGE).status_code == 200


def test_row_saved_from_an_older_reading_forgets_no_end(signed_in, base_officer):
    stale, client = User.objects.get(pk=base_officer.pk), signed_in(base_officer)
    for active in (False, True):
        User.objects.filter(pk=base_officer.pk).update(is_active=active)
    stale.save()
    assert client.get(PAGE).status_code == 302


def test_session_ends_after_a_day_of_work_however_busy(base_officer, settings):
    """TRUST-76: TRUST-16: the absolute end."""
    client = Client()
    sign_in(client, base_officer.username, PASSWORD, "/sign-in/staff/")
    session = client.session
    session["began_at"] -= settings.SESSION_COOKIE_AGE + 1
    session.save()
    assert client.get(PAGE).status_code == 302
    assert client.get(PAGE).status_code == 302


def test_sign_out_clears_what_the_browser_keeps(signed_in, base_officer):
    answer = signed_in(base_officer).post(reverse("portal:sign-out"))
    assert answer["Clear-Site-Data"] == '"cache", "storage"'


def test_tries_sessions_and_drafts_are_pruned(base_officer, signed_in):
    """TRUST-79: Once an hour by the clock; what is young stays."""
    now = timezone.now()
    for age in (1, 91):
        SignInAttempt.objects.create(account="x", address="10.0.0.1", at=now - datetime.timedelta(days=age))
    for name, age in (("new", 1), ("old", 181)):
        saved = now - datetime.timedelta(days=age)
        FormDraft.objects.create(user=base_officer, form=name, data={}, saved_at=saved)
    signed_in(base_officer)
    Session.objects.create(session_key="old", session_data="", expire_date=now - datetime.timedelta(days=1))

    pruning.prune_when_due()
    pruning.prune_when_due()

    assert SignInAttempt.objects.count() == 1
    assert [draft.form for draft in FormDraft.objects.all()] == ["new"]
    assert Session.objects.count() == 1


def test_account_of_a_machine_can_never_sign_in(province):
    """TRUST-74: its name can be typed by nobody, and the database keeps it disabled."""
    account = staff.interface_account(province)
    assert account.username == "#api-33"
    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.filter(pk=account.pk).update(is_active=True)


def test_name_of_an_earlier_actor_is_a_name_like_any_other(province, base, base_officer):
    """An account called api-33 that a base makes acts for nobody."""
    made = staff.create_staff(
        base, username="api-33", full_name="李四", mobile="13900000001", by=base_officer
    )
    assert staff.interface_account(province) != made


@pytest.mark.parametrize("password", ["ab19950312", "lv950312", "03121995ab", "ab330106xy"])
def test_what_the_number_tells_is_refused_before_the_first_save(password):
    """TRUST-77: nothing is known of the person but his number."""
    user = factories.ResidentFactory(id_number="330106199503120014").user
    with pytest.raises(ValidationError):
        validate_password(password, user)
    validate_password("wandering-fox", user)


def test_of_one_person_so_many_drafts_are_kept(resident, base_officer, monkeypatch):
    """TRUST-79: the oldest go, another's stay."""
    monkeypatch.setattr(drafts, "MOST", 3)
    drafts.save_draft(base_officer, "form", "a=1")
    for number in (1, 2, 3, 1, 4):
        drafts.save_draft(resident, f"form-{number}", f"a={number}")
    kept = FormDraft.objects.filter(user=resident).values_list("form", flat=True)
    assert set(kept) == {"form-3", "form-1", "form-4"}
    assert drafts.draft_for(base_officer, "form")
