"""The base's commonest jobs, played with every screen, click and key counted: docs/desks.md says how many (GOAL-B17,
GOAL-B15)."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from bases.models import Submission
from portal.roles import Role
from residents.models import Enrollment
from tests import factories
from tests.bases.desk import complete, returned
from tests.browser.conftest import DESK
from tests.browser.test_base_desk import sign_in

pytestmark = pytest.mark.long

PAPER = Path(__file__).parents[2] / "docs" / "desks.md"
YEARS = "核定的培训年限"


def told(job: str) -> tuple[int, ...]:
    """Screens, clicks and keys of the column "now" in the row that begins so."""
    (row,) = [line for line in PAPER.read_text().splitlines() if line.startswith(f"| {job}")]
    return tuple(map(int, re.findall(r"(\d+) (?:screen|click|key)", row.split("|")[4])))


class Hand:
    """What somebody does on a page, counted."""

    def __init__(self, page: Page) -> None:
        self.page, self.screens, self.clicks, self.keys = page, 1, 0, 0
        page.on("domcontentloaded", lambda _: self._turned())

    def _turned(self) -> None:
        self.screens += 1

    def click(self, target: Locator) -> None:
        self.clicks += 1
        target.click()

    def fill(self, target: Locator, text: str) -> None:
        self.keys += len(text)
        target.fill(text)

    def choose(self, target: Locator, value: str) -> None:
        self.keys += 1
        target.select_option(value)

    @property
    def taken(self) -> tuple[int, int, int]:
        return self.screens, self.clicks, self.keys


@pytest.fixture
def world(live_server):
    cycle = factories.CycleFactory()
    factories.open_windows(cycle)
    base = factories.TrainingBaseFactory(name="浙江示范医科大学附属第一医院")
    officer = factories.UserFactory(username="jidi", full_name="周晓兰")
    factories.grant(officer, base)
    reviewer = factories.UserFactory(username="sheng", full_name="何敏", role=Role.PROVINCE)
    factories.grant(reviewer, base.province)
    return base, cycle.year, officer, reviewer


@pytest.fixture
def hand(world, open_page):
    """Signed in; the board is the first screen."""

    def begin() -> Hand:
        page = open_page(DESK)
        sign_in(page)
        page.goto("/base/")
        return Hand(page)

    return begin


def link(page: Page, words: str) -> Locator:
    return page.get_by_role("link", name=words)


def button(page: Page, words: str) -> Locator:
    return page.get_by_role("button", name=words, exact=True)


def test_training_of_three_in_a_row(world, hand):
    """GOAL-B17."""
    base, year, *_ = world
    for name in ("林晓月", "钱进", "赵新"):
        record = complete(base, year, resident=factories.ResidentFactory(full_name=name))
        Enrollment.objects.filter(pk=record.pk).update(approved_years=None, training_complete=False)
    by = hand()
    page = by.page
    by.click(link(page, "待填培训信息").first)
    by.click(link(page, "赵新"))
    by.click(link(page, "编辑培训信息"))
    for name, then in (("赵新", "保存并编辑下一人"), ("钱进", "保存并编辑下一人"), ("林晓月", "保存")):
        expect(page.locator(".page-pretitle")).to_contain_text(name)
        by.fill(page.get_by_label(YEARS), "3")
        by.click(button(page, then))
    expect(page.get_by_text("已保存林晓月的培训信息")).to_be_visible()
    assert by.taken == told("Fill in")
    assert Enrollment.objects.filter(training_complete=True, approved_years=3).count() == 3


def test_all_that_are_complete_are_reported(world, hand):
    base, year, *_ = world
    for _ in range(4):
        complete(base, year)
    by = hand()
    page = by.page
    by.click(link(page, "信息完整，可上报").first)
    by.choose(page.get_by_label("处理范围"), "all")
    by.click(page.get_by_role("button", name="检查并上报"))
    by.click(page.get_by_label("本基地已核对"))
    by.click(button(page, "上报 4 条"))
    expect(page.get_by_text("已上报 4 条")).to_be_visible()
    assert by.taken == told("Report all")
    assert Submission.objects.filter(outcome="pending").count() == 4


def test_two_returns_are_mended_and_reported_again(world, hand):
    base, year, officer, reviewer = world
    for name in ("林晓月", "钱进"):
        record = complete(base, year, resident=factories.ResidentFactory(full_name=name))
        returned(record, officer, reviewer)
    by = hand()
    page = by.page
    by.click(link(page, "省级退回，待修改").first)
    by.click(link(page, "钱进"))
    by.click(link(page, "编辑培训信息"))
    for then in ("保存并编辑下一人", "保存"):
        by.fill(page.get_by_label("备注"), "改")
        by.click(button(page, then))
    by.click(link(page, "返回招收信息管理"))
    by.choose(page.get_by_label("处理范围"), "all")
    by.click(page.get_by_role("button", name="检查并上报"))
    by.click(page.get_by_label("本基地已核对"))
    by.click(button(page, "上报 2 条"))
    expect(page.get_by_text("已上报 2 条")).to_be_visible()
    assert by.taken == told("Mend two")
    assert Submission.objects.filter(outcome="pending").count() == 2
