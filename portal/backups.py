"""Backup and restore of all that the portal keeps: the database and the uploads (TRUST-56; PIPL 51).

A backup is a folder: database.dump (pg_dump's own format), uploads.tar and manifest.json with the number of rows of
every table in that very moment and the checksum of both files. A restore proves itself against these numbers.
"""

import json
import os
import re
import shutil
import subprocess
import tarfile
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from django.conf import settings
from django.core.files.base import File
from django.core.files.storage import default_storage
from django.db import connection, transaction
from django.utils import timezone

from portal import table_rights
from portal.bootstrap import binaries, folders
from portal.chain import installation, recovery
from portal.digests import sha256_of

DUMP, UPLOADS, MANIFEST = "database.dump", "uploads.tar", "manifest.json"
# What a backup is called until it is whole: one that was cut off is begun anew.
UNFINISHED = ".unfinished"
# Of Django's parameters those that are none of PostgreSQL's own.
_NOT_OF_LIBPQ = {"cursor_factory", "connection_factory"}


class BackupFailed(Exception):
    """Why a backup or restore did not happen, in Chinese, with what to do."""


def make(folder: Path) -> dict[str, int]:
    """Write a backup into a new or empty folder; returns the rows by table. Raises BackupFailed.

    It grows in a folder beside and takes its name when it is whole: one that failed may simply be repeated.

    Dump and numbers come from one snapshot, so work may go on meanwhile. Uploads follow: a file is written before the
    row that names it, so none that the dump names is missing.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise BackupFailed(f"{folder} 已存在，而且不是空文件夹，请另选一个新文件夹。")
    places = {"STATIC_ROOT": Path(settings.STATIC_ROOT), "DIR": folder}
    if location := getattr(default_storage, "location", None):
        places["PRIVATE_ROOT"] = Path(location)
    if faults := folders.faults(places):
        raise BackupFailed("备份文件夹不能放在这里。" + "\n".join(faults))
    final, folder = folder, folder.with_name(folder.name + UNFINISHED)
    try:
        _begin(folder)
        counts = _write(folder)
        folder.replace(final)
    except OSError as error:
        raise BackupFailed(f"不能写入 {folder}（{error.strerror}）。请检查空间和权限后重试。") from error
    return counts


def _begin(folder: Path) -> None:
    """An empty folder; what a backup left there that was cut off goes."""
    for name in (DUMP, UPLOADS, MANIFEST):
        (folder / name).unlink(missing_ok=True)
    folder.mkdir(parents=True, mode=0o700, exist_ok=True)


def _write(folder: Path) -> dict[str, int]:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        cursor.execute("SELECT pg_export_snapshot()")
        snapshot = cursor.fetchone()[0]
        arguments = ["--format=custom", f"--snapshot={snapshot}", f"--file={folder / DUMP}"]
        _run("pg_dump", *arguments, "--no-owner", "--no-privileges")
        counts = rows_by_table()
    with tarfile.open(folder / UPLOADS, "w") as archive:
        for name in stored_files():
            _put_in(archive, name)
    manifest = {
        "made_at": timezone.now().isoformat(),
        "rows": counts,
        "sha256": {name: sha256_of(folder / name) for name in (DUMP, UPLOADS)},
    }
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=1), encoding="utf-8")
    for name in (DUMP, UPLOADS, MANIFEST):
        (folder / name).chmod(0o600)
    return counts


def restore(folder: Path) -> dict[str, int]:
    """Bring a backup into an empty database and an empty uploads folder; returns the rows by table.

    Raises BackupFailed where either holds anything, a file is not the one that was written, or the numbers differ.
    """
    manifest = _checked_manifest(folder)
    if rows_by_table():
        raise BackupFailed("目标数据库不是空的。请新建一个空数据库，用 DATABASE_URL 指向它。")
    if next(stored_files(), None) is not None:
        raise BackupFailed(
            "上传文件的存放处不是空的。请指向空文件夹（PRIVATE_ROOT）或空的存储桶（UPLOADS_BUCKET）。"
        )
    arguments = ["--exit-on-error", "--single-transaction", "--no-owner", "--no-privileges"]
    _run("pg_restore", *arguments, str(folder / DUMP))
    with tarfile.open(folder / UPLOADS) as archive:
        for member in _own_files(archive):
            _bring_back(archive, member)
    counts = rows_by_table()
    if counts != manifest["rows"]:
        wrong = [
            name for name in {*counts, *manifest["rows"]} if counts.get(name) != manifest["rows"].get(name)
        ]
        raise BackupFailed(f"恢复后的行数与备份时不一致：{'、'.join(sorted(wrong))}。请勿使用这个数据库。")
    installation.set_up()
    table_rights.set_up()
    recovery.record(f"恢复备份 {manifest['made_at']}", is_other_server=True)
    return counts


def _own_files(archive: tarfile.TarFile) -> list[tarfile.TarInfo]:
    """The members of the archive. Raises BackupFailed for one that is no plain file or leads out of the folder."""
    members = archive.getmembers()
    for member in members:
        path = PurePosixPath(member.name)
        if not (member.isfile() or member.isdir()) or path.is_absolute() or ".." in path.parts:
            raise BackupFailed(f"备份中的上传文件不可信：{member.name}。请勿使用这份备份。")
    return members


def stored_files(folder: str = "") -> Iterator[str]:
    """The names of all uploads, wherever the storage has them."""
    try:
        folders_in, files = default_storage.listdir(folder)
    except FileNotFoundError:
        return
    yield from (f"{folder}{name}" for name in files)
    for name in folders_in:
        yield from stored_files(f"{folder}{name}/")


def _put_in(archive: tarfile.TarFile, name: str) -> None:
    # The size is needed before the content: a file that is elsewhere comes here first.
    with default_storage.open(name, "rb") as stored, tempfile.TemporaryFile() as copy:
        shutil.copyfileobj(stored, copy)
        entry = tarfile.TarInfo(name)
        entry.size, entry.mode, entry.mtime = copy.tell(), 0o600, int(time.time())
        copy.seek(0)
        archive.addfile(entry, copy)


def _bring_back(archive: tarfile.TarFile, member: tarfile.TarInfo) -> None:
    """Store one file under the name it had. Raises BackupFailed where the storage gives it another."""
    if not member.isfile():
        return
    content = archive.extractfile(member)
    assert content is not None
    name = str(PurePosixPath(member.name))
    if default_storage.save(name, File(content)) != name:
        raise BackupFailed(f"上传文件 {name} 不能以原来的名称保存。请勿使用这次恢复的结果。")


def rows_by_table() -> dict[str, int]:
    """The exact number of rows of every table of the database; empty for an empty database."""
    with connection.cursor() as cursor:
        tables = sorted(connection.introspection.table_names(cursor))
        counts = {}
        for table in tables:
            cursor.execute(f"SELECT count(*) FROM {connection.ops.quote_name(table)}")  # nosec B608 # names of the catalogue
            counts[table] = cursor.fetchone()[0]
    return counts


def _checked_manifest(folder: Path) -> dict[str, Any]:
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except FileNotFoundError as missing:
        raise BackupFailed(f"{folder} 不是备份文件夹：没有 {MANIFEST}。") from missing
    for name, expected in manifest["sha256"].items():
        if not (folder / name).exists() or sha256_of(folder / name) != expected:
            raise BackupFailed(f"{name} 缺失或已损坏，与备份时的校验值不一致。请换一份备份。")
    return manifest


def _run(program: str, *arguments: str) -> None:
    """Run one of PostgreSQL's programs on the database of this process, over the same connection in every respect
    (sslmode, certificates, several hosts); nothing of it stands on a command line."""
    parameters = connection.get_connection_params()
    with tempfile.NamedTemporaryFile("w", prefix="portal-", suffix=".conf", encoding="utf-8") as service:
        service.write("[portal]\n")
        service.writelines(
            f"{name}={value}\n"
            for name, value in parameters.items()
            if value not in (None, "") and name not in _NOT_OF_LIBPQ
        )
        service.flush()
        done = subprocess.run(
            [str(_program(program)), "--dbname=service=portal", *arguments],
            env={**os.environ, "PGSERVICEFILE": service.name},
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode:
        raise BackupFailed(f"{program} 失败：{done.stderr.strip()[-500:]}")


def _program(name: str) -> Path:
    """The first of the machine's programs that is not older than the server."""
    server = connection.cursor().connection.server_version // 10000
    on_path = shutil.which(name)
    candidates = [Path(on_path)] if on_path else []
    in_folders = (binaries.program_in(each.folder, name) for each in binaries.found())
    candidates += [program for program in in_folders if program]
    for program in candidates:
        answer = subprocess.run([str(program), "--version"], capture_output=True, text=True, check=False)
        version = re.search(r"\(PostgreSQL\) (\d+)", answer.stdout)
        if version and int(version.group(1)) >= server:
            return program
    raise BackupFailed(f"没有找到 {server} 或更新版本的 {name}。请安装 PostgreSQL 客户端程序。")
