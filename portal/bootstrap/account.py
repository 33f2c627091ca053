"""The operating-system account a PostgreSQL server runs under: it refuses to run as root."""

import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from portal.bootstrap.failure import Failure

MADE_ACCOUNT = "residency-postgres"


@dataclass(frozen=True, slots=True)
class Account:
    """An account by number; `switch` is what subprocess needs to run as it (nothing where we already are)."""

    name: str
    uid: int
    gid: int

    @property
    def is_ours(self) -> bool:
        return self.uid == os.geteuid()

    @property
    def switch(self) -> dict[str, Any]:
        if self.is_ours:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def own(self, path: Path) -> None:
        if not self.is_ours:
            os.chown(path, self.uid, self.gid)

    def can(self, permission: str, path: Path) -> bool:
        """Whether the account passes `test -r|-w|-x path`, every parent folder included."""
        command = ["/bin/sh", "-c", f'test -{permission} "$1"', "sh", str(path)]
        try:
            return subprocess.run(command, check=False, cwd="/", **self.switch).returncode == 0
        except PermissionError as error:
            raise Failure(
                f"root 无法切换到账户 {self.name}，数据库不能启动。/ root may not become {self.name} here.\n"
                "请用普通用户运行，或给出 DATABASE_URL。/ Run as an ordinary user, or set DATABASE_URL."
            ) from error


def account_named(name: str) -> Account | None:
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        return None
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)


def account_of(path: Path) -> Account:
    """The account that owns the path, named by its number where the machine has no entry for it."""
    status = path.stat()
    try:
        name = pwd.getpwuid(status.st_uid).pw_name
    except KeyError:
        name = str(status.st_uid)
    return Account(name, status.st_uid, status.st_gid)


def server_account() -> Account:
    """Whoever we are; as root `postgres`, else an account made for this, else `nobody` (last: others share it)."""
    if os.geteuid() != 0:
        return Account(str(os.geteuid()), os.geteuid(), os.getegid())
    found = (
        account_named("postgres") or account_named(MADE_ACCOUNT) or _made_account() or account_named("nobody")
    )
    if found is None:
        raise Failure(
            "没有可供数据库使用的非 root 账户。请安装 useradd，或用普通用户运行。\n"
            "No unprivileged account for the database: install useradd, or run as an ordinary user."
        )
    return found


def _made_account() -> Account | None:
    useradd = shutil.which("useradd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    if useradd is None:
        return None
    subprocess.run(
        [
            useradd,
            "--system",
            "--user-group",
            "--no-create-home",
            "--shell",
            "/usr/sbin/nologin",
            MADE_ACCOUNT,
        ],
        check=False,
    )
    return account_named(MADE_ACCOUNT)
