"""日报: a day's numbers unit by unit, the days before it, a text to paste and a workbook (GOAL-P12)."""

import datetime
import io

import openpyxl
import pytest
from django.urls import reverse
from django.utils import timezone

from bases.models import Submission
from bases.report import services as report
from portal.models import AuditEvent
from review.decisions.services import approve
from review.funnel import circular, funnel
from tests import factories

ADDRESS = "review:circular"


def days_ago(number):
    return timezone.localdate() - datetime.timedelta(days=number)


@pytest.fixture
def season(base, base_officer, provincial_reviewer, cycle):
    """Four recruits of one base, two of them imported three days ago: one only imported, one complete, one reported,
    one approved; all but the imports happened today."""
    made = [factories.EnrollmentFactory(base=base, intake_year=cycle.year) for _ in range(4)]
    for each in made[1:]:
        factories.fill_personal(each.resident)
        each.personal_state = "2"
        each.save()
    for each in made[2:]:
        factories.fill_training(each)
    report.report([each.pk for each in made[2:]], by=base_officer, declared=True)
    last = Submission.objects.get(enrollment=made[3])
    approve({last.pk: last.version}, by=provincial_reviewer)
    moved = [made[0].pk, made[3].pk]
    type(made[0]).objects.filter(pk__in=moved).update(created_at=timezone.now() - datetime.timedelta(days=3))
    return made


def test_a_day_tells_what_was_reached_and_what_was_new(season, base, national_officer, cycle):
    """GOAL-P12."""
    counted = funnel.nation(cycle.year)
    today, before = (circular.circular(counted, days_ago(ago)) for ago in (0, 1))
    [unit] = [each for each in today.units if each.reached["imported"]]
    assert unit.name == base.province.name
    assert list(unit.reached.values()) == list(today.total.reached.values()) == [4, 3, 2, 1]
    assert list(unit.that_day.values()) == [2, 3, 2, 1]
    assert list(unit.rates.values()) == ["75.0%", "50.0%", "25.0%"]
    assert list(before.total.reached.values()) == [2, 0, 0, 0]
    assert list(before.total.rates.values()) == ["0.0%", "0.0%", "0.0%"]
    assert circular.season(counted) == [days_ago(ago) for ago in (3, 2, 1, 0)]
    assert list(circular.circular(counted, days_ago(9)).total.rates.values()) == ["—"] * 3


def test_the_last_day_is_the_funnel(season, provincial_reviewer, cycle):
    """GOAL-P7: the circular of today and the funnel are one number."""
    counted = funnel.within(provincial_reviewer, cycle)
    told = circular.circular(counted, days_ago(0))
    total = funnel.total(counted.lines)
    assert told.total.reached == {stage: total.numbers[stage] for stage in circular.TOLD}


def test_what_was_returned_is_complete_but_not_reported(season, provincial_reviewer, cycle):
    found = funnel.records(provincial_reviewer, cycle)
    found.filter(review_status="1").update(report_status="0", review_status="3")
    told = circular.circular(funnel.within(provincial_reviewer, cycle), days_ago(0))
    assert list(told.total.reached.values()) == [4, 3, 1, 1]


@pytest.mark.parametrize(
    ("who", "unit"), [("provincial_reviewer", "培训基地"), ("national_officer", "省级单位")]
)
def test_page_shows_the_day_the_days_and_the_text(request, signed_in, season, base, who, unit):
    page = signed_in(request.getfixturevalue(who)).get(reverse(ADDRESS), {"stage": "imported"})
    html = page.content.decode()
    assert unit in html
    assert "账号已导入 4 人（当日 2 人）" in page.context["text"]
    assert "信息完整率 75.0%，上报率 50.0%，审核通过率 25.0%" in page.context["text"]
    assert [each.isoformat() for each in page.context["days"]] == [
        days_ago(ago).isoformat() for ago in (3, 2, 1, 0)
    ]
    assert page.context["by_days"][-1] == ("合计", [2, 0, 0, 2], 4)


@pytest.mark.parametrize("who", ["provincial_reviewer", "national_officer"])
def test_what_was_reached_by_today_opens_its_people(request, signed_in, season, who):
    """GOAL-P7; of an earlier day nobody can be listed, who has moved on since."""
    client = signed_in(request.getfixturevalue(who))
    for line in client.get(reverse(ADDRESS)).context["lines"]:
        for number, _, people in line["numbers"]:
            assert client.get(people).context["page"].count == number
    before = client.get(reverse(ADDRESS), {"day": days_ago(1).isoformat()}).context["lines"]
    assert {people for line in before for _, _, people in line["numbers"]} == {""}


def test_a_province_of_the_association_shows_its_bases(signed_in, season, base, national_officer):
    client = signed_in(national_officer)
    first = client.get(reverse(ADDRESS)).context["lines"][0]
    page = client.get(first["deeper"])
    assert [line["name"] for line in page.context["lines"]] == [base.name, "合计"]
    assert page.context["text"].startswith(f"【{base.province.name}")


def test_an_earlier_day_and_a_day_that_is_none(signed_in, season, provincial_reviewer):
    client = signed_in(provincial_reviewer)
    page = client.get(reverse(ADDRESS), {"day": days_ago(2).isoformat()})
    assert page.context["circular"].day == days_ago(2)
    assert page.context["circular"].total.reached["imported"] == 2
    for odd in ("²", "9999-12-31", "0001-01-01", "2026-02-30"):
        assert client.get(reverse(ADDRESS), {"day": odd}).status_code == 200
    assert "日期或环节无法识别" in client.get(reverse(ADDRESS), {"day": "明天"}).content.decode()


def test_workbook_has_every_day_and_unit(signed_in, season, base, provincial_reviewer):
    """GOAL-P12: to be passed on."""
    answer = signed_in(provincial_reviewer).post(reverse("review:circular-file"))
    rows = list(openpyxl.load_workbook(io.BytesIO(answer.content)).active.values)
    assert rows[0][:4] == ("日期", "培训基地", "账号已导入（当日）", "账号已导入（累计）")
    own = [row for row in rows[1:] if row[1] == base.name]
    assert [row[0].date() for row in own] == [days_ago(ago) for ago in (3, 2, 1, 0)]
    assert [row[3] for row in own] == [2, 2, 2, 4]
    assert own[-1][-3:] == (75, 50, 25)
    assert AuditEvent.objects.filter(action="export", detail__list="日报").count() == 1


def test_queries_do_not_grow_with_the_bases(
    signed_in, season, base, cycle, provincial_reviewer, django_assert_num_queries
):
    client = signed_in(provincial_reviewer)
    client.get(reverse(ADDRESS))
    with django_assert_num_queries(19):
        assert len(client.get(reverse(ADDRESS)).context["lines"]) == 2
    for _ in range(2):
        another = factories.TrainingBaseFactory(province=base.province)
        factories.EnrollmentFactory(base=another, intake_year=cycle.year)
    with django_assert_num_queries(19):
        assert len(client.get(reverse(ADDRESS)).context["lines"]) == 4


def test_no_intake_no_numbers(signed_in, cycle, provincial_reviewer):
    assert "还没有招收记录" in signed_in(provincial_reviewer).get(reverse(ADDRESS)).content.decode()
