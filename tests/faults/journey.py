"""People at a running house, over HTTP: pages as they see them, forms as they send them, and the day moved."""

import re
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import requests

from tests.faults.house import ROOT, House

PASSWORD = "Zhupei-2026"


@dataclass
class People:
    house: House
    browsers: dict[str, requests.Session] = field(default_factory=dict)

    def on_day(self, days: float) -> None:
        """So many days ahead of today in every process and in SQL; everybody signs in anew."""
        command = ["-m", "portal.bootstrap.run", "manage", "move_clock", "--days", str(days)]
        subprocess.run(
            [sys.executable, *command], cwd=ROOT, env=House.environment(self.house.home), check=True
        )
        self.browsers.clear()
        # A process looks at the clock once a second.
        time.sleep(1.5)

    def page(self, who: str, path: str) -> str:
        """The page as this person sees it."""
        answer = self._browser(who).get(self.house.address + path, timeout=60)
        assert answer.status_code == 200, (who, path, answer.status_code)
        return answer.text

    def send(self, who: str, page: str, values: dict, *, to: str = "", **more: object) -> str:
        """Fill the form of one page in and press its button; the page that answers."""
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', self.page(who, page))
        assert token is not None, (who, page)
        answer = self._browser(who).post(
            self.house.address + (to or page),
            data={"csrfmiddlewaretoken": token[1]} | values,
            headers={"Referer": self.house.address + page},
            timeout=60,
            **more,  # type: ignore[arg-type]
        )
        assert answer.status_code == 200, (who, page, values, answer.status_code)
        return answer.text

    def told(self, who: str, words: str) -> bool:
        """Whether the person's messages say so."""
        return words in self.page(who, "/messages/")

    def _browser(self, who: str) -> requests.Session:
        if who not in self.browsers:
            browser = self.browsers[who] = requests.Session()
            entrance = "staff" if who[0].isalpha() else "resident"
            page = f"{self.house.address}/sign-in/{entrance}/"
            token = re.search(
                r'name="csrfmiddlewaretoken" value="([^"]+)"', browser.get(page, timeout=60).text
            )
            assert token is not None
            sent = {"csrfmiddlewaretoken": token[1], "account": who, "password": PASSWORD}
            answer = browser.post(page, data=sent, headers={"Referer": page}, timeout=60)
            assert "/sign-in/" not in answer.url, (who, answer.text[:500])
        return self.browsers[who]


def until(holds: Callable[[], object], longest: float = 240) -> None:
    """Wait for what the clock or the worker does."""
    began = time.monotonic()
    while not holds():
        assert time.monotonic() - began < longest, "it did not come about"
        time.sleep(2)
