"""A recruit who leaves before his approval (AM-33): each reason frees him at once, with reason and date."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from bases.models import TransferRequest
from bases.transfers import services as transfers
from portal.calendar import INTAKE_STEPS
from portal.models import AuditEvent, Step
from residents.models import Enrollment
from residents.services.deletion import delete_enrollment, restore_enrollment
from residents.services.lock import carry_out_locks
from residents.services.states import StateMoved
from tests import factories
from tests.bases.conftest import account_line, counts
from tests.bases.desk import approved, close, complete, page, reported, returned

pytestmark = pytest.mark.django_db

REASONS = [("no_show", "2"), ("moved", "3")]


def delete(client, record, why, **more):
    form = {"why": why, "reason": "本人书面说明", "left_on": timezone.localdate().isoformat(), **more}
    return client.post(reverse("bases:account-delete", args=[record.pk]), form)


@pytest.mark.parametrize(("why", "kind"), REASONS)
@pytest.mark.parametrize("state", ["new", "waiting", "returned"])
def test_recruit_who_leaves_is_free_at_once(
    signed_in, imported, base, other_base, cycle, base_officer, other_base_officer, provincial_reviewer,
    why, kind, state,
):  # fmt: skip
    """L19, AM-33: in any unapproved state until the lock; the waiting report is withdrawn, another base imports."""
    record = complete(base, cycle.year)
    if state == "waiting":
        reported(record, base_officer)
    elif state == "returned":
        returned(record, base_officer, provincial_reviewer)
    close(cycle, Step.RESIDENT_FILL, Step.REPORT)
    assert delete(signed_in(base_officer), record, why).status_code == 302
    record.refresh_from_db()
    assert (record.deleted_as, record.left_on, record.deleted_reason) == (
        kind,
        timezone.localdate(),
        "本人书面说明",
    )
    assert not record.submissions.filter(outcome="pending").exists()
    assert record.review_status == ("3" if state == "returned" else "0")
    assert AuditEvent.objects.get(action="delete_account").detail["kind"] == kind
    line = account_line(id_number=record.resident.id_number, full_name=record.resident.full_name)
    assert counts(imported([line], at=other_base, by=other_base_officer)) == (1, 1, 0, 0)
    with pytest.raises(StateMoved, match="此人已在“宁波市第一医院”"):
        restore_enrollment(record.pk)


def test_wrong_entry_follows_the_window_while_departures_last_until_the_lock(
    signed_in, base, cycle, base_officer
):
    """AM-33, BR-50: after the import is over the page says so and takes the other two."""
    wrong, gone = (factories.EnrollmentFactory(base=base, intake_year=cycle.year) for _ in range(2))
    close(cycle, Step.RESIDENT_FILL, Step.BASE_FILL, Step.REPORT)
    client = signed_in(base_officer)
    assert "现在不能按“录错”删除" in page(client.get(reverse("bases:account-delete", args=[wrong.pk])))
    delete(client, wrong, "wrong")
    delete(client, gone, "no_show")
    assert list(Enrollment.objects.filter(deleted_at__isnull=False)) == [gone]


def test_nothing_is_left_to_delete_after_the_lock(signed_in, base, cycle, base_officer):
    record = factories.EnrollmentFactory(base=base, intake_year=cycle.year)
    close(cycle, *INTAKE_STEPS)
    carry_out_locks()
    delete(signed_in(base_officer), record, "moved")
    record.refresh_from_db()
    assert (record.deleted_at, record.lapsed_at is None) == (None, False)


def test_approved_recruit_leaves_by_withdrawal(base, cycle, base_officer, provincial_reviewer):
    """AM-33 ends with the approval: from then on 退培 is the way."""
    record = approved(complete(base, cycle.year), base_officer, provincial_reviewer)
    with pytest.raises(StateMoved, match="退培"):
        delete_enrollment(record.pk, by=base_officer, reason="未报到", kind="2", left_on=timezone.localdate())


@pytest.mark.parametrize(
    "values",
    [
        {"left_on": ""},
        {"left_on": (timezone.localdate() + timedelta(days=2)).isoformat()},
        {"left_on": "2026-13-45"},
        {"reason": "走了"},
    ],
)
def test_reason_and_date_are_asked(signed_in, base, cycle, base_officer, values):
    """AM-33: with reason and date."""
    record = factories.EnrollmentFactory(base=base, intake_year=cycle.year)
    assert delete(signed_in(base_officer), record, "no_show", **values).status_code == 422
    record.refresh_from_db()
    assert record.deleted_at is None


def test_restored_recruit_has_no_departure_left(signed_in, base, cycle, base_officer):
    record = factories.EnrollmentFactory(base=base, intake_year=cycle.year)
    delete(signed_in(base_officer), record, "moved")
    restored = restore_enrollment(record.pk)
    restored.refresh_from_db()
    assert (restored.deleted_as, restored.left_on, restored.is_live) == ("", None, True)


def test_database_wants_the_day_of_a_departure(enrollment):
    """AM-33, past every form."""
    with pytest.raises(IntegrityError), transaction.atomic():
        Enrollment.objects.filter(pk=enrollment.pk).update(
            deleted_at=timezone.now(), deleted_reason="未报到", deleted_as="2"
        )


def test_asked_for_recruit_is_let_go_by_the_way_the_page_names(
    signed_in, imported, base, other_base, cycle, base_officer, other_base_officer
):
    """AM-33: no 退培 in the intake, so the request's page leads to 转到其他基地, and then he is free."""
    recruit = factories.EnrollmentFactory(base=other_base, intake_year=cycle.year)
    asked = transfers.ask(recruit.pk, base, reason="批准转入", by=base_officer)
    client = signed_in(other_base_officer)
    way = f"{reverse('bases:account-delete', args=[recruit.pk])}?why=moved"
    assert way in page(client.get(reverse("bases:transfer", args=[asked.pk])))
    assert 'value="moved" checked' in " ".join(page(client.get(way)).split()) or "checked" in page(
        client.get(way)
    )
    delete(client, recruit, "moved")
    assert TransferRequest.objects.get().state == "released"
    line = account_line(id_number=recruit.resident.id_number, full_name=recruit.resident.full_name)
    assert counts(imported([line])) == (1, 1, 0, 0)
