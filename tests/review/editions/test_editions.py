"""Editions: who stands where, frozen for good, the same hash whenever it is computed (GOAL-N7; AM-32, AM-50)."""

import hashlib
import json
from datetime import UTC, date, timedelta

import pgtrigger
import pytest
from django.db import InternalError, ProgrammingError, transaction
from django.utils import timezone

from portal.models import AuditEvent, Job, Message
from residents.models import StatusChange
from residents.services.states import StateMoved
from review.editions import canonical, services, standing
from review.models import (
    Edition,
    EditionCheck,
    EditionCount,
    EditionOrder,
    EditionPerson,
    Erratum,
    Standing,
)
from review.statistics.cross_table import counted
from tests.database import as_owner
from tests.review.conftest import snapshot, submit
from tests.review.statistics.test_lives import LIVES

pytestmark = pytest.mark.django_db
TODAY = timezone.localdate


def standings(edition: Edition) -> dict[int, tuple[str, int]]:
    rows = EditionPerson.objects.filter(edition=edition)
    return {row.resident_id: (row.standing, row.submission_id) for row in rows}


def change(life, place: str, to: str, day: date, **more) -> None:
    """A change of 培训状态 of this day, reported and approved."""
    record = life.of(place)
    StatusChange.objects.create(
        enrollment=record, from_status=record.status, to_status=to, effective_date=day, **more
    )
    type(record).objects.filter(pk=record.pk).update(status=to, report_status="0")
    told = {"status": to, "effective_date": day.isoformat(), "reason": more.get("reason", "")}
    report(life, place, status=told)
    life.approves(place)


def report(life, place: str, *, status: dict | None = None, **training) -> None:
    """What a base reports of its record, of these contents."""
    record = life.of(place)
    content = snapshot(record, **training) | {"status": status or {"status": record.status}}
    submit(record, life.officers[place], status=record.status, content=content, reported_at=timezone.now())


# --- who stands where -------------------------------------------------------------------------------------------------


def test_an_edition_of_today_holds_what_the_statistics_show(life, freeze, national_officer):
    """GOAL-N7: "freeze the approved data of a moment"; AM-32: persons, each once. Where nothing is dated after the
    截止日 the edition is the statistic of that moment."""
    for acts, _ in LIVES.values():
        life().live(acts)
    edition = freeze()
    frozen = standings(edition)
    assert {where for where, _ in frozen.values()} == {"current", "ended", "waiting", "left"}
    for source in ("current", "ended", "waiting"):
        shown = counted(national_officer, source, {}).values_list("enrollment__resident", "pk")
        assert dict(shown) == {who: pk for who, (where, pk) in frozen.items() if where == source}
    kept = EditionCount.objects.filter(edition=edition)
    assert sum(each.number for each in kept) == edition.persons == len(frozen)


def test_status_is_that_of_the_day(life, freeze):
    """AM-50: the status by `effective_date` on the 截止日, within what was approved by the 入库截点."""
    one = life().live(["recruits A", "approves A"])
    day = TODAY() - timedelta(days=10)
    change(one, "A", "2", day, reason="21", extended_until=TODAY() + timedelta(days=90))
    change(one, "A", "5", day + timedelta(days=5), reason="14", withdrawal_kind="1", destination="其他")
    for facts_on, expected in (
        (day - timedelta(days=1), ("current", "1")),
        (day, ("current", "2")),
        (day + timedelta(days=4), ("current", "2")),
        (day + timedelta(days=5), ("left", "5")),
    ):
        row = freeze(facts_on=facts_on).people.get()
        assert (row.standing, row.status) == expected, facts_on


@pytest.mark.parametrize("keeps_his_start", [False, True])
def test_who_moved_after_the_day_stands_where_he_was(life, freeze, keeps_his_start):
    """AM-50: a transfer dated after the 截止日, approved before the 入库截点; also where the next base writes the
    day on which the whole training began."""
    one = life().live(["recruits A", "approves A"])
    leaves = TODAY() - timedelta(days=5)
    change(one, "A", "5", leaves, reason="11", destination="另一基地")
    one.live(["adds_late B"])
    start = {} if keeps_his_start else {"actual_start_date": (leaves + timedelta(days=2)).isoformat()}
    report(one, "B", **start)
    one.live(["approves B"])
    found = {}
    for days in (-1, 0, 1, 2):
        row = freeze(facts_on=leaves + timedelta(days=days)).people.get()
        found[days] = (row.standing, row.base_id)
    a, b = one.bases["A"].pk, one.bases["B"].pk
    between = ("current", b) if keeps_his_start else ("waiting", a)
    assert found == {-1: ("current", a), 0: between, 1: between, 2: ("current", b)}


def test_who_begins_after_the_day_is_told_apart(life, freeze):
    one = life().live(["recruits A", "approves A"])
    start = date(one.year, 9, 1)
    assert freeze(facts_on=start - timedelta(days=1)).counts == {Standing.LATER: 1}
    assert freeze(facts_on=start).counts == {Standing.CURRENT: 1}


# --- for good ---------------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_nothing_of_an_edition_can_be_changed_removed_or_added(life, freeze, check, national_officer):
    """GOAL-N7: "immutable (also by the application's own database role)", and by the owner of the tables past no
    trigger."""
    life().live(["recruits A", "approves A"])
    edition = freeze()
    check(edition)
    services.add_erratum(edition, text="人数有误", by=national_officer)
    _refuses_all(edition)
    with as_owner():
        _refuses_all(edition)


def _refuses_all(edition: Edition) -> None:
    refused = pytest.raises((InternalError, ProgrammingError))
    for model in (Edition, EditionOrder, EditionPerson, EditionCount, EditionCheck, Erratum):
        row = model.objects.first()
        column = next(
            each.attname for each in model._meta.fields if each.attname in ("year", "edition_id", "text")
        )
        with refused, transaction.atomic():
            model.objects.filter(pk=row.pk).update(**{column: getattr(row, column)})
        with refused, transaction.atomic():
            model.objects.filter(pk=row.pk)._raw_delete("default")
    person = edition.people.get()
    person.pk, person.resident_id = None, 10**9
    with refused, transaction.atomic():
        person.save(force_insert=True)


def test_anybody_can_compute_the_hash(life, freeze):
    """GOAL-N7: "a SHA-256 over a canonical form"; here from the rows by the words of canonical.py alone."""
    for _ in range(3):
        life().live(["recruits A", "approves A"])
    edition = freeze()
    whole = hashlib.sha256(
        json.dumps(
            [
                canonical.FORMAT,
                canonical.RULES,
                edition.order.facts_on.isoformat(),
                edition.order.taken_at.astimezone(UTC).isoformat(timespec="microseconds"),
            ]
        ).encode()
        + b"\n"
    )
    for row in edition.people.order_by("resident_id"):
        texts = []
        for name in canonical.COLUMNS:
            if name == "snapshot_sha256":
                continue
            value = getattr(row, name)
            texts.append(
                "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
            )
        assert len(texts) == len(canonical.COLUMNS) - 1
        whole.update(bytes(row.digest))
    assert whole.hexdigest() == edition.sha256


@pytest.mark.django_db(transaction=True)
def test_computed_again_after_everything_has_changed(life, freeze, check):
    """GOAL-N7: "the same figures and hash a year later"."""
    lives = [life().live(["recruits A", "approves A"]) for _ in range(4)]
    edition = freeze()
    lives[0].live(["withdraws A 14", "approves A"])
    lives[1].live(["ends A", "approves A"])
    lives[2].live(["deletes A"])
    lives[3].live(["revokes A"])
    life().live(["recruits A", "approves A"])
    again = check(edition)
    assert (again.frozen_agrees, again.records_agree) == (True, True), again.differing
    assert edition.people.filter(standing="current").count() == 4
    assert freeze().counts == {"current": 1, "ended": 1, "left": 1}


@pytest.mark.django_db(transaction=True)
def test_what_was_tampered_with_is_named(life, freeze, check):
    """GOAL-N7: by who holds the tables and switches the triggers off: a changed row, and a row slipped in."""
    for _ in range(3):
        life().live(["recruits A", "approves A"])
    edition = freeze()
    changed = edition.people.order_by("resident_id")[1]
    with as_owner(), pgtrigger.ignore():
        EditionPerson.objects.filter(pk=changed.pk).update(standing="ended")
    again = check(edition)
    assert (again.frozen_agrees, again.records_agree) == (False, True)
    assert again.differing["frozen"] == {"number": 1, "first": [changed.resident_id]}
    with as_owner(), pgtrigger.ignore():
        EditionPerson.objects.filter(pk=changed.pk).update(standing="current")
        extra = edition.people.first()
        extra.pk, extra.resident_id = None, 10**9
        extra.save(force_insert=True)
    again = check(edition)
    assert not again.frozen_agrees
    assert 10**9 in again.differing["records"]["first"]


# --- orders -----------------------------------------------------------------------------------------------------------


def test_an_edition_is_announced_and_logged(life, freeze, national_officer):
    """GOAL-N7: "with who, when, counts and a SHA-256"; progress and a message at the end."""
    life().live(["recruits A", "approves A"])
    edition = freeze()
    assert edition.order.job.state == Job.State.DONE
    assert edition.order.job.done == 1
    assert Message.objects.get(recipient=national_officer, kind="edition").subject.endswith("共 1 人")
    line = AuditEvent.objects.get(action="edition_frozen")
    assert line.detail["sha256"] == edition.sha256
    assert line.actor == national_officer


def test_editions_of_a_year_follow_each_other(life, freeze, national_officer):
    """GOAL-N7: "later corrections are an erratum, never a change": the next edition names the one before and why."""
    life().live(["recruits A", "approves A"])
    with pytest.raises(StateMoved, match="还没有初版"):
        freeze(kind="correction", reason="补录漏报人员")
    first = freeze()
    with pytest.raises(StateMoved, match="已有第 1 版"):
        freeze(kind="first")
    second = freeze(kind="correction", reason="补录漏报人员")
    assert (second.number, second.order.supersedes) == (2, first)
    assert freeze(year=first.year - 1).number == 1


def test_one_edition_at_a_time(life, national_officer, cycle):
    asked = {"year": 2026, "kind": "first", "facts_on": TODAY(), "by": national_officer}
    services.order(**asked)
    with pytest.raises(StateMoved, match="正在封版"):
        services.order(**asked)


def test_who_lost_his_worker_goes_on_where_it_stood(life, freeze, national_officer, monkeypatch):
    """Steps that were written stay written; the edition is there only when all are."""
    monkeypatch.setattr(standing, "STEP", 1)
    people = [life().live(["recruits A", "approves A"]).person.pk for _ in range(3)]
    ordered = services.order(year=2026, kind="first", facts_on=TODAY(), by=national_officer)
    with standing.as_of(ordered.taken_at) as steps:
        standing.freeze(ordered.pk, ordered.facts_on, *steps[0][:2])
    assert not Edition.objects.exists()
    services.freeze(ordered.job_id)
    edition = Edition.objects.get()
    assert sorted(edition.people.values_list("resident_id", flat=True)) == sorted(people)
