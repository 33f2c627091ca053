"""One machine by the very files of deploy/: nginx, PgBouncer, web, worker. Names, folders and ports are all that
differs from an operator's."""

import grp
import os
import pwd
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg2
import requests
from django.db import connection

from portal.bootstrap.account import server_account
from tests.review.api.served import database_url

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
NAME = "portal.example.cn"
TOKEN = "t" * 20
START_SECONDS, END_SECONDS = 60, 30
# Where the database is, as deploy/pgbouncer.ini has it.
POOLED = "host=127.0.0.1 port=5432 dbname=portal"
# Debian puts them where an ordinary PATH does not look.
PLACES = f"{os.environ['PATH']}:/usr/sbin:/sbin"


@dataclass(frozen=True, slots=True)
class Machine:
    """Where it answers by TLS, whose certificate proves it, and where its pool of connections listens."""

    port: int
    certificate: Path
    pool: int

    def browser(self) -> requests.Session:
        made = requests.Session()
        # Nothing of this machine's own choice of certificates.
        made.trust_env, made.verify = False, str(self.certificate)
        made.headers.update({"Host": NAME, "Referer": f"https://{NAME}/"})
        return made

    @property
    def address(self) -> str:
        return f"https://127.0.0.1:{self.port}"


def program(name: str) -> str:
    found = shutil.which(name, path=PLACES)
    assert found, f"{name} is missing: .ci/run installs it"
    return found


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def changed(name: str, changes: dict[str, str]) -> str:
    """A file of deploy/ with this machine's names; each must stand in it."""
    text = (DEPLOY / name).read_text()
    for here, there in changes.items():
        assert here in text, f"{here} is not in {name}"
        text = text.replace(here, there)
    return text


@contextmanager
def machine(folder: Path) -> Iterator[Machine]:
    """All of it at work on the test's database."""
    secure, pool = free_port(), free_port()
    environment = _environment(folder, pool)
    subprocess.run(
        [sys.executable, "manage.py", "collectstatic", "--noinput", "--verbosity", "0"],
        cwd=ROOT,
        env=environment,
        check=True,
        timeout=120,
    )
    with ExitStack() as started:
        started.enter_context(_running(_pgbouncer(folder, pool), env={"PATH": PLACES}, as_server=True))
        started.enter_context(_running(nginx(folder, secure, [f"unix:{folder}/run/web.sock"])))
        _make_folders(folder)
        started.enter_context(_running([sys.executable, "-m", "portal.server"], env=environment))
        worker = [sys.executable, "manage.py", "run_worker", "--lane", "worker"]
        started.enter_context(_running(worker, env=environment))
        made = Machine(secure, folder / "fullchain.pem", pool)
        _wait_for(made)
        yield made


def _environment(folder: Path, pool: int) -> dict[str, str]:
    """Web processes reach the database through the pool alone: another port would be another server."""
    values = connection.settings_dict
    pooled = f"postgresql://{values['USER']}:{values['PASSWORD']}@127.0.0.1:{pool}/portal"
    kept = {name: value for name, value in os.environ.items() if not name.startswith("DATABASE_")}
    return kept | {
        "DATABASE_URL": pooled,
        "DATABASE_DIRECT_URL": database_url(),
        "DEBUG": "0",
        "SECRET_KEY": "k" * 50,
        "ALLOWED_HOSTS": NAME,
        "TRUSTED_PROXY_COUNT": "1",
        "STATIC_ROOT": str(folder / "static"),
        "PRIVATE_ROOT": str(folder / "private"),
        "HISTORY_ANCHOR_FOLDER": str(folder / "anchors"),
        "BIND": f"unix:{folder}/run/web.sock",
        "METRICS_TOKEN": TOKEN,
        "LOG_LEVEL": "WARNING",
    }


def _make_folders(folder: Path) -> None:
    """Those of deploy/portal.tmpfiles. The portal runs as the tests do; only root has another account for nginx."""
    user, group = (pwd.getpwuid(os.geteuid()).pw_name, grp.getgrgid(os.getegid()).gr_name)
    changes = {"/run/portal": f"{folder}/run", "/var/lib/portal": f"{folder}/data"}
    text = (
        changed("portal.tmpfiles", changes)
        .replace("0 portal ", f"0 {user} ")
        .replace(" portal -", f" {group} -")
    )
    if os.geteuid() != 0:
        text = text.replace("www-data", group)
    (folder / "tmpfiles.conf").write_text(text)
    subprocess.run(
        [program("systemd-tmpfiles"), "--create", folder / "tmpfiles.conf"], check=True, timeout=60
    )


def _pgbouncer(folder: Path, port: int) -> list[str]:
    values = connection.settings_dict
    server = f"host={values['HOST']} port={values['PORT'] or 5432} dbname={values['NAME']}"
    return pgbouncer(folder, port, server, values["USER"], values["PASSWORD"])


def pgbouncer(folder: Path, port: int, server: str, user: str, password: str) -> list[str]:
    """What starts the pool on this port before that database; its file is pool/pgbouncer.ini in the folder."""
    place = folder / "pool"
    place.mkdir(exist_ok=True)
    (place / "userlist.txt").write_text(f'"{user}" "{password}"\n')
    (place / "pgbouncer.ini").write_text(
        changed(
            "pgbouncer.ini",
            {
                POOLED: server,
                "listen_port = 6432": f"listen_port = {port}",
                "/etc/pgbouncer/userlist.txt": f"{place}/userlist.txt",
                "[pgbouncer]": "[pgbouncer]\nunix_socket_dir =",
            },
        )
    )
    # It refuses to run as root; the database's own account reaches the socket of the tests' server.
    for each in (place, *place.iterdir()):
        server_account().own(each)
    return [program("pgbouncer"), str(place / "pgbouncer.ini")]


def nginx(folder: Path, secure: int, servers: Sequence[str]) -> list[str]:
    """What starts the proxy on this port before web processes at these addresses; its certificate is
    fullchain.pem in the folder."""
    ours = "max_fails=3 fail_timeout=5s;"
    subject = ["-subj", f"/CN={NAME}", "-addext", f"subjectAltName=DNS:{NAME},IP:127.0.0.1"]
    key = ["-newkey", "rsa:2048", "-nodes", "-keyout", folder / "privkey.pem"]
    certificate = ["-x509", "-days", "2", "-out", folder / "fullchain.pem"]
    subprocess.run(
        [program("openssl"), "req", *certificate, *key, *subject], check=True, capture_output=True, timeout=60
    )
    site = changed(
        "nginx.conf",
        {
            f"server unix:/run/portal/web.sock {ours}": "\n    ".join(
                f"server {each} {ours}" for each in servers
            ),
            "/etc/ssl/portal": str(folder),
            "/etc/nginx/portal-proxy.conf": str(DEPLOY / "portal-proxy.conf"),
            "listen 80;": f"listen 127.0.0.1:{free_port()};",
            "    listen [::]:80;\n": "",
            "listen 443 ssl http2;": f"listen 127.0.0.1:{secure} ssl http2;",
            "    listen [::]:443 ssl http2;\n": "",
        },
    )
    (folder / "site.conf").write_text(site)
    places = "".join(
        f"{name}_temp_path {folder}/{name};\n"
        for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    # Debian's own account of it, which is not of the portal's group.
    user = "user www-data;\n" if os.geteuid() == 0 else ""
    (folder / "nginx.conf").write_text(
        f"{user}daemon off;\npid {folder}/nginx.pid;\nerror_log stderr warn;\nevents {{}}\n"
        f"http {{\naccess_log off;\n{places}include {folder}/site.conf;\n}}\n"
    )
    command = [program("nginx"), "-c", str(folder / "nginx.conf"), "-p", str(folder), "-e", "stderr"]
    tried = subprocess.run([*command, "-t"], capture_output=True, text=True, check=False, timeout=60)
    assert tried.returncode == 0, tried.stderr
    return command


@contextmanager
def _running(
    command: list[str], *, env: dict[str, str] | None = None, as_server: bool = False
) -> Iterator[None]:
    switch = server_account().switch if as_server else {}
    process = subprocess.Popen(command, cwd="/" if as_server else ROOT, env=env, **switch)
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(END_SECONDS)


def _wait_for(made: Machine) -> None:
    deadline = time.monotonic() + START_SECONDS
    told = "no answer"
    while time.monotonic() < deadline:
        try:
            with made.browser() as browser:
                answer = browser.get(f"{made.address}/health/ready", timeout=5)
            if answer.status_code == 200:
                return
            told = answer.text
        except requests.RequestException as error:
            told = str(error)
        time.sleep(0.3)
    raise AssertionError(f"the machine did not start: {told}")


def through_the_pool(made: Machine, sql: str) -> str:
    """What a line that web processes get from the pool answers."""
    values = connection.settings_dict
    line = psycopg2.connect(
        host="127.0.0.1",
        port=made.pool,
        user=values["USER"],
        password=values["PASSWORD"],
        dbname="portal",
        connect_timeout=10,
    )
    try:
        with line.cursor() as cursor:
            cursor.execute(sql)
            return str(cursor.fetchone()[0])
    finally:
        line.close()


def tokens_of(page: str) -> dict[str, str]:
    """The hidden fields of a page's form that a browser sends along."""
    return dict(re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', page))
