"""转换专业 within a base: BR-75, BR-76, BR-81; AM-24; PAIN-16."""

import datetime

import pytest
from django.utils import timezone

from bases.records import specialty_change
from bases.records.services import change_status
from bases.records.specialty_change import change_specialty
from bases.report.services import check
from bases.transfers import services as transfers
from residents.completeness import completeness
from residents.models import Enrollment
from residents.services.refusals import Refused
from residents.services.states import StateMoved
from residents.services.training import training_context
from tests import factories
from tests.bases.desk import approved, complete, page, told


@pytest.fixture
def in_registry(base, cycle, base_officer, provincial_reviewer):
    """An approved recruit of last year's intake: the specialty is locked."""
    enrollment = complete(base, cycle.year - 1)
    Enrollment.objects.filter(pk=enrollment.pk).update(registered_at=timezone.now())
    enrollment.refresh_from_db()
    return approved(enrollment, base_officer, provincial_reviewer)


def test_both_steps_in_one_act(signed_in, base_officer, in_registry):
    """BR-75, BR-76: 退培 with reason 12, and a further record at the same base and year; nothing is edited."""
    client, url = signed_in(base_officer), f"/base/records/{in_registry.pk}/specialty/"
    assert "转换专业" in page(client.get(f"/base/records/{in_registry.pk}/"))
    form = {
        "specialty": "0700",
        "effective_date": timezone.localdate().isoformat(),
        "note": "经省卫健委同意",
        "version": in_registry.version,
    }
    said = told(client.post(url, form))
    in_registry.refresh_from_db()
    new = Enrollment.objects.get(resident=in_registry.resident, status="1")
    # All that stops its report is named, and the base's own day is not remarked upon.
    gaps = [missing for missing in check(new) if missing.section == "培训信息"]
    assert len(gaps) > 1
    assert f"上报前请补充培训信息：{'、'.join(gap.label for gap in gaps)}。" in said
    assert completeness(new).section("training").warnings == []
    left, came = in_registry.status_changes.first(), new.status_changes.get()
    assert (in_registry.status, in_registry.specialty_id, left.reason) == ("5", "0100", "12")
    assert (new.base, new.intake_year, new.specialty_id) == (
        in_registry.base,
        in_registry.intake_year,
        "0700",
    )
    assert (new.origin, new.report_status, new.review_status, new.module) == (
        "transfer",
        "0",
        "0",
        "registry",
    )
    assert (new.trainee_type, new.personal_state) == ("3", "2")
    # The day was given once, and its season is no fault of his.
    start = timezone.localdate()
    assert training_context(new)["has_moved"]
    assert (new.approved_years, new.actual_start_date, new.training_complete) == (None, start, False)
    assert new.specialty_locked is False
    assert (came.from_status, came.to_status) == ("", "1")
    # Each record leads to the other.
    assert f"/base/records/{new.pk}/" in page(client.get(f"/base/records/{in_registry.pk}/"))
    assert f"/base/records/{in_registry.pk}/" in page(client.get(f"/base/records/{new.pk}/"))


def act(enrollment, by, specialty="0700", **changed):
    values = {"effective_date": timezone.localdate(), "note": ""} | changed
    return change_specialty(enrollment.pk, specialty, **values, by=by)


def test_specialty_without_accreditation_is_refused(in_registry, base_officer):
    with pytest.raises(StateMoved):
        act(in_registry, base_officer, "1800")
    in_registry.refresh_from_db()
    assert in_registry.status == "1"


def test_nothing_is_written_where_the_second_half_fails(in_registry, base_officer, monkeypatch):
    """PAIN-16: one transaction."""

    def broken(*_, **__):
        raise RuntimeError

    monkeypatch.setattr(specialty_change, "open_in_specialty", broken)
    with pytest.raises(RuntimeError):
        act(in_registry, base_officer)
    in_registry.refresh_from_db()
    assert (in_registry.status, in_registry.status_changes.count()) == ("1", 0)


def test_future_date_is_refused(in_registry, base_officer):
    with pytest.raises(Refused):
        act(in_registry, base_officer, effective_date=timezone.localdate() + datetime.timedelta(days=1))
    assert Enrollment.objects.filter(resident=in_registry.resident).count() == 1


def test_another_base_that_asks_for_the_person_waits_on(
    in_registry, base_officer, other_base, other_base_officer
):
    """PAIN-15: the person is still held, so the request follows him to the new record."""
    asked = transfers.ask(in_registry.pk, other_base, reason="转入", by=other_base_officer)
    new = act(in_registry, base_officer)
    asked.refresh_from_db()
    assert (asked.state, asked.enrollment) == ("open", new)


def test_second_click_finds_the_state_moved(in_registry, base_officer):
    act(in_registry, base_officer)
    with pytest.raises(StateMoved):
        act(in_registry, base_officer)
    assert Enrollment.objects.filter(resident=in_registry.resident).count() == 2


@pytest.mark.parametrize(
    "values", [{"registered_at": None}, {"status": "4"}, {"specialty_locked": False}, {"status": "5"}]
)
def test_where_it_is_not_possible(in_registry, base_officer, signed_in, values):
    """AM-24, AM-25, BR-37: intake and unlocked ones are edited, 结束 and 退培 stay."""
    Enrollment.objects.filter(pk=in_registry.pk).update(**values)
    assert signed_in(base_officer).get(f"/base/records/{in_registry.pk}/specialty/").status_code == 302
    with pytest.raises(StateMoved):
        act(in_registry, base_officer)


def test_the_base_may_reopen_the_old_record_only_while_no_newer_one_lives(in_registry, base_officer):
    """docs/codes.md#status: 退培 → 在培 is a correction, impossible beside a newer live record."""
    act(in_registry, base_officer)
    values = {"status": "1", "effective_date": timezone.localdate(), "reason_note": "登记有误"}
    with pytest.raises(Refused):
        change_status(in_registry.pk, values, by=base_officer)


def test_page_of_another_base_does_not_exist(in_registry, signed_in, other_base_officer):
    assert signed_in(other_base_officer).get(f"/base/records/{in_registry.pk}/specialty/").status_code == 404


def test_read_only_officer_is_refused(in_registry, signed_in, base):
    viewer = factories.UserFactory()
    factories.grant(viewer, base, read_only=True)
    assert signed_in(viewer).get(f"/base/records/{in_registry.pk}/specialty/").status_code == 403
