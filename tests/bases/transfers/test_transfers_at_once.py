"""Two bases and two officers at the same moment, over real connections: AM-27; BR-49; TRUST-46."""

from collections import Counter

import pytest
from django.utils import timezone

from bases.models import TransferRequest
from bases.records.services import change_status
from bases.records.specialty_change import change_specialty
from bases.transfers import services as transfers
from residents.models import Enrollment
from residents.services.states import StateMoved
from tests import factories
from tests.bases.report.test_report_at_once import at_once

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def held(other_base, cycle):
    return factories.EnrollmentFactory(
        base=other_base, intake_year=cycle.year - 1, registered_at=timezone.now(), specialty_id="0100"
    )


def outcome(act) -> str:
    try:
        act()
    except StateMoved:
        return "moved"
    return "done"


def test_same_base_asks_ten_times(held, base, base_officer):
    """One open request of a base for a person, whoever clicks."""

    def ask(_: int) -> str:
        return outcome(lambda: transfers.ask(held.pk, base, reason="转入", by=base_officer))

    assert Counter(at_once(10, ask)) == {"done": 1, "moved": 9}
    assert TransferRequest.objects.count() == 1


def test_release_refusal_cancel_and_status_page_at_once(held, base, base_officer, other_base_officer):
    """Exactly one of them wins; no deadlock, and the state of request and record agree."""
    asked = transfers.ask(held.pk, base, reason="转入", by=base_officer)
    today = timezone.localdate()
    leave = {"status": "5", "reason": "11", "effective_date": today, "destination": "他院"}
    acts = [
        lambda: transfers.release(
            asked.pk, effective_date=today, destination="他院", note="", by=other_base_officer
        ),
        lambda: transfers.refuse(asked.pk, answer="不同意", by=other_base_officer),
        lambda: transfers.cancel(asked.pk, by=base_officer),
        lambda: change_status(held.pk, leave, by=other_base_officer),
    ]
    at_once(4, lambda number: outcome(acts[number]))
    asked.refresh_from_db()
    held.refresh_from_db()
    # The status page does not ask the request: the person is withdrawn in any case.
    assert held.status == "5"
    assert held.status_changes.count() == 1
    assert asked.state in ("released", "refused", "cancelled")


def test_release_and_change_of_specialty_at_once(held, base, base_officer, other_base_officer):
    """PAIN-16, AM-27: one of the two acts wins; the person is either free or held by one live record."""
    Enrollment.objects.filter(pk=held.pk).update(specialty_locked=True)
    asked = transfers.ask(held.pk, base, reason="转入", by=base_officer)
    today = timezone.localdate()
    acts = [
        lambda: transfers.release(
            asked.pk, effective_date=today, destination="他院", note="", by=other_base_officer
        ),
        lambda: change_specialty(held.pk, "0700", effective_date=today, note="", by=other_base_officer),
    ]
    results = at_once(2, lambda number: outcome(acts[number]))
    live = Enrollment.objects.filter(resident=held.resident).exclude(status="5")
    asked.refresh_from_db()
    held.refresh_from_db()
    assert held.status == "5"
    if results == ["done", "moved"]:
        assert (asked.state, live.count()) == ("released", 0)
    elif results == ["done", "done"]:
        # The change came first and the release took the new record out.
        assert (asked.state, live.count()) == ("released", 0)
    else:
        assert (asked.state, live.get().pk) == ("open", asked.enrollment_id)
