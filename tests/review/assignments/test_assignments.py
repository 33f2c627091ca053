"""Claim, assign, substitute: GOAL-P6."""

import datetime

import pytest
from django.utils import timezone

from bases.models import Submission
from portal.models import AuditEvent, Message
from residents.models import Enrollment
from review.assignments import services as assignments
from review.decisions.claims import HELD_FOR, claim
from review.decisions.services import approve
from review.models import Assignment, Claim, Substitution
from review.organisations.closing import why_not_closed
from tests import factories
from tests.bases.desk import complete, returned
from tests.bases.desk import reported as reported_one
from tests.review.conftest import submit

pytestmark = pytest.mark.django_db
TODAY = timezone.localdate()


@pytest.fixture
def colleague(province):
    person = factories.UserFactory(role="province", full_name="王建国")
    factories.grant(person, province)
    return person


@pytest.fixture
def second_base(province):
    return factories.TrainingBaseFactory(province=province, name="第二医院")


@pytest.fixture
def waiting(reported, second_base, cycle, base_officer):
    """One record of the first base, one of the second."""
    first = reported(1, days_ago=3)[0]
    enrollment = factories.EnrollmentFactory(base=second_base, intake_year=cycle.year)
    return first, submit(enrollment, base_officer, days_ago=2)


def listed(client, query: str = "") -> list[int]:
    return [row.pk for row in client.get(f"/review/{query}").context["page"].rows]


def give(base, *people) -> None:
    for person in people:
        Assignment.objects.create(base=base, reviewer=person, assigned_by=person)


# --- claim -----------------------------------------------------------------------------------------------------------


def test_an_open_record_is_shown_to_colleagues_and_keeps_nobody_out(
    signed_in, provincial_reviewer, colleague, pending
):
    """GOAL-P6: "正在审核：王某，10:32"; a warning, not a wall."""
    address = f"/review/records/{pending.enrollment_id}/"
    signed_in(colleague).get(address)
    moment = timezone.localtime(Claim.objects.get().claimed_at)
    words = f"正在审核：王建国，{moment:%H:%M}"
    reviewer = signed_in(provincial_reviewer)
    assert words in reviewer.get("/review/").content.decode()
    assert words in reviewer.get(address).content.decode()
    assert Claim.objects.get().reviewer == colleague
    reviewer.post(f"{address}approve/", {"submission": pending.pk, "version": 0})
    assert Submission.objects.get().outcome == "approved"
    assert Claim.objects.count() == 0


def test_own_claim_is_not_told_to_oneself(signed_in, provincial_reviewer, pending):
    reviewer = signed_in(provincial_reviewer)
    for path in (f"/review/records/{pending.enrollment_id}/", "/review/"):
        assert "正在审核：" not in reviewer.get(path).content.decode()


@pytest.mark.parametrize(
    ("age", "holder"), [(HELD_FOR - datetime.timedelta(seconds=5), "first"), (HELD_FOR, "second")]
)
def test_a_claim_is_released_after_thirty_minutes(provincial_reviewer, colleague, pending, age, holder):
    """GOAL-P6: to the second before, and from then on."""
    claim(pending, by=colleague)
    Claim.objects.update(claimed_at=timezone.now() - age)
    standing = claim(pending, by=provincial_reviewer)
    assert standing.reviewer == {"first": colleague, "second": provincial_reviewer}[holder]


def test_who_may_only_look_claims_nothing(signed_in, national_officer, province, pending):
    reader = factories.UserFactory(role="province")
    factories.grant(reader, province, read_only=True)
    for person in (reader, national_officer):
        answer = signed_in(person).get(f"/review/records/{pending.enrollment_id}/")
        assert answer.status_code == 200
    assert Claim.objects.count() == 0


# --- assign ----------------------------------------------------------------------------------------------------------


def test_the_queue_starts_with_the_own_bases(signed_in, provincial_reviewer, second_base, waiting):
    """GOAL-P6: default filter 分配给我的; everything else is one choice away."""
    first, second = waiting
    reviewer = signed_in(provincial_reviewer)
    assert listed(reviewer) == [first.pk, second.pk]
    give(second_base, provincial_reviewer)
    assert listed(reviewer) == [second.pk]
    assert listed(reviewer, "?assigned=all") == [first.pk, second.pk]
    assert listed(reviewer, "?assigned=nobody") == [first.pk]
    answer = reviewer.get("/review/")
    assert answer.context["filters"]["assigned"].value() == "mine"


def test_an_empty_own_queue_leads_to_the_others(signed_in, provincial_reviewer, province, pending):
    give(factories.TrainingBaseFactory(province=province), provincial_reviewer)
    reviewer = signed_in(provincial_reviewer)
    assert 'href="?assigned=all"' in reviewer.get("/review/").content.decode()
    assert listed(reviewer, "?assigned=all") == [pending.pk]


def test_all_of_the_own_queue_leaves_the_others_alone(signed_in, provincial_reviewer, second_base, waiting):
    """GOAL-P3: "all N" is all of what the page showed."""
    give(second_base, provincial_reviewer)
    reviewer = signed_in(provincial_reviewer)
    order = {"act": "approve", "range": "all", "confirmed": "1"}
    order["loaded_at"] = reviewer.get("/review/").context["loaded_at"]
    assert reviewer.post("/review/queue/bulk/", order, follow=True).context["decided"] == 1
    assert [Submission.objects.get(pk=row.pk).outcome for row in waiting] == ["pending", "approved"]


def test_a_base_is_assigned_on_the_page(signed_in, provincial_reviewer, colleague, base, second_base):
    """GOAL-P6: only what was changed on the page is saved; a colleague's work meanwhile stays."""
    give(base, colleague)
    client = signed_in(provincial_reviewer)
    page = client.get("/review/assignments/", follow=True)
    assert [field.initial for _, field in page.context["form"].rows] == [[colleague.pk], []]
    give(second_base, provincial_reviewer)
    Assignment.objects.filter(base=base).delete()
    sent = {f"base_{base.pk}": [str(colleague.pk)], f"initial-base_{base.pk}": [str(colleague.pk)]}
    sent |= {f"base_{second_base.pk}": [str(colleague.pk)]}
    client.post(f"/review/assignments/{base.province_id}/", sent)
    assert assignments.assignments_of(base.province) == {second_base.pk: {colleague.pk}}
    event = AuditEvent.objects.get(action="assign")
    assert event.detail["bases"] == {str(second_base.pk): [colleague.pk]}


def test_nobody_of_another_province_can_be_chosen(
    signed_in, provincial_reviewer, other_province_reviewer, base
):
    client = signed_in(provincial_reviewer)
    client.post(
        f"/review/assignments/{base.province_id}/", {f"base_{base.pk}": [str(other_province_reviewer.pk)]}
    )
    assert Assignment.objects.count() == 0


def test_who_may_only_look_assigns_nothing(signed_in, province, base):
    reader = factories.UserFactory(role="province")
    factories.grant(reader, province, read_only=True)
    assert signed_in(reader).get(f"/review/assignments/{province.pk}/").status_code == 403


# --- substitute ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("starts", "ends", "sees_it"), [(0, 0, True), (-3, 4, True), (1, 4, False), (-3, -1, False)]
)
def test_a_substitute_has_the_bases_during_these_days(
    signed_in, provincial_reviewer, colleague, base, second_base, waiting, starts, ends, sees_it
):
    """GOAL-P6: with dates, both inclusive."""
    first, second = waiting
    give(base, provincial_reviewer)
    give(second_base, colleague)
    Substitution.objects.create(
        province=base.province,
        absent=colleague,
        substitute=provincial_reviewer,
        starts_on=TODAY + datetime.timedelta(days=starts),
        ends_on=TODAY + datetime.timedelta(days=ends),
        made_by=colleague,
    )
    assert listed(signed_in(provincial_reviewer)) == ([first.pk, second.pk] if sees_it else [first.pk])


def test_a_substitution_is_entered_told_and_taken_away(signed_in, provincial_reviewer, colleague, base):
    client = signed_in(provincial_reviewer)
    address = f"/review/assignments/{base.province_id}/"
    typed = {
        "cover-absent": provincial_reviewer.pk,
        "cover-substitute": colleague.pk,
        "cover-starts_on": f"{TODAY:%Y-%m-%d}",
        "cover-ends_on": f"{TODAY:%Y-%m-%d}",
    }
    client.post(f"{address}substitutes/", typed)
    made = Substitution.objects.get()
    assert (made.absent, made.substitute, made.ends_on) == (provincial_reviewer, colleague, TODAY)
    assert Message.objects.get(recipient=colleague).subject.endswith(
        f"由您代{provincial_reviewer.full_name}审核"
    )
    client.post(f"/review/assignments/substitutes/{made.pk}/end/")
    assert Substitution.objects.count() == 0


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"cover-substitute": "self"}, "substitute"),
        ({"cover-ends_on": f"{TODAY - datetime.timedelta(days=1):%Y-%m-%d}"}, "ends_on"),
        ({"cover-starts_on": "2026-02-30"}, "starts_on"),
        ({"cover-absent": "999999"}, "absent"),
    ],
)
def test_a_faulty_substitution_says_where(signed_in, provincial_reviewer, colleague, province, change, fault):
    typed = {
        "cover-absent": provincial_reviewer.pk,
        "cover-substitute": colleague.pk,
        "cover-starts_on": f"{TODAY:%Y-%m-%d}",
        "cover-ends_on": f"{TODAY:%Y-%m-%d}",
    }
    change = {name: provincial_reviewer.pk if value == "self" else value for name, value in change.items()}
    answer = signed_in(provincial_reviewer).post(
        f"/review/assignments/{province.pk}/substitutes/", typed | change
    )
    assert (answer.status_code, list(answer.context["cover"].errors)) == (422, [fault])
    assert Substitution.objects.count() == 0


def test_the_page_costs_the_same_with_one_and_three_bases(
    signed_in, provincial_reviewer, colleague, base, province, django_assert_max_num_queries
):
    """Target 9 of tests/benchmarks."""
    give(base, colleague)
    client = signed_in(provincial_reviewer)
    address = f"/review/assignments/{province.pk}/"
    client.get(address)
    with django_assert_max_num_queries(40) as first:
        client.get(address)
    for _ in range(2):
        give(factories.TrainingBaseFactory(province=province), colleague, provincial_reviewer)
    with django_assert_max_num_queries(len(first)):
        client.get(address)


def test_a_decision_releases_its_own_claim_only(provincial_reviewer, colleague, reported):
    rows = reported(2)
    for row in rows:
        claim(row, by=colleague)
    approve({rows[0].pk: 0}, by=provincial_reviewer)
    assert list(Claim.objects.values_list("submission", flat=True)) == [rows[1].pk]


def test_same_substitution_is_not_entered_twice(signed_in, provincial_reviewer, colleague, province):
    """GOAL-P6: days that overlap are told with the entry that stands; other days are another entry."""
    client = signed_in(provincial_reviewer)
    address = f"/review/assignments/{province.pk}/substitutes/"

    def enter(first: int, last: int):
        day = [TODAY + datetime.timedelta(days=number) for number in (first, last)]
        fields = {"absent": provincial_reviewer.pk, "substitute": colleague.pk}
        fields |= {"starts_on": day[0].isoformat(), "ends_on": day[1].isoformat()}
        return client.post(address, {f"cover-{name}": value for name, value in fields.items()})

    assert enter(0, 3).status_code == 302
    again = enter(2, 5)
    assert again.status_code == 422
    assert "已登记代" in again.content.decode()
    assert enter(4, 5).status_code == 302
    assert Substitution.objects.count() == 2


def test_who_lapsed_waits_for_nobody_anywhere(
    base, cycle, base_officer, provincial_reviewer, province, signed_in
):
    """AM-05: a lapsed record keeps the report and the status it had; no list, count or closing asks about it."""
    living, lapsed = (reported_one(complete(base, cycle.year), base_officer) for _ in "12")
    returned_one = returned(complete(base, cycle.year), base_officer, provincial_reviewer)
    Enrollment.objects.filter(pk__in=[lapsed.pk, returned_one.pk]).update(lapsed_at=timezone.now())
    reviewer, desk = signed_in(provincial_reviewer), signed_in(base_officer)
    [row] = [each for each in assignments.bases_with_waiting(province) if each.pk == base.pk]
    queue = reviewer.get(f"/review/?base={base.pk}&assigned=all").context["page"]
    assert (row.waiting, len(queue.rows)) == (1, 1)
    listed = desk.get("/base/records/intake/?review=1").context["page"]
    assert [each.pk for each in listed.object_list] == [living.pk]
    assert desk.get("/base/records/intake/?review=3").context["page"].paginator.count == 0
    Enrollment.objects.filter(pk=living.pk).update(lapsed_at=timezone.now())
    assert why_not_closed([base]) == {}
