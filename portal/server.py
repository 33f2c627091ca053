"""The web processes: `python -m portal.server` listens on BIND and keeps WEB_WORKERS processes at it.

Each is waitress: a loop of its own reads headers and bodies, so that a slow or silent client occupies no thread, and a
body that is too large is refused by its first line. A process that ends is replaced; the socket stays open meanwhile.
"""

import os
import socket
import sys

from portal.bootstrap import values
from portal.bootstrap.environment import ROOT
from portal.bootstrap.failure import Failure, exit_code_of
from portal.bootstrap.keeper import Child, Keeper, end_with_keeper

# Each thread keeps a connection to the database: workers x threads, and some more for worker and clock, stay far below
# PostgreSQL's 100.
THREADS = 4
# Clients that one process holds at once, silent ones included, and how long a silent one is waited for.
CLIENTS = 1000
SILENT_SECONDS = 30
BACKLOG = 1024


def main() -> int:
    end_with_keeper()
    if len(sys.argv) > 1:
        return serve(int(sys.argv[1]))
    listener = listen(values.text("BIND", "127.0.0.1:8000"))
    number = values.number("WEB_WORKERS", 2, 1, 64)
    descriptor = listener.fileno()
    command = [sys.executable, "-m", "portal.server", str(descriptor)]
    children = [
        Child(f"web.{each}", command, pass_fds=(descriptor,), environment={"PORTAL_PROCESS": "web"})
        for each in range(1, number + 1)
    ]
    return Keeper(children, folder=str(ROOT), names_lines=False).run()


def listen(address: str) -> socket.socket:
    """The open socket of host:port or of unix:/path. Raises Failure where it cannot be had."""
    try:
        if address.startswith("unix:"):
            path = address.removeprefix("unix:")
            if os.path.exists(path):
                os.unlink(path)
            made = socket.socket(socket.AF_UNIX)
            made.bind(path)
            # The folder gives it the group of the proxy (deploy/portal.tmpfiles).
            os.chmod(path, 0o660)  # nosec B103 # shared with the proxy alone
            made.listen(BACKLOG)
            return made
        host, _, port = address.rpartition(":")
        host = host.strip("[]")
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, int(port)), family=family, backlog=BACKLOG)
    except (OSError, ValueError, OverflowError) as error:
        raise Failure(
            f"设置 BIND：不能监听 {address}（{error}）。/ Setting BIND: cannot listen there."
        ) from error


def serve(descriptor: int) -> int:
    """One process on the socket that was inherited, until SIGTERM; what is being answered is answered first."""
    import signal  # noqa: PLC0415 - the keeping process needs neither these nor Django

    from waitress import create_server  # noqa: PLC0415

    from portal.temporary import take_own_folder  # noqa: PLC0415
    from portal.web_queue import dispatcher  # noqa: PLC0415
    from portal.wsgi import application  # noqa: PLC0415

    from django.conf import settings  # noqa: PLC0415 isort: skip

    take_own_folder()
    inherited = socket.socket(fileno=descriptor)
    server = create_server(
        application,
        sockets=[inherited],
        _dispatcher=dispatcher(THREADS),
        connection_limit=CLIENTS,
        channel_timeout=SILENT_SECONDS,
        cleanup_interval=5,
        max_request_body_size=settings.REQUEST_MAX_BYTES,
        max_request_header_size=64 * 1024,
        # Who stands in front is Django's question (TRUSTED_PROXY_COUNT); here nobody is believed anything.
        clear_untrusted_proxy_headers=False,
        asyncore_use_poll=True,
        ident=None,
        expose_tracebacks=False,
    )

    def end(*_: object) -> None:
        raise SystemExit

    signal.signal(signal.SIGTERM, end)
    server.run()
    return 0


if __name__ == "__main__":
    sys.exit(exit_code_of(main))
