"""Real Chromium against a real server: no page is believed before a browser has shown it."""

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.signals import request_finished, request_started
from django.utils import timezone
from playwright.sync_api import Browser, Page, sync_playwright

from bases.models import Submission
from bases.report.services import report
from portal.bootstrap.browser import path as program
from portal.models import User
from portal.roles import Role
from residents.models import Enrollment
from review.decisions.services import approve
from tests import factories

# Playwright's loop makes Django think that it runs inside async code.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "1")

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
DESK = {"width": 1280, "height": 900}
PHONE = {"width": 390, "height": 844}
# What looks the same work over on a desk and on a telephone: the telephone in `make long`.
SIZES = [pytest.param(DESK, id="desk"), pytest.param(PHONE, id="phone", marks=pytest.mark.long)]
# The year written in the account workbook; its cycle is open around today, whatever year it is.
YEAR = 2026
# A leaving page's last request comes within some milliseconds.
QUIET_SECONDS = 0.2
AXE = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"


@pytest.fixture(scope="session")
def chromium() -> Browser:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program(), args=FLAGS)
        yield browser
        browser.close()


class _Requests:
    """How many requests the live server has in hand: it runs in this process, in threads of its own."""

    def __init__(self) -> None:
        self._lock, self._open, self._last = threading.Lock(), 0, time.monotonic()
        request_started.connect(self._begin)
        request_finished.connect(self._end)

    def _begin(self, **_: object) -> None:
        with self._lock:
            self._open, self._last = self._open + 1, time.monotonic()

    def _end(self, **_: object) -> None:
        with self._lock:
            self._open, self._last = self._open - 1, time.monotonic()

    def reset(self) -> None:
        """Forget what tests without a server left open: a streamed answer that nobody read to its end."""
        with self._lock:
            self._open = 0

    def settle(self) -> None:
        """Wait until nothing has come for a moment: a page that is left sends its draft, and the emptying of the
        tables that follows a test would meet it half-way."""
        for _ in range(100):
            time.sleep(0.05)
            if self._open <= 0 and time.monotonic() - self._last > QUIET_SECONDS:
                return


@pytest.fixture(scope="session")
def requests() -> _Requests:
    return _Requests()


@pytest.fixture
def open_page(chromium, live_server, requests) -> Callable[..., Page]:
    """A function: a page of its own session; fails the test on a script error, a CSP report or a 5xx answer."""
    contexts = []
    problems: list[str] = []
    requests.reset()

    def open_one(viewport: dict = DESK, *, javascript: bool = True) -> Page:
        context = chromium.new_context(
            viewport=viewport, base_url=live_server.url, locale="zh-CN", java_script_enabled=javascript
        )
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: problems.append(f"script: {error}"))
        page.on(
            "console", lambda line: problems.append(line.text) if "Content Security" in line.text else None
        )
        page.on("response", lambda answer: problems.append(answer.url) if answer.status >= 500 else None)
        page.set_default_timeout(15000)
        return page

    yield open_one
    for context in contexts:
        for page in context.pages:
            # Chromium can wait for ever for the end of a context in which a page is still on its way.
            page.goto("about:blank")
        context.close()
    requests.settle()
    assert problems == []


@pytest.fixture
def assert_accessible() -> Callable[[Page], None]:
    """A function: axe finds nothing on this page, and nothing sticks out sideways (GOAL-S6)."""

    def check(page: Page) -> None:
        page.evaluate(AXE.read_text(encoding="utf-8"))
        found = page.evaluate("axe.run()")["violations"]
        assert [(item["id"], [node["target"] for node in item["nodes"]]) for item in found] == []
        assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")

    return check


def go_to(page: Page, name: str) -> None:
    """Follow an entry of the main menu, its group opened first."""
    menu = page.get_by_role("navigation", name="主菜单")
    for group in menu.locator("details", has=page.get_by_text(name, exact=True)).all():
        group.locator("summary").click()
    menu.get_by_role("link", name=name, exact=True).click()


@pytest.fixture
def line(live_server):
    """A province, a base and the association with one person each, and a cycle whose windows are open."""
    cycle = factories.CycleFactory(year=YEAR, title="2026年住院医师信息采集")
    factories.open_windows(cycle)
    base = factories.TrainingBaseFactory(province_id="33", name="浙江示范医科大学附属第一医院")
    officer = factories.UserFactory(username="jidi", full_name="周晓兰")
    reviewer = factories.UserFactory(username="sheng", full_name="何敏", role=Role.PROVINCE)
    factories.grant(officer, base)
    factories.grant(reviewer, base.province)
    factories.UserFactory(username="cmda", full_name="孙立", role=Role.CMDA)
    return base


@pytest.fixture
def approved(line) -> Enrollment:
    """A resident of last year's cohort in the registry of `line`, reported and approved once."""
    enrollment = factories.EnrollmentFactory(base=line, intake_year=YEAR - 1, registered_at=timezone.now())
    factories.fill_personal(enrollment.resident)
    factories.fill_training(enrollment)
    report([enrollment.pk], by=User.objects.get(username="jidi"), declared=True)
    submission = Submission.objects.get(enrollment=enrollment)
    decision = approve({submission.pk: submission.version}, by=User.objects.get(username="sheng"))
    assert decision.left_out == []
    enrollment.refresh_from_db()
    return enrollment
