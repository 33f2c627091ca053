"""Command for operators: brings a backup back and compares it with what was saved."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from portal import backups


class Command(BaseCommand):
    help = (
        "Bring a backup into an empty database and an empty uploads folder, and compare the number of rows."
    )
    # There are no tables yet to be checked.
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            counts = backups.restore(options["folder"])
        except backups.BackupFailed as failure:
            raise CommandError(str(failure)) from failure
        self.stdout.write(
            f"已恢复 {len(counts)} 张表、{sum(counts.values())} 行，与备份时的行数逐表一致。"
            "程序比备份新时，请接着运行 python manage.py migrate。"
        )
