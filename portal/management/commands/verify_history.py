"""Command for operators: are audit and history what was sealed?"""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from portal.chain.verification import verify


class Command(BaseCommand):
    help = "Compare audit and history with their seals and the anchors outside; names each row that differs."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--anchors",
            type=Path,
            action="append",
            default=[],
            help="a file of anchors, best a copy from another machine; may be given again "
            "(history.jsonl in HISTORY_ANCHOR_FOLDER)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        report = verify(options["anchors"])
        for line in report.findings:
            self.stdout.write(line)
        self.stdout.write(
            f"已核对 {report.batches} 批 {report.rows} 行；按记录清理 {report.purged} 行；"
            f"未写入锚点 {report.not_anchored} 批；待封存 {report.not_sealed} 行。"
        )
        for line in report.recoveries:
            self.stdout.write(f"数据库曾恢复：{line}")
        if report.findings:
            raise CommandError(f"不符 {len(report.findings)} 项。")
        self.stdout.write("操作记录和历史与封存相符。")
