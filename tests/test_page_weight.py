"""What makes pages heavy is kept out of them: tags with work to do in the loops of rows, and HTML sent as it is."""

import gzip
import re

import pytest
from django.conf import settings
from django.http import HttpResponse
from django.urls import reverse

from portal.middleware import CompressedPages
from residents.rows import route
from tests import factories

TEMPLATES = settings.BASE_DIR / "templates"
# Pages that many people open all day, with up to fifty rows or a hundred fields.
HOT = (
    "bases/board/_board.html",
    "bases/records/record_list.html",
    "review/queue/queue.html",
    "review/records/residents.html",
    "review/statistics/records.html",
    "_parts/fields.html",
)
LARGEST = 200_000
# A deadline or two above the rows.
_FEW = re.compile(r"{% for label, opening in deadlines %}.*?{% endfor %}", re.S)
_TAG = re.compile(r"{% (for|endfor|include|url|query|with|badge|control) ?[^%]*%}")


def costly(source: str) -> list[str]:
    """Tags with work to do that stand in a loop: an address is reversed once, a row is written by `{% rows %}`."""
    found, depth = [], 0
    source = _FEW.sub("", source)
    for tag in _TAG.finditer(source):
        if tag[1] in ("for", "endfor"):
            depth += 1 if tag[1] == "for" else -1
        elif depth:
            found.append(tag[0])
    return found


@pytest.mark.parametrize("name", HOT)
def test_rows_of_hot_pages_hold_no_tag_that_works(name):
    assert costly((TEMPLATES / name).read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("{% url 'a' %}{% for x in y %}{{ x }}{% endfor %}{% include 'b' %}", []),
        ("{% for x in y %}{% for z in x %}{% endfor %}{% url 'a' %}{% endfor %}", ["{% url 'a' %}"]),
        ("{% for x in y %}{% include 'b' with c=x %}{% endfor %}", ["{% include 'b' with c=x %}"]),
    ],
)
def test_the_check_of_loops_finds_what_it_looks_for(source, found):
    assert costly(source) == found


def test_parts_in_jinja_reverse_no_address_a_row():
    for path in TEMPLATES.rglob("*.jinja"):
        source = path.read_text(encoding="utf-8")
        assert source.count("{% for") == 0 or source.index("{% for") > source.find("route("), path


def test_a_hoisted_address_is_the_address():
    assert route("review:record")(7) == reverse("review:record", args=[7])
    assert route("bases:submission", 2)(7, 3) == reverse("bases:submission", args=[7, 3])


@pytest.fixture
def full_base(db, cycle, base):
    """Sixty residents at the base, all waiting for nothing."""
    for _ in range(60):
        factories.EnrollmentFactory(base=base, intake_year=cycle.year)
    return base


def test_a_full_list_is_small_and_sent_compressed(full_base, signed_in, base_officer):
    desk = signed_in(base_officer)
    plain = desk.get("/base/records/intake/")
    packed = desk.get("/base/records/intake/", headers={"accept-encoding": "gzip"})
    assert len(plain.content) < LARGEST
    assert packed["Content-Encoding"] == "gzip"
    assert "Accept-Encoding" in packed["Vary"]
    assert len(packed.content) < len(plain.content) / 4
    assert "陈雨桐" in gzip.decompress(packed.content).decode()


def test_the_length_of_a_compressed_page_tells_nothing(full_base, signed_in, base_officer):
    """Padding of random length, as Django describes it (BREACH)."""
    desk = signed_in(base_officer)
    lengths = {
        len(desk.get("/base/records/intake/", headers={"accept-encoding": "gzip"}).content) for _ in range(12)
    }
    assert len(lengths) > 3


@pytest.mark.parametrize(
    ("kind", "is_packed"), [("text/html; charset=utf-8", True), ("application/json", False)]
)
def test_only_pages_are_compressed(rf, kind, is_packed):
    answer = CompressedPages(lambda _: HttpResponse("字" * 1000, content_type=kind))(
        rf.get("/", headers={"accept-encoding": "gzip"})
    )
    assert ("Content-Encoding" in answer) is is_packed


def test_the_form_of_a_resident_is_small(db, cycle, signed_in, base):
    factories.open_windows(cycle)
    enrollment = factories.EnrollmentFactory(base=base, intake_year=cycle.year)
    page = signed_in(enrollment.resident.user).get("/resident/section/basic/")
    assert page.status_code == 200
    assert len(page.content) < LARGEST
