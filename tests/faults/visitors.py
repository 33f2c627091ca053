"""Who visits while things break: somebody with a browser, and a base that imports workbook after workbook over HTTP
and remembers what it was promised."""

import re
import threading
import time
import uuid
from dataclasses import dataclass, field

import requests

from tests import factories
from tests.bases.conftest import workbook
from tests.faults.house import ANSWER_SECONDS

OFFICER, PASSWORD = "jidi33001", "Zhupei-2026"
INTAKE = "/base/imports/accounts/intake/"
ROWS = 4


class Visitor:
    """A browser without eyes: its cookies, and forms sent with the token of their page."""

    def __init__(self, address: str) -> None:
        self.address, self.browser = address, requests.Session()

    def get(self, path: str) -> requests.Response:
        return self.browser.get(f"{self.address}{path}", timeout=ANSWER_SECONDS)

    def post(self, page: str, path: str = "", *, files: dict | None = None, **sent: str) -> requests.Response:
        """Send the form of a page, to the page itself where no other path is given."""
        shown = self.get(page)
        if shown.status_code != requests.codes.ok:
            return shown
        found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', shown.text)
        given = {"csrfmiddlewaretoken": found[1] if found else "", **sent}
        address = f"{self.address}{path or page}"
        return self.browser.post(address, data=given, files=files, timeout=ANSWER_SECONDS)

    def sign_in(self, account: str = OFFICER) -> requests.Response:
        self.browser.cookies.clear()
        return self.post("/sign-in/staff/", account=account, password=PASSWORD)

    def upload(self, content: bytes, page: str = INTAKE) -> requests.Response:
        return self.post(page, files={"file": ("名单.xlsx", content)}, token=str(uuid.uuid4()))


def batch_of(answer: requests.Response) -> int | None:
    """The batch whose page this is."""
    found = re.search(r"/base/imports/(\d+)/", answer.url)
    return int(found[1]) if found else None


def intake(year: int, rows: int = ROWS) -> bytes:
    """An account workbook of so many new persons."""
    lines = [
        {
            "intake_year": str(year),
            "full_name": "陈雨桐",
            "id_type": "居民身份证",
            "id_number": factories.id_number(),
            "mobile": "13800138000",
        }
        for _ in range(rows)
    ]
    return workbook(lines)


@dataclass
class Importer:
    """Uploads and confirms until told to stop. `promised`: batches whose upload was acknowledged; `refused`: answers
    that are neither success nor an honest 503."""

    address: str
    year: int
    stop: threading.Event
    promised: list[int] = field(default_factory=list)
    confirmed: set[int] = field(default_factory=set)
    refused: list[str] = field(default_factory=list)
    away: int = 0

    def run(self) -> None:
        visitor = Visitor(self.address)
        while not self.stop.is_set():
            try:
                self._one(visitor)
            except requests.RequestException:
                # Cut in the middle: the same as away.
                self.away += 1
                time.sleep(0.2)

    def _one(self, visitor: Visitor) -> None:
        answer = self._answer(visitor.upload(intake(self.year)))
        if answer is None:
            return
        if "/sign-in/" in answer.url:
            self._answer(visitor.sign_in())
        elif (batch := batch_of(answer)) is not None:
            self.promised.append(batch)
            self._confirm(visitor, batch)

    def _confirm(self, visitor: Visitor, batch: int) -> None:
        """Wait for the check for a while, then confirm; what takes longer stays unconfirmed."""
        page, deadline = f"/base/imports/{batch}/", time.monotonic() + 5
        while time.monotonic() < deadline and not self.stop.is_set():
            shown = self._answer(visitor.get(page))
            if shown is not None and f'action="{page}confirm/"' in shown.text:
                if self._answer(visitor.post(page, f"{page}confirm/", mode="good_rows")) is not None:
                    self.confirmed.add(batch)
                return
            time.sleep(0.3)

    def _answer(self, answer: requests.Response) -> requests.Response | None:
        """The answer where it is one of success; None for 503, and for what is neither, which is remembered."""
        if answer.status_code == 503 and answer.headers.get("Retry-After"):
            self.away += 1
            time.sleep(0.2)
            return None
        if answer.status_code >= 400:
            self.refused.append(
                f"{answer.request.method} {answer.url} {answer.status_code} {answer.text[:200]}"
            )
            return None
        return answer
