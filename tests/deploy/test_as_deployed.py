"""The smoke journey over TLS, through nginx and PgBouncer of Debian with the very files of deploy/."""

import re
import time
import uuid

import pytest
from django.conf import settings

from bases.models import ImportBatch
from portal.settings import WEB_TIMEOUTS
from residents.models import Enrollment
from tests import factories
from tests.bases.conftest import account_line, workbook
from tests.deploy.machine import NAME, TOKEN, machine, through_the_pool

pytestmark = [pytest.mark.long, pytest.mark.faults, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def deployed(reachable_path):
    # The database's account runs the pool, nginx's own reaches the socket.
    with machine(reachable_path) as made:
        yield made


class Browser:
    def __init__(self, made) -> None:
        self.address, self.session = made.address, made.browser()

    def get(self, path: str, **headers: str):
        return self.session.get(f"{self.address}{path}", headers=headers, timeout=30)

    def post(self, page: str, path: str = "", *, files: dict | None = None, **sent: str):
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', self.get(page).text)[1]
        given = {"csrfmiddlewaretoken": token} | sent
        return self.session.post(f"{self.address}{path or page}", data=given, files=files, timeout=30)


def until_shown(browser: Browser, path: str, words: str) -> str:
    deadline = time.monotonic() + 60
    while words not in (page := browser.get(path).text):
        assert time.monotonic() < deadline, page
        time.sleep(0.5)
    return page


def test_journey_through_proxy_and_pool(argon2, cycle, base, base_officer, deployed):
    base_officer.set_password(factories.PASSWORD)
    base_officer.save()
    browser = Browser(deployed)
    page = browser.get("/")
    assert (page.status_code, "Strict-Transport-Security" in page.headers) == (200, True)
    style = re.search(r'href="(/static/[^"]+\.css)"', page.text)[1]
    assert browser.get(style).status_code == 200
    answer = browser.get("/desk/", **{"X-Forwarded-For": "1.2.3.4", "X-Forwarded-Proto": "http"})
    assert answer.history[0].headers["Location"] == "/sign-in/?next=/desk/"
    assert answer.status_code == 200

    answer = browser.post("/sign-in/staff/", account=base_officer.username, password=factories.PASSWORD)
    assert (answer.status_code, base.name in answer.text) == (200, True)
    rows = [account_line(intake_year=str(cycle.year)) for _ in range(3)]
    sent = {"file": ("名单.xlsx", workbook(rows))}
    answer = browser.post("/base/imports/accounts/intake/", files=sent, token=str(uuid.uuid4()))
    batch = re.search(r"/base/imports/\d+/", answer.url)[0]
    # The worker, with its line to the database itself, reads and writes; the page comes through the pool.
    until_shown(browser, batch, f'action="{batch}confirm/"')
    assert browser.post(batch, f"{batch}confirm/", mode="good_rows").status_code == 200
    until_shown(browser, batch, "已导入")
    assert ImportBatch.objects.get().state == ImportBatch.State.APPLIED
    assert Enrollment.objects.filter(base=base).count() == 3
    answer = browser.post("/base/accounts/", "/base/accounts/export/")
    assert answer.headers["Content-Type"].startswith("application/vnd.openxmlformats")

    # What is too large is refused by its first line, numbers are for whoever has the token.
    with deployed.browser() as large:
        length = {"Content-Length": str(settings.REQUEST_MAX_BYTES + 1)}
        assert large.post(f"{deployed.address}/sign-in/staff/", headers=length, timeout=30).status_code == 413
    assert browser.get("/metrics", Authorization=f"Bearer {TOKEN}").status_code == 200
    assert NAME in browser.session.headers["Host"]


def test_a_page_may_not_wait_longer_behind_the_pool_than_without(deployed):
    for name, value in WEB_TIMEOUTS.items():
        shown = through_the_pool(deployed, f"SHOW {name}")
        assert shown in (value, "1min" if value == "60s" else value)
