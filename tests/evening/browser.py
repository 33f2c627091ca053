"""A browser without eyes that costs little: one kept line, cookies, and forms sent as the page has them.

It shares the machine with what it measures, so nothing is parsed that is not asked for.
"""

import html
import http.client
import re
import ssl
import threading
import time
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlencode, urlsplit
from uuid import uuid4

ANSWER_SECONDS = 60
_TRUSTING = ssl.create_default_context()
_TRUSTING.check_hostname, _TRUSTING.verify_mode = False, ssl.CERT_NONE
_FORM = re.compile(r"<form\b([^>]*)>(.*?)</form>", re.DOTALL)
_INPUT = re.compile(r"<input\b([^>]*)>")
_SELECT = re.compile(r"<select\b([^>]*)>(.*?)</select>", re.DOTALL)
_TEXT = re.compile(r"<textarea\b([^>]*)>\n?(.*?)</textarea>", re.DOTALL)
_OPTION = re.compile(r"<option\b([^>]*)>")
_GIVEN = re.compile(r'([\w-]+)(?:="([^"]*)")?')
_UNSENT = {"submit", "button", "file", "reset", "image"}


class Away(Exception):
    """The portal gave an honest 503, or the line was cut: whether an act happened is not known."""


class Refused(Exception):
    """An answer that is no success; its words say which."""


@dataclass(slots=True)
class Times:
    """What every answer took, from all clients."""

    seconds: dict[str, list[float]] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)
    shed: int = 0
    cut: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, page: str, seconds: float) -> None:
        with self._lock:
            self.seconds.setdefault(page, []).append(seconds)

    def note(self, *, error: str = "", shed: int = 0, cut: int = 0) -> None:
        with self._lock:
            self.shed += shed
            self.cut += cut
            if error:
                self.errors.append(error)


@dataclass(frozen=True, slots=True)
class Form:
    action: str
    values: list[tuple[str, str]]

    def filled(self, **given: str) -> list[tuple[str, str]]:
        """The values as the page has them, but for those given."""
        return [(name, value) for name, value in self.values if name not in given] + list(given.items())


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    path: str
    location: str
    text: str

    def form(self, *marks: str) -> Form:
        """The first form sent by POST that holds all these texts. Raises Refused where there is none."""
        for found in _FORM.finditer(self.text):
            attributes, inside = _attributes(found[1]), found[2]
            if attributes.get("method", "").lower() == "post" and all(mark in found[0] for mark in marks):
                return Form(attributes.get("action") or self.path, list(_values(inside)))
        raise Refused(f"no form with {marks} on {self.path} ({self.status})")


def _attributes(tag: str) -> dict[str, str]:
    return {name: html.unescape(value) for name, value in _GIVEN.findall(tag)}


def _values(inside: str) -> Iterator[tuple[str, str]]:
    for found in _INPUT.finditer(inside):
        given = _attributes(found[1])
        kind = given.get("type", "text")
        if "name" not in given or "disabled" in given or kind in _UNSENT:
            continue
        if kind in ("checkbox", "radio") and "checked" not in given:
            continue
        yield given["name"], given.get("value", "on" if kind == "checkbox" else "")
    for found in _SELECT.finditer(inside):
        given = _attributes(found[1])
        options = [_attributes(option[1]) for option in _OPTION.finditer(found[2])]
        chosen = next((each for each in options if "selected" in each), options[0] if options else {})
        if "name" in given and "disabled" not in given:
            yield given["name"], chosen.get("value", "")
    for found in _TEXT.finditer(inside):
        given = _attributes(found[1])
        if "name" in given and "disabled" not in given:
            yield given["name"], html.unescape(found[2])


class Browser:
    """One person's browser. `times` learns of each answer. Addresses are like http://127.0.0.1:8000, or, of a portal
    behind TLS that has a name, https://portal.example.cn@127.0.0.1:8443; its certificate is not looked at."""

    def __init__(self, address: str, times: Times) -> None:
        split = urlsplit(address)
        self._place, self._is_secure = split.netloc.rpartition("@")[2], split.scheme == "https"
        self._host, self._times = split.username or self._place, times
        self._line: http.client.HTTPConnection | None = None
        self._cookies: dict[str, str] = {}

    def close(self) -> None:
        if self._line is not None:
            self._line.close()
            self._line = None

    def get(self, path: str, name: str = "") -> Answer:
        """The page, redirects followed. Raises Away and Refused."""
        answer = self._ask("GET", path, name=name)
        for _ in range(5):
            if answer.status not in (301, 302, 303):
                break
            answer = self._ask("GET", answer.location, name=name)
        if answer.status != http.client.OK:
            raise Refused(f"GET {answer.path} {answer.status}")
        return answer

    def send(
        self,
        form: Form,
        values: Collection[tuple[str, str]],
        *,
        name: str = "",
        files: Mapping[str, tuple[str, bytes]] | None = None,
    ) -> Answer:
        """Send the form; the answer is a redirect (302) where it was taken. Raises Away, and Refused where not."""
        kind, body = "application/x-www-form-urlencoded", urlencode(list(values)).encode()
        if files is not None:
            kind, body = _multipart(values, files)
        answer = self._ask("POST", form.action, body, kind, name=name)
        if answer.status not in (302, 303):
            said = re.search(
                r'class="[^"]*(?:flash-danger|field-error|invalid)[^"]*"[^>]*>(.{0,200})',
                answer.text,
                re.DOTALL,
            )
            raise Refused(f"POST {answer.path} {answer.status} {said[1] if said else ''}")
        return answer

    def _new_line(self) -> http.client.HTTPConnection:
        if self._is_secure:
            return http.client.HTTPSConnection(self._place, timeout=ANSWER_SECONDS, context=_TRUSTING)
        return http.client.HTTPConnection(self._place, timeout=ANSWER_SECONDS)

    def _ask(
        self, method: str, path: str, body: bytes | None = None, kind: str = "", *, name: str = ""
    ) -> Answer:
        split = urlsplit(path)
        path = f"{split.path}?{split.query}" if split.query else split.path
        headers = {"Host": self._host, "Cookie": "; ".join(f"{k}={v}" for k, v in self._cookies.items())}
        if body is not None:
            scheme = "https" if self._is_secure else "http"
            headers |= {"Content-Type": kind, "Referer": f"{scheme}://{self._host}{path}"}
        began = time.perf_counter()
        try:
            if self._line is None:
                self._line = self._new_line()
            self._line.request(method, path, body, headers)
            response = self._line.getresponse()
            text = response.read().decode("utf-8", "replace")
        except (OSError, http.client.HTTPException) as error:
            self.close()
            self._times.note(cut=1)
            raise Away(type(error).__name__) from error
        self._times.add(name or f"{method} {re.sub(r'[0-9]+', 'N', split.path)}", time.perf_counter() - began)
        for cookie in response.headers.get_all("Set-Cookie") or ():
            key, _, value = cookie.split(";", 1)[0].partition("=")
            self._cookies[key] = value
        if response.headers.get("Connection", "").lower() == "close":
            self.close()
        if response.status == http.client.SERVICE_UNAVAILABLE:
            self._times.note(shed=1)
            raise Away("503")
        if response.status in (http.client.BAD_GATEWAY, http.client.GATEWAY_TIMEOUT):
            # The proxy's word: its line to the portal was cut.
            self._times.note(cut=1)
            raise Away(str(response.status))
        return Answer(response.status, path, response.headers.get("Location", ""), text)


def _multipart(
    values: Collection[tuple[str, str]], files: Mapping[str, tuple[str, bytes]]
) -> tuple[str, bytes]:
    border = uuid4().hex
    parts = [
        f'--{border}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in values
    ]
    for name, (filename, content) in files.items():
        head = (
            f'--{border}\r\nContent-Disposition: form-data; name="{name}"; filename="{filename}"\r\n'
            "Content-Type: application/octet-stream\r\n\r\n"
        )
        parts.append(head.encode() + content + b"\r\n")
    return f"multipart/form-data; boundary={border}", b"".join(parts) + f"--{border}--\r\n".encode()
