"""Every page of province and association at the narrowest width, of everybody in dark: axe finds nothing, nothing
sticks out (GOAL-S6)."""

import pytest
from playwright.sync_api import Page

from bases.models import Submission
from portal.models import User
from portal.roles import Role
from review.decisions.services import approve
from tests.access_table import ROUTES
from tests.test_access import World

NARROW = {"width": 320, "height": 700}
# Pages of the association that a province sees otherwise: its own buttons, forms and states.
DIFFERENT = {
    "review:record",
    "review:residents",
    "review:switches",
    "review:switch",
    "review:api-keys",
    "review:completions",
    "review:completion",
    "review:correction",
    "review:extension",
    "review:staff-of",
}


def pages(world: World, letter: str) -> list[str]:
    """What this visitor opens: the association all of its pages, a province its own and those that look different."""
    own = [name for name, route in ROUTES.items() if letter in route.roles and route.get == 200]
    looked_at = [name for name in own if letter == "c" or "c" not in ROUTES[name].roles or name in DIFFERENT]
    return [name for name in looked_at if is_page(world, letter, name)]


def is_page(world: World, letter: str, name: str) -> bool:
    """Not a file, and not what machines read."""
    answer = world.client(letter).get(World.address(name, world.own, letter))
    return answer["Content-Type"].startswith("text/html") and "Content-Disposition" not in answer


def sign_in(page: Page, world: World, letter: str, address: str) -> None:
    session = world.client(letter).cookies["sessionid"].value
    page.context.add_cookies([{"name": "sessionid", "value": session, "url": address}])


def faults(page: Page, world: World, letter: str, check) -> dict[str, str]:
    """The pages with something to mend, each with everything unfolded."""
    found = {}
    for name in pages(world, letter):
        answer = page.goto(World.address(name, world.own, letter))
        assert answer.status == 200, name
        page.evaluate("document.querySelectorAll('main details').forEach((each) => { each.open = true; })")
        try:
            check(page)
        except AssertionError as fault:
            found[name] = str(fault)
    return found


@pytest.mark.long
def test_every_page_is_accessible_at_320_pixels(live_server, cycle, open_page, assert_accessible):
    """GOAL-S6: 0 violations, no scrolling sideways; a province first, then with an approval to count the
    association."""
    world = World(cycle)
    page = open_page(NARROW)
    sign_in(page, world, "p", live_server.url)
    assert faults(page, world, "p", assert_accessible) == {}
    submission = Submission.objects.get(enrollment__base__province_id="33")
    reviewer = User.objects.filter(role=Role.PROVINCE).order_by("pk").first()
    assert approve({submission.pk: submission.version}, by=reviewer).left_out == []
    sign_in(page, world, "c", live_server.url)
    assert faults(page, world, "c", assert_accessible) == {}


@pytest.mark.long
@pytest.mark.parametrize("letter", ["a", "r", "b", "p", "c"])
def test_every_page_is_readable_in_dark(live_server, cycle, open_page, assert_accessible, letter):
    """GOAL-S6: the contrast of AA also where the reader's system is dark."""
    world = World(cycle)
    page = open_page()
    page.emulate_media(color_scheme="dark")
    if letter != "a":
        sign_in(page, world, letter, live_server.url)
    assert faults(page, world, letter, assert_accessible) == {}
