"""Three years in one run (AM-42, AM-43, AM-44): intake, a return by interface, the next cycle opened early, the lock, a
reopening, the yearly update, the next intakes; at each step the pages, counts and messages of every role."""

import datetime

import pytest
from django.core.management import call_command
from django.utils import timezone

from bases.models.organisations import ReportingMode
from bases.report.services import report
from bases.workbooks.accounts import doors
from portal.calendar import INTAKE_STEPS
from portal.models import CollectionCycle, Message, Step
from residents.completeness import PERSONAL
from residents.models import Enrollment
from residents.services.personal import confirm_unchanged
from review.api import keys
from review.decisions.services import approve, return_for_correction
from review.windows import revival
from review.windows import services as windows
from tests import factories
from tests.bases.desk import complete, page, reported, returned
from tests.review.api.delivered import record
from tests.review.api.test_api_intake import outcomes, post

pytestmark = [pytest.mark.long, pytest.mark.django_db]
DAY = datetime.timedelta(days=1)


class Clock:
    """The one now(), moved."""

    def __init__(self, monkeypatch):
        self.real, self.ahead = timezone.now, datetime.timedelta()
        self.start = timezone.localtime().replace(hour=9, minute=0, second=0, microsecond=0)
        self.ahead = self.start - self.real()
        monkeypatch.setattr(timezone, "now", lambda: self.real() + self.ahead)

    def day(self, number: float) -> datetime.datetime:
        return self.start + number * DAY

    def to(self, number: float) -> None:
        """Nine o'clock of that day, and one round of the machine's own clock."""
        self.ahead = self.day(number) - self.real()
        call_command("run_clock", "--once")


@pytest.fixture
def clock(db, monkeypatch):
    return Clock(monkeypatch)


class People:
    """Everybody who looks, by role; a page is opened as the person who is signed in at that moment."""

    def __init__(self, sign_in, **users):
        self.sign_in, self.users = sign_in, users

    def open(self, who, address, **asked):
        return self.sign_in(self.users.get(who, who)).get(address, asked)

    def told(self, who, words) -> int:
        found = Message.objects.filter(recipient=self.users.get(who, who))
        return len([each for each in found if words in each.subject + each.body])


@pytest.fixture
def people(signed_in, base_officer, other_base_officer, provincial_reviewer, other_province_reviewer):
    return People(
        signed_in,
        base=base_officer,
        neighbour=other_base_officer,
        province=provincial_reviewer,
        api=other_province_reviewer,
        cmda=factories.UserFactory(username="cmda09", role="cmda"),
    )


def opened(cycle, clock, fill, review, update):
    """The national windows of a year, by the days of the journey."""
    spans = dict.fromkeys(INTAKE_STEPS[:3], fill) | {Step.REVIEW: review, Step.API_TRANSFER: fill}
    spans |= {Step.REGISTRY_UPDATE: update, Step.BACK_REPORT: update}
    for step, (first, last) in spans.items():
        cycle.windows.update_or_create(
            step=step,
            province=None,
            defaults={"opens_at": clock.day(first), "closes_at": clock.day(last)},
        )


def overview(people, **asked) -> dict[str, int]:
    context = people.open("cmda", "/review/national/", **asked).context
    total = context["total"]
    names = ("imported", "waiting", "returned", "approved", "lapsed")
    return {"year": context["cycle"].year} | {name: getattr(total, name) for name in names}


def listed(people, who, **asked) -> int:
    return people.open(who, "/base/records/intake/", **asked).context["page"].paginator.count


def approve_all(records, by) -> None:
    for each in records:
        submission = each.submissions.get(outcome="pending")
        assert approve({submission.pk: submission.version}, by=by).decided


def test_three_years(clock, people, base, other_base, other_province, other_base_officer):
    cmda, officer, reviewer = people.users["cmda"], people.users["base"], people.users["province"]
    year = clock.start.year
    first = CollectionCycle.objects.create(year=year, title=f"{year}年住院医师信息采集")
    opened(first, clock, (-5, 20), (-5, 30), (-5, 60))
    far = factories.TrainingBaseFactory(province_id=other_province.pk)
    other_province.reporting_mode = ReportingMode.API
    other_province.save()
    _, key = keys.create(
        other_province,
        name="省平台",
        scopes=["deliver", "results"],
        addresses=[],
        is_sandbox=False,
        expires_at=clock.day(80),
        by=cmda,
    )

    # The first intake: each of five fates.
    good = reported(complete(base, year), officer)
    waits = reported(complete(base, year), officer)
    sent_back = returned(complete(base, year), officer, reviewer)
    begun = complete(other_base, year)
    sent = record(far, year, 1)
    assert outcomes(post(key, [sent])) == [(201, "accepted")]
    by_api = Enrollment.objects.get(base=far)
    approve_all([good], reviewer)
    assert overview(people) == {
        "year": year,
        "imported": 5,
        "waiting": 2,
        "returned": 1,
        "approved": 1,
        "lapsed": 0,
    }
    assert (listed(people, "base"), listed(people, "neighbour")) == (3, 1)

    # The transfer is over: what its province sends back now is corrected by interface all the same (AM-44).
    clock.to(21)
    submission = by_api.submissions.get(outcome="pending")
    choice = {submission.pk: submission.version}
    assert return_for_correction(choice, by=people.users["api"], comment="请核对邮箱。").decided
    clock.to(23)
    assert people.told("api", "由接口更正") == 1
    assert people.told("province", "还有 1 人待审核") == 1
    mended = sent | {"basic": sent["basic"] | {"email": "new@example.com"}}
    answer = post(key, [mended, record(far, year, 2)])
    assert outcomes(answer) == [(200, "corrected"), (422, "refused")]
    by_api.refresh_from_db()
    assert by_api.review_status == "1"
    approve_all([by_api], people.users["api"])

    # The next cycle, opened early for one province, changes nothing for the others (AM-42).
    second = windows.create_cycle(year + 1, f"{year + 1}年住院医师信息采集", by=cmda)
    opened(second, clock, (365, 385), (365, 395), (365, 425))
    early = {"opens_at": clock.day(22), "closes_at": clock.day(40)}
    windows.set_window(second, Step.API_TRANSFER, other_province, by=cmda, **early)
    assert (overview(people)["year"], overview(people)["approved"]) == (year, 2)
    assert overview(people, year=year + 1)["imported"] == 0
    assert listed(people, "base") == 3
    assert people.open("base", "/base/").context["cycle"] == first

    # The lock, and the year's letter.
    clock.to(30.5)
    for lost in (waits, sent_back, begun):
        lost.refresh_from_db()
        assert lost.lapsed_at is not None
    assert overview(people, year=year)["lapsed"] == 3
    assert people.told("base", "审核通过 1 人，锁定失效 2 人") == 1
    assert people.told("neighbour", "锁定失效 1 人") == 1
    assert people.told("province", "审核通过 1 人，锁定失效 3 人") == 1
    assert people.told("api", "审核通过 1 人，锁定失效 0 人") == 1
    for lost, why in ((waits, "省级尚未审核"), (sent_back, "被省级退回"), (begun, "没有上报")):
        assert people.told(lost.resident.user, why) == 1
        assert why in page(people.open(lost.resident.user, "/resident/"))
    assert people.told(good.resident.user, "审核通过") >= 1
    assert doors(base)[year].registry_takes

    # Opened again for one province: it locks again, and what is unapproved then lapses (AM-43).
    for step in (Step.REPORT, Step.REVIEW):
        windows.set_window(
            first, step, base.province, opens_at=clock.day(-5), closes_at=clock.day(35), by=cmda
        )
    assert not doors(base)[year].registry_takes
    result = revival.bring_back(
        [waits.pk, sent_back.pk, begun.pk], cycle=first, by=cmda, reason="系统故障补报"
    )
    assert (len(result.done), len(result.left)) == (3, 0)
    assert overview(people)["year"] == year
    assert overview(people)["lapsed"] == 0
    assert people.told("base", "已恢复") == 1
    approve_all([waits], reviewer)
    assert report([begun.pk], by=other_base_officer, declared=True, untouched=[begun.pk]).reported
    clock.to(36)
    assert {each.pk for each in Enrollment.objects.exclude(lapsed_at=None)} == {sent_back.pk, begun.pk}
    assert people.told("base", "审核通过 2 人，锁定失效 1 人") == 1
    first.refresh_from_db()
    assert first.locked_at is not None

    # The yearly update of the registry, in the first year and again in the second.
    for day, number in ((53, 0), (418, 1)):
        clock.to(day)
        cycle = (first, second)[number]
        assert people.told(good.resident.user, f"{cycle.year}年集中更新") == 1
        assert people.told("base", "人没有逐项确认") == number + 1
        assert f"{cycle.year} 年信息集中更新" in page(people.open(good.resident.user, "/resident/"))
        total = people.open("province", "/review/funnel/updates/").context["total"]
        assert (total.asked, total.done) == (2, 0)
        good.refresh_from_db()
        Enrollment.objects.filter(pk=good.pk).update(personal_state="2")
        for section in PERSONAL:
            confirm_unchanged(good, section, cycle, by=good.resident.user)
        total = people.open("base", "/review/funnel/updates/").context["total"]
        assert (total.asked, total.done) == (2, 1)

    # The third year, while the registry takes whoever was lost in the first.
    third = windows.create_cycle(year + 2, f"{year + 2}年住院医师信息采集", by=cmda)
    opened(third, clock, (730, 750), (730, 760), (730, 790))
    clock.to(735)
    assert overview(people)["year"] == year + 2
    newcomer = reported(complete(base, year + 2), officer)
    assert (overview(people)["imported"], overview(people)["waiting"]) == (1, 1)
    assert (listed(people, "base"), listed(people, "base", year=year)) == (1, 3)
    assert {each: door.registry_takes for each, door in doors(base).items()} == {
        year: True,
        year + 1: True,
        year + 2: False,
    }
    approve_all([newcomer], reviewer)
    clock.to(761)
    assert people.told("base", f"{year + 2}年招收信息已锁定：审核通过 1 人，锁定失效 0 人") == 1
