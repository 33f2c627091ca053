"""Command for operators: one backup of database and uploads."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from portal import backups


class Command(BaseCommand):
    help = "Write a backup of database and uploads into a new folder, with the number of rows of every table."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            counts = backups.make(options["folder"])
        except backups.BackupFailed as failure:
            raise CommandError(str(failure)) from failure
        self.stdout.write(f"已备份 {len(counts)} 张表、{sum(counts.values())} 行：{options['folder']}")
