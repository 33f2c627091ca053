"""Templates stay fit to be read, and every part renders by itself."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.template.loader import get_template
from django.utils import timezone

from portal.bootstrap import frontend

FOLDER = Path(settings.TEMPLATES[0]["DIRS"][0])
SOURCES = {
    path.relative_to(FOLDER).as_posix(): path.read_text(encoding="utf-8")
    for path in sorted(FOLDER.rglob("*.html"))
}
PARTS = [name for name in SOURCES if re.search(r"(^|/)_", name)]

# --- lines -----------------------------------------------------------------------------------------------------------

LONGEST = 120
START_TAG = re.compile(r"<[a-z]")
TAG = re.compile(r"<[a-z/!]|{%")
CONDITION = re.compile(r"{% if ")


def faults(line: str) -> list[str]:
    """What makes a line hard to read. Prose, which has no tag in it, may be as long as its sentences."""
    found = []
    if len(line) > LONGEST and TAG.search(line):
        found.append("long")
    if len(START_TAG.findall(line)) > 1:
        found.append("elements")
    if len(CONDITION.findall(line)) > 1:
        found.append("conditions")
    return found


def test_a_line_has_one_element_and_one_condition_and_an_end():
    found = {
        f"{name}:{number}": bad
        for name, source in SOURCES.items()
        for number, line in enumerate(source.splitlines(), 1)
        if (bad := faults(line))
    }
    assert found == {}


@pytest.mark.parametrize(
    ("line", "bad"),
    [
        ("字" * 200, []),
        (f"<p>{'字' * 200}</p>", ["long"]),
        (f"{'字' * 60}{{% if x %}}{'字' * 60}{{% endif %}}", ["long"]),
        ("<td><a>{{ x }}</a></td>", ["elements"]),
        ("{% if x %}甲{% endif %}{% if y %}乙{% endif %}", ["conditions"]),
        ("{% if x %}<b>甲</b>{% else %}乙{% endif %}", []),
    ],
)
def test_the_check_of_lines_finds_what_it_looks_for(line, bad):
    assert faults(line) == bad


def test_every_template_compiles():
    for name in SOURCES:
        get_template(name)


# --- parts alone -----------------------------------------------------------------------------------------------------

WORD = re.compile(r"[a-z_]+")
NAMES = {
    name
    for source in SOURCES.values()
    for tag in re.findall(r"{{(.*?)}}|{%(.*?)%}", source)
    for name in WORD.findall(" ".join(tag))
} - {"request", "forloop", "block", "csrf_token", "messages", "perms", "user"}
NUMBER_NAME = re.compile(r"^(pk|id|year|number|tries|percent|code|key)$|_(pk|id|year)$")
MOMENT_NAME = re.compile(r"(_at|_on|_until|^until|_date|_time|_of|^at)$")
# What is more than a text, a number or a moment.
GIVEN: dict[str, dict[str, object]] = {
    "bases/submissions/_sections.html": {
        "files_of": 1,
        "sections": [
            {"key": "education", "lines": [{"name": "scan", "row": 0, "is_file": True, "text": "a.pdf"}]}
        ],
    },
    "bases/imports/": {"kind": "accounts", "module": "intake", "batch": {"pk": 1, "module": "intake"}},
    "review/api/_fields.html": {"fields": [("name", "姓名", "必填")]},
}


class StandIn(str):
    """A text of which every attribute is there, too: a number, a moment or another such text, by its name."""

    do_not_call_in_templates = True

    def __getattr__(self, name: str) -> object:
        if name.startswith("__"):
            raise AttributeError(name)
        return stand_in(name, bool(self))

    def __getitem__(self, key: object) -> object:
        return stand_in(str(key), bool(self)) if isinstance(key, str) else super().__getitem__(key)

    def __call__(self, *values: object, **named: object) -> "StandIn":
        return self

    def __iter__(self):
        return iter([StandIn(self), StandIn(self)] if self else [])


def stand_in(name: str, is_there: bool) -> object:
    """Something for this name: what an address needs is always there, the rest only where asked for."""
    if NUMBER_NAME.search(name):
        return 1
    if MOMENT_NAME.search(name):
        return timezone.now() if is_there else None
    return StandIn("甲乙" if is_there else "")


class Balance(HTMLParser):
    """The elements that are opened and not closed, or closed and not opened."""

    VOID = {"br", "col", "hr", "img", "input", "link", "meta", "wbr"}

    def __init__(self, source: str):
        super().__init__()
        self.open: list[str] = []
        self.wrong: list[str] = []
        self.feed(source)
        self.close()

    def handle_starttag(self, tag, attrs):
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if self.open and self.open[-1] == tag:
            self.open.pop()
        else:
            self.wrong.append(tag)


@pytest.mark.parametrize("is_there", [True, False], ids=["everything", "nothing"])
@pytest.mark.parametrize("name", PARTS)
def test_a_part_renders_by_itself(name, is_there, rf):
    request = rf.get("/")
    request.user = AnonymousUser()
    given = next((words for start, words in GIVEN.items() if name.startswith(start)), {})
    context = {each: stand_in(each, is_there) for each in NAMES} | given

    page = Balance(get_template(name).render(context, request))

    assert (page.open, page.wrong) == ([], [])


def test_the_file_of_icons_holds_what_the_templates_draw():
    """No icon is missing on a page, none is carried for nothing."""
    drawn = set(re.findall(r'{% icon "([a-z0-9-]+)"', "".join(SOURCES.values())))
    assert drawn == set(frontend.ICONS)
    held = re.findall(r'<symbol id="([a-z0-9-]+)"', (frontend.VENDOR / frontend.ICON_FILE).read_text())
    assert held == list(frontend.ICONS)
