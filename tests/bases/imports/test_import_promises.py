"""What holds for any workbook: the dry run tells the truth and the counts add up (GOAL-B3, GOAL-B6)."""

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from bases.imports import services as imports
from bases.imports.batch import BatchMoved
from bases.imports.worker import apply_batch
from residents.models import Enrollment, Resident
from tests import factories
from tests.bases.conftest import account_line, counts
from tests.bases.desk import complete, reported
from tests.bases.workbooks.training_files import edited, template
from tests.width import examples

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


@pytest.mark.long
@pytest.mark.django_db
@settings(
    max_examples=examples(8),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(rows=ROWS)
def test_dry_run_verdict_is_the_commit_verdict(rows, checked, base, other_base, cycle):
    """GOAL-B3: on unchanged data every row ends as the preview said; rows in = created + unchanged + refused."""
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


@pytest.mark.long
@pytest.mark.django_db
@settings(
    max_examples=examples(4),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(rows=ROWS)
def test_second_import_of_the_same_file_creates_nothing(rows, imported, checked, base, other_base, cycle):
    """GOAL-B10: after the first import every good row is 已存在; no row becomes good that was bad."""
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


# --- the training workbook -------------------------------------------------------------------------------------------

EDITS = {
    "nothing": {},
    "remark": {"备注": "门诊二组"},
    "cleared": {"备注": "清空"},
    "specialty": {"培训专业": "儿科"},
    "years": {"核定的培训年限（年）": "2", "减免原因": "已有临床工作经历"},
    "bad years": {"核定的培训年限（年）": "9", "备注": "x"},
    "other name": {"姓名": "司马相如", "备注": "x"},
    "other year": {"招收年度": "2014"},
    "stranger": {"证件号": "110101199003070011"},
    "reported": {},
    "reported and changed": {"备注": "晚了"},
}


def sheet_of(kinds, base, year, officer) -> bytes:
    """A training workbook with one record of the base for each kind of row."""
    records = [complete(base, year) for _ in kinds]
    for record, kind in zip(records, kinds, strict=True):
        if kind.startswith("reported"):
            reported(record, officer)
    changes = {
        (line, header): text for line, kind in enumerate(kinds, 1) for header, text in EDITS[kind].items()
    }
    return edited(template(records, base), changes)


@pytest.mark.django_db
@settings(
    max_examples=examples(4),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@example(kinds=["years", "nothing"], mode="good_rows")
@pytest.mark.long
@given(
    kinds=st.lists(st.sampled_from(sorted(EDITS)), min_size=1, max_size=6),
    mode=st.sampled_from(["good_rows", "all_or_nothing"]),
)
def test_training_dry_run_is_the_commit_in_both_modes_and_the_file_again_changes_nothing(
    kinds, mode, send, base, base_officer, cycle
):
    """GOAL-B3, GOAL-B6, GOAL-B10, GOAL-B12: verdicts as promised, sums are the rows of the file; all or nothing writes
    nothing beside a bad row; the same file again is 0/0, and writes no line of history."""
    events = Enrollment.events.rel.related_model.objects
    try:
        with transaction.atomic():
            content = sheet_of(kinds, base, cycle.year, base_officer)
            batch = send(content)
            preview, before = dict(batch.rows.values_list("sheet_row", "verdict")), events.count()
            sums = (batch.rows_created, batch.rows_updated, batch.rows_unchanged, batch.rows_refused)
            assert sum(sums) == batch.rows_total == len(kinds)
            can_be_written = batch.rows_updated and not (mode == "all_or_nothing" and batch.rows_refused)
            if can_be_written:
                imports.confirm(batch, mode=mode, by=base_officer)
                apply_batch(batch.pk)
                batch.refresh_from_db()
                assert batch.state == "applied"
            else:
                with pytest.raises(BatchMoved):
                    imports.confirm(batch, mode=mode, by=base_officer)
            assert dict(batch.rows.values_list("sheet_row", "verdict")) == preview
            changed = events.filter(pgh_context__metadata__contains={"channel": "import"})
            assert changed.values("pgh_obj_id").distinct().count() == (
                batch.rows_updated if can_be_written else 0
            )

            written = events.count()
            again = send(content)
            if can_be_written:
                assert (again.rows_created, again.rows_updated) == (0, 0)
                assert again.rows_unchanged == batch.rows_updated + batch.rows_unchanged
            else:
                assert before == written
            assert again.rows_refused == batch.rows_refused
            assert events.count() == written
            raise _Rollback
    except _Rollback:
        pass
