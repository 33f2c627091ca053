"""Command for operators: takes the rosters of 2014 to 2018 (历史名册) over into 住院医师管理."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from bases.legacy.rosters import Counts, Fault, Migration, Result, RosterBusy
from portal.models import User
from portal.roles import Role
from portal.sheets.headers import STATUS_HEADER
from portal.sheets.refusals import SheetRefused
from portal.sheets.streaming import stream_xlsx
from residents.services import code_lists

_REJECTS = "未导入"
_LEFT_OUT = "未采用的单元格"


class Command(BaseCommand):
    help = (
        "Migrate legacy yearly rosters 2014 to 2018 (xlsx or csv, the columns of the field dictionary under their"
        " headers, one file a year) into 住院医师管理. May be stopped and run again at any time."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("files", nargs="+", type=Path, help="the rosters, the earliest year first")
        parser.add_argument("--by", required=True, help="account of the national officer who answers for it")
        parser.add_argument("--dry-run", action="store_true", help="the same verdicts, nothing is written")
        parser.add_argument(
            "--rejects", type=Path, default=Path(), help="folder for the rows and cells that were not taken"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        by = User.objects.filter(username=options["by"].lower(), role=Role.CMDA, is_active=True).first()
        if by is None:
            raise CommandError(f"没有名为“{options['by']}”的中国医师协会账号。")
        if not options["rejects"].is_dir():
            raise CommandError(f"没有文件夹“{options['rejects']}”，请先建立。")
        code_lists.load()
        migration = Migration(by=by, dry_run=options["dry_run"], tell=self._progress)
        if options["dry_run"]:
            self.stdout.write("试运行：只检查，不写入任何数据。")
        total = Counts()
        for path in options["files"]:
            total.add(self._migrate(migration, path, options["rejects"]).counts)
        if len(options["files"]) > 1:
            self.stdout.write(f"全部文件：{_sum(total)}")

    def _migrate(self, migration: Migration, path: Path, rejects: Path) -> Result:
        try:
            result = migration.run(path)
        except SheetRefused as refusal:
            raise CommandError(f"{path.name}：{refusal}此前各文件已处理完毕，可修复后重新运行。") from refusal
        except RosterBusy as busy:
            raise CommandError(f"{path.name}：另一个进程正在迁移同一名册，请等它结束后再运行。") from busy
        if result.ignored:
            self.stdout.write(f"{path.name}：以下列不在采集范围内，未迁移：{'、'.join(result.ignored)}")
        self.stdout.write(f"{path.name}：{_sum(result.counts)}")
        if not result.counts.created:
            self.stdout.write(f"{path.name}：没有新增，名册中的记录此前都已迁移或未能导入。")
        self._write_faults(result, path, rejects)
        return result

    def _write_faults(self, result: Result, path: Path, folder: Path) -> None:
        """Two workbooks, only where there is something to say: rows to correct and send again, and cells to fill in."""
        files: dict[str, list[list[str]]] = {_REJECTS: [], _LEFT_OUT: []}
        for fault in result.faults:
            files[_REJECTS if fault.is_refused else _LEFT_OUT].append([*fault.cells, _words(fault)])
        for kind, rows in files.items():
            if rows:
                target = folder / f"{path.stem}-{kind}.xlsx"
                _write_private(target, stream_xlsx([*result.headers, STATUS_HEADER], rows))
                self.stdout.write(f"{path.name}：{len(rows):,} 行{kind}，见 {target}")

    def _progress(self, path: Path, counts: Counts) -> None:
        self.stdout.write(f"{path.name}：{_sum(counts)}")


def _sum(counts: Counts) -> str:
    return (
        f"{counts.rows:,} 行 = 新增 {counts.created:,} + 此前已迁移 {counts.present:,} + 未导入 {counts.refused:,}"
        f"（新增的行中有 {counts.incomplete:,} 行的部分单元格未采用）"
    )


def _words(fault: Fault) -> str:
    head = f"第{fault.sheet_row}行。"
    return head + "".join(f"【{header}】{text}" for header, text in fault.problems)


def _write_private(target: Path, pieces: Iterable[bytes]) -> None:
    """Rosters hold personal data: only the one who runs the command may read what it leaves."""
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with open(descriptor, "wb") as file:
        for piece in pieces:
            file.write(piece)
