"""`make run` and its relatives: database, tables, demo data, web server and worker, and a clean end for all of them.

python -m portal.bootstrap.run serve           everything, until Ctrl-C
python -m portal.bootstrap.run manage CMD …    manage.py with the same environment and database
python -m portal.bootstrap.run smoke           tables, one web process, one request; for CI
python -m portal.bootstrap.run upgrade         what a new version needs before its processes start, in this order
"""

import http.client
import os
import shlex
import signal
import socket
import subprocess
import sys
import threading
import time

from portal.bootstrap import environment, values
from portal.bootstrap.environment import ROOT
from portal.bootstrap.failure import Failure, exit_code_of
from portal.bootstrap.keeper import Child, Keeper
from portal.bootstrap.postgres import database, revive

ANSWER_SECONDS = 60
HOME_PATH = "/"


def serve() -> int:
    """Serve until Ctrl-C; the exit code of the processes."""
    host, port = values.text("HOST", "127.0.0.1"), _port()
    _refuse_taken(host, port)
    is_own = values.given("DATABASE_URL") is None
    with database() as addresses:
        os.environ.update(addresses.environment)
        _say("建立数据表 / migrating")
        _let_the_clock_move()
        _manage("migrate", "--verbosity", "0")
        sign_ins = _load_demo() if values.boolean("DEBUG") else _collect_static()
        keeper = _keeper(f"{host}:{port}", "web", "worker", "long", "outside", "clock", own_database=is_own)

        def tell() -> None:
            if _answer(host, port) is not None:
                _say(
                    f"打开浏览器 / open: http://{host}:{port}{HOME_PATH}\n\n{sign_ins}\nCtrl-C 停止 / stops everything"
                )

        threading.Thread(target=tell, daemon=True).start()
        return keeper.run()


def smoke() -> int:
    """0 where tables, a web process and one request to the home page work on the chosen database."""
    host, port = "127.0.0.1", _free_port()
    with database() as addresses:
        os.environ.update(addresses.environment)
        _manage("migrate", "--verbosity", "0")
        keeper = _keeper(f"{host}:{port}", "web", own_database=False)
        kept = threading.Thread(target=keeper.run)
        kept.start()
        status = _answer(host, port)
        keeper.end()
        kept.join()
    _say(f"GET {HOME_PATH} -> {status}")
    return 0 if status == http.client.OK else 1


def upgrade() -> int:
    """Front end, settings, static files and tables of this version; 0 where its processes may start.

    The old processes serve meanwhile: they hold their code and list of files, and collected files stay.
    """
    steps = (
        ("前端文件 / front end", ["-m", "portal.bootstrap.frontend"]),
        ("检查 / checks", ["manage.py", "check", "--deploy", "--fail-level", "ERROR"]),
        ("静态文件 / static files", ["manage.py", "collectstatic", "--noinput", "--verbosity", "0"]),
        ("数据表 / tables", ["manage.py", "migrate", "--noinput", "--verbosity", "1"]),
    )
    for words, command in steps:
        _say(words)
        if subprocess.run([sys.executable, *command], cwd=ROOT, check=False).returncode:
            raise Failure(
                f"“{words}”没有完成（见上），以后的步骤没有执行。旧版本可以继续运行；改正后重新运行本命令。\n"
                "This step failed, none after it was begun: mend it and run the command again."
            )
    _say("完成。请重新启动 web、worker、long、outside、clock。/ Done: restart the processes.")
    return 0


def manage(*command: str) -> int:
    with database() as addresses:
        os.environ.update(addresses.environment)
        _let_the_clock_move()
        return subprocess.run([sys.executable, "manage.py", *command], cwd=ROOT, check=False).returncode


def _let_the_clock_move() -> None:
    """Where things are tried, another day may be tried too: manage.py move_clock."""
    if values.boolean("DEBUG") and values.given("CLOCK_CAN_MOVE") is None:
        os.environ["CLOCK_CAN_MOVE"] = "1"


def _manage(*command: str) -> str:
    """Run a management command; what it printed. Raises Failure where it failed."""
    done = subprocess.run(
        [sys.executable, "manage.py", *command], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False
    )
    if done.returncode != 0:
        raise Failure(f"{done.stdout}\nmanage.py {' '.join(command)} 失败（见上）。/ failed, see above.")
    return done.stdout


def _load_demo() -> str:
    """Load the demo unless it is there already; the sign-ins that it prints."""
    _say("载入演示数据 / loading the demo")
    return _manage("load_demo")


def _collect_static() -> str:
    """Without DEBUG pages link to hashed static files; nothing is loaded and there is no sign-in to show."""
    _manage("collectstatic", "--noinput", "--verbosity", "0")
    return ""


def _keeper(address: str, *names: str, own_database: bool) -> Keeper:
    """Keeps the named lines of the Procfile, and our own database, alive."""
    os.environ["BIND"] = address
    # What serves the world never learns the owner's login.
    for name in ("DATABASE_OWNER_URL", "DATABASE_OWNER_URL_FILE"):
        os.environ.pop(name, None)
    lines = (ROOT / "portal" / "bootstrap" / "Procfile").read_text(encoding="utf-8").splitlines()
    commands = dict(line.split(": ", 1) for line in lines)
    children = [Child(name, [sys.executable, *shlex.split(commands[name])[1:]]) for name in names]
    return Keeper(children, folder=str(ROOT), tend=revive if own_database else None)


def _answer(host: str, port: int) -> int | None:
    """The status of the home page once somebody answers, None where nobody did in time."""
    deadline = time.monotonic() + ANSWER_SECONDS
    while time.monotonic() < deadline:
        connection = http.client.HTTPConnection(host, port, timeout=ANSWER_SECONDS)
        try:
            connection.request("GET", HOME_PATH)
            return connection.getresponse().status
        except OSError:
            time.sleep(0.2)
        finally:
            connection.close()
    return None


def _port() -> int:
    return values.number("PORT", 8000, 1, 65535)


def _refuse_taken(host: str, port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
            probe.listen()
        except OSError as error:
            raise Failure(
                f"不能使用 {host}:{port}（{error.strerror}）。请换一个端口：make run PORT={port + 1}\n"
                f"{host}:{port} is not free ({error.strerror}); choose another: make run PORT={port + 1}"
            ) from error


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _say(text: str) -> None:
    print(f"\n{text}\n", flush=True)


def main(arguments: list[str]) -> int:
    action, *rest = arguments or ["serve"]
    actions = {"serve": serve, "smoke": smoke, "upgrade": upgrade, "manage": manage}
    if action not in actions:
        raise Failure(str(__doc__))
    if action != "upgrade":
        # A server has its own environment, and .env is for trying things.
        environment.prepare()
    try:
        return actions[action](*rest)
    except KeyboardInterrupt:
        return 128 + signal.SIGINT


if __name__ == "__main__":
    sys.exit(exit_code_of(lambda: main(sys.argv[1:])))
