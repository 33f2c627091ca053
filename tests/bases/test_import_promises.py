"""What holds for any account workbook: the dry run tells the truth and the counts add up (GOALS B3, B6; demand 7)."""

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bases import imports
from bases.import_work import apply_batch
from residents.models import Enrollment, Resident
from tests import factories
from tests.bases.conftest import account_line, counts

PEOPLE = ("new", "again", "here", "elsewhere", "withdrawn", "other name", "lapsed", "deleted", "bad number")
FAULTS = ("", "", "", "", "intake_year", "full_name", "id_type", "mobile")
ROWS = st.lists(st.tuples(st.sampled_from(PEOPLE), st.sampled_from(FAULTS)), min_size=1, max_size=12)


class _Rollback(Exception):
    pass


def line_of(kind: str, fault: str, earlier: list[dict], base, other_base, year: int) -> dict:
    """One line of a workbook about a person whom the platform knows in the way named."""
    now = timezone.now()
    known = {
        "here": {"base": base},
        "elsewhere": {"base": other_base, "status": "4"},
        "withdrawn": {"base": other_base, "status": "5"},
        "other name": {"base": other_base, "status": "5"},
        "lapsed": {"base": other_base, "lapsed_at": now},
        "deleted": {"base": base, "deleted_at": now, "deleted_reason": "录入错误"},
    }
    line = account_line(intake_year=str(year))
    if kind in known:
        person = factories.EnrollmentFactory(intake_year=year - 1, **known[kind]).resident
        line["id_number"] = person.id_number
    if kind == "again" and earlier:
        line["id_number"] = earlier[0]["id_number"]
    if kind == "bad number":
        line["id_number"] = "330106199503120015"
    if kind == "other name":
        line["full_name"] = "司马相如"
    return line | ({fault: "？"} if fault else {})


@pytest.mark.django_db
@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(rows=ROWS)
def test_dry_run_verdict_is_the_commit_verdict(rows, checked, base, other_base, cycle):
    """B3: on unchanged data every row ends as the preview said; rows in = created + unchanged + refused."""
    try:
        with transaction.atomic():
            lines: list[dict] = []
            for kind, fault in rows:
                lines.append(line_of(kind, fault, lines, base, other_base, cycle.year))
            batch = checked(lines)
            preview = dict(batch.rows.values_list("sheet_row", "verdict"))
            before = Enrollment.objects.count()
            promised = counts(batch)
            if batch.rows_created:
                imports.confirm(batch, mode="good_rows", by=batch.uploaded_by)
                apply_batch(batch.pk)
                batch.refresh_from_db()
                assert batch.state == "applied"

            assert dict(batch.rows.values_list("sheet_row", "verdict")) == preview
            assert counts(batch) == promised
            assert sum(promised[1:]) == promised[0] == len(lines)
            assert Enrollment.objects.count() == before + batch.rows_created
            assert Enrollment.objects.filter(import_batch=batch).count() == batch.rows_created
            numbers = Resident.objects.values_list("id_number", flat=True)
            assert len(numbers) == len(set(numbers))
            raise _Rollback
    except _Rollback:
        pass


@pytest.mark.django_db
@settings(
    max_examples=10,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(rows=ROWS)
def test_second_import_of_the_same_file_creates_nothing(rows, imported, checked, base, other_base, cycle):
    """B10: after the first import every good row is 已存在; no row becomes good that was bad."""
    try:
        with transaction.atomic():
            lines: list[dict] = []
            for kind, fault in rows:
                lines.append(line_of(kind, fault, lines, base, other_base, cycle.year))
            first = checked(lines)
            if first.rows_created:
                imports.confirm(first, mode="good_rows", by=first.uploaded_by)
                apply_batch(first.pk)
            again = checked(lines)
            assert counts(again) == (
                len(lines),
                0,
                first.rows_created + first.rows_unchanged,
                first.rows_refused,
            )
            raise _Rollback
    except _Rollback:
        pass
