"""One table says how long what is kept of persons is kept; the clock obeys it and the operator's paper shows it
(PAIN-26; TRUST-38)."""

import datetime
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings
from django.utils import timezone
from django.utils.module_loading import import_string

from bases.management.commands import run_clock
from portal import retention
from portal.models import FormDraft, Notice, NoticeReading, SignInAttempt
from portal.upkeep import forget_attempts, forget_drafts, forget_readings
from tests import factories

PAPER = Path(__file__).parents[2] / "docs" / "operations.md"
# Fields that hold what belongs to a person.
PERSONAL = {
    "id_number", "mobile", "full_name", "snapshot", "raw", "typed", "emergency_mobile", "address", "email", "data",
    "answer",
}  # fmt: skip
# Of organisations and of the program itself: no person's.
NOT_PERSONAL = {"portal.SiteContact", "portal.ProcessSign"}


def test_every_table_with_personal_data_has_its_time():
    """What a new model keeps of persons is put into the table, or this fails."""
    known = {model for kept in retention.TABLE for model in kept.models} | NOT_PERSONAL
    missing = {
        model._meta.label
        for app in ("portal", "residents", "bases", "review")
        for model in apps.get_app_config(app).get_models()
        if not model._meta.proxy and not model.__name__.endswith("Event") or model.__name__ == "AuditEvent"
        if PERSONAL & {field.name for field in model._meta.get_fields()}
    } - known
    assert missing == set()
    assert {model for kept in retention.TABLE for model in kept.models} <= {
        model._meta.label for model in apps.get_models()
    }


def test_the_clock_calls_what_the_table_names():
    chores = [*run_clock.CHORES, *map(import_string, settings.CLOCK_CHORES)]
    chores += map(import_string, settings.FINAL_CLOCK_CHORES)
    assert {import_string(name) for name in retention.chores()} <= set(chores)
    # Whatever has days has somebody who lets it go; whatever has none says why it stays.
    assert all(bool(kept.days) == bool(kept.chore) for kept in retention.TABLE)


def test_the_paper_shows_the_table():
    lines = PAPER.read_text().splitlines()
    for kept in retention.TABLE:
        assert f"| {kept.name} | {kept.period} | {kept.words} |" in lines


@pytest.mark.django_db
def test_tries_and_drafts_go_on_their_day():
    user, now = factories.UserFactory(), timezone.now()
    for days in (179, 181):
        at = now - datetime.timedelta(days=days)
        SignInAttempt.objects.create(account="x", address="10.0.0.1", at=at)
        FormDraft.objects.create(user=user, form=f"f{days}", data={}, saved_at=at)
    assert (forget_attempts(now), forget_drafts(now)) == (1, 1)
    assert FormDraft.objects.get().form == "f179"


@pytest.mark.django_db
def test_who_has_read_a_notice_is_forgotten_after_a_year():
    notice, now = Notice.objects.create(title="公告", body="正文"), timezone.now()
    readers = [factories.UserFactory(), factories.UserFactory()]
    for user, days in zip(readers, (364, 366), strict=True):
        at = now - datetime.timedelta(days=days)
        NoticeReading.objects.create(notice=notice, user=user, read_at=at)
    assert forget_readings(now) == 1
    assert NoticeReading.objects.get().user == readers[0]
