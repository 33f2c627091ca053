"""A search by number leaves the number out of the address (TRUST-52); a search by name stays in it."""

import pytest
from django.urls import reverse

from tests import factories


@pytest.mark.parametrize("route", ["base", "province", "accounts"])
def test_number_is_found_and_stands_in_no_address(
    signed_in, base, base_officer, provincial_reviewer, cycle, route
):
    wanted = factories.EnrollmentFactory(base=base, intake_year=cycle.year)
    factories.EnrollmentFactory(base=base, intake_year=cycle.year)
    user, path = {
        "base": (base_officer, reverse("bases:record-list", args=["intake"])),
        "accounts": (base_officer, reverse("bases:accounts")),
        "province": (provincial_reviewer, reverse("review:residents")),
    }[route]
    client, number = signed_in(user), wanted.resident.id_number
    answer = client.post(reverse("portal:search"), {"list": path, "q": number, "stage": ""})
    assert answer.status_code == 302
    assert number not in answer.url
    page = client.get(answer.url)
    found = page.context["page"]
    assert len(getattr(found, "object_list", None) or found.rows) == 1
    links = [part.split('"')[0] for part in page.content.decode().split('href="')[1:]]
    assert [link for link in links if number in link] == []


def test_bulk_action_over_the_found_keeps_the_mark(signed_in, base, base_officer, cycle):
    """The form of the bulk actions carries the mark too, and acts on the one that was found."""
    wanted = factories.EnrollmentFactory(base=base, intake_year=cycle.year)
    factories.EnrollmentFactory(base=base, intake_year=cycle.year)
    client, path = signed_in(base_officer), reverse("bases:record-list", args=["intake"])
    found = client.post(reverse("portal:search"), {"list": path, "q": wanted.resident.id_number})
    page = client.get(found.url)
    carried = dict(page.context["filters"].given)
    assert carried["q"].startswith("~")
    asked = {"range": "all", "module": "intake", **carried}
    remind = client.get(reverse("bases:remind"), asked)
    assert remind.status_code == 200
    assert wanted.resident.id_number not in remind.content.decode()


def test_name_stays_in_the_address(signed_in, base_officer, base, cycle):
    path = reverse("bases:record-list", args=["intake"])
    answer = signed_in(base_officer).post(reverse("portal:search"), {"list": path, "q": "陈", "page": ""})
    assert answer.url == f"{path}?q=%E9%99%88"


def test_numbers_of_the_audit_search_too(signed_in, national_officer):
    fields = {"list": reverse("review:audit"), "who": "330106199503120014", "record": "330106199503120014"}
    answer = signed_in(national_officer).post(reverse("portal:search"), fields)
    assert "330106199503120014" not in answer.url
    page = signed_in(national_officer).get(answer.url)
    assert page.context["filters"].values["record"] == "330106199503120014"


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example", "", "/base/?q=1"])
def test_it_leads_nowhere_else(signed_in, base_officer, base, target):
    """TRUST-21: no open redirect."""
    answer = signed_in(base_officer).post(reverse("portal:search"), {"list": target, "q": "陈"})
    assert answer.url == reverse("portal:desk")


def test_a_forgotten_mark_finds_nobody(signed_in, base_officer, base, cycle):
    """An action over all results of it must not reach the whole list."""
    factories.EnrollmentFactory(base=base, intake_year=cycle.year)
    path = reverse("bases:record-list", args=["intake"])
    page = signed_in(base_officer).get(path, {"q": f"~{'0' * 24}"})
    assert page.context["filters"]["q"].value() == ""
    assert list(page.context["page"].object_list) == []
