"""The clock: a process that does what falls due (locks, reminders, digests, abandoned work) round by round."""

import logging
import time
from collections.abc import Callable
from typing import Any

import pghistory
from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from django.db import DatabaseError, InterfaceError, connection, connections
from django.utils.module_loading import import_string

from bases import counts
from bases.deadlines.letters import send_letters, tell_of_other_doors
from bases.deadlines.messages import remind_of_deadlines
from bases.deadlines.overdue_statuses import remind_daily
from bases.imports.copies.services import look_after_copies
from bases.imports.forgetting import end_unconfirmed, forget_old_files
from bases.imports.services import requeue_abandoned
from bases.stored_files import sweep_files
from bases.transfer_requests import settle_all
from portal import clock_trust, processes
from portal.bootstrap.keeper import end_with_keeper
from portal.deeds import forget_findings, look_after_deeds
from portal.messages.deliveries import look_after
from portal.messages.services import fold_into_digests
from portal.temporary import take_own_folder
from portal.upkeep import forget_attempts, forget_drafts, forget_readings, prune
from residents.services.lock import carry_out_locks

# Any fixed number: of several clocks on several machines only the one that holds this lock works.
LOCK_KEY = 2019_854
WAIT_SECONDS = 1

# What can be repeated or taken back happens whatever time it is thought to be.
HARMLESS = (
    processes.reap,
    look_after,
    requeue_abandoned,
    look_after_copies,
    look_after_deeds,
    counts.fold,
    processes.tell_of_silent,
)
# What lapses, deletes or tells a nation that a deadline has come waits while the time is doubted.
FINAL = (
    carry_out_locks,
    send_letters,
    tell_of_other_doors,
    settle_all,
    remind_daily,
    remind_of_deadlines,
    fold_into_digests,
    end_unconfirmed,
    forget_old_files,
    prune,
    forget_attempts,
    forget_drafts,
    forget_readings,
    forget_findings,
    sweep_files,
)
CHORES = (*HARMLESS, *FINAL)
logger = logging.getLogger(__name__)


class Command(BaseCommand):
    help = (
        "What time itself asks for, once a minute: intake lock, reminders, digests, imports. Safe everywhere."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--once", action="store_true", help="one round, then stop")
        parser.add_argument("--every", type=int, default=60, help="seconds between rounds")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["once"]:
            self.round()
            return
        end_with_keeper()
        take_own_folder()
        with processes.alive(processes.new_name("clock"), "clock"):
            while True:
                try:
                    self.round()
                    pause = options["every"]
                except (DatabaseError, InterfaceError) as error:
                    logger.warning("The database is away (%s); trying again", type(error).__name__)
                    connections.close_all()
                    pause = WAIT_SECONDS
                time.sleep(pause)

    def round(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_lock(%s)", [LOCK_KEY])
            if not cursor.fetchone()[0]:
                return
        try:
            with pghistory.context(channel="clock"):
                is_trusted = clock_trust.is_trusted()
                harmless = [*HARMLESS, *map(import_string, settings.CLOCK_CHORES)]
                final = [*FINAL, *map(import_string, settings.FINAL_CLOCK_CHORES)]
                for chore in [*harmless, *(final if is_trusted else ())]:
                    self.carry_out(chore)
        finally:
            # A connection that was lost has let go of the lock by itself.
            if connection.is_usable():
                with connection.cursor() as cursor:
                    cursor.execute("SELECT pg_advisory_unlock(%s)", [LOCK_KEY])

    def carry_out(self, chore: Callable[[], object]) -> None:
        """One chore; its failure is logged and holds up none of the others. Raises what says that the database is
        away: nothing else would succeed either."""
        try:
            done = chore()
        except Exception:
            logger.exception("The clock's %s failed", chore.__qualname__)
            if not connection.is_usable():
                raise
            return
        if chore is carry_out_locks and done:
            self.stdout.write(f"Lapsed at the lock: {done} intake records.")
