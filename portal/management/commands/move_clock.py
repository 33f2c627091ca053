"""manage.py move_clock: let the demonstration believe that it is another day."""

from datetime import UTC, datetime, timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from portal import clock


class Command(BaseCommand):
    help = (
        "Move the clock of program and database to a moment (2027-10-13T09:00) or by days. Only under DEBUG."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--to", type=datetime.fromisoformat, help="the moment that it is now to be")
        parser.add_argument(
            "--days", type=float, help="so many days ahead of the real time; 0 is the real time"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        moment = options["to"]
        if (moment is None) == (options["days"] is None):
            raise CommandError("Say either --to or --days.")
        by = timezone.make_aware(moment) - datetime.now(UTC) if moment else timedelta(days=options["days"])
        try:
            clock.move(by)
        except RuntimeError as refused:
            raise CommandError(str(refused)) from refused
        self.stdout.write(f"It is now {timezone.localtime():%Y-%m-%d %H:%M:%S}.")
