"""A base that imports workbook after workbook over HTTP and remembers what it was promised."""

import contextlib
import re
import threading
import time
import uuid
from dataclasses import dataclass, field

import requests

from tests import factories
from tests.bases.conftest import workbook

OFFICER, PASSWORD = "jidi33001", "Zhupei-2026"
ROWS = 4


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
        browser = requests.Session()
        while not self.stop.is_set():
            try:
                self._one(browser)
            except requests.RequestException:
                # Cut in the middle: the same as away.
                self.away += 1
                time.sleep(0.2)
                with contextlib.suppress(requests.RequestException):
                    self._sign_in(browser)

    def _one(self, browser: requests.Session) -> None:
        page = f"{self.address}/base/imports/accounts/intake/"
        form = self._answer(browser.get(page, timeout=30))
        if form is None:
            return
        if "/sign-in/" in form.url:
            self._sign_in(browser)
            return
        lines = [
            {
                "intake_year": str(self.year),
                "full_name": "陈雨桐",
                "id_type": "居民身份证",
                "id_number": factories.id_number(),
                "mobile": "13800138000",
            }
            for _ in range(ROWS)
        ]
        token = str(uuid.uuid4())
        sent = {"csrfmiddlewaretoken": _csrf(form.text), "token": token}
        file = {"file": ("名单.xlsx", workbook(lines))}
        answer = self._answer(browser.post(page, data=sent, files=file, timeout=30))
        found = re.search(r"/base/imports/(\d+)/", answer.url) if answer is not None else None
        if found is None:
            return
        batch = int(found[1])
        self.promised.append(batch)
        self._confirm(browser, batch)

    def _confirm(self, browser: requests.Session, batch: int) -> None:
        """Wait for the check for a while, then confirm; what takes longer stays unconfirmed."""
        address, deadline = f"{self.address}/base/imports/{batch}/", time.monotonic() + 5
        while time.monotonic() < deadline and not self.stop.is_set():
            page = self._answer(browser.get(address, timeout=30))
            if page is not None and f'action="/base/imports/{batch}/confirm/"' in page.text:
                sent = {"csrfmiddlewaretoken": _csrf(page.text), "mode": "good_rows"}
                answer = self._answer(browser.post(f"{address}confirm/", data=sent, timeout=30))
                if answer is not None:
                    self.confirmed.add(batch)
                return
            time.sleep(0.3)

    def _sign_in(self, browser: requests.Session) -> None:
        browser.cookies.clear()
        page = self._answer(browser.get(f"{self.address}/sign-in/staff/", timeout=30))
        if page is not None:
            sent = {"csrfmiddlewaretoken": _csrf(page.text), "account": OFFICER, "password": PASSWORD}
            self._answer(browser.post(f"{self.address}/sign-in/staff/", data=sent, timeout=30))

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


def _csrf(page: str) -> str:
    found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
    return found[1] if found else ""
