"""Every change of 培训状态, allowed and forbidden, by service and by SQL (docs/codes.md#status; BR-32, BR-82; AM-10,
AM-25)."""

import datetime

import pytest
from django.db import IntegrityError, InternalError, ProgrammingError, connection, transaction
from django.utils import timezone

from residents.models import Enrollment, StatusChange
from residents.models.enrollment import Status
from residents.services.refusals import Refused
from residents.services.states import StateMoved
from residents.services.status import change_status
from tests import factories

# As the table of docs/codes.md#status writes it, not as the code does.
ALLOWED = {
    ("1", "2"), ("1", "3"), ("1", "4"), ("1", "5"),
    ("2", "1"), ("3", "1"), ("4", "1"), ("4", "2"),
    ("2", "3"), ("3", "2"),
    ("2", "4"), ("3", "4"), ("2", "5"), ("3", "5"),
    ("5", "1"),
}  # fmt: skip
DAY = datetime.date(2026, 3, 2)
PAIRS = [(old, new) for old in Status.values for new in Status.values if old != new]


def details(new: str) -> dict:
    """What a change to this status needs."""
    today = timezone.localdate()
    return {
        "1": {"reason_note": "登记有误"},
        "2": {"reason": "23", "extended_until": today + datetime.timedelta(days=90)},
        "3": {
            "reason": "31",
            "suspended_from": today,
            "expected_resume": today + datetime.timedelta(days=30),
        },
        "4": {"reason": "43", "ended_on": today, "ended_result": "3"},
        "5": {"reason": "13", "withdrawal_kind": "1", "destination": "回原籍"},
    }[new] | {"status": new, "effective_date": today}


@pytest.fixture
def record(base, cycle):
    def make(status: str) -> Enrollment:
        return factories.EnrollmentFactory(
            base=base, intake_year=cycle.year, registered_at=timezone.now(), status=status
        )

    return make


@pytest.mark.parametrize(("old", "new"), PAIRS)
def test_transition_by_the_service(record, base_officer, old, new):
    """Effective at once (AM-10), one row of history a change; 结束 → 退培 is refused (AM-25)."""
    enrollment = record(old)
    if (old, new) in ALLOWED:
        change = change_status(enrollment.pk, details(new), by=base_officer)
        assert (change.from_status, change.to_status) == (old, new)
    else:
        with pytest.raises(Refused) as refused:
            change_status(enrollment.pk, details(new), by=base_officer)
        assert set(refused.value.problems) == {"status"}
    enrollment.refresh_from_db()
    assert enrollment.status == (new if (old, new) in ALLOWED else old)


@pytest.mark.parametrize("result", ["2", "3"])
@pytest.mark.parametrize("way", ["1", "2"])
def test_failed_or_missed_exam_leads_back(record, base_officer, result, way):
    """AM-34: the base itself brings 结束 back to 在培 or to 延期, again and again: the old result bars nothing."""
    enrollment = record("1")
    for _ in range(2):
        end = details("4") | {"reason": "42" if result == "2" else "43", "ended_result": result}
        change_status(enrollment.pk, end, by=base_officer)
        assert change_status(enrollment.pk, details(way), by=base_officer).to_status == way


def test_mistaken_certificate_is_corrected_first(record, base_officer):
    """AM-34: after 结业并获证 every change is refused; the way its words name is open and leads on."""
    enrollment = record("1")
    end = details("4") | {"reason": "41", "ended_result": "1"}
    change_status(enrollment.pk, end, by=base_officer)
    for new in ("1", "2", "3", "5"):
        with pytest.raises(Refused) as refused:
            change_status(enrollment.pk, details(new), by=base_officer)
        [found] = refused.value.problems["status"]
        assert found.code == "status_certified"
        assert "结束（更正明细）" in str(found)
    change_status(enrollment.pk, end | {"reason": "42", "ended_result": "2"}, by=base_officer)
    assert change_status(enrollment.pk, details("2"), by=base_officer).to_status == "2"


@pytest.mark.parametrize(("old", "new"), PAIRS)
def test_transition_by_sql(record, old, new):
    """The database refuses what the table does not list, whoever asks."""
    enrollment = record(old)

    def update() -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("UPDATE residents_enrollment SET status = %s WHERE id = %s", [new, enrollment.pk])

    if (old, new) in ALLOWED:
        update()
    else:
        with pytest.raises(InternalError):
            update()


@pytest.mark.parametrize("old", ["1", "2", "3"])
def test_change_needs_reason_and_date(record, base_officer, old):
    """docs/codes.md#status: reason + date."""
    for left_out in ("reason", "effective_date"):
        values = {name: value for name, value in details("5").items() if name != left_out}
        with pytest.raises(Refused) as refused:
            change_status(record(old).pk, values, by=base_officer)
        assert left_out in refused.value.problems


COMPLETE = {
    "2": {"reason": "21", "extended_until": DAY},
    "3": {"reason": "31", "suspended_from": DAY, "expected_resume": DAY},
    "4": {"reason": "43", "ended_on": DAY, "ended_result": "3"},
    "5": {"reason": "13", "withdrawal_kind": "1", "destination": "回原籍"},
}


def store(enrollment: Enrollment, new: str, **values) -> None:
    """Write a change past the service."""
    with transaction.atomic():
        StatusChange.objects.create(enrollment=enrollment, from_status="1", to_status=new, **values)


@pytest.mark.parametrize(
    ("new", "left_out"),
    [(new, name) for new, values in COMPLETE.items() for name in (*values, "effective_date")],
)
def test_database_keeps_no_change_that_does_not_tell_why(record, new, left_out):
    """docs/fields.md#status, docs/codes.md#status: reason, date and the details of the new status, past the application
    too."""
    values = COMPLETE[new] | {"effective_date": DAY}
    store(record("1"), new, **values)
    with pytest.raises(IntegrityError):
        store(record("1"), new, **{name: value for name, value in values.items() if name != left_out})


@pytest.mark.parametrize("new", COMPLETE)
def test_database_keeps_no_reason_of_another_status(record, new):
    """docs/codes.md#status: a reason belongs to one status."""
    for reason in {values["reason"] for status, values in COMPLETE.items() if status != new}:
        with pytest.raises(IntegrityError):
            store(record("1"), new, **COMPLETE[new] | {"effective_date": DAY, "reason": reason})


@pytest.mark.parametrize(("new", "reason"), [("2", "29"), ("3", "39"), ("4", "49"), ("5", "19")])
def test_other_reason_needs_its_note_in_the_database(record, new, reason):
    """docs/fields.md#status: 其他 says what it is."""
    values = COMPLETE[new] | {"effective_date": DAY, "reason": reason}
    with pytest.raises(IntegrityError):
        store(record("1"), new, **values)
    store(record("1"), new, **values, reason_note="家庭原因")


def test_transfer_needs_no_kind_of_withdrawal(record):
    """docs/fields.md#status: 退培类型 is asked unless the reason is a transfer."""
    store(record("1"), "5", effective_date=DAY, reason="11", destination="宁波市第一医院")


@pytest.mark.parametrize("old", ["2", "3", "4"])
def test_return_needs_its_date(record, base_officer, old):
    """BR-82: back to 在培, with the date the seed asks for."""
    with pytest.raises(Refused) as refused:
        change_status(record(old).pk, {"status": "1"}, by=base_officer)
    assert set(refused.value.problems) == {"effective_date"}


def test_reopening_beside_a_newer_record_elsewhere(record, base_officer, other_base, cycle):
    """退培 → 在培 only without a newer live record anywhere, by the service and by the database."""
    enrollment = record("5")
    factories.EnrollmentFactory(resident=enrollment.resident, base=other_base, intake_year=cycle.year)
    with pytest.raises(Refused) as refused:
        change_status(enrollment.pk, details("1"), by=base_officer)
    assert [problem.code for problem in refused.value.problems["status"]] == ["reopen_blocked"]
    with pytest.raises(IntegrityError), transaction.atomic():
        Enrollment.objects.filter(pk=enrollment.pk).update(status="1")


def test_history_of_statuses_is_append_only(record, base_officer):
    change = change_status(record("1").pk, details("5"), by=base_officer)
    for act in (change.save, change.delete):
        with pytest.raises((InternalError, ProgrammingError)), transaction.atomic():
            act()


@pytest.mark.parametrize("values", [{"registered_at": None}, {"lapsed_at": timezone.now()}])
def test_intake_and_lapsed_records_have_no_status_change(record, base_officer, values):
    enrollment = record("1")
    Enrollment.objects.filter(pk=enrollment.pk).update(**values)
    with pytest.raises(StateMoved):
        change_status(enrollment.pk, details("5"), by=base_officer)
