"""How a bootstrap step explains to a person what stopped it."""

import sys
from collections.abc import Callable


class Failure(Exception):
    """A step cannot go on; the text explains to the person at the terminal what is wrong and how to repair it."""


def exit_code_of(step: Callable[[], int]) -> int:
    """Run the step; a Failure becomes its text on stderr and exit code 1, without a traceback."""
    try:
        return step()
    except Failure as failure:
        print(f"\n{failure}\n", file=sys.stderr)
        return 1
