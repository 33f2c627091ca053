"""Command for operators: compares the kept numbers of the statistics with the records, and repairs them."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from bases import counts


class Command(BaseCommand):
    help = (
        "Compare the numbers of the fixed statistics with the records they count; --repair counts them anew."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--repair", action="store_true", help="write the true numbers; decisions wait meanwhile"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        found = counts.differences()
        for kind, number in sorted(found.items()):
            self.stdout.write(f"{' '.join(map(str, kind))}: {number:+d}")
        if found and options["repair"]:
            counts.count_anew()
            self.stdout.write(f"已改正 {len(found)} 个数字。")
        elif found:
            raise CommandError(f"{len(found)} 个数字与记录不符；加 --repair 重新统计。")
        else:
            self.stdout.write("统计数字与记录相符。")
