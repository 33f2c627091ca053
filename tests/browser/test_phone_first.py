"""A graduate's whole way on a phone: few screens, few answers, nothing that sticks out (GOAL-R10)."""

import pytest
from playwright.sync_api import Page, expect

from residents.models import Enrollment
from tests import factories
from tests.browser.conftest import YEAR

ID_NUMBER, MOBILE, NEW_PASSWORD = "330102199803120029", "13812340001", "Lvse-Caodi-88"
NARROW = {"width": 320, "height": 640}


class Hand:
    """Fills in a form as a thumb does, and counts: screens seen, answers typed or chosen."""

    def __init__(self, page: Page) -> None:
        self.page, self.screens, self.answers = page, 0, 0
        page.on("response", self._see)

    def _see(self, response) -> None:
        if response.request.resource_type == "document" and response.status < 300:
            self.screens += 1

    def type(self, name: str, text: str) -> None:
        self.page.locator(f'[name="{name}"]').fill(text)
        self.page.locator(f'[name="{name}"]').blur()
        self.answers += 1

    def choose(self, name: str, value: str) -> None:
        radio = self.page.locator(f'input[type=radio][name="{name}"][value="{value}"]')
        if radio.count():
            radio.check()
        else:
            self.page.locator(f'select[name="{name}"]').select_option(value)
        self.answers += 1

    def press(self, name: str) -> None:
        self.page.get_by_role("button", name=name, exact=True).click()
        self.page.wait_for_load_state()
        assert self.page.evaluate("document.documentElement.scrollWidth <= innerWidth"), self.page.url


@pytest.fixture
def hand(live_server, line, open_page) -> Hand:
    user = factories.UserFactory(
        username=ID_NUMBER, role="resident", full_name="陈雨桐", mobile=MOBILE, activated_at=None
    )
    user.set_unusable_password()
    user.save()
    resident = factories.ResidentFactory(
        user=user, id_type="01", id_number=ID_NUMBER, full_name="陈雨桐", mobile=MOBILE
    )
    factories.EnrollmentFactory(base=line, resident=resident, intake_year=YEAR)
    page = open_page(NARROW)
    hand = Hand(page)
    page.goto("/sign-in/resident/")
    return hand


def enter(hand: Hand) -> None:
    hand.type("account", ID_NUMBER)
    hand.type("password", "000000")
    hand.press("登录")
    page = hand.page
    page.get_by_label("登记的手机号").fill(MOBILE)
    page.get_by_label("新密码", exact=True).fill(NEW_PASSWORD)
    page.get_by_label("再次输入新密码").fill(NEW_PASSWORD)
    hand.answers += 3
    page.get_by_label("我已阅读", exact=False).check()
    page.get_by_label("我单独同意", exact=False).check()
    hand.press("激活并登录")


def basic(hand: Hand) -> None:
    hand.page.get_by_role("link", name="继续填写").first.click()
    for name, text in {
        "email": "chenyutong@example.com",
        "emergency_name": "陈建国",
        "emergency_mobile": "13700000001",
    }.items():
        hand.type(name, text)
    for name, value in {"ethnicity": "01", "hukou_province": "33", "military_status": "0"}.items():
        hand.choose(name, value)
    hand.press("保存并到下一步")


def study(hand: Hand) -> None:
    page = hand.page
    page.get_by_role("link", name="添加学习经历").first.click()
    hand.type("school", "浙江大学")
    hand.type("major", "临床医学")
    hand.type("graduation_date", "2021-06-30")
    hand.type("diploma_no", "103351202105000123")
    hand.type("degree_no", "1033542021000123")
    # Proposed: level, full-time, finished, both certificates, their codes and, by the graduation, their days.
    expect(page.locator('[name="diploma_date"]')).to_have_value("2021-06-30")
    hand.press("保存并再添加一条")
    hand.type("school", "浙江大学")
    hand.type("major", "内科学")
    hand.type("graduation_date", "2024-06-30")
    hand.type("diploma_no", "103351202402000123")
    hand.choose("degree_type", "1")
    offered = page.locator('select[name="degree_code"] option').evaluate_all(
        "all => all.map(each => each.value)"
    )
    assert "410" not in offered, offered
    hand.choose("degree_code", "345")
    hand.type("degree_no", "1033532024000123")
    hand.press("保存并到下一步")


def licensed(hand: Hand) -> None:
    """The certificate's number tells level and class, the class the kind of practice and the scopes offered."""
    page = hand.page
    hand.choose("passed_qualification_exam", "True")
    hand.type("exam_pass_date", "2023-11")
    hand.choose("has_qualification_cert", "True")
    hand.type("qualification_no", f"202333110{ID_NUMBER}")
    hand.type("qualification_date", "2023-12-20")
    expect(page.locator('[name="qualification_class"]').first).to_have_value("10")
    hand.choose("has_license", "True")
    hand.type("license_date", "2024-03-01")
    assert page.locator('select[name="practice_scope"] option[value="2001"]').count() == 0
    hand.choose("practice_scope", "1001")
    hand.type("license_no", "110330000012345")
    hand.press("保存并到下一步")


@pytest.mark.long
@pytest.mark.parametrize(
    "is_licensed",
    [pytest.param(False, id="fresh"), pytest.param(True, id="licensed")],
)
def test_a_graduate_with_a_master_needs_ten_screens_and_thirty_answers(hand, is_licensed):
    """GOAL-R10: from the sign-in to complete, at 320 px; derived and proposed answers are not asked."""
    enter(hand)
    basic(hand)
    study(hand)
    if is_licensed:
        licensed(hand)
    else:
        hand.choose("passed_qualification_exam", "False")
        hand.press("保存并到下一步")
    expect(hand.page.get_by_role("heading", name="核对信息")).to_be_visible()
    record = Enrollment.objects.get(resident__id_number=ID_NUMBER)
    assert record.personal_state == "2"
    levels = list(record.resident.education_records.order_by("level").values_list("level", "degree_code"))
    assert levels == [("3", "410"), ("4", "345")]
    assert hand.screens <= 10, hand.screens
    assert hand.answers <= 30 + 5 * is_licensed, hand.answers


def test_what_was_typed_is_not_proposed_over(hand):
    """The resident's word counts: a changed level changes what was proposed, and nothing else."""
    enter(hand)
    page = hand.page
    page.goto("/resident/education/add/")
    expect(page.locator('[name="education_code"]').first).to_have_value("21")
    hand.choose("level", "4")
    expect(page.locator('[name="education_code"]').first).to_have_value("14")
    page.locator('[name="diploma_date"]').fill("2021-07-15")
    hand.type("graduation_date", "2021-06-30")
    expect(page.locator('[name="diploma_date"]')).to_have_value("2021-07-15")
    expect(page.locator('[name="degree_date"]')).to_have_value("2021-06-30")
