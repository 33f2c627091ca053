"""What `make run` reads before Django exists: .env, the secret key, the port, the programs it needs."""

import os
import socket
import subprocess
import sys
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
    assert f"PORT={port} 不是端口号" in done.stderr


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


def test_a_machine_without_chromium_is_told_what_to_install(monkeypatch):
    monkeypatch.delenv("PORTAL_CHROMIUM", raising=False)
    monkeypatch.setenv("PATH", "/nowhere")

    with pytest.raises(Failure, match="apt-get install chromium fonts-noto-cjk"):
        browser.path()


def test_front_end_files_are_complete():
    """Every file that a page may link to is there after `make static`."""
    missing = [target for target in frontend.FILES.values() if not (frontend.VENDOR / target).is_file()]

    assert missing == []


def test_lock_file_names_no_registry():
    """An installed package comes from the machine's own registry, whichever that is."""
    assert "resolved" not in (ROOT / "package-lock.json").read_text(encoding="utf-8")


def _serve(**variables: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-m", "portal.bootstrap.run", "serve"],
        cwd=ROOT,
        env={**os.environ, "HOST": "127.0.0.1", **variables},
        capture_output=True,
        text=True,
        check=False,
    )
