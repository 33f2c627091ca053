"""The funnel from account to approval and its daily curve: GOAL-P7 (every number opens its list, parts = total),
GOAL-B16."""

import datetime

import pytest
from django.core.cache import cache
from django.core.management import call_command
from django.db.models import Sum
from django.urls import reverse
from django.utils import timezone

from bases.counts import differences
from bases.models import ApprovedCount, Submission
from bases.report import services as report
from residents.services.deletion import delete_enrollment, restore_enrollment
from review.decisions.services import approve
from review.funnel import by_day, funnel
from review.funnel.by_day import DAILY
from review.funnel.provinces import by_province, total
from review.funnel.stages import STAGES, at_stage
from review.models import FunnelCount
from tests import factories


@pytest.fixture
def line(base, other_base, base_officer, provincial_reviewer, cycle):
    """Six recruits of one base at six stages, one of another base, one late addition."""
    made = [factories.EnrollmentFactory(base=base, intake_year=cycle.year) for _ in range(6)]
    for each in made[:1]:
        type(each.resident.user).objects.filter(pk=each.resident.user_id).update(activated_at=None)
    for each in made[2:]:
        factories.fill_personal(each.resident)
        each.personal_state = "2"
        each.save()
    for each in made[3:]:
        factories.fill_training(each)
    report.report([each.pk for each in made[4:]], by=base_officer, declared=True)
    last = Submission.objects.get(enrollment=made[5])
    approve({last.pk: last.version}, by=provincial_reviewer)
    factories.EnrollmentFactory(base=other_base, intake_year=cycle.year)
    factories.EnrollmentFactory(
        base=base, intake_year=cycle.year, origin="late", registered_at=timezone.now()
    )
    return made


def test_stages_count_who_came_at_least_so_far(line, base, base_officer, cycle):
    found = funnel.by(funnel.records(base_officer, cycle), "base")
    assert [(each.name, list(each.numbers.values()), each.percent) for each in found] == [
        (base.name, [6, 5, 4, 3, 2, 1], 17)
    ]


@pytest.mark.parametrize("who", ["base_officer", "provincial_reviewer", "national_officer"])
def test_every_number_opens_its_list_and_parts_make_the_total(request, signed_in, line, who):
    """GOAL-P7."""
    client = signed_in(request.getfixturevalue(who))
    page = client.get(reverse("review:funnel"))
    for each in [*page.context["lines"], page.context["total"]]:
        for number, link in each["cells"]:
            assert client.get(link).context["page"].count == number
    columns = zip(*(each["cells"] for each in page.context["lines"]), strict=True)
    sums = [sum(number for number, _ in column) for column in columns]
    assert sums == [number for number, _ in page.context["total"]["cells"]]


@pytest.mark.parametrize("who", ["provincial_reviewer", "national_officer"])
def test_kept_numbers_are_those_of_the_lists(request, line, base, cycle, who):
    """GOAL-P7: the number above a list of hundreds of thousands is not counted again, and is exact."""
    user = request.getfixturevalue(who)
    for where in ({}, {"province": base.province_id}, {"base": str(base.pk)}):
        found = funnel.records(user, cycle, **where)
        kept = {stage: funnel.number(user, cycle, stage, **where) for stage in STAGES}
        assert kept == {
            stage: None if stage in ("activated", "complete") else at_stage(found, stage).count()
            for stage in STAGES
        }


def _days(found):
    return by_day.days(by_day.reached(found, "base"))


def test_curve_ends_at_the_numbers_of_today(line, national_officer, cycle):
    """The daily curve is cumulative, without gaps, and ends where the funnel stands."""
    found = funnel.records(national_officer, cycle)
    moved = [line[0].pk, line[1].pk]
    found.filter(pk__in=moved).update(created_at=timezone.now() - datetime.timedelta(days=3))
    days = _days(funnel.records(national_officer, cycle))
    assert [each.day for each in days] == [
        timezone.localdate() - datetime.timedelta(days=ago) for ago in (3, 2, 1, 0)
    ]
    assert [each.numbers[0] for each in days] == [2, 2, 2, 7]
    assert days[-1].numbers == [7, 6, 4, 2, 1]


def test_curve_counts_who_stands_there_now_like_the_funnel(line, national_officer, cycle):
    """GOAL-P7: what the province returned is no longer 已上报, above and below."""
    found = funnel.records(national_officer, cycle)
    found.filter(review_status="1").update(report_status="0", review_status="3")
    total = funnel.total(funnel.by(found, "province"))
    assert _days(found)[-1].numbers == [total.numbers[stage] for stage in DAILY]
    assert total.numbers["reported"] == 1


def test_curve_of_years_has_a_readable_number_of_days(line, national_officer, cycle, signed_in):
    found = funnel.records(national_officer, cycle)
    found.filter(pk=line[0].pk).update(created_at=timezone.now() - datetime.timedelta(days=2500))
    days = _days(funnel.records(national_officer, cycle))
    assert 60 < len(days) <= by_day.MOST_DAYS
    assert days[-1].day == timezone.localdate()
    page = signed_in(national_officer).get(reverse("review:funnel")).content.decode()
    assert "每 21 天列一行" in page
    assert days[-1].numbers == [7, 6, 4, 2, 1]


def test_large_nation_is_counted_by_the_worker_and_says_when(
    signed_in, line, base, national_officer, cycle, monkeypatch
):
    """GOAL-P7: the date of the data is shown; parts make the total of that moment."""
    monkeypatch.setattr(funnel, "COUNTED_AT_ONCE", 5)
    client, address = signed_in(national_officer), reverse("review:funnel")
    first = client.get(address).context
    factories.EnrollmentFactory(base=base, intake_year=cycle.year)
    page = client.get(address)
    assert [page.context[name] for name in ("lines", "days", "as_of")] == [
        first[name] for name in ("lines", "days", "as_of")
    ]
    assert "每10分钟统计一次" in page.content.decode()
    call_command("run_clock", "--once")
    assert client.get(address).context["as_of"] == first["as_of"]
    long_ago = timezone.now() - datetime.timedelta(minutes=11)
    FunnelCount.objects.update(as_of=long_ago, asked_at=long_ago)
    call_command("run_clock", "--once")
    page = client.get(address)
    assert page.context["total"]["cells"][0][0] == first["total"]["cells"][0][0] + 1
    assert page.context["days"][-1].numbers[0] == page.context["total"]["cells"][0][0]


def test_large_province_is_counted_every_ten_minutes_for_its_own_people_alone(
    signed_in, line, base, provincial_reviewer, other_province_reviewer, cycle, monkeypatch
):
    """GOAL-P7: the numbers of a page are of the moment it tells; TRUST-24: kept for one scope, shown to no other."""
    own, address = signed_in(provincial_reviewer), reverse("review:funnel")
    assert "每10分钟统计一次" not in own.get(address).content.decode()
    monkeypatch.setattr(funnel, "COUNTED_AT_ONCE", 5)
    first = own.get(address).context
    factories.EnrollmentFactory(base=base, intake_year=cycle.year)
    page = own.get(address)
    assert "每10分钟统计一次" in page.content.decode()
    assert [page.context[name] for name in ("lines", "days", "as_of")] == [
        first[name] for name in ("lines", "days", "as_of")
    ]
    cache.clear()
    assert own.get(address).context["lines"][0]["cells"][0][0] == first["lines"][0]["cells"][0][0] + 1
    foreign = signed_in(other_province_reviewer).get(address)
    assert base.name not in foreign.content.decode()
    assert "每10分钟统计一次" not in foreign.content.decode()


def test_scope(signed_in, line, base_officer, other_base, other_province_reviewer):
    """TRUST-24: nobody sees another's numbers."""
    client = signed_in(base_officer)
    assert client.get(reverse("review:funnel"), {"base": other_base.pk}).status_code == 404
    assert client.get(reverse("review:funnel"), {"province": "33"}).status_code == 404
    assert signed_in(other_province_reviewer).get(reverse("review:funnel")).context["lines"] == []


def test_page_costs_the_same_for_more_bases(
    signed_in, line, national_officer, cycle, django_assert_max_num_queries
):
    client = signed_in(national_officer)
    for _ in range(3):
        factories.EnrollmentFactory(intake_year=cycle.year)
    client.get(reverse("review:funnel"))
    with django_assert_max_num_queries(17):
        client.get(reverse("review:funnel"))


def test_recruits_who_left_are_told_apart(signed_in, line, base, base_officer, other_province_reviewer):
    """AM-33: outside the stages, by their reason; what was entered wrongly is not who left."""
    today = timezone.localdate()
    delete_enrollment(line[0].pk, by=base_officer, reason="证件号录错")
    delete_enrollment(line[1].pk, by=base_officer, reason="没有报到", kind="2", left_on=today)
    delete_enrollment(line[2].pk, by=base_officer, reason="转到外省", kind="3", left_on=today)
    shown = signed_in(base_officer).get(reverse("review:funnel")).context["departures"]
    assert shown == [("录错", 1), ("未报到或放弃培训", 1), ("转到其他基地", 1)]
    elsewhere = signed_in(other_province_reviewer).get(reverse("review:funnel")).context["departures"]
    assert [number for _, number in elsewhere] == [0, 0, 0]


@pytest.mark.parametrize("who", ["base_officer", "provincial_reviewer", "national_officer"])
def test_deleting_an_approved_recruit_lowers_nothing_of_the_intake(
    request, signed_in, line, base, base_officer, cycle, who
):
    """AM-32: "an intake original stays in 招收原始信息, marked 后来删除"; so do progress and overview (BR-37)."""
    user, client = request.getfixturevalue(who), signed_in(request.getfixturevalue(who))

    def shown() -> tuple:
        numbers = [each.numbers for each in funnel.by(funnel.records(user, cycle), "base")]
        original = ApprovedCount.objects.filter(source="intake").aggregate(number=Sum("number"))
        return numbers, total(by_province(cycle)), original["number"]

    before, last, marked = shown(), line[5], '<span class="state state-grey">后来删除</span>'
    assert before[2] == 1
    delete_enrollment(last.pk, by=base_officer, reason="录错了人")
    assert shown() == before
    assert differences() == {}
    rows = client.get(reverse("review:funnel-records"), {"stage": "approved"})
    assert (rows.context["page"].count, marked in rows.text) == (1, True)
    assert reverse("review:record", args=[last.pk]) not in rows.text
    restore_enrollment(last.pk)
    assert shown() == before
    assert marked not in client.get(reverse("review:funnel-records"), {"stage": "approved"}).text


def test_a_person_counts_once_though_he_lapsed_before(
    line, base, other_base, cycle, national_officer, signed_in
):
    """AM-32: the living record stands for him, at whatever base, in every number and list of the year."""
    lapsed = line[2]
    type(lapsed).objects.filter(pk=lapsed.pk).update(lapsed_at=timezone.now())
    client = signed_in(national_officer)

    def shown():
        overview = client.get(reverse("review:national")).context["total"]
        page = client.get(reverse("review:funnel") + f"?year={cycle.year}&province={base.province_id}")
        lines = {each["name"]: each["cells"][0][0] for each in page.context["lines"]}
        return overview.imported, overview.lapsed, lines.get(base.name), page.context["days"][-1].numbers[0]

    assert shown() == (7, 1, 6, 7)
    factories.EnrollmentFactory(resident=lapsed.resident, base=other_base, intake_year=cycle.year)
    assert shown() == (7, 0, 5, 7)
    listed = client.get(f"{reverse('review:funnel-records')}?year={cycle.year}")
    assert [row.resident_id for row in listed.context["page"].rows].count(lapsed.resident_id) == 1
    assert listed.context["page"].count == 7


def test_whoever_was_added_late_has_lapsed_no_more(line, base, cycle, national_officer, signed_in):
    """AM-05: he stays in the intake's numbers, among whose lapsed nobody need look for him."""
    lapsed = line[2]
    type(lapsed).objects.filter(pk=lapsed.pk).update(lapsed_at=timezone.now())
    factories.EnrollmentFactory(
        resident=lapsed.resident,
        base=base,
        intake_year=cycle.year,
        origin="late",
        registered_at=timezone.now(),
    )
    told = total(by_province(cycle))
    assert (told.imported, told.lapsed) == (7, 0)
    assert not at_stage(funnel.records(national_officer, cycle), "lapsed").exists()
    listed = signed_in(national_officer).get(f"{reverse('review:funnel-records')}?year={cycle.year}").text
    assert listed.count("已另有记录") == 1
