"""Dark where the reader's system is, light on paper whatever it is (GOAL-S6)."""

import pytest
from django.test import Client

from portal.roles import Role
from tests import factories

GROUND = "getComputedStyle(document.body).backgroundColor"
DARK, LIGHT, PAPER = "rgb(17, 24, 31)", "rgb(245, 247, 249)", "rgb(255, 255, 255)"


def test_page_follows_the_system_and_paper_does_not(live_server, db, open_page, assert_accessible):
    page = open_page()
    page.goto("/")
    assert page.evaluate(GROUND) == LIGHT
    page.emulate_media(color_scheme="dark")
    assert page.evaluate(GROUND) == DARK
    assert_accessible(page)
    page.emulate_media(color_scheme="dark", media="print")
    assert page.evaluate(GROUND) == PAPER
    assert page.evaluate("getComputedStyle(document.querySelector('h1')).color") == "rgb(27, 39, 51)"


INKS = """() => {
  const canvas = document.querySelector("[data-chart-of=funnel-lines] canvas");
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  let dark = 0, light = 0;
  for (let at = 0; at < data.length; at += 4) {
    const [red, green, blue, seen] = data.slice(at, at + 4);
    if (seen < 200 || Math.max(red, green, blue) - Math.min(red, green, blue) > 40) continue;
    if (red < 128) dark += 1; else light += 1;
  }
  return [dark, light];
}"""


@pytest.mark.long
def test_charts_are_drawn_for_the_ground_they_stand_on(live_server, cycle, open_page):
    """The words beside the axes are dark on paper also where the screen is dark."""
    base = factories.TrainingBaseFactory()
    factories.EnrollmentFactory(base=base, intake_year=cycle.year)
    national = Client()
    national.force_login(
        factories.UserFactory(role=Role.CMDA), backend="django.contrib.auth.backends.ModelBackend"
    )
    page = open_page()
    page.emulate_media(reduced_motion="reduce", color_scheme="dark")
    session = {"name": "sessionid", "value": national.cookies["sessionid"].value, "url": live_server.url}
    page.context.add_cookies([session])
    page.goto("/review/funnel/")
    page.wait_for_selector("[data-chart-of=funnel-lines] canvas")
    dark, light = page.evaluate(INKS)
    assert light > dark
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    dark, light = page.evaluate(INKS)
    assert dark > light
    page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    dark, light = page.evaluate(INKS)
    assert light > dark
