"""What a file holds that its reader may not see, and what the user says about it before the import (AM-39)."""

from dataclasses import dataclass, replace

from bases.models import ImportBatch
from bases.workbooks.rows import row_numbers
from portal.sheets.reading import Table

TAKE, LEAVE = "take", "leave"
ANSWERS = {TAKE: "一并读取", LEAVE: "略去不读"}
# The names of the facts that ask for a choice, as bases.models.ImportBatch.facts holds them.
WORDS = {"hidden_rows": "隐藏或被筛选掉的行", "struck_rows": "划有删除线的行"}


@dataclass(frozen=True, slots=True)
class Question:
    """Rows that a person who looks at the sheet may not mean; `answer` is empty until it is chosen."""

    name: str
    words: str
    count: int
    numbers: str
    answer: str

    @property
    def told(self) -> str:
        return ANSWERS.get(self.answer, "")


def questions_of(batch: ImportBatch) -> list[Question]:
    """What is to be chosen for the file of this batch; nothing is chosen for the user."""
    return [
        Question(name, words, len(numbers), row_numbers(numbers), batch.choices.get(name, ""))
        for name, words in WORDS.items()
        if (numbers := batch.facts.get(name))
    ]


def has_open_questions(batch: ImportBatch) -> bool:
    return any(not each.answer for each in questions_of(batch))


def other_sheets(batch: ImportBatch) -> list[str]:
    """The sheets that could be read in place of the one that was."""
    seen = [each["sheet"] for each in batch.ignored_headers if each.get("sheet")]
    return [*seen, *(name for name in batch.facts.get("hidden_sheets", []) if name not in seen)]


@dataclass(frozen=True, slots=True)
class Match:
    """A missing column to be found among the unknown ones; `guess` by what their cells look like (GOAL-B20)."""

    name: str
    header: str
    guess: str


def matches_of(batch: ImportBatch) -> list[Match]:
    """The columns that a refused file lacks, where it has others that nobody knows."""
    columns = batch.facts.get("columns") or {"missing": [], "unknown": [], "guess": {}}
    if len(columns["unknown"]) < len(columns["missing"]):
        return []
    return [
        Match(f"h{place}", header, columns["guess"].get(header, ""))
        for place, header in enumerate(columns["missing"])
    ]


def facts_of(table: Table) -> dict[str, object]:
    """What the batch keeps of a file that is read."""
    return {
        "is_1904": table.is_1904,
        "hidden_sheets": table.hidden_sheets,
        "hidden_rows": table.hidden_rows,
        "struck_rows": table.struck_rows,
    }


def chosen_rows(table: Table, choices: dict[str, str]) -> Table:
    """The table without the rows that the user has left out."""
    left = {
        number
        for name, numbers in (("hidden_rows", table.hidden_rows), ("struck_rows", table.struck_rows))
        if choices.get(name) == LEAVE
        for number in numbers
    }
    return replace(table, rows=[row for row in table.rows if row[0] not in left]) if left else table
