"""A server with careless settings does not start."""

import os
import subprocess
import sys

import pytest

CAREFUL = {
    "DEBUG": "0",
    "SECRET_KEY": "x" * 50,
    "ALLOWED_HOSTS": "portal.example.cn",
    "DATABASE_URL": "postgresql://portal:secret@/portal",
}


def start(**changed: str | None) -> subprocess.CompletedProcess[str]:
    """Read the settings in a process of their own, with nothing of this one's environment but its path."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    given = {name: value for name, value in (CAREFUL | changed).items() if value is not None}
    return subprocess.run(
        [sys.executable, "-c", "import portal.settings as s; print(s.DEBUG)"],
        env=kept | given,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_careful_settings_start_without_debug():
    """TRUST-58: what is not said is not switched on."""
    assert start(DEBUG=None).stdout.strip() == "False"


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"SECRET_KEY": None}, "设置 SECRET_KEY：必须设置"),
        ({"DATABASE_URL": None}, "设置 DATABASE_URL：必须设置"),
        ({"DATABASE_URL": "sqlite:///portal.db"}, "postgresql://"),
    ],
)
def test_careless_settings_stop_the_start(changed, words):
    """TRUST-58: the message names the setting and the cure."""
    ended = start(**changed)

    assert ended.returncode != 0
    assert words in ended.stderr
