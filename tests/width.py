"""How many examples a property is tried on: few in every run, many in `make long`; the same ones each time."""

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
