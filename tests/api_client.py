"""A provincial platform as its engineers would write it: plain sockets of the standard library, batches, retries."""

import http.client
import itertools
import json
import socket
import time
import uuid
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import urlsplit

TRIES = 60
PAUSE_SECONDS = 2


class Platform:
    """Talks to a running portal over HTTP. `cut` breaks every n-th connection on purpose, at three moments in turn."""

    def __init__(self, origin: str, key: str, *, cut: int = 0) -> None:
        parts = urlsplit(origin)
        self.address = (parts.hostname, parts.port)
        self.key = key
        self.cut = cut
        self.requests = self.dropped = self.replayed = 0
        self.moments = itertools.cycle(("sent", "half", "answered"))

    def deliver(self, records: Sequence[dict[str, Any]], **more: Any) -> dict[str, Any]:
        """One batch, sent again under the same Idempotency-Key until an answer arrives."""
        body, key = self.body(records, **more), str(uuid.uuid4())
        for _ in range(TRIES):
            try:
                status, text = self.post(body, key)
            except OSError:
                continue
            if status in (429, 503) or (status == 409 and '"in_progress"' in text):
                # As the interface asks (Retry-After): whoever comes again at once waits behind himself.
                time.sleep(PAUSE_SECONDS)
                continue
            assert status == 200, text
            return json.loads(text)
        raise AssertionError(f"no answer after {TRIES} tries")

    @staticmethod
    def body(records: Sequence[dict[str, Any]], **more: Any) -> bytes:
        return json.dumps({"declared": True, "records": list(records), **more}).encode()

    def post(self, body: bytes, key: str) -> tuple[int, str]:
        """One try."""
        return self._request("POST", "/api/v1/recruitments", body, {"Idempotency-Key": key})

    def results(self) -> Iterator[dict[str, Any]]:
        """The whole feed from its beginning."""
        cursor, more, tries = "0", True, TRIES
        while more:
            status, text = self._request("GET", f"/api/v1/results?cursor={cursor}&limit=500")
            if status == 503 and tries:
                tries -= 1
                time.sleep(PAUSE_SECONDS)
                continue
            assert status == 200, text
            page = json.loads(text)
            yield from page["items"]
            cursor, more = page["next_cursor"], page["has_more"]

    def _request(
        self, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None
    ) -> tuple[int, str]:
        self.requests += 1
        if body and self.cut and self.requests % self.cut == 0:
            self._break_off(method, path, body, headers or {})
        connection = http.client.HTTPConnection(*self.address, timeout=120)
        connection.request(
            method,
            path,
            body or None,
            {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json", **(headers or {})},
        )
        response = connection.getresponse()
        text = response.read().decode()
        connection.close()
        self.replayed += response.getheader("Idempotent-Replayed") == "true"
        return response.status, text

    def _break_off(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> None:
        """Send half of the body, or all of it, or wait until the answer begins; and cut the line.

        A server may notice a line that was cut at once and do nothing; only an answer that began was surely worked for.
        """
        self.dropped += 1
        head = [f"{method} {path} HTTP/1.1", f"Host: {self.address[0]}", f"Authorization: Bearer {self.key}"]
        head += [f"{name}: {value}" for name, value in headers.items()]
        head += ["Content-Type: application/json", f"Content-Length: {len(body)}", "", ""]
        moment = next(self.moments)
        with socket.create_connection(self.address, timeout=120) as line:
            line.sendall("\r\n".join(head).encode() + body[: len(body) // (2 if moment == "half" else 1)])
            if moment == "answered":
                line.recv(1)
        raise ConnectionAbortedError("cut on purpose")
