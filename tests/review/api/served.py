"""The portal as it is deployed, on the test's database: two web processes behind one port."""

import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, urlencode

from django.db import connection

from tests.database import owners_login


def database_url(*, as_owner: bool = False) -> str:
    """The test's database, for the runtime login or for its owner."""
    values = connection.settings_dict | (owners_login() if as_owner else {})
    place = {"host": values["HOST"], "port": values["PORT"]}
    query = urlencode({name: value for name, value in place.items() if value})
    user = quote(values["USER"]) + (f":{quote(values['PASSWORD'])}" if values["PASSWORD"] else "")
    return f"postgresql://{user}@/{values['NAME']}?{query}"


@contextlib.contextmanager
def portal(**environment: str) -> Iterator[str]:
    """The address under which it answers."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        sys.executable,
        "-m",
        "portal.server",
    ]
    process = subprocess.Popen(
        command,
        cwd=Path(__file__).parents[3],
        env={
            **os.environ,
            "DATABASE_URL": database_url(),
            "DEBUG": "1",
            "BIND": f"127.0.0.1:{port}",
            "LOG_LEVEL": "CRITICAL",
            **environment,
        },
    )
    try:
        _wait_for(port, process)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(30)


def _wait_for(port: int, process: subprocess.Popen) -> None:
    for _ in range(600):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        if process.poll() is not None:
            break
        time.sleep(0.1)
    raise AssertionError("the server did not start")
