"""申请延长填报时间 as a base asks for it: GOAL-P8."""

import pytest

from bases.extensions import services as extensions
from bases.models import ExtensionRequest, Province
from portal.calendar import INTAKE_STEPS
from portal.models import Step
from residents.models import Enrollment
from residents.services.states import StateMoved
from tests import factories
from tests.bases.desk import close, page
from tests.bases.extensions.conftest import asked_for, day

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("case", ["locked", "switched", "earlier"])
def test_what_cannot_be_asked_for(base, closing, base_officer, case):
    """AM-05, BR-08: a locked cycle, a province that delivers by API, a date that brings nothing."""
    if case == "locked":
        close(closing, *INTAKE_STEPS)
    if case == "switched":
        base.province.reporting_mode = "2"
    if case == "earlier":
        factories.open_windows(closing, days_left=10)
    with pytest.raises(StateMoved):
        asked_for(base, closing, base_officer)
    assert ExtensionRequest.objects.count() == 0


def test_the_page_of_a_record_leads_to_a_request_for_it(signed_in, people, base_officer):
    officer = signed_in(base_officer)
    address = f"/base/extensions/new/?record={people[0].pk}"
    assert f'href="{address}"' in officer.get(f"/base/records/{people[0].pk}/").content.decode()
    form = officer.get(address).context["form"]
    assert (form["reach"].value(), form["people"].value()) == ("named", [people[0].pk])


@pytest.mark.parametrize("case", ["closed", "locked", "switched", "read_only", "secretary"])
def test_a_refused_report_shows_the_door_while_it_is_open_to_the_reader(
    signed_in, base, people, closing, base_officer, case
):
    """AM-31, GOAL-P8: check, list and desk name 申请延长填报时间 exactly where the request can be made, and the list of
    requests never says both."""
    reader, is_open = base_officer, case == "closed"
    Enrollment.objects.update(specialty="0100")
    if case == "locked":
        close(closing, *INTAKE_STEPS)
    elif case == "switched":
        Province.objects.filter(pk=base.province_id).update(reporting_mode="2")
    elif case == "read_only":
        reader = factories.UserFactory()
        factories.grant(reader, base, read_only=True)
    elif case == "secretary":
        reader = factories.secretary(base, "0100")
    desk, door = signed_in(reader), "/base/extensions/new/"
    seen = [f"/base/report/?choice={people[0].pk}", "/base/records/intake/", "/base/"]
    assert [f'href="{door}' in page(desk.get(address)) for address in seen] == [is_open] * 3
    if case != "secretary":
        text = page(desk.get("/base/extensions/"))
        assert ("可以为个别住院医师" in text) == is_open
        assert ("无需申请延长填报时间" in text) == (case == "switched")
    assert (desk.get(door).status_code == 200) == is_open


def test_people_of_another_base_cannot_be_named(signed_in, other_base, closing, base, base_officer):
    """TRUST-24."""
    foreign = factories.EnrollmentFactory(base=other_base, intake_year=closing.year)
    typed = {"step": "report", "last_day": f"{day(3):%Y-%m-%d}", "reason": "停电", "reach": "named"}
    answer = signed_in(base_officer).post("/base/extensions/new/", typed | {"people": [foreign.pk]})
    assert (answer.status_code, list(answer.context["form"].errors)) == (422, ["people"])


def test_the_base_takes_its_request_back(signed_in, base, closing, base_officer, provincial_reviewer):
    request = asked_for(base, closing, base_officer)
    signed_in(base_officer).post(f"/base/extensions/{request.pk}/withdraw/")
    request.refresh_from_db()
    assert request.state == "withdrawn"
    assert not signed_in(provincial_reviewer).get(f"/review/extensions/{request.pk}/").context["may_decide"]


def test_second_request_for_the_same_people_is_refused(base, closing, people, base_officer):
    """GOAL-P8: one open request at a time; another step, other people or a decided one is no hindrance."""
    first = asked_for(base, closing, base_officer, people[:1])
    for again in (people[:1], people, ()):
        with pytest.raises(StateMoved, match="已有一份待处理的延长填报时间申请"):
            asked_for(base, closing, base_officer, again)
    asked_for(base, closing, base_officer, people[1:])
    asked_for(base, closing, base_officer, people[:1], step=Step.BASE_FILL)
    extensions.withdraw(first.pk, by=base_officer)
    asked_for(base, closing, base_officer, people[:1])
