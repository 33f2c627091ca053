"""Persons, each once, in every place that shows a number: AM-32; GOAL-P7."""

import random

import pytest
from django.db.models import Q
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bases.counts import differences
from bases.models import Submission
from portal.models import Step
from residents.models import Enrollment
from residents.services.states import StateMoved
from review.funnel import by_day, funnel, provinces
from review.funnel.stages import STAGES, at_stage
from review.statistics import cross_table as statistics
from review.statistics import export, full_export
from review.statistics.cross_table import counted, counted_table
from tests import factories
from tests.bases.desk import close
from tests.review.statistics.lives import NOWHERE, Life, standing_of
from tests.review.statistics.test_statistics import make_counted
from tests.review.statistics.test_statistics_pages import NUMBER, workbook
from tests.width import examples

pytestmark = pytest.mark.django_db

PERSONS = ("current", "ended", "waiting")
SOURCES = (*PERSONS, "all", "intake")


@pytest.fixture
def life(base, other_base, base_officer, other_base_officer, provincial_reviewer, cycle):
    """A function: the life of one more person over the bases A and B."""
    bases, officers = {"A": base, "B": other_base}, {"A": base_officer, "B": other_base_officer}
    return lambda: Life(bases, officers, provincial_reviewer, cycle.year)


def everywhere(user, lives: list[Life]) -> None:
    """Every place that shows a number shows those whom AM-32 names, and opens exactly them."""
    named: dict[str, list[int]] = {source: [] for source in SOURCES}
    for each in lives:
        source, submission = standing_of(each.person, each.approved)
        if source:
            named[source].append(submission.pk)
        records = {record.pk: record for record in Enrollment.objects.filter(resident=each.person)}
        for pk, approved in each.approved.items():
            if approved and records[pk].deleted_at is None:
                named["all"].append(approved[-1].pk)
            originals = [one for one in approved if one.module == "intake"]
            named["intake"] += [one.pk for one in originals]
    for source, submissions in named.items():
        listed = list(counted(user, source, {}).values_list("pk", "enrollment__resident"))
        assert sorted(pk for pk, _ in listed) == sorted(submissions), source
        if source in PERSONS:
            people = [person for _, person in listed]
            assert len(people) == len(set(people)), source
        assert statistics.number(user, source, {}) == len(submissions), source
        asked = {"source": source}
        for sheet in (
            export.list_sheet(user, asked, unmasked=False),
            full_export.record_sheet(user, asked, unmasked=False),
        ):
            assert sheet.count() == len(list(sheet.rows)) == len(submissions), source
        for rows, columns in (("province", "type"), ("base", "sex")):
            table = counted_table(user, source, {}, rows, columns)
            assert table.total == len(submissions), source
            if source == "current":
                assert table.ended.total == len(named["ended"])
                assert table.waiting.total == len(named["waiting"])
            for value, number in table.row_totals.items():
                assert counted(user, source, {rows: value}).count() == number
    _progress(user)
    assert differences() == {}


def _progress(user) -> None:
    """Of the intake each person counts once, in the figures kept and in the lists."""
    cycle = funnel.cycle_in_view()
    found = funnel.records(user, cycle)
    people = set(found.values_list("resident", flat=True))
    total = provinces.total(provinces.by_province(cycle))
    for stage in provinces.STAGES_SHOWN:
        listed = at_stage(found, stage)
        number = listed.count()
        assert number == listed.values("resident").distinct().count() == getattr(total, stage), stage
        assert funnel.number(user, cycle, stage) == (number if stage in STAGES else None)
    lines, days = funnel.by(found, "base"), by_day.days(by_day.reached(found, "base"))
    assert (
        funnel.total(lines).numbers["imported"] == days[-1].numbers[0] == len(people) if people else not days
    )


# What has happened, and where the person counts then: in 现有人员 or 结束 of which base, with which specialty, as what.
LIVED = ["recruits A", "approves A"]
LEFT = [*LIVED, "withdraws A 11"]
AT_B = [*LEFT, "adds_late B"]
IN_TWO = [*AT_B, "approves B"]
LAPSED = ["recruits A", "locks A"]
LIVES = {
    "L1 imported, not approved": (["recruits A"], NOWHERE),
    "L2 approved": (LIVED, ("current", "A")),
    "L3 退培 not reported": (LEFT, ("current", "A")),
    "L4 the next base has him, nothing approved": (AT_B, ("current", "A")),
    "L5 approved there, 退培 still unreported": (IN_TWO, ("current", "B")),
    "L6 退培 approved, the next base not yet": ([*AT_B, "approves A"], ("waiting", "A")),
    "L7 退培 approved after the next base": ([*IN_TWO, "approves A"], ("current", "B")),
    "L8 withdrawn there too, for good": ([*IN_TWO, "withdraws B 13", "approves B"], NOWHERE),
    "L8 withdrawn there too, for another base": (
        [*IN_TWO, "withdraws B 11", "approves B"],
        ("waiting", "B"),
    ),
    "L9 转换专业, nothing approved of it": ([*LIVED, "changes_specialty A"], ("current", "A", "0100")),
    "L9 转换专业 approved": (
        [*LIVED, "changes_specialty A", "approves A"],
        ("current", "A", "0700"),
    ),
    "L10 结束": ([*LIVED, "ends A", "approves A"], ("ended", "A")),
    "L11 延期 after it": ([*LIVED, "ends A", "approves A", "approves A 2"], ("current", "A")),
    "L12 结束 and set aside, again in training elsewhere": (
        [*LIVED, "ends A", "approves A", "may_train_again A", "adds_late B"],
        ("ended", "A"),
    ),
    "L12 and approved there": (
        [*LIVED, "ends A", "approves A", "may_train_again A", "adds_late B", "approves B"],
        ("current", "B"),
    ),
    "L13 lapsed": (LAPSED, NOWHERE),
    "L14 lapsed, then added late elsewhere (L15 the same)": (
        [*LAPSED, "adds_late B", "approves B"],
        ("current", "B"),
    ),
    "lapsed, recruited again after the reopening": ([*LAPSED, "recruits B", "reports B"], NOWHERE),
    "lapsed twice": ([*LAPSED, "recruits B", "locks B"], NOWHERE),
    "L16 deleted": ([*LIVED, "deletes A"], NOWHERE),
    "L16 and restored": ([*LIVED, "deletes A", "restores A"], ("current", "A")),
    "L17 approval revoked": ([*LIVED, "revokes A"], NOWHERE),
    "L18 the second approval revoked": ([*LIVED, "approves A", "revokes A"], ("current", "A")),
    "L19 gone while 待审核": (["recruits A", "reports A", "undoes A"], NOWHERE),
    "the later record counts, not the later approval": (
        [*IN_TWO, "withdraws B 13", "approves B", "approves A"],
        NOWHERE,
    ),
    "the next base's record deleted": ([*IN_TWO, "approves A", "deletes B"], ("waiting", "A")),
    "returned: the last approval stands": ([*LIVED, "pauses A", "reports A", "returns A"], ("current", "A")),
}


@pytest.mark.parametrize("name", LIVES)
def test_each_life_counts_where_it_should(life, name, national_officer):
    """AM-32: "Persons, each once (money rests on it)." The worked lives, each beside somebody who stays."""
    acts, (source, *where) = LIVES[name]
    neighbour, one = life().live(LIVED), life().live(acts)
    found, submission = standing_of(one.person, one.approved)
    assert found == source
    if source:
        assert submission.base == one.bases[where[0]]
        assert where[1:] in ([], [submission.specialty_id])
    everywhere(national_officer, [neighbour, one])
    originals = counted(national_officer, "intake", {}).filter(enrollment__resident=one.person)
    is_original = "approves A" in acts and acts[0] == "recruits A" and name != "L17 approval revoked"
    assert [(each.base, each.specialty_id) for each in originals] == (
        [(one.bases["A"], "0100")] if is_original else []
    )


@pytest.mark.parametrize(
    ("acts", "expected"),
    [
        (["withdraws A 11"], "A"),
        (["withdraws A 11", "adds_late B", "approves A"], "waiting"),
        (["withdraws A 11", "adds_late B", "approves A", "approves B"], "B"),
    ],
)
def test_a_resident_of_an_earlier_year_keeps_his_year(life, acts, expected, national_officer):
    """L20: a resident of 2017 leaves A for B; AM-32."""
    one = life()
    one.year = 2017
    record = factories.EnrollmentFactory(resident=one.person, base=one.bases["A"], intake_year=2017)
    factories.fill_training(record)
    one.records["A"] = record
    one.approved[record.pk] = [make_counted(record.base, one.officers["A"], {}, record)]
    one.live(acts)
    source, submission = standing_of(one.person, one.approved)
    assert (source, submission.base) in [
        ("waiting" if expected == "waiting" else "current", one.bases.get(expected, one.bases["A"]))
    ]
    assert submission.intake_year == 2017
    everywhere(national_officer, [one])


def test_an_original_is_revoked_until_the_lock_only(life, national_officer, cycle):
    """AM-32: "an intake original can be revoked only until the lock"."""
    one = life().live(LIVED)
    close(cycle, Step.REVIEW)
    with pytest.raises(StateMoved):
        one.revokes("A")
    everywhere(national_officer, [one])


ACTS = [
    "recruits A",
    "recruits B",
    "adds_late A",
    "adds_late B",
    *(
        f"{act} {place}"
        for place in "AB"
        for act in ("reports", "approves", "approves", "returns", "revokes")
    ),
    *(f"{act} {place}" for place in "AB" for act in ("deletes", "restores", "undoes", "pauses", "ends")),
    *(f"withdraws {place} {reason}" for place in "AB" for reason in ("11", "12", "13")),
    "changes_specialty A",
    "changes_specialty B",
    "may_train_again A",
    "locks A",
    "locks B",
]


def is_possible(one: Life, act: str) -> bool:
    """What the pages would not offer in this state is not tried."""
    name, place, *_ = act.split()
    held = Enrollment.objects.filter(resident=one.person)
    is_held = any(each.is_live for each in held)
    if name in ("recruits", "adds_late"):
        # An intake takes nobody whose original of the year is kept already, nor who waits in it; reopened, it takes
        # whoever lapsed (AM-31, AM-43).
        waiting = Q(registered_at=None, deleted_at=None, lapsed_at=None)
        before = held.filter(Q(intake_submission__isnull=False) | waiting)
        return not is_held and (name == "adds_late" or not before.exists())
    if place not in one.records:
        return False
    record = one.of(place)
    if name == "restores":
        # Every intake refuses whose original of the year another record holds, the way back included (AM-31).
        kept = held.filter(intake_submission__isnull=False, intake_year=record.intake_year)
        is_refused = record.registered_at is None and kept.exists()
        return bool(record.deleted_at) and not is_refused and (record.status == "5" or not is_held)
    if record.deleted_at or record.lapsed_at:
        return False
    last = record.submissions.order_by("-number").first()
    is_pending = record.review_status == "1"
    match name:
        case "reports" | "approves":
            return record.further_training_allowed_at is None and not (name == "reports" and is_pending)
        case "returns":
            return is_pending
        case "revokes":
            known = one.approved.get(record.pk)
            is_last = bool(known) and known[-1] == last
            return is_last and not (record.intake_submission_id == last.pk and record.status != "1")
        case "undoes" | "locks":
            return not record.registered_at
        case "deletes":
            return not is_pending
        case "withdraws" | "ends" | "pauses":
            return bool(record.registered_at) and record.status == "1" and not is_pending
        case "may_train_again":
            return record.status == "4" and not is_pending
    return bool(record.registered_at and record.specialty_locked and record.is_live) and (
        record.status == "1" and record.specialty_id == "0100" and not is_pending
    )


@pytest.mark.long
@settings(
    max_examples=examples(4),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(seed=st.integers(0, 10_000), length=st.integers(4, 16))
def test_any_life_counts_once_everywhere(life, national_officer, seed, length):
    """AM-32, AM-16: after every act of any life, every place that shows a number counts the persons that the rule
    names, and opens exactly them."""
    Enrollment.objects.update(approved_submission=None, intake_submission=None)
    Enrollment.objects.filter(deleted_at=None).update(
        deleted_at=timezone.now(), deleted_by=national_officer, deleted_reason="上一例"
    )
    chance, one = random.Random(seed), life()
    one.live(["recruits A"])
    for _ in range(length):
        possible = sorted({act for act in ACTS if is_possible(one, act)})
        if not possible:
            break
        one.live([chance.choice(possible)])
        everywhere(national_officer, [one])


def test_the_page_tells_what_it_counts_and_every_number_opens_its_people(life, national_officer, signed_in):
    """AM-32: "The page says in words what is counted"; GOAL-P7: followed as a reader would."""
    for acts in ([*IN_TWO, "approves A"], LIVES["L6 退培 approved, the next base not yet"][0]):
        life().live(acts)
    for name in ("L10 结束", "L16 deleted", "L8 withdrawn there too, for good"):
        life().live(LIVES[name][0])
    client = signed_in(national_officer)
    expected = {"current": 1, "ended": 1, "waiting": 1, "all": 6, "intake": 5}
    for source, total in expected.items():
        answer = client.get(f"/review/statistics/?rows=base&columns=specialty&source={source}")
        body = answer.content.decode()
        assert statistics.COUNTS_WHAT[source] in body
        assert answer.context["table"].total == total
        links = [(link.replace("&amp;", "&"), int(number)) for link, number in NUMBER.findall(body)]
        assert links
        for link, number in links:
            listed = client.get(link)
            assert listed.context["page"].count == len(listed.context["page"].rows) == number
            assert "数据时间" in listed.content.decode()
    whole = client.get("/review/statistics/?rows=base&columns=specialty")
    assert [line["name"] for line in whole.context["lines"]][-2:] == ["合计", "转出待入"]
    assert (whole.context["table"].ended.total, whole.context["table"].waiting.total) == (1, 1)
    intake = client.get("/review/statistics/records/?source=intake").content.decode()
    assert intake.count("后来删除</span>") == 1
    book = workbook(client.post("/review/statistics/export/?rows=base&columns=specialty"))
    lines = list(book.active.iter_rows(values_only=True))
    assert lines[0][-2:] == ("合计", "结束")
    assert [line[0] for line in lines if line[0] in ("合计", "转出待入")] == ["合计", "转出待入"]
    assert Submission.objects.count() > sum(expected[source] for source in PERSONS)
