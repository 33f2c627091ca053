"""A transaction that is begun again after a deadlock, which PostgreSQL ends by refusing one of the two sides."""

import time
from collections.abc import Callable
from typing import TypeVar

from django.db import OperationalError, transaction
from psycopg2 import errorcodes

_PAUSES = (0.05, 0.1)
Result = TypeVar("Result")


def code_of(error: OperationalError) -> str | None:
    """PostgreSQL's own code of what went wrong."""
    return getattr(error.__cause__, "pgcode", None)


def begun_again(work: Callable[[], Result]) -> Result:
    """`work` in a transaction of its own, up to three times: it must change nothing but the database."""
    pauses = iter(_PAUSES)
    while True:
        try:
            with transaction.atomic():
                return work()
        except OperationalError as error:
            pause = next(pauses, None)
            if code_of(error) != errorcodes.DEADLOCK_DETECTED or pause is None:
                raise
        time.sleep(pause)
