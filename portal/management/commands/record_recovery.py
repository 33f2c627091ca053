"""Command for operators: the database was brought back to a point in time."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from portal.chain import recovery, sealing


class Command(BaseCommand):
    help = "Seal into the history that the database was recovered to an earlier state; `restore` does so by itself."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--reason", required=True, help="what happened, to which moment it was recovered")

    def handle(self, *args: Any, **options: Any) -> None:
        recovery.record(options["reason"], is_other_server=False)
        sealing.anchor()
        self.stdout.write("已记录。恢复时刻以后的锚点从此不再核对。")
