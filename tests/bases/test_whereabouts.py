"""Where is this person: one guard for page, workbook and interface (AM-28, AM-35; TRUST-71, GOAL-S9)."""

import ast
from pathlib import Path

import pytest

from bases import whereabouts
from bases.transfers import services as transfers
from portal.models import AuditEvent
from residents.services.disclosures import looks_at
from residents.standing import AccountRow, Known
from tests import factories
from tests.bases.conftest import account_line, problem_codes

ROOT = Path(__file__).resolve().parents[2]
# What writes asks again in its own transaction, and hands what it found to the guard.
ASKS_ITSELF = {"bases/whereabouts.py", "residents/services/accounts.py"}


@pytest.fixture
def held(other_base, cycle):
    """A person whom another base holds."""
    return factories.EnrollmentFactory(
        base=other_base, intake_year=cycle.year, registered_at="2026-09-01T00:00Z"
    )


def row(held, **values) -> AccountRow:
    person = held.resident
    told = {
        "full_name": person.full_name,
        "id_type": person.id_type,
        "id_number": person.id_number,
        "mobile": None,
    }
    return AccountRow(1, held.intake_year, **told | values)


def test_nobody_else_asks_where_a_person_is():
    """GOAL-S9: a new door has to come through the guard."""
    askers = {
        str(path.relative_to(ROOT))
        for app in ("portal", "residents", "bases", "review")
        for path in (ROOT / app).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Name | ast.alias)
        and getattr(node, "id", getattr(node, "name", "")) == "standings"
    }
    assert askers == ASKS_ITSELF


@pytest.mark.parametrize("name", ["", "无此人"])
def test_number_without_its_name_tells_nothing_of_the_place(held, base, base_officer, name):
    """TRUST-71: AM-28: nor the year of an earlier training."""
    found = whereabouts.ask(
        [row(held, full_name=name)], base_id=base.pk, by=base, user=base_officer, way="api"
    )[1]
    assert found.live is None
    assert (found.originals, found.kept_year) == (frozenset(), None)


def test_row_without_a_name_is_not_told(held, checked):
    batch = checked([account_line(id_number=held.resident.id_number, full_name="")])
    assert held.base.name not in str(batch.rows.get().problems)
    assert [code for _, code in problem_codes(batch)[2]] == ["required"]


def test_answer_is_a_line_under_which_the_person_finds_it(held, base, base_officer, checked):
    person = held.resident
    batch = checked([account_line(id_number=person.id_number, full_name=person.full_name)])
    assert held.base.name in str(batch.rows.get().problems)
    line = AuditEvent.objects.get(action=whereabouts.ACTION)
    assert (line.actor, line.target_id, line.detail["way"]) == (base_officer, str(base.pk), "workbook")
    assert [look.way for look in looks_at(person)] == ["查询所在培训基地"]


def test_one_organisation_learns_of_so_many_a_day(monkeypatch, held, other_base, base, base_officer, cycle):
    """TRUST-71: One limit for all doors; who was told of already does not count again."""
    monkeypatch.setattr(whereabouts, "PERSONS_A_DAY", 1)
    second = factories.EnrollmentFactory(base=other_base, intake_year=cycle.year)
    asker = {"base_id": base.pk, "by": base, "user": base_officer}

    assert whereabouts.ask([row(held)], **asker, way="workbook")[1].known is Known.ELSEWHERE
    limited = whereabouts.ask([row(second)], **asker, way="api")[1]
    assert (limited.known, limited.live, limited.resident_id) == (Known.NOT_TOLD, None, None)
    again = whereabouts.ask([row(held)], **asker, way="workbook")[1]
    assert again.known is Known.ELSEWHERE
    person = second.resident
    told = {"id_type": "01", "id_number": person.id_number, "full_name": person.full_name}
    with pytest.raises(whereabouts.TooManyMisses):
        transfers.find_held(base, **told, by=base_officer)


def test_limited_row_says_so_and_names_nothing(monkeypatch, held, checked):
    monkeypatch.setattr(whereabouts, "PERSONS_A_DAY", 0)
    person = held.resident
    batch = checked([account_line(id_number=person.id_number, full_name=person.full_name)])
    told = batch.rows.get()
    assert (told.verdict, [code for _, code in problem_codes(batch)[2]]) == ("refused", ["whereabouts_limit"])
    assert held.base.name not in str(told.problems)


def test_nothing_told_leaves_no_line(checked):
    checked([account_line()])
    assert not AuditEvent.objects.filter(action=whereabouts.ACTION).exists()
