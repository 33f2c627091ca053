"""Backup and restore into an empty database: the same rows in every table, the same files (TRUST-56)."""

import io
import json
import os
import subprocess
import sys
import tarfile
from pathlib import Path

import psycopg2
import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.management import call_command
from django.core.management.base import CommandError

from portal import audit, backups
from tests import database, factories

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def filled(transactional_db, base):
    """Some records, an audit line and an upload, committed."""
    for _ in range(3):
        factories.fill_training(factories.EnrollmentFactory(base=base))
    audit.record("export", by=None, count=3)
    default_storage.save("imports/名单.xlsx", ContentFile(b"workbook"))


@pytest.fixture
def empty_database():
    """The address of a new database on the server of the tests."""
    with database.empty_one() as url:
        yield url


def restore(folder: Path, url: str, uploads: Path) -> subprocess.CompletedProcess:
    """As an operator does it, in a process of its own."""
    return subprocess.run(
        [sys.executable, "manage.py", "restore", str(folder)],
        cwd=ROOT,
        env={**os.environ, **database.addresses(url), "PRIVATE_ROOT": str(uploads), "DEBUG": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.long
def test_restored_database_has_the_same_rows_files_and_promises(filled, empty_database, tmp_path):
    """TRUST-56: run the documented restore into an empty database, compare counts."""
    folder, uploads = tmp_path / "backup", tmp_path / "restored"
    call_command("backup", folder)
    done = restore(folder, empty_database, uploads)
    assert (done.returncode, done.stderr) == (0, "")

    with psycopg2.connect(empty_database) as restored, restored.cursor() as cursor:
        for table, number in backups.rows_by_table().items():
            cursor.execute(f'SELECT count(*) FROM "{table}"')
            # The restore itself is a link of the chain.
            expected = number + (table == "portal_sealedbatch")
            assert (table, cursor.fetchone()[0]) == (table, expected)
        cursor.execute("SELECT count(*) FROM residents_enrollment")
        assert cursor.fetchone() == (3,)
        with pytest.raises(psycopg2.errors.RaiseException, match="Cannot update"):
            cursor.execute("UPDATE portal_auditevent SET action = 'x'")
    assert (uploads / "imports" / "名单.xlsx").read_bytes() == b"workbook"
    # A second restore finds the place taken.
    again = restore(folder, empty_database, tmp_path / "other")
    assert again.returncode == 1
    assert "目标数据库不是空的" in again.stderr


def test_backup_is_for_its_owner_only_and_overwrites_nothing(filled, tmp_path):
    folder = tmp_path / "backup"
    call_command("backup", folder)
    assert {path.name: oct(path.stat().st_mode & 0o777) for path in [folder, *folder.iterdir()]} == {
        "backup": "0o700",
        "database.dump": "0o600",
        "uploads.tar": "0o600",
        "manifest.json": "0o600",
    }
    with pytest.raises(CommandError, match="已存在"):
        call_command("backup", folder)


@pytest.mark.long
def test_damaged_backup_is_refused(filled, empty_database, tmp_path):
    folder = tmp_path / "backup"
    call_command("backup", folder)
    with (folder / "database.dump").open("r+b") as dump:
        dump.seek(100)
        dump.write(b"\0\0\0\0")
    done = restore(folder, empty_database, tmp_path / "restored")
    assert done.returncode == 1
    assert "database.dump 缺失或已损坏" in done.stderr


@pytest.mark.long
def test_restore_that_lost_rows_says_so(filled, empty_database, tmp_path):
    folder = tmp_path / "backup"
    call_command("backup", folder)
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["rows"]["residents_enrollment"] += 1
    (folder / "manifest.json").write_text(json.dumps(manifest))
    done = restore(folder, empty_database, tmp_path / "restored")
    assert done.returncode == 1
    assert "行数与备份时不一致：residents_enrollment" in done.stderr


def test_folder_without_a_backup_is_refused(transactional_db, tmp_path):
    with pytest.raises(CommandError, match="不是备份文件夹"):
        call_command("restore", tmp_path)


def test_members_that_lead_out_of_the_folder_are_refused(tmp_path):
    """TRUST-37: names inside an archive are never trusted, whatever Python unpacks it."""
    path = tmp_path / "uploads.tar"
    with tarfile.open(path, "w") as archive:
        archive.addfile(tarfile.TarInfo("../outside"), io.BytesIO())
    with tarfile.open(path) as archive, pytest.raises(backups.BackupFailed, match="不可信"):
        backups._own_files(archive)


@pytest.mark.parametrize("inside", ["uploads", "static", "code"])
def test_a_backup_does_not_lie_in_what_it_saves_or_what_is_served(tmp_path, settings, inside):
    settings.STATIC_ROOT = tmp_path / "static"
    places = {
        "uploads": Path(default_storage.location),
        "static": tmp_path / "static",
        "code": ROOT / "portal",
    }

    with pytest.raises(backups.BackupFailed, match="备份文件夹不能放在这里"):
        backups.make(places[inside] / "backup")

    assert not (places[inside] / "backup").exists()


def test_failed_backup_may_be_repeated_and_an_empty_folder_taken(filled, tmp_path, monkeypatch):
    folder = tmp_path / "backup"
    folder.mkdir()
    run = backups._run
    monkeypatch.setattr(backups, "_program", lambda name: Path("/bin/false"))
    with pytest.raises(CommandError, match="pg_dump 失败"):
        call_command("backup", folder)
    assert list(folder.iterdir()) == []
    monkeypatch.undo()
    assert backups._run is run
    call_command("backup", folder)
    assert sorted(path.name for path in folder.iterdir()) == ["database.dump", "manifest.json", "uploads.tar"]
    assert not folder.with_name("backup.unfinished").exists()


def test_uploads_of_any_storage_are_saved_and_come_back(transactional_db, settings, tmp_path):
    """The backup read a local folder only."""
    names = {"imports/2026/11/a": b"one", "evidence/2026/11/b": b"two" * 1000, "c": b""}
    memory = {"default": {"BACKEND": "django.core.files.storage.InMemoryStorage"}}
    settings.STORAGES = settings.STORAGES | memory
    for name, content in names.items():
        default_storage.save(name, ContentFile(content))
    with tarfile.open(tmp_path / "uploads.tar", "w") as archive:
        for name in backups.stored_files():
            backups._put_in(archive, name)
    settings.STORAGES = settings.STORAGES | {"default": {**memory["default"], "OPTIONS": {}}}
    for name in names:
        default_storage.delete(name)
    with tarfile.open(tmp_path / "uploads.tar") as archive:
        for member in backups._own_files(archive):
            backups._bring_back(archive, member)
    assert sorted(backups.stored_files()) == sorted(names)
    assert {name: default_storage.open(name).read() for name in names} == names


def test_programs_get_every_option_of_the_connection(monkeypatch, tmp_path):
    """sslmode did not reach pg_dump. The kind: any parameter, and none on the command line."""
    seen = tmp_path / "seen"
    program = tmp_path / "pg_dump"
    program.write_text(f'#!/bin/sh\ncat "$PGSERVICEFILE" > {seen}\necho "$@" >> {seen}\n')
    program.chmod(0o700)
    monkeypatch.setattr(backups, "_program", lambda name: program)
    given = {
        "dbname": "p",
        "password": "Geheim 1",
        "host": "a,b",
        "sslmode": "verify-full",
        "sslrootcert": "/ca",
    }
    monkeypatch.setattr(backups.connection, "get_connection_params", lambda: given)
    backups._run("pg_dump", "--format=custom")
    service, command = seen.read_text().rsplit("\n", 2)[:2]
    assert service.splitlines() == ["[portal]", *(f"{key}={value}" for key, value in given.items())]
    assert command == "--dbname=service=portal --format=custom"
