"""More time for named records or a whole base, and for nobody else: GOAL-P8, BR-12, AM-26."""

import datetime

import pytest

from bases.extensions.forms import end_of_day
from bases.models import ExtensionRequest
from portal.calendar import opening
from portal.models import Extension, Message, Step
from residents.models import Enrollment
from residents.openness import Times, personal_entry, report_entry, review_entry
from residents.services.lock import carry_out_locks
from residents.services.states import StateMoved
from review.extensions.services import grant, refuse
from tests import factories
from tests.bases.extensions.conftest import asked_for, day
from tests.review.decisions.test_races import at_once

pytestmark = pytest.mark.django_db


def test_only_the_named_records_open(base, closing, people, base_officer, provincial_reviewer):
    """GOAL-P8: request by base, decision with end date, only named records."""
    request = asked_for(base, closing, base_officer, people[:1])
    assert request.state == "province"
    grant(request.pk, until=end_of_day(day(2)), by=provincial_reviewer)
    first, second = (report_entry(person) for person in people)
    assert (first.is_open, first.closes_at, second.is_open) == (True, end_of_day(day(2)), False)
    assert not personal_entry(people[0]).is_open


def test_a_whole_base_opens_and_no_other(base, other_base, closing, base_officer, provincial_reviewer):
    """GOAL-P8: the band of the base's desk shows the new deadline."""
    request = asked_for(base, closing, base_officer, step=Step.BASE_FILL)
    grant(request.pk, until=end_of_day(day(3)), by=provincial_reviewer)
    mine, theirs = (
        opening(closing, Step.BASE_FILL, province_id=each.province_id, base_id=each.pk)
        for each in (base, other_base)
    )
    assert (mine.is_open, mine.closes_at, theirs.is_open) == (True, end_of_day(day(3)), False)
    row = Extension.objects.get()
    assert (row.base, row.enrollment, row.reason, row.granted_by) == (base, None, "停电", provincial_reviewer)


def test_beyond_the_review_the_association_decides_and_gives_time_to_review(
    base, closing, people, base_officer, provincial_reviewer, national_officer
):
    """BR-12: the province has no time beyond its own; what is reported then can still be decided and does not lapse."""
    request = asked_for(base, closing, base_officer, people[:1], days=12)
    assert request.state == "cmda"
    later = end_of_day(day(12))
    with pytest.raises(StateMoved, match="省级审核延长日期"):
        grant(request.pk, until=later, by=national_officer)
    grant(request.pk, until=later, review_until=end_of_day(day(14)), by=national_officer)
    for person, is_open in zip(people, (True, False), strict=True):
        at = later - datetime.timedelta(seconds=1)
        assert report_entry(person, Times([person], now=at)).is_open is is_open
        assert review_entry(person, Times([person], now=end_of_day(day(13)))).is_open is is_open
    assert carry_out_locks(end_of_day(day(11))) == 1
    people[0].refresh_from_db()
    assert people[0].lapsed_at is None


def test_the_province_gives_no_more_than_its_own_time(base, closing, base_officer, provincial_reviewer):
    request = asked_for(base, closing, base_officer)
    with pytest.raises(StateMoved, match="更晚的由中国医师协会处理"):
        grant(request.pk, until=end_of_day(day(11)), by=provincial_reviewer)
    assert Extension.objects.count() == 0
    assert ExtensionRequest.objects.get().state == "province"


def test_everybody_concerned_is_told(base, closing, people, base_officer, provincial_reviewer):
    """GOAL-P8, GOAL-S4: the province of the request, the base of the answer, the residents of their time."""
    request = asked_for(base, closing, base_officer, people[:1], step=Step.RESIDENT_FILL)
    told = Message.objects.get(recipient=provincial_reviewer)
    assert told.link == f"/review/extensions/{request.pk}/"
    grant(request.pk, until=end_of_day(day(3)), by=provincial_reviewer, comment="请抓紧。")
    answer = Message.objects.get(recipient=base_officer)
    until = f"已同意延长至 {day(3):%Y-%m-%d} 23:59:59"
    assert answer.subject == f"{closing.year}年“住院医师填报个人信息”{until}：1 名住院医师"
    assert answer.body == f"住院医师：{people[0].resident.full_name}。\n请抓紧。"
    residents = Message.objects.filter(recipient__role="resident").values_list("recipient", flat=True)
    assert list(residents) == [people[0].resident.user_id]


def test_the_department_secretary_hears_of_her_own_peoples_time(
    base, closing, people, base_officer, provincial_reviewer, signed_in
):
    """AM-46, GOAL-P8: it is her deadline as well; she is not told of another specialty's people."""
    Enrollment.objects.filter(pk=people[0].pk).update(specialty="0100")
    hers, others = factories.secretary(base, "0100"), factories.secretary(base, "0200")
    grant(
        asked_for(base, closing, base_officer, people[:1]).pk,
        until=end_of_day(day(2)),
        by=provincial_reviewer,
    )
    (message,) = Message.objects.filter(recipient__in=[hers, others])
    assert (message.recipient, message.place) == (hers, f"{base.name}内科")
    assert (base.name in message.subject, message.subject.endswith("：1 名住院医师")) == (False, True)
    # Another one of hers was not named: the link opens exactly whom the message names.
    Enrollment.objects.filter(pk=people[1].pk).update(specialty="0100")
    opened = signed_in(hers).get(message.address)
    assert [row.pk for row in opened.context["page"].object_list] == [people[0].pk]


def test_a_refusal_opens_nothing_and_says_why(base, closing, base_officer, provincial_reviewer):
    request = asked_for(base, closing, base_officer)
    refuse(request.pk, by=provincial_reviewer, comment="时间充足。")
    request.refresh_from_db()
    assert (request.state, request.comment, Extension.objects.count()) == ("refused", "时间充足。", 0)
    with pytest.raises(StateMoved, match="未同意"):
        grant(request.pk, until=end_of_day(day(2)), by=provincial_reviewer)


@pytest.mark.django_db(transaction=True)
def test_grant_and_refusal_at_one_instant(base, closing, base_officer, provincial_reviewer):
    """TRUST-44: one answer, never both."""
    for _ in range(6):
        request = asked_for(base, closing, base_officer)
        Extension.objects.all().delete()
        answers = at_once(
            lambda pk=request.pk: grant(pk, until=end_of_day(day(2)), by=provincial_reviewer),
            lambda pk=request.pk: refuse(pk, by=provincial_reviewer, comment="不需要。"),
        )
        assert sorted(isinstance(each, StateMoved) for each in answers) == [False, True]
        request.refresh_from_db()
        assert Extension.objects.count() == (1 if request.state == "granted" else 0)


# --- pages -----------------------------------------------------------------------------------------------------------


def test_the_base_asks_and_the_province_answers_on_the_pages(
    signed_in, base, people, base_officer, provincial_reviewer
):
    """GOAL-P8, from page to page."""
    officer, reviewer = signed_in(base_officer), signed_in(provincial_reviewer)
    typed = {"step": "report", "last_day": f"{day(3):%Y-%m-%d}", "reason": "停电", "reach": "named"}
    bad = officer.post("/base/extensions/new/", typed)
    assert (bad.status_code, list(bad.context["form"].errors)) == (422, ["people"])
    done = officer.post("/base/extensions/new/", typed | {"people": [people[0].pk]}, follow=True)
    assert "待省级处理" in done.content.decode()
    request = ExtensionRequest.objects.get()
    shown = reviewer.get("/review/extensions/")
    assert [each.pk for each in shown.context["page"].object_list] == [request.pk]
    address = f"/review/extensions/{request.pk}/"
    assert reviewer.get(address).context["may_decide"]
    reviewer.post(f"{address}grant/", {"grant-last_day": f"{day(2):%Y-%m-%d}", "grant-comment": ""})
    request.refresh_from_db()
    assert (request.state, request.granted_until) == ("granted", end_of_day(day(2)))
    assert reviewer.get("/review/extensions/").context["page"].object_list.count() == 0
    assert f"{day(2):%Y-%m-%d} 23:59:59" in officer.get("/base/extensions/").content.decode()


def test_who_may_only_look_answers_nothing(signed_in, base, closing, base_officer, province):
    request = asked_for(base, closing, base_officer)
    reader = factories.UserFactory(role="province")
    factories.grant(reader, province, read_only=True)
    address = f"/review/extensions/{request.pk}/"
    client = signed_in(reader)
    assert not client.get(address).context["may_decide"]
    assert client.post(f"{address}grant/", {"grant-last_day": f"{day(2):%Y-%m-%d}"}).status_code == 403


@pytest.mark.parametrize("path", ["/review/extensions/", "/base/extensions/"])
def test_lists_cost_the_same_with_one_and_three_requests(
    signed_in, base, closing, base_officer, provincial_reviewer, path, django_assert_max_num_queries
):
    """Target 9 of tests/benchmarks."""
    client = signed_in(provincial_reviewer if "review" in path else base_officer)
    asked_for(base, closing, base_officer)
    client.get(path)
    with django_assert_max_num_queries(40) as first:
        client.get(path)
    for step in (Step.RESIDENT_FILL, Step.BASE_FILL):
        asked_for(base, closing, base_officer, step=step)
    with django_assert_max_num_queries(len(first)):
        client.get(path)


def test_list_names_the_people(base, closing, people, base_officer, provincial_reviewer, signed_in):
    asked_for(base, closing, base_officer, people)
    listed = "、".join(each.resident.full_name for each in people)
    for person, path in ((base_officer, "/base/extensions/"), (provincial_reviewer, "/review/extensions/")):
        assert listed in signed_in(person).get(path).content.decode()
