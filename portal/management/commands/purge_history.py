"""Command for operators: take expired history away."""

import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError
from django.utils import timezone

from portal.chain import recovery, sealing
from portal.chain.installation import KEPT_YEARS


class Command(BaseCommand):
    help = f"Take away audit and history from before a day, at least {KEPT_YEARS} years ago; their hashes stay sealed."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--before", required=True, type=datetime.date.fromisoformat, help="YYYY-MM-DD")
        parser.add_argument("--reason", required=True)

    def handle(self, *args: Any, **options: Any) -> None:
        before = timezone.make_aware(datetime.datetime.combine(options["before"], datetime.time.min))
        try:
            count = recovery.purge(before, options["reason"])
        except DatabaseError as error:
            raise CommandError(
                f"没有清理：只能清理 {KEPT_YEARS} 年以前的，须写明理由，并以所有者账户（DATABASE_OWNER_URL）运行。"
                f"（{str(error).strip().splitlines()[0]}）"
            ) from error
        sealing.anchor()
        self.stdout.write(f"已清理 {count} 行，其散列仍在封存中。")
