"""What `make run` reads before Django exists: .env, the secret key, the port, the programs it needs."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from portal.bootstrap import browser, environment, frontend
from portal.bootstrap.failure import Failure

ROOT = Path(__file__).resolve().parents[3]


def test_env_file_is_read_without_comments_and_quotes(tmp_path):
    file = tmp_path / ".env"
    file.write_text(
        '# 注释\n\nDEBUG=0\nNAME = "住院医师"\nURL=postgresql://a:b@/c?host=/d\n', encoding="utf-8"
    )

    assert environment.read_env_file(file) == {
        "DEBUG": "0",
        "NAME": "住院医师",
        "URL": "postgresql://a:b@/c?host=/d",
    }


def test_env_file_with_a_broken_line_names_the_line(tmp_path):
    file = tmp_path / ".env"
    file.write_text("DEBUG=0\nSECRET KEY\n")

    with pytest.raises(Failure, match="第 2 行"):
        environment.read_env_file(file)


def test_what_is_set_already_wins_over_the_env_file(tmp_path, monkeypatch):
    (tmp_path / ".env").write_text("DEBUG=0\nLOG_LEVEL=ERROR\nSECRET_KEY=from-file\n")
    # Set and deleted, so that monkeypatch also takes back what prepare() writes to the real environment.
    for name in ("LOG_LEVEL", "SECRET_KEY", "PATH"):
        monkeypatch.setenv(name, os.environ.get(name, ""))
    for name in ("LOG_LEVEL", "SECRET_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("DEBUG", "1")

    environment.prepare(tmp_path)

    assert [os.environ[name] for name in ("DEBUG", "LOG_LEVEL", "SECRET_KEY")] == ["1", "ERROR", "from-file"]


def test_secret_key_is_made_once_and_private(tmp_path):
    path = tmp_path / "var" / "secret_key"

    key = environment.secret_key(path)

    assert len(key) >= 50
    assert environment.secret_key(path) == key
    assert path.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("port", ["0", "65536", "http"])
def test_a_port_that_is_none_is_refused(port):
    done = _serve(PORT=port)

    assert done.returncode == 1
    assert f"设置 PORT：“{port}”应为 1 到 65535 的整数" in done.stderr


def test_a_taken_port_is_named_with_the_next_one():
    """A taken port gives a clear message, before anything is started."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        done = _serve(PORT=str(port))

    assert done.returncode == 1
    assert f"不能使用 127.0.0.1:{port}" in done.stderr
    assert f"make run PORT={port + 1}" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_browser_of_the_machine_is_preferred(monkeypatch, tmp_path):
    """Nothing is fetched where Chromium and a Chinese font are there."""
    _program(tmp_path / "fc-list", "echo NotoSansSC.ttf: Noto Sans SC")
    _program(tmp_path / "chromium", "true")
    monkeypatch.delenv("PORTAL_CHROMIUM", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))

    assert browser.path() == str(tmp_path / "chromium")


@pytest.mark.parametrize("has_chromium", [True, False])
def test_what_the_machine_lacks_comes_from_packages(monkeypatch, tmp_path, has_chromium):
    """No Chromium, or no Chinese font: a command of ours that any account can start, with the packages' font."""
    monkeypatch.delenv("PORTAL_CHROMIUM", raising=False)
    monkeypatch.setenv("PATH", f"{tmp_path}")
    monkeypatch.setattr(browser, "HOME", tmp_path / "home")
    monkeypatch.setattr(
        browser, "_fetch", lambda: _program(tmp_path / "home" / "chromium.program", "echo ours")
    )
    monkeypatch.setattr(browser.platform, "machine", lambda: "x86_64")
    if has_chromium:
        _program(tmp_path / "chromium", "echo theirs, $FONTCONFIG_FILE")

    done = subprocess.run([browser.path()], capture_output=True, text=True, check=True)

    expected = f"theirs, {tmp_path}/home/fonts.conf" if has_chromium else "ours"
    assert done.stdout.strip() == expected


def test_a_machine_without_chromium_that_no_package_fits_is_told_what_to_do(monkeypatch):
    monkeypatch.delenv("PORTAL_CHROMIUM", raising=False)
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr(browser.platform, "machine", lambda: "riscv64")

    with pytest.raises(Failure, match="PORTAL_CHROMIUM=路径"):
        browser.path()


def test_folders_on_the_path_that_cannot_be_searched_are_passed_over(open_folder):
    """Asked as an ordinary user: root may look everywhere."""
    inner = open_folder / "closed" / "inner"
    for folder in (inner, open_folder / "links", open_folder / "half"):
        folder.mkdir(parents=True)
    for program in (inner / "initdb", inner / "postgres", open_folder / "half" / "postgres"):
        program.write_text("neither a program nor a script")
        program.chmod(0o755)
    # Links that may be seen, while the folder into which they point may not be entered.
    (open_folder / "links" / "postgres").symlink_to(inner / "postgres")
    (open_folder / "half" / "initdb").symlink_to(inner / "initdb")
    (open_folder / "loop").symlink_to("loop")
    (open_folder / "file").write_text("")
    names = ("closed", "closed/inner", "links", "half", "loop", "file", "file/below", "missing")
    odd = os.pathsep.join([*(str(open_folder / name) for name in names), "", "~/bin", os.environ["PATH"]])
    (open_folder / "closed").chmod(0)

    with_odd, plain = (_found_by_an_ordinary_user(inner, path) for path in (odd, os.environ["PATH"]))

    assert with_odd.returncode == 0, with_odd.stderr
    assert with_odd.stdout == plain.stdout


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that other accounts may enter, unlike pytest's own."""
    folder = Path(tempfile.mkdtemp(prefix="path-test-", dir="/tmp"))
    folder.chmod(0o755)
    yield folder
    for closed in folder.glob("closed"):
        closed.chmod(0o700)
    shutil.rmtree(folder)


def test_a_chromium_that_cannot_be_looked_at_is_named(monkeypatch, tmp_path):
    for given in (tmp_path, tmp_path / "missing", ROOT / "manage.py" / "below"):
        monkeypatch.setenv("PORTAL_CHROMIUM", str(given))
        with pytest.raises(Failure, match="不存在，或不能运行"):
            browser.path()


def test_a_home_of_the_database_that_is_no_folder_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    for home in (tmp_path / "file", tmp_path / "file" / "below"):
        done = subprocess.run(
            [sys.executable, "-m", "portal.bootstrap.postgres", "start"],
            cwd=ROOT,
            env={**os.environ, "PORTAL_POSTGRES_HOME": str(home)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 1
        assert "PORTAL_POSTGRES_HOME" in done.stderr
        assert "Traceback" not in done.stderr


def test_front_end_files_are_complete():
    """Every file that a page may link to is there after `make static`."""
    missing = [target for target in frontend.FILES.values() if not (frontend.VENDOR / target).is_file()]

    assert missing == []


def test_lock_file_names_no_registry():
    """An installed package comes from the machine's own registry, whichever that is."""
    for folder in (ROOT, browser.PACKAGES):
        assert "resolved" not in (folder / "package-lock.json").read_text(encoding="utf-8")


def _found_by_an_ordinary_user(folder: Path, path: str) -> subprocess.CompletedProcess:
    """What is found with this PATH, and in this folder, by whoever we are, by `nobody` where that is root."""
    program = f"""
import os
from pathlib import Path
from portal.bootstrap import binaries, browser
# After the imports: nobody may enter fewer folders than Python and the project may lie in.
if os.geteuid() == 0:
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
os.chdir("/")
print(binaries.found("system"), binaries.major_of(Path({str(folder)!r})), browser._installed())
"""
    return subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )


def _serve(**variables: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-m", "portal.bootstrap.run", "serve"],
        cwd=ROOT,
        env={**os.environ, "HOST": "127.0.0.1", **variables},
        capture_output=True,
        text=True,
        check=False,
    )


def _program(path: Path, line: str) -> None:
    path.write_text(f"#!/bin/sh\n{line}\n", encoding="utf-8")
    path.chmod(0o755)
