"""docs/states.md is drawn from the program as it is, and nothing moves a state that is not drawn."""

import ast
import re

import pytest

from tests.docs import states


def test_page_is_up_to_date():
    """`make docs` writes it anew."""
    assert states.PAGE.read_text() == states.page()


def test_every_move_of_the_source_is_drawn_and_every_drawn_one_is_made():
    assert states.strays() == []


def test_every_drawing_begins_and_names_each_of_its_states_once():
    for drawing in re.findall(r"```mermaid\n(.*?)```", states.page(), re.S):
        names = re.findall(r'state "(.+)" as (\w+)', drawing)
        assert "[*] --> " in drawing
        assert len(dict(names)) == len({name for _, name in names}) == len(names)


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ("move(batch, State.APPLIED)", ["APPLIED"]),
        ("move(batch, State.APPLIED if batch.applied_at else State.CANCELLED)", ["APPLIED", "CANCELLED"]),
        (
            "_decide(asked, State.DONE if asked.state == State.OPEN else State.REFUSED, by)",
            ["DONE", "REFUSED"],
        ),
        ("asked.state, asked.by = State.DONE, by", ["DONE"]),
        ("rows.update(outcome=Submission.Outcome.REVOKED, by=by)", ["REVOKED"]),
        ("jobs.finish(pk, jobs.State.FAILED)", ["FAILED"]),
        ("rows.filter(state=State.OPEN)", []),
        ("waiting = State.OPEN", []),
        ("return asked.state == State.OPEN", []),
    ],
)
def test_what_sets_a_state_is_seen_and_what_asks_for_one_is_not(body, found):
    function = ast.parse(f"def act():\n    {body}").body[0]
    assert list(states._set_in(function)) == found


def test_move_that_only_the_source_knows_is_told(tmp_path, monkeypatch):
    known = states.machines()
    without = tuple(
        states.Machine(each.title, each.states, each.moves[:-1], each.about, each.modules) for each in known
    )
    monkeypatch.setattr(states, "machines", lambda: without)
    told = "\n".join(states.strays())
    assert "portal/jobs.py::abandoned writes FAILED, not drawn" in told
    assert "bases/imports/undo/services.py::_undo writes UNDONE, not drawn" in told
    assert "Import: nothing leads to UNDONE" in told
