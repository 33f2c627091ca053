"""Transactions that meet: PostgreSQL breaks a deadlock by refusing one of them, and that one simply begins again."""

import time
from collections.abc import Callable
from typing import TypeVar

from django.db import OperationalError, transaction
from psycopg2 import errorcodes

T = TypeVar("T")


def retried(work: Callable[[], T], *, tries: int = 3) -> T:
    """What `work` gives, done in one transaction; anew while a deadlock refuses it and tries are left."""
    try:
        with transaction.atomic():
            return work()
    except OperationalError as error:
        if getattr(error.__cause__, "pgcode", None) != errorcodes.DEADLOCK_DETECTED or tries == 1:
            raise
    time.sleep(0.1 / tries)
    return retried(work, tries=tries - 1)
