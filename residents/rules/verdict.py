"""One call that judges a raw block whatever door it came through: read, clear what is not asked, check."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from residents.rules.fields import Problems, normalise, read_values


@dataclass(frozen=True, slots=True)
class Verdict:
    """Clean values, the problems by field ("" for the whole block) and the fields a report still needs."""

    values: dict[str, Any]
    problems: Problems
    missing: list[str]

    @property
    def has_errors(self) -> bool:
        """Whether anything stops the block from being saved; warnings do not (PAIN-25)."""
        return any(not problem.is_warning for problems in self.problems.values() for problem in problems)


def judge(
    block: ModuleType, raw: Mapping[str, Any], context: Mapping[str, Any], *, is_1904: bool = False
) -> Verdict:
    """The verdict on a block (a module of residents.rules with FIELDS, problems and missing) sent as raw values."""
    values, problems = read_values(block.FIELDS, raw, is_1904=is_1904)
    values = normalise(block.FIELDS, values, context)
    for name, found in block.problems(values, context).items():
        problems.setdefault(name, []).extend(found)
    return Verdict(values, problems, block.missing(values, context))
