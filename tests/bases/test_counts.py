"""The numbers of the fixed statistics, kept by triggers (BR-59, BR-86; GOAL-P7): never off by one, whoever writes."""

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.db.models import Sum
from django.utils import timezone

from bases.counts import count_anew, differences, fold
from bases.models import ApprovedCount, CountedPerson, IntakeCount, Submission
from residents.models import Enrollment, StatusChange
from review.demo.nation import without_triggers
from tests import factories
from tests.bases.report.test_report_at_once import at_once
from tests.database import as_owner
from tests.test_database_promises import make_submission


@pytest.fixture
def approved(base, base_officer):
    """Makes records with an approved submission that do not count yet."""

    def make(count: int) -> list[Enrollment]:
        records = [factories.EnrollmentFactory(base=base, intake_year=2025) for _ in range(count)]
        for record in records:
            make_submission(
                record, base_officer, outcome="approved", decided_by=base_officer, decided_at=timezone.now()
            )
        return records

    return make


def count(records: list[Enrollment]) -> None:
    """Let the approved submissions count for the registry and for the intake, in one statement."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE residents_enrollment e SET approved_submission_id = s.id, intake_submission_id = s.id,"
            " registered_at = now() FROM bases_submission s WHERE s.enrollment_id = e.id AND e.id = ANY(%s)",
            [[record.pk for record in records]],
        )


def numbers() -> dict[str, int]:
    found = ApprovedCount.objects.values_list("source").annotate(sum=Sum("number"))
    return {source: number for source, number in found if number}


def test_one_statement_writes_one_row_a_kind(approved):
    records = approved(3)
    assert numbers() == {}
    count(records)
    kinds = ApprovedCount.objects.order_by("source").values_list(
        "source", "province_id", "specialty_id", "intake_year", "trainee_type", "status", "number"
    )
    province = records[0].base.province_id
    assert list(kinds) == [
        ("all", province, "0100", 2025, "3", "1", 3),
        ("current", province, "0100", 2025, "3", "1", 3),
        ("intake", province, "0100", 2025, "3", "1", 3),
    ]


def test_a_save_that_moves_no_number_writes_nothing(approved):
    records = approved(2)
    count(records)
    Enrollment.objects.update(remark="已核对")
    assert ApprovedCount.objects.count() == 3
    moves = sorted(IntakeCount.objects.values_list("is_approved", "number"))
    assert moves == [(False, -2), (False, 1), (False, 1), (True, 2)]


def test_deletion_and_restoration_are_counted(approved, base_officer):
    """AM-19, AM-32: a deleted record leaves 现有人员 and 全部培训记录 at once; an intake original stays."""
    records = approved(2)
    count(records)
    one = Enrollment.objects.filter(pk=records[0].pk)
    one.update(deleted_at=timezone.now(), deleted_by=base_officer, deleted_reason="非本基地人员")
    assert numbers() == {"current": 1, "all": 1, "intake": 2}
    one.update(deleted_at=None, deleted_by=None, deleted_reason="")
    assert numbers() == {"current": 2, "all": 2, "intake": 2}


def test_rows_that_come_and_go_with_sql_are_counted(approved):
    """A row that counts from the beginning, as of a migration, and one taken out of the table."""
    submission = Submission.objects.get(enrollment=approved(1)[0])
    copied = factories.EnrollmentFactory(base=submission.base, approved_submission=submission)
    assert numbers() == {"current": 1, "all": 1}
    assert not StatusChange.objects.filter(enrollment=copied).exists()
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM residents_enrollment WHERE id = %s", [copied.pk])
    assert numbers() == {}
    assert differences() == {}


def test_folding_keeps_the_numbers(approved):
    """Many statements of one kind become one row; a kind that is empty again leaves none."""
    records = approved(3)
    for record in records:
        count([record])
    assert ApprovedCount.objects.count() == 9
    fold()
    kept = [("all", 3), ("current", 3), ("intake", 3)]
    assert sorted(ApprovedCount.objects.values_list("source", "number")) == kept
    Enrollment.objects.update(approved_submission=None)
    call_command("run_clock", "--once")
    assert list(ApprovedCount.objects.values_list("source", "number")) == [("intake", 3)]


def test_the_command_names_and_repairs_a_wrong_number(approved, capsys):
    count(approved(2))
    call_command("check_counts")
    ApprovedCount.objects.filter(source="current").update(number=5)
    first = CountedPerson.objects.order_by("pk").first()
    CountedPerson.objects.filter(pk=first.pk).update(submission=None)
    with pytest.raises(CommandError):
        call_command("check_counts")
    call_command("check_counts", "--repair")
    province = ApprovedCount.objects.first().province_id
    wrong = [
        f"bases_approvedcount current {province} 0100 2025 3 1: +3",
        f"bases_countedperson {first.pk} {first.submission_id} current: -1",
    ]
    assert capsys.readouterr().out.splitlines() == [
        "统计数字与记录相符。",
        *wrong,
        *wrong,
        "已改正 2 个数字。",
    ]
    assert numbers() == {"current": 2, "all": 2, "intake": 2}
    assert differences() == {}


@pytest.mark.django_db(transaction=True)
def test_the_numbers_are_right_whoever_writes_at_once(approved):
    """Writers move two kinds in opposite orders within one transaction, while rows are folded and counted anew: none
    waits for another in a circle and nothing is lost."""
    records = approved(8)
    others = Enrollment.objects.filter(pk__in=[record.pk for record in records[4:]])
    with as_owner(), transaction.atomic(), without_triggers(Submission):
        Submission.objects.filter(enrollment__in=others).update(trainee_type="1")

    def act(number: int) -> None:
        pair = records[number % 4], records[number % 4 + 4]
        for _ in range(10):
            if number == 4:
                fold()
            elif number == 5:
                count_anew()
            else:
                with transaction.atomic():
                    for record in pair if number % 2 else reversed(pair):
                        Enrollment.objects.filter(pk=record.pk).update(approved_submission=None)
                        count([record])

    at_once(6, act)
    assert differences() == {}
    assert numbers() == {"current": 8, "all": 8, "intake": 8}


@pytest.mark.django_db(transaction=True)
def test_two_bases_of_one_person_may_be_decided_at_once(approved, other_base, base_officer):
    """AM-32: whatever is decided first or last, one submission stands for the person: that of the living record."""
    left = approved(2)
    count(left)
    Enrollment.objects.update(status="5")
    came = [
        factories.EnrollmentFactory(base=other_base, resident=each.resident, intake_year=2025)
        for each in left
    ]
    for each in came:
        make_submission(
            each, base_officer, outcome="approved", decided_by=base_officer, decided_at=timezone.now()
        )

    def act(number: int) -> None:
        record = (left + came)[number]
        for _ in range(25):
            Enrollment.objects.filter(pk=record.pk).update(approved_submission=None)
            count([record])

    at_once(4, act)
    assert differences() == {}
    standing = CountedPerson.objects.values_list("submission__enrollment", flat=True)
    assert set(standing) == {each.pk for each in came}
    assert numbers()["current"] == 2
