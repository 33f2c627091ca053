"""申请延长填报时间 as a base asks for it: GOAL-P8."""

import pytest

from bases.extensions import services as extensions
from bases.models import ExtensionRequest
from portal.calendar import INTAKE_STEPS
from portal.models import Step
from residents.services.states import StateMoved
from tests import factories
from tests.bases.desk import close
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
