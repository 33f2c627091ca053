"""Whoever meets an id in code, page or test finds it below docs/, and every rule has its keeper and its proof."""

import re

import pytest

from tests.docs import citations


def test_every_cited_id_and_page_is_there():
    assert citations.unknown() == []


def test_no_paper_is_cited_that_is_not_there():
    assert citations.papers() == []


def test_every_id_says_its_kind():
    assert citations.bare() == []


def test_every_rule_is_kept_and_proved_and_the_tables_say_where():
    """`make docs` writes the columns anew after a move; a gap is closed by code and test, not in the table."""
    assert citations.gaps() == []


@pytest.mark.parametrize("desk", ["bases", "review"])
def test_every_room_stands_in_the_glossary_with_its_word(desk):
    page = (citations.ROOT / "docs/glossary.md").read_text()
    rooms = {each.parent.name for each in (citations.ROOT / desk).glob("*/__init__.py")}

    assert {
        room for room in rooms - {"migrations", "management", "models"} if f"`{room}`" not in page
    } == set()


@pytest.fixture
def house(tmp_path, monkeypatch):
    """A function: a small repository with this one file; its rule BR-01 is kept, AM-50 planned."""

    def build(path: str, text: str) -> None:
        rows = {
            "docs/rules.md": "| Rule | Meaning | State | Kept by | Proved by |\n| - | - | - | - | - |\n"
            "| BR-01 | One | kept | | |\n| AM-50 | Two | planned | | |\n",
            "docs/promises.md": "| Id | Promise | State | Proved by |\n| - | - | - | - |\n| GOAL-B5 | x | kept | |\n",
            "docs/trust.md": "# Trust\n\n## Own heading\n",
        }
        rows |= dict.fromkeys(("README.md", "Makefile", "pyproject.toml", ".env.example"), "")
        for name, content in (rows | {path: text}).items():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(content)

    caches = [citations.citations, citations.defined, citations._by_id, citations._is_there, citations.texts]
    monkeypatch.setattr(citations, "ROOT", tmp_path)
    monkeypatch.setattr(citations, "PLANNED", re.compile("AM-50"))
    for each in caches:
        each.cache_clear()
    yield build
    for each in caches:
        each.cache_clear()


@pytest.mark.parametrize(
    ("text", "check", "found"),
    [
        ('"""BR-02."""\n', "unknown", "BR-02"),
        ('"""BR-01 … BR-03."""\n', "unknown", "BR-03"),
        ('"""See docs/trust.md#no-heading."""\n', "unknown", "docs/trust.md#no-heading"),
        ('"""See docs/lost.md."""\n', "unknown", "docs/lost.md"),
        ('"""Target 99 of tests/benchmarks."""\n', "unknown", "Target 99 of tests/benchmarks"),
        ('"""The paper (GOALS B5)."""\n', "papers", "GOALS"),
        ("# TRUST 48: once\n", "papers", "TRUST"),
        ('"""TRUST: each download has its own right."""\n', "papers", "TRUST"),
        ('"""PERFORMANCE target 9."""\n', "papers", "PERFORMANCE"),
        ('"""DOMAIN §3.12."""\n', "papers", "DOMAIN"),
        ('"""Issue 5, point 5."""\n', "papers", "Issue 5"),
        ("# lesson 6: the sum\n", "papers", "lesson 6"),
        ('"""See TRUST.md."""\n', "papers", "TRUST.md"),
        ('"""P2."""\n', "bare", "P2"),
        ('"""Twice (BR-01, S3)."""\n', "bare", "S3"),
        ('"""Twice (BR-01, 12)."""\n', "bare", "12"),
    ],
)
def test_a_citation_that_leads_nowhere_is_found(house, text, check, found):
    house("portal/x.py", text)
    assert any(found in each for each in getattr(citations, check)())


@pytest.mark.parametrize(
    "text",
    [
        '"""Kept (BR-01; GOAL-B5): see docs/trust.md#own-heading."""\n',
        'cells = {"B2": 1}  # the cell B2 of the sheet\n',
        'x = "S3, P2; (B5)"\n',
        '"""At 3 of 5 bases; BR-01: 20 at once."""\n',
    ],
)
def test_what_is_no_such_citation_is_left_alone(house, text):
    house("portal/x.py", text)
    assert citations.unknown() + citations.papers() + citations.bare() == []


def test_template_and_script_are_read_too(house):
    house("templates/x.html", "{# BR-07 #}\n")
    assert citations.unknown() == ["templates/x.html:1: BR-07"]


def test_gap_is_found_and_filled_by_the_command(house):
    house("portal/x.py", '"""BR-01."""\n\n\ndef keep():\n    """BR-01."""\n')
    house("tests/test_x.py", 'def test_it():\n    """BR-01, GOAL-B5."""\n')
    assert any("run make docs" in each for each in citations.gaps())

    citations.fill()

    assert citations.gaps() == []
    assert (
        "| BR-01 | One | kept | `portal/x.py::keep` | `tests/test_x.py::test_it` |"
        in (citations.ROOT / "docs/rules.md").read_text()
    )


def test_head_of_a_file_and_a_row_of_ids_prove_nothing(house):
    house("tests/test_x.py", '"""BR-01."""\n\n\ndef test_it():\n    """BR-01 … BR-01."""\n')
    assert "docs/rules.md: BR-01 has nothing in “Proved by”" in citations.gaps()


def test_planned_rule_that_is_cited_is_planned_no_longer(house):
    house("tests/test_x.py", 'def test_it():\n    """AM-50."""\n')
    assert any("AM-50 is planned" in each for each in citations.gaps())
