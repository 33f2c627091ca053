"""Pages as they are printed: on A4, nothing cut off, no empty sheet, nothing to press (GOAL-B19)."""

import math
import re

import pytest
from playwright.sync_api import Page

from portal.roles import Role
from tests import factories
from tests.bases.desk import approved, complete
from tests.browser.conftest import DESK
from tests.browser.test_base_desk import sign_in

pytestmark = pytest.mark.long

# Millimetres of a sheet within its margins of 12, and pixels of CSS in a millimetre.
UPRIGHT, ACROSS = (210 - 24, 297 - 24), (297 - 24, 210 - 24)
PIXELS = 96 / 25.4
PAGES_OF_PDF = re.compile(rb"/Type\s*/Page[^s]")
# What is cut off at the edge of the sheet or within its cell, and what asks to be pressed.
FAULTS = """width => {
  const seen = element => element.getClientRects().length > 0;
  const all = selector => [...document.querySelectorAll(selector)].filter(seen);
  const words = element => (element.innerText || element.value || element.name).trim().slice(0, 30);
  const cut = all("td, th, dd, dt, p, li").filter(element =>
    element.getBoundingClientRect().right > width + 1 || element.scrollWidth > element.clientWidth + 2);
  const pressed = all("main button, main .btn, main select, header, main td input[type=checkbox]");
  return [...cut.map(each => "cut: " + words(each)), ...pressed.map(each => "to press: " + words(each))];
}"""


@pytest.fixture
def people(live_server):
    """A base with forty in each list."""
    cycle = factories.CycleFactory()
    factories.open_windows(cycle)
    base = factories.TrainingBaseFactory(name="浙江示范医科大学附属第一医院")
    officer = factories.UserFactory(username="jidi", full_name="周晓兰")
    factories.grant(officer, base)
    reviewer = factories.UserFactory(username="sheng", full_name="何敏", role=Role.PROVINCE)
    factories.grant(reviewer, base.province)
    for _ in range(40):
        complete(base, cycle.year)
    first = approved(complete(base, cycle.year), officer, reviewer)
    for _ in range(39):
        complete(base, cycle.year - 1, registered_at=first.registered_at, origin="legacy")
    return first


ADDRESSES = (
    "/base/",
    "/base/records/intake/",
    "/base/records/registry/",
    "/base/records/{pk}/",
    "/base/records/{pk}/history/",
    "/base/records/{pk}/reports/1/",
    "/base/accounts/",
    "/base/accounts/sheet/",
    "/base/report/?range=all&module=intake",
    "/base/transfers/",
    "/base/deadlines/statuses/",
)


def sheet_of(page: Page) -> tuple[float, float]:
    """Width and height of what is printed on, in pixels."""
    lies = page.evaluate("getComputedStyle(document.body).page") == "wide"
    width, height = ACROSS if lies else UPRIGHT
    return width * PIXELS, height * PIXELS


def test_the_most_printed_pages_fit_their_sheets(people, open_page):
    page = open_page(DESK)
    sign_in(page)
    faults, sheets = {}, {}
    for address in ADDRESSES:
        page.goto(address.format(pk=people.pk))
        page.emulate_media(media="print")
        width, height = sheet_of(page)
        page.set_viewport_size({"width": round(width), "height": round(height)})
        if found := page.evaluate(FAULTS, width):
            faults[address] = found[:5]
        needed = math.ceil(
            page.evaluate("document.querySelector('main').getBoundingClientRect().bottom + scrollY") / height
        )
        made = len(PAGES_OF_PDF.findall(page.pdf(prefer_css_page_size=True)))
        if not needed <= made <= needed + (needed > 1):
            sheets[address] = (made, needed)
        page.emulate_media(media="screen")
        page.set_viewport_size({"width": 1280, "height": 900})
    assert (faults, sheets) == ({}, {})


def test_wide_lists_lie_across_with_their_head(people, open_page):
    page = open_page(DESK)
    sign_in(page)
    page.goto("/base/records/registry/")
    page.emulate_media(media="print")
    assert page.evaluate("getComputedStyle(document.body).page") == "wide"
    assert page.evaluate("getComputedStyle(document.querySelector('thead')).display") == "table-header-group"
    page.goto("/base/deadlines/statuses/")
    assert page.evaluate("getComputedStyle(document.body).page") == "auto"


def test_lists_on_a_phone_are_at_most_ten_screens(people, open_page):
    page = open_page({"width": 390, "height": 844})
    sign_in(page)
    for address in ("/base/records/intake/", "/base/records/registry/", "/base/accounts/"):
        page.goto(address)
        rows = page.locator("tbody tr").count()
        head = page.evaluate("document.querySelector('tbody').getBoundingClientRect().top + scrollY")
        height = page.evaluate("document.documentElement.scrollHeight")
        assert rows >= 40
        # As long as a page of fifty would be.
        assert (head + (height - head) * 50 / rows) / 844 <= 10, (address, height)
