"""How wide a run is: a few examples or cases in the fast suite, all in `make long`; the same ones each time."""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import settings

# Nothing at random and nothing by the clock: a failure comes back, and a busy machine is none.
FIXED = {"derandomize": True, "deadline": None, "database": None}
TIMES = 3

settings.register_profile("quick", max_examples=100, **FIXED)
settings.register_profile("wide", max_examples=100 * TIMES, **FIXED)
# Also where pytest is not told of one: the library's own tries other examples each time, and by the clock.
settings.load_profile("quick")


def examples(number: int) -> int:
    """The number itself, or many times it where the profile is the wide one: max_examples=examples(8)."""
    return number * TIMES if settings.get_current_profile_name() == "wide" else number


def mostly_long(values: Sequence[Any], of: int) -> list[Any]:
    """For `parametrize`: of so many of these cases the first is in the fast suite, the others are in the long one."""
    return [
        pytest.param(value, marks=pytest.mark.long) if at % of else value for at, value in enumerate(values)
    ]
