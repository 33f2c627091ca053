"""The photo in real Chromium: judged before it is sent, in the server's words, cropped to the size wanted (PAIN-28)."""

import base64

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from residents.models import BasicInfo, Enrollment
from residents.services.uploads import PHOTO_MAX_BYTES, upload_problem
from tests import factories
from tests.browser.conftest import PHONE, SIZES, YEAR
from tests.browser.test_journey import sign_in
from tests.residents.conftest import jpeg, picture, upload
from tests.residents.test_uploads import PHOTOS

DRAW = """([width, height, kind]) => {
  const canvas = Object.assign(document.createElement("canvas"), { width, height });
  const context = canvas.getContext("2d");
  context.fillStyle = "#eee"; context.fillRect(0, 0, width, height);
  context.fillStyle = "#c96"; context.beginPath();
  context.ellipse(width / 2, height / 2, width / 5, height / 4, 0, 0, 7); context.fill();
  return canvas.toDataURL(kind).split(",")[1];
}"""


@pytest.fixture
def recruit(line) -> Enrollment:
    return factories.EnrollmentFactory(base=line, intake_year=YEAR)


def drawn(page: Page, width: int, height: int, kind: str = "image/jpeg") -> bytes:
    return base64.b64decode(page.evaluate(DRAW, [width, height, kind]))


def choose(page: Page, content: bytes) -> None:
    page.locator("[name=photo]").set_input_files(
        {"name": "照片.jpg", "mimeType": "image/jpeg", "buffer": content}
    )


def open_basic(page: Page, enrollment: Enrollment) -> None:
    sign_in(page, enrollment.resident.id_number, entrance="住院医师登录")
    page.goto("/resident/section/basic/")


def test_photo_is_judged_at_once_in_the_words_of_the_server(recruit, open_page):
    """PAIN-28: check at once; the rule stands beside the field."""
    page = open_page()
    open_basic(page, recruit)
    expect(page.locator("#id_photo_box")).to_contain_text("2寸白底免冠彩色照片")
    said = page.locator("[data-photo-said]")
    good = drawn(page, 500, 700)
    for content in (
        drawn(page, 300, 400),
        drawn(page, 500, 700, "image/png"),
        good.ljust(PHOTO_MAX_BYTES + 1, b"\0"),
        jpeg(500, 700)[:12],
    ):
        choose(page, content)
        expect(said).to_contain_text(str(upload_problem("photo", upload(content))))
    choose(page, good)
    expect(said).to_have_text("照片符合要求，可以直接保存；需要时可在下面裁剪。")


@pytest.mark.parametrize("viewport", SIZES)
def test_cropped_photo_has_the_wanted_size_and_format(recruit, open_page, assert_accessible, viewport):
    """PAIN-28: a wide PNG becomes a JPG of 413×626 that the server takes; with keyboard alone, under the CSP."""
    page = open_page(viewport)
    open_basic(page, recruit)
    choose(page, drawn(page, 2400, 1600, "image/png"))
    expect(page.get_by_role("group", name="裁剪证件照片")).to_be_visible()
    page.get_by_role("group", name="裁剪证件照片").focus()
    for key in ("+", "ArrowLeft", "ArrowUp", "-", "-", "-"):
        page.keyboard.press(key)
    assert_accessible(page)
    page.get_by_role("button", name="使用裁剪后的照片").press("Enter")
    expect(page.locator("[data-photo-said]")).to_contain_text("已裁剪为 413×626 像素")
    page.get_by_role("button", name="保存", exact=True).click()
    expect(page.get_by_text("已保存，培训基地现在就能看到", exact=False)).to_be_visible()

    with BasicInfo.objects.get().photo.open("rb") as stored:
        assert Image.open(stored).size == (413, 626)


@pytest.mark.long
def test_page_and_server_judge_alike(recruit, open_page):
    """W10: the whole corpus of odd photos, turned by EXIF and cut off ones included; HEIC is left to the server by a
    browser that cannot show it."""
    page = open_page()
    open_basic(page, recruit)
    said, other = page.locator("[data-photo-said]"), drawn(page, 300, 400)
    for case, (content, code) in PHOTOS.items():
        # An empty file is refused by its weight; a telephone's is not judged here, a bomb not decoded.
        if code == "file_empty" or case.startswith(("heic", "bomb")):
            continue
        choose(page, other)
        expect(said).to_contain_text("300×400")
        choose(page, content)
        fault = upload_problem("photo", upload(content))
        expect(said, case).to_contain_text(str(fault) if fault else "照片符合要求")


@pytest.mark.long
def test_a_photo_of_a_telephone_is_taken(recruit, open_page):
    page = open_page(PHONE)
    open_basic(page, recruit)
    choose(page, picture(600, 900, "HEIF"))
    expect(page.locator("[data-photo-said]")).to_contain_text("保存时会自动转为 JPG")
    page.get_by_role("button", name="保存", exact=True).click()
    expect(page.get_by_text("已保存，培训基地现在就能看到", exact=False)).to_be_visible()
    with BasicInfo.objects.get().photo.open("rb") as stored:
        image = Image.open(stored)
        assert (image.format, image.size) == ("JPEG", (600, 900))


@pytest.mark.long
@pytest.mark.parametrize("viewport", SIZES)
def test_a_lying_photo_is_turned_in_the_page(recruit, open_page, assert_accessible, viewport):
    """Its left half is red: turned to the right once, its upper half is."""
    page = open_page(viewport)
    open_basic(page, recruit)
    choose(page, picture(1600, 1200))
    expect(page.locator("[data-photo-said]")).to_contain_text("不是2寸竖版照片的比例")
    page.get_by_role("button", name="向右转").click()
    page.get_by_role("button", name="使用裁剪后的照片").click()
    expect(page.locator("[data-photo-said]")).to_contain_text("已裁剪为 413×626 像素")
    assert_accessible(page)
    page.get_by_role("button", name="保存", exact=True).click()
    expect(page.get_by_text("已保存，培训基地现在就能看到", exact=False)).to_be_visible()
    with BasicInfo.objects.get().photo.open("rb") as stored:
        image = Image.open(stored).convert("RGB")
    assert image.getpixel((206, 40))[1] < 80
    assert image.getpixel((206, 590))[1] > 200


@pytest.mark.long
def test_cropped_part_is_the_one_in_the_frame(recruit, open_page):
    """Moved to the edge as far as it goes, the picture still fills the frame: its left edge is what is kept."""
    page = open_page()
    open_basic(page, recruit)
    choose(page, drawn(page, 2400, 1600))
    page.get_by_role("group", name="裁剪证件照片").focus()
    for _ in range(60):
        page.keyboard.press("ArrowRight")
    page.get_by_role("button", name="使用裁剪后的照片").click()
    expect(page.locator("[data-photo-result]")).to_be_visible()
    colours = page.evaluate(
        """async () => {
          const picture = document.querySelector("[data-photo-result]");
          await picture.decode();
          const canvas = Object.assign(document.createElement("canvas"), { width: 413, height: 626 });
          const context = canvas.getContext("2d");
          context.drawImage(picture, 0, 0);
          return [[5, 313], [400, 5], [5, 620]].map(([x, y]) => [...context.getImageData(x, y, 1, 1).data]);
        }"""
    )
    assert colours == [[238, 238, 238, 255]] * 3


@pytest.mark.long
def test_without_javascript_the_server_says_the_same(recruit, open_page):
    page = open_page(PHONE, javascript=False)
    open_basic(page, recruit)
    expect(page.locator("[data-photo-crop]")).to_be_hidden()
    choose(page, jpeg(300, 400))
    page.get_by_role("button", name="保存", exact=True).click()
    expect(page.locator("#id_photo_box")).to_contain_text("照片为 300×400 像素，小于 413×626 像素。")
