"""漏报 of a merged base: whom its lapsed recruits' letters send where, and the list of who goes on for it (AM-46)."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from bases.deadlines.letters import send_letters, tell_of_other_doors
from portal.calendar import INTAKE_STEPS
from portal.models import Message, Step
from residents.models import Enrollment
from residents.services.lock import carry_out_locks
from review.successions import services
from tests import factories
from tests.bases.conftest import counts
from tests.bases.desk import close, complete, page, reopen
from tests.bases.imports.test_doors import line_of

pytestmark = pytest.mark.django_db
LIST = "/base/handed-over/"


def merge(base, successor, by):
    return services.decide(
        base,
        kind="merged",
        successor=successor,
        province=None,
        day=timezone.localdate(),
        reason="国卫科教〔2026〕1号",
        takes_staff=False,
        by=by,
    )


def letter(user) -> str:
    (found,) = Message.objects.filter(recipient=user, kind="year_letter")
    return f"{found.subject} {found.body} {found.link}"


def test_whoever_lapsed_before_the_merger_is_added_by_the_successor(
    imported, base, other_base, cycle, base_officer, other_base_officer, national_officer, signed_in
):
    """No letter, page or preview leaves him between two desks; the list is as long as they say, and ends."""
    lapsed, between = complete(other_base, cycle.year), factories.TrainingBaseFactory(name="中间医院")
    close(cycle, *INTAKE_STEPS)
    carry_out_locks()
    made = merge(other_base, between, national_officer)
    # By another base: the last of the row is meant.
    merge(between, base, national_officer)
    assert [number for words, number in made.counts.items() if "补录" in words] == [1]
    told = Message.objects.filter(recipient=base_officer, kind="directory").latest("pk")
    assert lapsed.resident.full_name in page(signed_in(base_officer).get(told.address))
    send_letters()
    to_old, to_new = letter(other_base_officer), letter(base_officer)
    assert f"承接基地“{base.name}”补录" in to_old
    assert "现在起" not in to_old
    assert f"“{other_base.name}”锁定失效、可由承接基地补录 1 人" in to_new
    assert f"承接基地“{base.name}”" in letter(lapsed.resident.user)
    assert f"承接基地“{base.name}”" in page(signed_in(lapsed.resident.user).get("/resident/"))
    client = signed_in(base_officer)
    assert to_new.endswith(f"{LIST}?base={other_base.pk}&year={cycle.year}#lapsed")
    assert lapsed.resident.full_name in page(client.get(LIST))
    uploads = reverse("bases:import-upload", args=["accounts", "registry"])
    assert "有 1 人锁定失效" in page(client.get(uploads))
    assert not list(signed_in(other_base_officer).get(LIST).context["lapsed"])
    assert counts(imported([line_of(lapsed)], module="registry")) == (1, 1, 0, 0)
    assert Enrollment.objects.get(base=base).resident == lapsed.resident
    assert not list(client.get(LIST).context["lapsed"])
    assert f"{LIST}#lapsed" not in client.get(uploads).text


def test_a_base_out_of_use_without_successor_is_sent_upwards(base, cycle, base_officer, signed_in):
    complete(base, cycle.year)
    close(cycle, *INTAKE_STEPS)
    carry_out_locks()
    base.is_active = False
    base.save()
    send_letters()
    assert "请联系省级行政部门" in letter(base_officer)


def test_the_number_of_the_letter_is_that_of_the_list_it_opens(
    base, other_base, cycle, base_officer, national_officer, signed_in
):
    """Those of an earlier lock are on the whole list, which the letter of this one doesn't open."""
    complete(other_base, cycle.year - 7, lapsed_at=timezone.now())
    lapsed = complete(other_base, cycle.year)
    close(cycle, *INTAKE_STEPS)
    carry_out_locks()
    merge(other_base, base, national_officer)
    send_letters()
    assert "补录 1 人" in letter(base_officer)
    (message,) = Message.objects.filter(recipient=base_officer, kind="year_letter")
    answer = signed_in(base_officer).get(message.address)
    assert (answer.context["lapsed"], answer.context["others"]) == ([lapsed], 1)
    assert len(signed_in(base_officer).get(LIST).context["lapsed"]) == 2


def test_the_heirs_list_and_its_letter_follow_a_reopening(
    imported, checked, base, other_base, cycle, base_officer, national_officer, signed_in
):
    """AM-31, AM-43: what they name is walked and takes him; what they name no more refuses him."""
    lapsed = complete(other_base, cycle.year)
    close(cycle, *INTAKE_STEPS)
    carry_out_locks()
    merge(other_base, base, national_officer)
    client = signed_in(base_officer)
    assert "/base/imports/accounts/registry/" in client.get(LIST).text
    assert tell_of_other_doors() == 0
    soon = timezone.now() + timedelta(days=9)
    reopen(cycle, Step.REVIEW, until=soon)
    assert tell_of_other_doors() == 1
    assert "/base/imports/accounts/" not in client.get(LIST).text
    assert "现在还不能补录" in client.get(LIST).text
    assert counts(checked([line_of(lapsed)], module="registry")) == (1, 0, 0, 1)
    reopen(cycle, Step.BASE_FILL, until=soon)
    assert (tell_of_other_doors(), tell_of_other_doors()) == (1, 0)
    text = client.get(LIST).text
    assert ("/base/imports/accounts/intake/" in text, "/base/imports/accounts/registry/" in text) == (
        True,
        False,
    )
    assert counts(imported([line_of(lapsed)], module="intake")) == (1, 1, 0, 0)
    assert tell_of_other_doors() == 0


def test_the_sentence_of_the_door_has_no_gap(base, cycle, base_officer, signed_in):
    """A line break of a template is a blank on the screen, which Chinese has not between its words."""
    record = complete(base, cycle.year)
    close(cycle, *INTAKE_STEPS)
    carry_out_locks()
    text = page(signed_in(base_officer).get(f"/base/records/{record.pk}/"))
    assert "仍在本基地培训的，现在起在<a" in text
    assert "</a>中补录" in text
