"""The clock: a process that does what falls due (locks, reminders, digests, abandoned work) round by round."""

import logging
import time
from collections.abc import Callable
from typing import Any

import pghistory
from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from django.db import connection
from django.utils.module_loading import import_string

from bases import counts
from bases.deadlines.messages import remind_of_deadlines
from bases.deadlines.overdue_statuses import remind_daily
from bases.imports.copies import look_after_copies
from bases.imports.services import forget_old_files, requeue_abandoned
from bases.transfer_requests import settle_all
from portal.messages.deliveries import look_after
from portal.messages.services import fold_into_digests
from residents.services.lock import carry_out_locks

# Any fixed number: of several clocks on several machines only the one that holds this lock works.
LOCK_KEY = 2019_854


CHORES = (
    carry_out_locks,
    settle_all,
    remind_daily,
    remind_of_deadlines,
    fold_into_digests,
    look_after,
    requeue_abandoned,
    forget_old_files,
    look_after_copies,
    counts.fold,
)
logger = logging.getLogger(__name__)


class Command(BaseCommand):
    help = (
        "What time itself asks for, once a minute: intake lock, reminders, digests, imports. Safe everywhere."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--once", action="store_true", help="one round, then stop")
        parser.add_argument("--every", type=int, default=60, help="seconds between rounds")

    def handle(self, *args: Any, **options: Any) -> None:
        while True:
            self.round()
            if options["once"]:
                return
            time.sleep(options["every"])

    def round(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_lock(%s)", [LOCK_KEY])
            if not cursor.fetchone()[0]:
                return
        try:
            with pghistory.context(channel="clock"):
                for chore in (*CHORES, *map(import_string, settings.CLOCK_CHORES)):
                    self.carry_out(chore)
        finally:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [LOCK_KEY])

    def carry_out(self, chore: Callable[[], object]) -> None:
        """One chore; its failure is logged and holds up none of the others."""
        try:
            done = chore()
        except Exception:
            logger.exception("The clock's %s failed", chore.__qualname__)
            return
        if chore is carry_out_locks and done:
            self.stdout.write(f"Lapsed at the lock: {done} intake records.")
