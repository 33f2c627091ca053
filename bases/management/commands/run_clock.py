import time

import pghistory
from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import connection
from django.utils.module_loading import import_string

from bases import counts
from bases.deadline_notices import remind_of_deadlines
from bases.imports import forget_old_files, requeue_abandoned
from bases.stale import remind_daily
from bases.transfer_requests import settle_all
from portal.deliveries import look_after
from portal.messages import fold_into_digests
from residents.services.lock import carry_out_locks

# Any fixed number: of several clocks on several machines only the one that holds this lock works.
LOCK_KEY = 2019_854


class Command(BaseCommand):
    help = (
        "What time itself asks for, once a minute: intake lock, reminders, digests, imports. Safe everywhere."
    )

    def add_arguments(self, parser) -> None:
        parser.add_argument("--once", action="store_true", help="one round, then stop")
        parser.add_argument("--every", type=int, default=60, help="seconds between rounds")

    def handle(self, *args, **options) -> None:
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
                lapsed = carry_out_locks()
                settle_all()
                remind_daily()
                remind_of_deadlines()
                fold_into_digests()
                look_after()
                requeue_abandoned()
                forget_old_files()
                counts.fold()
                for chore in settings.CLOCK_CHORES:
                    import_string(chore)()
            if lapsed:
                self.stdout.write(f"Lapsed at the lock: {lapsed} intake records.")
        finally:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [LOCK_KEY])
