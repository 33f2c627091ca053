"""A stranger guesses the folder of a feature: its room is the first segment of its address, the folder of its templates
and the folder of its tests, in both desks."""

import inspect
import re
from pathlib import Path

import pytest
from django.urls import URLPattern, get_resolver, reverse
from django.utils.module_loading import import_string
from django_tasks.base import Task

from portal.moved import BEFORE

ROOT = Path(__file__).resolve().parents[1]
DESKS = ("bases", "review")
# The page of a desk's bare address.
FIRST_PAGE = {"bases": "board", "review": "queue"}
# Ground that several rooms stand on, and what Django or stored names look for there.
AT_THE_ROOT = {
    "bases": {
        "accreditation",
        "activation",
        "apps",
        "counts",
        "deeds",
        "reveal",
        "scope",
        "seasons",
        "staff",
        "stored_files",
        "tasks",
        "transfer_requests",
        "urls",
        "whereabouts",
    },
    "review": {
        "apps",
        "choices",
        "deeds",
        "export_jobs",
        "export_kinds",
        "figures",
        "menu",
        "paging",
        "sheets",
        "tasks",
        "urls",
    },
}
# Rooms without pages of their own kind.
NO_ROOM = {"migrations", "management", "models", "templatetags"}
MOST_MODULES = 14
# Ordered by kind, not by feature: the reason stands in docs/architecture.md.
BY_KIND = {"portal", "portal/sheets", "residents", "residents/rules", "residents/services"}


def rooms(app: str) -> set[str]:
    return {each.parent.name for each in (ROOT / app).glob("*/__init__.py")} - NO_ROOM


def routes(app: str) -> list[URLPattern]:
    found = next(
        each for each in get_resolver().url_patterns if getattr(each, "namespace", None) == app
    ).url_patterns
    return [each for each in found if not each.name.endswith(BEFORE)]


def room_of(view: object) -> str:
    return inspect.unwrap(view).__module__.split(".")[1]


ROUTES = [(app, route) for app in DESKS for route in routes(app)]


@pytest.mark.parametrize(("app", "route"), ROUTES, ids=lambda value: getattr(value, "name", value))
def test_address_begins_with_the_room(app, route):
    segment = str(route.pattern).split("/")[0].replace("-", "_")
    assert room_of(route.callback) == (segment or FIRST_PAGE[app])


@pytest.mark.parametrize("app", DESKS)
def test_pages_lie_in_the_folder_of_their_room(app):
    wrong = []
    for path in (ROOT / app).glob("*/**/*.py"):
        room = path.relative_to(ROOT / app).parts[0]
        for name in re.findall(rf'"({app}/[\w/]+\.html)"', path.read_text(encoding="utf-8")):
            if name.split("/")[1] != room:
                wrong.append(f"{path.relative_to(ROOT)}: {name}")
    assert wrong == []


@pytest.mark.parametrize("app", DESKS)
def test_templates_and_tests_have_folders_of_rooms_only(app):
    with_pages = {room_of(route.callback) for route in routes(app)}
    templates = {each.name for each in (ROOT / "templates" / app).iterdir() if each.is_dir()}
    tests = {each.name for each in (ROOT / "tests" / app).iterdir() if each.is_dir()} - {"__pycache__"}
    assert templates - rooms(app) == set()
    assert tests - rooms(app) == set()
    assert with_pages - templates - {"lists"} == set()
    assert with_pages - tests == set()


@pytest.mark.parametrize("app", DESKS)
def test_every_template_is_in_a_room(app):
    loose = {each.name for each in (ROOT / "templates" / app).glob("*.html")}
    assert all(name.startswith("_") for name in loose)


@pytest.mark.parametrize("app", DESKS)
def test_only_ground_lies_at_the_root(app):
    assert {each.stem for each in (ROOT / app).glob("*.py")} - {"__init__"} == AT_THE_ROOT[app]


def test_no_folder_holds_too_much():
    counts = {}
    for app in ("portal", "residents", *DESKS):
        for folder in [ROOT / app, *(ROOT / app).glob("**/")]:
            name = str(folder.relative_to(ROOT))
            if "migrations" not in name and "__pycache__" not in name and name not in BY_KIND:
                counts[name] = len([each for each in folder.glob("*.py") if each.stem != "__init__"])
    assert {name: count for name, count in counts.items() if count > MOST_MODULES} == {}


def test_every_room_says_what_it_is_for():
    silent = [
        f"{app}/{room}"
        for app in DESKS
        for room in rooms(app)
        if not (ROOT / app / room / "__init__.py").read_text(encoding="utf-8").startswith('"""')
    ]
    assert silent == []


OLD = [
    (app, route)
    for app in DESKS
    for route in next(
        each for each in get_resolver().url_patterns if getattr(each, "namespace", None) == app
    ).url_patterns
    if route.name.endswith(BEFORE)
]


@pytest.mark.parametrize(("app", "route"), OLD, ids=lambda value: getattr(value, "name", value))
def test_address_of_the_version_before_leads_on(client, app, route):
    """With its arguments, its query and its form: 308 keeps the method."""
    samples = {"int": 7, "slug": "x1", "uuid": "00000000-0000-4000-8000-000000000007"}
    kinds = re.findall(r"<(\w+):(\w+)>", str(route.pattern))
    arguments = {name: samples[kind] for kind, name in kinds}
    for send in (client.get, client.post):
        answer = send(reverse(f"{app}:{route.name}", kwargs=arguments) + "?page=2&q=%E5%BC%A0")
        page = reverse(f"{app}:{route.name.removesuffix(BEFORE)}", kwargs=arguments)
        assert (answer.status_code, answer["Location"]) == (308, f"{page}?page=2&q=%E5%BC%A0")


@pytest.mark.parametrize(
    "path",
    [
        "bases.tasks.work_on_batch",
        "bases.tasks.tell_of_window",
        "portal.tasks.send_due_messages",
        "review.export_jobs.make_export",
        "review.tasks.recheck_quality",
        "review.tasks.recount_nation",
    ],
)
def test_task_queued_by_the_version_before_is_found(path):
    """The queue stores tasks by dotted name: these were the names before the rooms."""
    assert isinstance(import_string(path), Task)
