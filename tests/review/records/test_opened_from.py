"""The menu marks the list from which a record was opened, and the page leads back there (GOAL-B17, GOAL-P10)."""

import re
from urllib.parse import quote

import pytest

from tests import factories
from tests.bases.desk import complete, page, reported

pytestmark = pytest.mark.django_db


def marked(html: str) -> list[str]:
    """The words of the menu that are marked, groups too."""
    menu = re.search(r'<nav class="desk-nav".*?</nav>', html, re.S)[0]
    found = re.findall(r"<(?:a|summary)[^>]*aria-current[^>]*>(.*?)</", menu, re.S)
    return [re.sub(r"<[^>]+>|\s", "", words) for words in found]


def test_a_waiting_record_marks_the_queue_and_another_the_list(
    base, cycle, base_officer, provincial_reviewer, signed_in
):
    waiting = reported(complete(base, cycle.year), base_officer)
    other = factories.EnrollmentFactory(base=base, intake_year=cycle.year)
    client = signed_in(provincial_reviewer)
    assert marked(page(client.get(f"/review/records/{waiting.pk}/"))) == ["待审核"]
    assert marked(page(client.get(f"/review/records/{other.pk}/"))) == ["全部住院医师"]


def test_a_record_opened_from_the_funnel_marks_it_and_leads_back(base, cycle, provincial_reviewer, signed_in):
    record = factories.EnrollmentFactory(base=base, intake_year=cycle.year)
    client = signed_in(provincial_reviewer)
    people = f"/review/funnel/records/?year={cycle.year}&stage=imported"
    (link,) = re.findall(rf'href="(/review/records/{record.pk}/[^"]*)"', page(client.get(people)))
    shown = page(client.get(link))
    assert marked(shown) == ["数据", "填报进度"]
    assert people.replace("&", "&amp;") in shown


@pytest.mark.parametrize("elsewhere", ["https://example.com/review/", "//example.com", "review:queue"])
def test_another_site_is_no_list(base, cycle, provincial_reviewer, signed_in, elsewhere):
    record = factories.EnrollmentFactory(base=base, intake_year=cycle.year)
    shown = page(signed_in(provincial_reviewer).get(f"/review/records/{record.pk}/?next={quote(elsewhere)}"))
    assert marked(shown) == ["全部住院医师"]
    assert "返回名单" not in shown


def test_a_base_sees_its_list_marked(base, cycle, base_officer, signed_in):
    desk = signed_in(base_officer)
    record = factories.EnrollmentFactory(base=base, intake_year=cycle.year)
    assert marked(page(desk.get(f"/base/records/{record.pk}/?module=intake"))) == ["招收信息管理"]
    assert marked(page(desk.get(f"/base/records/{record.pk}/?next=/base/transfers/"))) == ["转出与转入"]
