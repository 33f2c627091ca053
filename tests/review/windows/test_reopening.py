"""AM-43 through the association's page: who lapsed, who may live again, who is left and why."""

import datetime

import pytest
from django.utils import timezone

from bases.workbooks.accounts import doors
from portal.calendar import INTAKE_STEPS
from portal.models import AuditEvent, CycleWindow, Message, Step
from residents.models import Enrollment
from residents.services.lock import carry_out_locks
from review.windows import services as windows
from tests import factories
from tests.bases.desk import approved, close, complete, page, reported

pytestmark = pytest.mark.django_db


@pytest.fixture
def national(signed_in, national_officer):
    return signed_in(national_officer)


@pytest.fixture
def lapsed(base, cycle, base_officer):
    """Three who lapsed: one waited for the province, one was imported anew since, one was only begun."""
    found = [reported(complete(base, cycle.year), base_officer), *(complete(base, cycle.year) for _ in "12")]
    close(cycle, *INTAKE_STEPS)
    assert carry_out_locks() == 3
    factories.EnrollmentFactory(
        resident=found[1].resident,
        base=base,
        intake_year=cycle.year,
        origin="late",
        registered_at=timezone.now(),
    )
    return found


def reopen(cycle, by, days=2, province=None):
    now = timezone.now()
    for step in (Step.REPORT, Step.REVIEW):
        windows.set_window(
            cycle,
            step,
            province,
            opens_at=now - datetime.timedelta(days=9),
            closes_at=now + datetime.timedelta(days=days),
            by=by,
        )


def living(records) -> list[bool]:
    return [Enrollment.objects.get(pk=record.pk).is_live for record in records]


def test_while_the_year_is_locked_nobody_lives_again(national, cycle, lapsed):
    answer = national.post(f"/review/windows/{cycle.year}/lapsed/", {"range": "all", "reason": "系统故障"})
    assert (len(answer.context["result"].done), len(answer.context["result"].left)) == (0, 3)
    assert "锁定" in page(answer)


def test_opened_again_it_locks_again(
    national, national_officer, cycle, lapsed, base, signed_in, base_officer
):
    """AM-43: "open again for those named, locks again at the new end, and what is unapproved then lapses … save those
    whose person has a live record or an approved record of that year: they are listed and left"."""
    assert doors(base)[cycle.year].registry_takes
    reopen(cycle, national_officer)
    assert not doors(base)[cycle.year].registry_takes
    cycle.refresh_from_db()
    assert cycle.locked_at is None
    answer = national.post(
        f"/review/windows/{cycle.year}/lapsed/", {"range": "all", "reason": "系统故障补报"}
    )
    text = page(answer)
    assert "已恢复 2 人，未恢复 1 人" in text
    assert "此人现有记录" in text
    assert living(lapsed) == [True, False, True]
    assert AuditEvent.objects.get(action="lapsed_revived").detail["reason"] == "系统故障补报"
    assert Message.objects.filter(recipient=base_officer, subject__contains="已恢复").count() == 1
    assert Message.objects.filter(recipient=lapsed[0].resident.user, subject__contains="已恢复").count() == 1
    assert Enrollment.objects.get(pk=lapsed[0].pk).review_status == "1"
    assert carry_out_locks() == 0
    assert carry_out_locks(timezone.now() + datetime.timedelta(days=3)) == 2
    cycle.refresh_from_db()
    assert cycle.locked_at is not None
    assert living(lapsed) == [False, False, False]


def test_one_alone_or_one_base(national, national_officer, cycle, lapsed, other_base):
    far = factories.EnrollmentFactory(base=other_base, intake_year=cycle.year)
    carry_out_locks()
    CycleWindow.objects.filter(cycle=cycle).update(closes_at=timezone.now() + datetime.timedelta(days=1))
    address = f"/review/windows/{cycle.year}/lapsed/"
    Enrollment.objects.filter(pk=far.pk).update(lapsed_at=timezone.now())
    national.post(address, {"choice": lapsed[0].pk, "reason": "误操作"})
    assert living([*lapsed, far]) == [True, False, False, False]
    national.post(f"{address}?base={other_base.pk}", {"range": "all", "reason": "误操作"})
    assert living([*lapsed, far]) == [True, False, False, True]


def test_without_a_reason_nothing_happens(national, national_officer, cycle, lapsed):
    reopen(cycle, national_officer)
    answer = national.post(f"/review/windows/{cycle.year}/lapsed/", {"range": "all", "reason": " "})
    assert (answer.status_code, living(lapsed)) == (422, [False, False, False])


def test_an_approved_record_of_the_year_leaves_the_lapsed_one(
    national, national_officer, cycle, lapsed, other_base, base_officer, provincial_reviewer
):
    """AM-43; "approved record of that year", whatever became of it since."""
    twin = factories.EnrollmentFactory(
        resident=lapsed[2].resident, base=lapsed[2].base, intake_year=cycle.year, registered_at=timezone.now()
    )
    factories.fill_training(twin)
    approved(twin, base_officer, provincial_reviewer)
    Enrollment.objects.filter(pk=twin.pk).update(status="5")
    reopen(cycle, national_officer)
    answer = national.post(f"/review/windows/{cycle.year}/lapsed/", {"range": "all", "reason": "补报"})
    assert "审核通过的记录" in page(answer)
    assert living(lapsed) == [True, False, False]


def test_an_early_window_of_one_province_changes_nothing_elsewhere(
    national, national_officer, cycle, province, other_province, base, base_officer, signed_in
):
    """AM-42 (Y1): "A new cycle's early window opens exactly what its preview says and changes nothing else"."""
    ahead = windows.create_cycle(cycle.year + 1, "下一年", by=national_officer)
    factories.EnrollmentFactory(base=base, intake_year=cycle.year)
    now = timezone.now()
    times = {"opens_at": now - datetime.timedelta(hours=1), "closes_at": now + datetime.timedelta(days=5)}
    told = windows.preview(ahead, Step.BASE_FILL, other_province, **times)
    assert [each.provinces for each in told.effects] == [[other_province.short_name]]
    assert told.beside == [cycle]
    windows.set_window(ahead, Step.BASE_FILL, other_province, by=national_officer, **times)
    overview = national.get("/review/national/")
    assert (overview.context["cycle"], overview.context["total"].imported) == (cycle, 1)
    assert f"year={ahead.year}" in page(overview)
    assert national.get("/review/national/", {"year": ahead.year}).context["cycle"] == ahead
    desk = signed_in(base_officer)
    assert desk.get("/base/records/intake/").context["page"].paginator.count == 1
    assert desk.get("/base/imports/accounts/intake/").context["opening"].is_open
    assert desk.get("/base/").context["cycle"] == cycle


def test_more_time_is_advised_only_where_it_would_help(national, national_officer, cycle, lapsed):
    """AM-43: while the cycle is open, whoever lives elsewhere has a reason of his own and no time to wait for."""
    address = f"/review/windows/{cycle.year}/lapsed/"
    advice = "中延长时间，重新开放本周期"
    assert advice in page(national.get(address))
    reopen(cycle, national_officer)
    Enrollment.objects.filter(pk__in=[lapsed[0].pk, lapsed[2].pk]).update(status="5")
    text = page(national.get(address))
    assert ("此人现有记录" in text, "现在没有可以恢复的记录" in text, advice in text) == (True, True, False)
