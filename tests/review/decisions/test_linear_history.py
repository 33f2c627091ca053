"""Eight people at random on the same records over real connections: the history is one line of events; TRUST-47."""

import random
import time
from collections import defaultdict
from dataclasses import dataclass

import pytest
from django.utils import timezone

from bases.counts import differences
from bases.models import Submission
from bases.records.services import save_training
from bases.report.services import report
from bases.report.withdrawal import withdraw
from residents.models import Enrollment, EnrollmentEvent
from residents.services.refusals import EditConflict, Refused
from residents.services.states import StateMoved
from review.decisions.services import approve, return_for_correction, revoke
from review.statistics.cross_table import counted, counted_table
from tests.bases.desk import complete
from tests.bases.report.test_report_at_once import at_once

pytestmark = [pytest.mark.long, pytest.mark.django_db(transaction=True)]

CLIENTS, ACTS_EACH, RECORDS = 8, 60, 20
# (上报状态, 审核状态) that a record can stand in (docs/states.md); in the registry the last value stays (BR-87).
POSSIBLE = {("0", "0"), ("1", "1"), ("1", "2"), ("0", "3"), ("0", "2")}


@dataclass(frozen=True)
class Acknowledged:
    """A save that its client was told had happened: when it was asked for and when it was answered."""

    record: int
    value: str
    asked: float
    answered: float


def client(number: int, records: list[int], officer, reviewer, seed: int) -> list[Acknowledged]:
    chance, done = random.Random(seed * 100 + number), []
    for place in range(ACTS_EACH):
        pk, act = chance.choice(records), chance.randrange(6)
        try:
            if act <= 1:
                value, asked = f"{number}-{place}", time.monotonic()
                if save_training(pk, {"remark": value}, by=officer)[0] is not None:
                    done.append(Acknowledged(pk, value, asked, time.monotonic()))
            elif act == 2:
                report([pk], by=officer, declared=True, untouched=[pk])
            elif act == 3:
                withdraw(pk, by=officer)
            else:
                _decide(pk, chance, reviewer)
        except (StateMoved, EditConflict, Refused):
            pass  # said in words; nothing was acknowledged
    return done


def _decide(pk: int, chance: random.Random, reviewer) -> None:
    last = Submission.objects.filter(enrollment=pk).order_by("-number").first()
    if last is None:
        return
    if last.outcome != "pending":
        revoke(last, by=reviewer, reason="误操作")
    elif chance.random() < 0.5:
        approve({last.pk: last.version}, by=reviewer)
    else:
        return_for_correction({last.pk: last.version}, by=reviewer, comment="请核对。")


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_history_is_one_line_whoever_works_at_the_same_time(
    seed, base, cycle, base_officer, provincial_reviewer, national_officer
):
    """TRUST-47: "every acknowledged write is in the history once, in order, final state = last acknowledged, no
    forbidden transition; statistics sum = list"."""
    registered = {"registered_at": timezone.now()}
    records = [
        complete(base, cycle.year - place % 2, **(registered if place % 2 else {})).pk
        for place in range(RECORDS)
    ]
    answers = at_once(
        CLIENTS, lambda number: client(number, records, base_officer, provincial_reviewer, seed)
    )
    acknowledged = defaultdict(list)
    for each in answers:
        for one in each:
            acknowledged[one.record].append(one)
    assert sum(map(len, acknowledged.values())) > CLIENTS
    for pk in records:
        events = list(EnrollmentEvent.objects.filter(pgh_obj=pk).order_by("pgh_id"))
        values = [event.remark for event in events]
        written = [after for before, after in zip(["", *values], values, strict=False) if after != before]
        mine = acknowledged[pk]
        assert sorted(written) == sorted(one.value for one in mine), pk
        place = {value: at for at, value in enumerate(written)}
        for one in mine:
            for other in mine:
                assert not (one.answered < other.asked and place[one.value] > place[other.value])
        assert Enrollment.objects.get(pk=pk).remark == (written[-1] if written else "")
        versions = [event.version for event in events]
        assert versions == sorted(versions)
        stands = {(event.report_status, event.review_status) for event in events}
        assert stands <= POSSIBLE, stands
        _one_line(pk)
    assert differences() == {}
    for source in ("current", "all", "intake"):
        table = counted_table(national_officer, source, {}, "base", "status")
        assert table.total == counted(national_officer, source, {}).count()


def _one_line(pk: int) -> None:
    """The submissions of a record: numbered without a gap, at most one waiting and that the last, each decided once;
    and the record says what they say."""
    record = Enrollment.objects.get(pk=pk)
    submissions = list(Submission.objects.filter(enrollment=pk).order_by("number"))
    assert [each.number for each in submissions] == list(range(1, len(submissions) + 1))
    assert all(each.outcome != "pending" for each in submissions[:-1])
    standing = [each for each in submissions if each.outcome == "approved"]
    assert record.approved_submission == (standing[-1] if standing else None)
    is_waiting = bool(submissions) and submissions[-1].outcome == "pending"
    assert (record.review_status == "1") == is_waiting
