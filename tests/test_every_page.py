"""Every page of every role: Chinese only (GOAL-S5), and no name becomes an element (TRUST-19)."""

import re
from html import unescape
from html.parser import HTMLParser

import pytest
from django.db.models import F, Value
from django.db.models.functions import Concat
from django.test import Client
from django.urls import reverse

from bases.models import TrainingBase
from portal.messages.services import send
from portal.models import Message, Notice, SiteContact, User
from residents.codes import CODE_LISTS
from residents.models import EducationRecord, Enrollment, PersonalReturn, Resident
from tests.access_table import ROUTES
from tests.test_access import World
from tests.width import mostly_long

# Names of programs, formats, examinations, standards and keys that are written so in Chinese, too.
PROGRAMS = {"API", "Enter", "Excel", "LibreOffice", "QQ", "Tab", "WPS"}
FORMATS = {
    "CSV",
    "DOCTYPE",
    "HEIC",
    "ID",
    "IP",
    "JPG",
    "JSON",
    "KB",
    "MB",
    "PDF",
    "PNG",
    "URL",
    "UTF",
    "csv",
    "ods",
    "xls",
    "xlsx",
    "zip",
}
EXAMINATIONS = {"CET", "PETS", "TEM"}
STANDARDS = {"GB", "SHA", "WS"}
CODES = {code for codes in CODE_LISTS.values() for code in codes.items}
ALLOWED = PROGRAMS | FORMATS | EXAMINATIONS | STANDARDS | CODES
# The documentation of the interface names its fields.
OTHER_LANGUAGE = "api:"
WORD = re.compile(r"[A-Za-z]{2,}")
# What is data, not wording: addresses, account names, numbers with letters, versions.
DATA = re.compile(r"[\w.+-]+@[\w.-]+|https?://\S+|\b\w*\d\w*\b")
# A key or code to be copied as it stands is no wording either.
SILENT = {"script", "style", "code"}
SPOKEN_ATTRIBUTES = {"aria-label", "title", "placeholder", "alt", "data-confirm", "data-label"}


class Page(HTMLParser):
    """The words a person meets on a page, and the elements and attributes that a browser would make."""

    def __init__(self, source: str):
        super().__init__()
        self.words: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self._silent = 0
        self.feed(source)

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        self.elements.append((tag, attributes))
        if tag in SILENT:
            self._silent += 1
        self.words += [attributes[name] or "" for name in SPOKEN_ATTRIBUTES & attributes.keys()]
        if attributes.get("type") == "submit" and tag == "input":
            self.words.append(attributes.get("value") or "")

    def handle_endtag(self, tag):
        if tag in SILENT:
            self._silent -= 1

    def handle_data(self, data):
        if not self._silent:
            self.words.append(data)


def english(source: str) -> set[str]:
    text = unescape(" ".join(Page(source).words))
    return set(WORD.findall(DATA.sub(" ", text))) - ALLOWED


def pages(world: World, letter: str):
    """(route, client, address) of every page this visitor may open."""
    client = world.client(letter)
    for name, route in ROUTES.items():
        if letter in route.roles and route.get in (200, 302) and not name.startswith(OTHER_LANGUAGE):
            yield name, client, World.address(name, world.own, letter)


def is_html(answer) -> bool:
    return answer.get("Content-Type", "").startswith("text/html")


@pytest.fixture
def world(cycle):
    return World(cycle)


@pytest.mark.parametrize("letter", mostly_long(["r", "p", "c", "a", "b"], 3))
def test_every_page_is_chinese(world, letter):
    """GOAL-S5: as opened, and as shown again after an empty form was sent."""
    accounts = set(WORD.findall(" ".join(User.objects.values_list("username", flat=True))))
    found = {}
    for name, client, address in pages(world, letter):
        answers = {"GET": client.get(address, follow=True)}
        if name not in ("portal:sign-out",) and b'method="post"' in answers["GET"].content:
            answers["POST"] = client.post(address)
        for method, answer in answers.items():
            words = english(answer.content.decode()) - accounts if is_html(answer) else set()
            if words:
                found[name, method] = sorted(words)[:9]
    assert found == {}


@pytest.mark.parametrize("address", ["/nope/", "/base/records/999999/", "/review/"])
def test_error_pages_are_chinese(world, address):
    """TRUST-58."""
    for letter in "arbpc":
        assert english(world.client(letter).get(address, follow=True).content.decode()) == set()


def test_refused_form_without_a_token_is_answered_in_chinese(world):
    client = Client(enforce_csrf_checks=True)
    answer = client.post(reverse("portal:staff-sign-in"), {"account": "x"})
    assert (answer.status_code, english(answer.content.decode())) == (403, set())


def test_scan_finds_a_word_where_there_is_one():
    """The scan itself can fail: in text, in a label, not in a script or an address."""
    source = (
        "<p title='Close'>保存 Save</p><script>let x = 'Hidden'</script><a href='/Path/'>Excel a@b.com</a>"
    )
    assert english(source) == {"Close", "Save"}


# --- escaping --------------------------------------------------------------------------------------------------------

ELEMENT = "xss-mark"
QUIRKS = {
    "element": f"<{ELEMENT} onclick=alert(1)>",
    "attribute": f"\"'><{ELEMENT}>",
    "script": f"</script><{ELEMENT}>",
}


def spread(text: str) -> None:
    """Write a text past every rule into whatever holds free text and is shown."""
    short = text[:50]
    Resident.objects.update(full_name=short)
    User.objects.update(full_name=short)
    # Names of bases are unique in their province.
    TrainingBase.objects.update(name=Concat(Value(text), F("code")))
    EducationRecord.objects.update(school=text, major=text)
    Enrollment.objects.update(remark=text, partner_unit=text, sponsor_name=text)
    PersonalReturn.objects.update(comment=text)
    Notice.objects.update(title=text, body=text)
    Message.objects.update(subject=text, body=text)
    SiteContact.objects.update_or_create(
        pk=1,
        defaults=dict.fromkeys(
            ("department", "department_phone", "support", "support_phone", "service_line"), text[:40]
        ),
    )


@pytest.mark.long
@pytest.mark.parametrize("text", QUIRKS.values(), ids=QUIRKS)
@pytest.mark.parametrize("letter", mostly_long(["r", "b", "p", "a", "c"], 3))
def test_no_text_becomes_an_element(world, letter, text):
    """TRUST-19: shown as typed, nothing created, nothing that could fire (TRUST-40)."""
    for user in User.objects.all():
        send([user], kind="other", subject="x")
    spread(text)
    made, shown = {}, 0
    for name, client, address in pages(world, letter):
        answer = client.get(address, {"q": text}, follow=True)
        if not is_html(answer):
            continue
        source = answer.content.decode()
        shown += ELEMENT in source
        found = [
            (tag, attributes)
            for tag, attributes in Page(source).elements
            if tag == ELEMENT or any(attribute.startswith("on") for attribute in attributes)
        ]
        if found:
            made[name] = found
    assert made == {}
    assert shown > 3
