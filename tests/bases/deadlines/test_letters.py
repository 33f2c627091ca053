"""The year's letter at the lock (AM-05, AM-29, AM-31): what was approved, what lapsed and why, the next door; once."""

import datetime

import pytest
from django.utils import timezone

from bases.deadlines.letters import send_letters, tell_of_other_doors
from portal.calendar import INTAKE_STEPS
from portal.models import CycleWindow, Extension, Message, Step
from residents.models import Enrollment
from residents.services.lock import carry_out_locks
from review.windows.revival import bring_back
from tests import factories
from tests.bases.desk import approved, close, complete, page, reopen, reported, returned

pytestmark = pytest.mark.django_db


@pytest.fixture
def recruits(base, cycle, base_officer, provincial_reviewer):
    """One of each fate, with the lock over."""
    found = {
        "approved": approved(complete(base, cycle.year), base_officer, provincial_reviewer),
        "waiting": reported(complete(base, cycle.year), base_officer),
        "returned": returned(complete(base, cycle.year), base_officer, provincial_reviewer),
        "unreported": complete(base, cycle.year),
    }
    Message.objects.all().delete()
    return found


def lock(cycle):
    close(cycle, *INTAKE_STEPS)
    carry_out_locks()


def letters(user) -> list[str]:
    found = Message.objects.filter(recipient=user, kind="year_letter")
    return [f"{each.subject} {each.body} {each.link}" for each in found]


def test_everybody_is_told_once_what_became_of_the_year(recruits, cycle, base_officer, provincial_reviewer):
    assert send_letters() == 0
    lock(cycle)
    assert send_letters() == 6
    assert send_letters() == 0
    (to_base,) = letters(base_officer)
    for words in ("审核通过 1 人", "锁定失效 3 人", "待审核", "退回", "未上报 1 人", "住院医师信息管理"):
        assert words in to_base
    (to_province,) = letters(provincial_reviewer)
    assert "锁定失效 3 人" in to_province
    words = {
        "approved": "审核通过",
        "waiting": "省级尚未审核",
        "returned": "被省级退回",
        "unreported": "没有上报",
    }
    for fate, record in recruits.items():
        (letter,) = letters(record.resident.user)
        assert words[fate] in letter
        assert ("补录" in letter) == (fate != "approved")


def test_links_of_the_letters_lead_to_as_many_as_they_say(
    recruits, cycle, base_officer, provincial_reviewer, signed_in
):
    lock(cycle)
    send_letters()
    desk = signed_in(base_officer)
    link = Message.objects.get(recipient=base_officer, kind="year_letter").link
    assert desk.get(link).context["page"].paginator.count == 3
    link = Message.objects.get(recipient=provincial_reviewer, kind="year_letter").link
    assert "锁定失效：3 人" in page(signed_in(provincial_reviewer).get(link))


def test_the_department_secretary_has_a_letter_of_her_own(recruits, cycle, base, signed_in):
    """AM-46, AM-05: she learns what lapsed of her specialty, in the list that shows exactly those."""
    Enrollment.objects.filter(pk=recruits["unreported"].pk).update(specialty="0200")
    secretary = factories.secretary(base, "0100")
    lock(cycle)
    send_letters()
    (letter,) = letters(secretary)
    assert "审核通过 1 人，锁定失效 2 人" in letter
    link = Message.objects.get(recipient=secretary).link
    assert signed_in(secretary).get(link).context["page"].paginator.count == 2


def test_a_base_with_more_time_is_told_at_its_own_end(
    recruits, cycle, other_base, base_officer, other_base_officer, national_officer
):
    """AM-43: it locks again at the new end."""
    complete(other_base, cycle.year)
    until = timezone.now() + datetime.timedelta(days=2)
    Extension.objects.create(
        cycle=cycle,
        step=Step.REPORT,
        base=other_base,
        until=until,
        reason="停电",
        granted_by=national_officer,
    )
    lock(cycle)
    send_letters()
    assert (len(letters(base_officer)), letters(other_base_officer)) == (1, [])
    later = until + datetime.timedelta(hours=1)
    carry_out_locks(later)
    send_letters(later)
    assert (len(letters(base_officer)), len(letters(other_base_officer))) == (1, 1)


def test_an_old_lock_is_nobodys_news(recruits, cycle):
    """Carried out before this program was there to tell it."""
    close(cycle, *INTAKE_STEPS, ago=datetime.timedelta(days=9))
    carry_out_locks()
    Enrollment.objects.update(lapsed_at=timezone.now() - datetime.timedelta(days=8))
    assert send_letters() == 0


@pytest.mark.parametrize("days", [0, 35], ids=["at once", "after a long stop"])
def test_a_lock_is_told_whenever_it_is_carried_out(
    recruits, cycle, base_officer, provincial_reviewer, national_officer, days
):
    """AM-05: those who lapsed, their base and their province learn it, at the first lock and at one after a reopening,
    also where the clock stood still over it for weeks; once."""
    ago = datetime.timedelta(days=days, hours=1)
    CycleWindow.objects.update(opens_at=timezone.now() - datetime.timedelta(days=90))
    close(cycle, *INTAKE_STEPS, ago=ago)
    carry_out_locks()
    assert send_letters() == 6
    Enrollment.objects.filter(lapsed_at__isnull=False).update(lapsed_at=timezone.now() - ago)
    again = recruits["unreported"]
    CycleWindow.objects.filter(cycle=cycle, step=Step.REPORT).update(
        closes_at=timezone.now() + datetime.timedelta(days=1)
    )
    bring_back([again.pk], cycle=cycle, by=national_officer, reason="补报")
    close(cycle, Step.REPORT, ago=ago - datetime.timedelta(minutes=30))
    carry_out_locks()
    assert send_letters() == 3
    assert send_letters() == 0
    for person in (base_officer, provincial_reviewer, again.resident.user):
        assert len(letters(person)) == 2


def test_a_base_for_which_nothing_was_opened_again_gets_no_second_letter(
    recruits, cycle, base, base_officer, national_officer, other_base, other_base_officer
):
    """AM-43: its province was opened again for another base: nothing has changed here, neither for the base nor for
    the department; who is approved or lapses meanwhile is news."""
    other = complete(other_base, cycle.year)
    other_base.province = base.province
    other_base.save()
    secretary = factories.secretary(base, recruits["unreported"].specialty_id)
    lock(cycle)
    send_letters()
    CycleWindow.objects.filter(cycle=cycle, step=Step.REPORT).update(
        closes_at=timezone.now() + datetime.timedelta(days=1)
    )
    bring_back([other.pk], cycle=cycle, by=national_officer, reason="补报")
    close(cycle, Step.REPORT, ago=datetime.timedelta(minutes=30))
    carry_out_locks()
    send_letters()
    told = {each: len(letters(each)) for each in (base_officer, secretary, other_base_officer)}
    assert told == {base_officer: 1, secretary: 1, other_base_officer: 2}


def test_the_page_of_a_lapsed_resident_says_why_and_what_next(recruits, cycle, signed_in):
    lock(cycle)
    for fate, words in (("waiting", "省级尚未审核通过"), ("unreported", "培训基地没有上报")):
        text = page(signed_in(recruits[fate].resident.user).get("/resident/"))
        assert words in text
        assert "补录" in text
        for wrong in ("已完整", "待审核", "100%"):
            assert wrong not in text, wrong


def test_a_printed_code_of_a_lapsed_recruit_activates_nobody(base, cycle, other_base):
    """Y9; the next import opens the account again."""
    record = factories.EnrollmentFactory(base=base, intake_year=cycle.year)
    user = record.resident.user
    type(user).objects.filter(pk=user.pk).update(activated_at=None, initial_code_hash="x")
    lock(cycle)
    user.refresh_from_db()
    assert (user.is_active, user.initial_code_hash) == (False, "")
    assert Enrollment.objects.get().lapsed_at is not None


def test_whoever_has_activated_still_signs_in(recruits, cycle):
    lock(cycle)
    user = recruits["waiting"].resident.user
    user.refresh_from_db()
    assert user.is_active


def test_whoever_has_a_letter_is_told_of_the_door_that_is_open_since(
    imported, base, cycle, base_officer, signed_in
):
    """AM-31, AM-43: a reopening shuts the door of the letter; base and secretary are told once for every end, with as
    many people as the list they open, and the record page says the same."""
    record = complete(base, cycle.year)
    complete(base, cycle.year)
    secretary = factories.secretary(base, "0100")
    lock(cycle)
    send_letters()
    assert "现在起在住院医师信息管理的账号导入" in letters(base_officer)[0]
    assert "由本基地管理账号的人员现在起在住院医师信息管理" in letters(secretary)[0]
    assert tell_of_other_doors() == 0
    ends = timezone.now() + datetime.timedelta(days=3)
    reopen(cycle, Step.REVIEW, until=ends)
    assert (tell_of_other_doors(), tell_of_other_doors()) == (2, 0)
    told = Message.objects.filter(recipient=base_officer, kind="year_letter").latest("pk")
    desk = signed_in(base_officer)
    for words in (told.body, page(desk.get(f"/base/records/{record.pk}/"))):
        assert "现在还不能补录" in words
        assert f"{timezone.localtime(ends):%-m月%-d日}" in words
    assert "锁定失效 2 人" in told.subject
    assert desk.get(told.address).context["page"].paginator.count == 2
    reopen(cycle, Step.BASE_FILL, until=ends + datetime.timedelta(days=1))
    assert tell_of_other_doors() == 2
    told = Message.objects.filter(recipient=base_officer, kind="year_letter").latest("pk")
    assert "现在起在招收信息管理的账号导入" in told.body


def test_the_letter_counts_nobody_who_was_added_since(recruits, base, cycle, base_officer, signed_in):
    """AM-32: the second lock of a year; the lists of base and province show the rest, and mark who has a record."""
    lock(cycle)
    record = recruits["unreported"]
    factories.EnrollmentFactory(
        resident=record.resident,
        base=base,
        intake_year=cycle.year,
        origin="late",
        registered_at=timezone.now(),
    )
    send_letters()
    assert "锁定失效 2 人" in letters(base_officer)[0]
    desk = signed_in(base_officer)
    found = desk.get(f"/base/records/intake/?year={cycle.year}&stage=taken_up")
    assert [row.pk for row in found.context["page"].object_list] == [record.pk]
    assert "已另有记录" in found.text
