"""Whatever README and docs/ name is there: a folder that moves takes its name in the papers along."""

import pytest

from tests.docs import citations, places


def test_every_place_that_a_paper_names_is_there():
    assert places.lost() == []


@pytest.fixture
def paper(tmp_path, monkeypatch):
    """A function: what is told of a README with this text, in a small repository."""
    (tmp_path / "docs").mkdir()
    (tmp_path / "bases" / "report").mkdir(parents=True)
    (tmp_path / "bases" / "report" / "services.py").write_text("KINDS = {}\n\n\ndef report():\n    pass\n")
    (tmp_path / "docs" / "rules.md").write_text("# Rules\n\n## The notice\n")
    (tmp_path / "Makefile").write_text("run: ## Start\n")
    monkeypatch.setattr(citations, "ROOT", tmp_path)

    def told(text: str) -> list[str]:
        (tmp_path / "README.md").write_text(text)
        return places.lost()

    return told


@pytest.mark.parametrize(
    "text",
    [
        "`bases/reporting/`",
        "`bases/report/service.py`",
        "`bases/report/services.py::withdraw`",
        "`OTHER` in `bases/report/services.py`",
        "`OTHER` of\n`bases/report/services.py`",
        "`bases.report.tasks`",
        "`bases.report.services.withdraw`",
        "`OPERATIONS.md`",
        "[rules](docs/rule.md)",
        "[rules](docs/rules.md#notice)",
        "`make runs`",
        "    make runs # as code",
        "`templates/bases/<slug>.html`",
    ],
)
def test_place_that_is_not_there_is_told(paper, text):
    assert len(paper(text)) == 1


@pytest.mark.parametrize(
    "text",
    [
        "`bases/report/` `bases/report/services.py` `bases/report/services.py::report` `bases/<room>/services.py`",
        "`KINDS` in `bases/report/services.py`, `bases.report.services.KINDS`, `Makefile`, `README.md`",
        "[rules](docs/rules.md#the-notice) [elsewhere](https://example.cn/docs/x.md) `make run` make runs in prose",
        "`services.py` of any room, `/bases/report/`, `bases/` and `bases.TrainingBase`",
    ],
)
def test_what_is_there_and_what_is_no_place_is_left_alone(paper, text):
    assert paper(text) == []
