"""No address answers with a file of the project, of the data or of the machine but the collected static files (O1).

On a copy of the repository with the data of a running portal in it, set up by the letter of `.env.example` and served
by its own server: what happens to lie in a folder of the server is here put there on purpose.
"""

import contextlib
import http.client
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.review.api.served import database_url
from tests.width import mostly_long

ROOT = Path(__file__).resolve().parents[2]
MARK = "only-for-the-operator-7319"
# With MARK in it; below the static folder and the collected files as well.
PRIVATE = (
    ".env",
    ".git/config",
    "var/secret_key",
    "var/postgres/server.json",
    "var/private/imports/名单.xlsx",
    "uploads/照片.jpg",
    "static/.env",
    "static/vendor/.hidden/key",
)
UNLISTED = ("dump.sql", ".env", "uploads/名单.xlsx", "portal.css.bak", "vendor/.git/config")
PREFIXES = ("/", "/static/", "/media/")
DETOURS = (
    "//",
    "/static//",
    "/static/../",
    "/static/%2e%2e/",
    "/static/..%2f",
    "/static/%2e%2e%2f%2e%2e%2f",
    "/static/vendor/../../../",
    "/static/..%5c",
    "/static/%00",
    "/static/%252e%252e/",
)


@pytest.fixture(scope="module")
def checkout(tmp_path_factory) -> Path:
    """The files of the repository, its front-end files, and secrets as a running portal has them."""
    folder = tmp_path_factory.mktemp("server") / "project"
    for name in repository_files():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, folder / name)
    shutil.copytree(ROOT / "static", folder / "static", dirs_exist_ok=True)
    for name in PRIVATE:
        put(folder / name)
    return folder


@pytest.fixture(scope="module")
def collected(checkout) -> Path:
    """The copy after `collectstatic` with STATIC_ROOT left empty, and strange files put among the collected ones."""
    before = files_below(checkout)
    done = run(checkout, "manage.py", "collectstatic", "--noinput", "--clear", "--verbosity", "0")
    assert done.returncode == 0, done.stderr
    assert {name for name in files_below(checkout) if not name.startswith("var/static/")} == before
    static = checkout / "var" / "static"
    for name in UNLISTED:
        put(static / name)
    # One link has a listed name: the file that it stood for is gone.
    (static / "leak").symlink_to(checkout / ".env")
    (static / "portal.css").unlink()
    (static / "portal.css").symlink_to(checkout / ".env")
    return checkout


@pytest.mark.long
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("debug", ["0", "1"])
def test_no_path_of_the_project_is_served(collected, debug):
    listed = public_names(collected)
    names = [*repository_files(), *PRIVATE, *UNLISTED, "leak", *(f"var/static/{name}" for name in UNLISTED)]
    wanted = [prefix + quote(name) for name in names for prefix in PREFIXES]
    hidden = [
        *PRIVATE,
        *UNLISTED,
        "manage.py",
        "portal/settings.py",
        str(collected / ".env")[1:],
        "etc/passwd",
    ]
    wanted += [detour + quote(name) for name in hidden for detour in DETOURS]
    wanted += [
        f"/static/{name}" for name in ("portal.css", "", "vendor", "vendor/", "../", "staticfiles.json")
    ]

    with served(collected, DEBUG=debug) as port:
        answers = ask(port, dict.fromkeys(wanted))
        pictures = ask(port, ["/static/icon.svg", f"/static/{listed['portal.js']}"])

    # The control: the server does serve what is listed.
    assert [status for status, _, _ in pictures.values()] == [200, 200 if debug == "0" else 404]
    public = {f"/static/{name}" for name in {*listed, *listed.values()}}
    assert [path for path, (_, _, body) in answers.items() if MARK.encode() in body] == []
    opened = {path: (status, to) for path, (status, to, _) in answers.items() if status not in (400, 404)}
    strange = {
        path: answer
        for path, answer in opened.items()
        if not (answer[0] == 302 and answer[1].startswith("/sign-in/"))
        and not (answer[0] == 200 and path in public)
    }
    assert strange == {}


@pytest.mark.long
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("proxies", "status"), [("0", 301), ("1", 200)])
def test_a_forwarded_scheme_is_believed_of_our_own_proxies_only(collected, proxies, status):
    """A server once believed whoever came from 127.0.0.1, whatever the portal was told."""
    with served(collected, TRUSTED_PROXY_COUNT=proxies) as port:
        assert ask(port, ["/privacy/"])["/privacy/"][0] == status


@pytest.mark.parametrize("value", mostly_long(["{project}", "{project}/..", ".", "var", "static"], 3))
def test_a_hostile_static_root_stops_everything(checkout, value):
    """No server starts, the check refuses, and `collectstatic --clear` writes and clears nothing."""
    before = files_below(checkout.parent)
    static_root = value.format(project=checkout)

    for command in (
        ("manage.py", "collectstatic", "--noinput", "--clear"),
        ("manage.py", "check", "--deploy"),
        ("-c", "import portal.wsgi"),
    ):
        done = run(checkout, *command, STATIC_ROOT=static_root)
        assert done.returncode != 0
        assert "设置 STATIC_ROOT" in done.stderr, done.stderr

    assert files_below(checkout.parent) == before


@pytest.mark.long
@pytest.mark.parametrize("strange", [("letters.txt",), (".git/HEAD", "staticfiles.json")])
def test_a_folder_of_other_files_is_neither_filled_nor_cleared(checkout, tmp_path, strange):
    for name in strange:
        put(tmp_path / "own" / name)

    for command in (("collectstatic", "--noinput", "--clear"), ("check", "--deploy")):
        done = run(checkout, "manage.py", *command, STATIC_ROOT=str(tmp_path / "own"))
        assert done.returncode != 0
        assert "portal.E002" in done.stderr

    assert files_below(tmp_path / "own") == set(strange)


def repository_files() -> list[str]:
    """Those of the next commit too."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return [name for name in answer.stdout.split("\0") if name and (ROOT / name).is_file()]


def files_below(folder: Path) -> set[str]:
    return {
        str(path.relative_to(folder))
        for path in folder.rglob("*")
        if not path.is_dir() and "__pycache__" not in path.parts
    }


def public_names(checkout: Path) -> dict[str, str]:
    """From the name of every collected file to its hashed name."""
    return json.loads((checkout / "var" / "static" / "staticfiles.json").read_text())["paths"]


def put(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(MARK)


def environment(**changes: str) -> dict[str, str]:
    """A server's, by the letter of `.env.example`: what is empty there is empty here."""
    lines = (ROOT / ".env.example").read_text(encoding="utf-8").splitlines()
    example = dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))
    own = {
        "SECRET_KEY": "k" * 50,
        "ALLOWED_HOSTS": "127.0.0.1",
        "DATABASE_URL": "postgresql://nobody:none@127.0.0.1:1/none",
        # The proxy in front says that it was https, else every answer is the way there.
        "TRUSTED_PROXY_COUNT": "1",
        "LOG_LEVEL": "CRITICAL",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    inherited = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return {**inherited, **example, **own, **changes}


def run(checkout: Path, *command: str, **changes: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, *command],
        cwd=checkout,
        env=environment(**changes),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@contextlib.contextmanager
def served(checkout: Path, **changes: str) -> Iterator[int]:
    """The port on which the web process of the Procfile answers."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    lines = (checkout / "portal" / "bootstrap" / "Procfile").read_text().splitlines()
    web = next(line.removeprefix("web: ") for line in lines if line.startswith("web: "))
    own = {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "BIND": f"127.0.0.1:{port}",
        "WEB_WORKERS": "1",
        "DATABASE_URL": database_url(),
    }
    process = subprocess.Popen(
        ["/bin/sh", "-c", f"exec {web}"],
        cwd=checkout,
        env=environment(**own, **changes),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline and process.poll() is None:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            time.sleep(0.1)
        yield port
    finally:
        process.terminate()
        process.wait(30)


def ask(port: int, paths: Iterable[str]) -> dict[str, tuple[int, str, bytes]]:
    """Status, destination and body of every address, sent exactly as it is written here."""
    every = list(paths)
    with ThreadPoolExecutor(4) as pool:
        batches = pool.map(lambda start: list(_ask(port, every[start::4])), range(4))
        return {path: answer for batch in batches for path, answer in batch}


def _ask(port: int, paths: list[str]) -> Iterator[tuple[str, tuple[int, str, bytes]]]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    for path in paths:
        connection.request(
            "GET", path, headers={"X-Forwarded-Proto": "https", "X-Forwarded-For": "192.0.2.1"}
        )
        answer = connection.getresponse()
        yield path, (answer.status, answer.headers.get("Location", ""), answer.read())
    connection.close()
