"""Undoing a training workbook: changed records go back to what they were (GOAL-B11; BR-83, AM-15, AM-26)."""

import pytest
from django.urls import reverse
from django.utils import timezone

from bases.imports.batch import BatchMoved
from bases.imports.undo import services as undo
from bases.models import ImportBatch
from bases.records.services import change_status, save_training
from bases.report.withdrawal import withdraw
from portal.models import AuditEvent, Step
from residents.history import timeline
from residents.models import Enrollment
from residents.services.personal import save_block
from residents.services.status import status_context
from residents.snapshot import status_values
from tests import factories
from tests.bases.desk import approved, close, complete, reported, state
from tests.bases.workbooks.training_files import edited, template, verdicts

# Events bear the start of their transaction, so import and later saves must be real transactions here.
pytestmark = pytest.mark.django_db(transaction=True)

SUSPENSION = {
    "培训状态": "暂停",
    "变更日期": "2026-03-01",
    "变更原因": "产假",
    "暂停起始日期": "2026-03-01",
    "预计恢复日期": "2026-09-01",
}
_STAMPS = {"version", "updated_at", "report_status", "state_since"}


def content(record: Enrollment) -> dict:
    """All columns of a record but its stamps and what a change does to 上报."""
    return {
        name: value
        for name, value in Enrollment.objects.filter(pk=record.pk).values().get().items()
        if name not in _STAMPS
    }


@pytest.fixture
def registered(base, cycle, base_officer, provincial_reviewer) -> list[Enrollment]:
    """Three approved records of last year's cohort."""
    late = {"origin": "late", "registered_at": timezone.now()}
    return [
        approved(complete(base, cycle.year - 1, **late), base_officer, provincial_reviewer) for _ in range(3)
    ]


def test_undo_puts_every_column_back_and_enters_the_history(rows, base, send, write, base_officer):
    """GOAL-B11: dates, codes, truths, texts, what followed from them; GOAL-B12: the row that changed nothing has no new
    event."""
    before = [content(row) for row in rows]
    changes = {
        (1, "人员类型"): "委培单位人",
        (1, "委派（送出）单位"): "台州市第一人民医院",
        (1, "委派单位统一信用代码"): "12330000470051726F",
        (1, "委派单位是否军队医院"): "否",
        (1, "核定的培训年限（年）"): "2",
        (1, "减免原因"): "已有临床工作经历",
        (2, "培训专业"): "儿科",
        (2, "培训实际开始时间"): f"{rows[1].intake_year}-10-08",
        (2, "备注"): "门诊",
    }
    batch = write(send(edited(template(rows, base), changes)))
    assert [content(row) == old for row, old in zip(rows, before, strict=True)] == [False, False, True]

    plan = undo.undo(batch, by=base_officer)

    batch.refresh_from_db()
    assert (batch.state, plan.count, len(plan.kept)) == ("undone", 2, 0)
    assert [content(row) for row in rows] == before
    assert [row.events.count() for row in rows] == [4, 4, 2]
    newest = timeline(rows[1], with_names=True)[0]
    assert newest.actor == base_officer.full_name
    assert ("培训专业", "儿科", "内科") in [(each.label, each.old, each.new) for each in newest.changes]
    audited = AuditEvent.objects.get(action="import_undo").detail
    assert audited == {"deleted": 0, "restored": 2, "kept": 0}


def test_undo_lists_rows_touched_since_and_leaves_them_alone(rows, base, send, write, base_officer):
    """GOAL-B11: a save in the form, even of another field and even back again, keeps the row as it is."""
    batch = write(send(edited(template(rows, base), {(n, "备注"): f"第{n}行" for n in (1, 2, 3)})))
    save_training(rows[0].pk, {"remark": "后来的备注"}, by=base_officer)
    save_training(rows[1].pk, {"specialty": "0200"}, by=base_officer)
    save_training(rows[1].pk, {"specialty": "0100"}, by=base_officer)
    plan = undo.undo(batch, by=base_officer)
    assert {each.enrollment.pk: each.reason for each in plan.kept} == {
        rows[0].pk: "培训信息或状态此后已修改。",
        rows[1].pk: "培训信息或状态此后已修改。",
    }
    remarks = list(Enrollment.objects.order_by("pk").values_list("remark", flat=True))
    assert remarks == ["后来的备注", "第2行", ""]
    noted = batch.rows.filter(problems__contains=[{"code": undo.KEPT}]).values_list("sheet_row", flat=True)
    assert list(noted) == [2, 3]


def test_what_the_resident_saved_since_is_no_reason_to_keep_the_row(rows, base, send, write, base_officer):
    """GOAL-B11, AM-14: personal info is another block; the undo writes none of it."""
    batch = write(send(edited(template(rows, base), {(1, "备注"): "x"})))
    person = rows[0].resident
    save_block(rows[0], "basic", {"emergency_name": "陈建军"}, by=person.user)
    assert undo.undo(batch, by=base_officer).count == 1
    rows[0].refresh_from_db()
    assert rows[0].remark == ""
    person.basic.refresh_from_db()
    assert person.basic.emergency_name == "陈建军"


def test_batch_of_which_a_record_was_reported_since_is_not_undone(rows, base, send, write, base_officer):
    """GOAL-B11: only while nothing of it was reported."""
    batch = write(send(edited(template(rows, base), {(1, "备注"): "x", (2, "备注"): "y"})))
    reported(rows[1], base_officer)
    assert [each.pk for each in undo.plan_of(batch).reported] == [rows[1].pk]
    with pytest.raises(BatchMoved, match="1 人此后已经上报"):
        undo.undo(batch, by=base_officer)
    assert Enrollment.objects.get(pk=rows[0].pk).remark == "x"


def test_report_taken_back_forbids_no_undo(rows, base, send, write, base_officer):
    """GOAL-B11: while nothing of it is reported."""
    before = content(rows[0])
    batch = write(send(edited(template(rows, base), {(1, "备注"): "x"})))
    reported(rows[0], base_officer)
    withdraw(rows[0].pk, by=base_officer)
    assert undo.undo(batch, by=base_officer).count == 1
    assert content(rows[0]) == before


def test_earlier_report_does_not_forbid_the_undo_and_the_record_stays_unreported(
    registered, base, send, write, base_officer
):
    """BR-83, BR-84: the import un-reported it; the content goes back, to report again is the base's own act."""
    before = [content(row) for row in registered]
    batch = write(send(edited(template(registered, base, "registry"), {(1, "备注"): "x"}), module="registry"))
    assert state(registered[0]) == ("0", "2")
    assert undo.undo(batch, by=base_officer).count == 1
    assert [content(row) for row in registered] == before
    assert [state(row) for row in registered] == [("0", "2"), ("1", "2"), ("1", "2")]


def test_undo_takes_a_change_of_status_back_as_one_more_change(registered, base, send, write, base_officer):
    """docs/fields.md#status: no change of status is ever deleted; the way back is a change of its own that says so."""
    before = content(registered[0])
    day = f"{registered[0].intake_year}-10-01"
    changes = {(1, name): value for name, value in SUSPENSION.items()}
    changes |= {(1, "变更日期"): day, (1, "暂停起始日期"): day, (1, "备注"): "x"}
    batch = write(send(edited(template(registered, base, "registry"), changes), module="registry"))
    assert undo.undo(batch, by=base_officer).count == 1
    assert content(registered[0]) == before
    newest, oldest = registered[0].status_changes.all()
    assert (oldest.from_status, oldest.to_status) == ("1", "3")
    assert (newest.from_status, newest.to_status) == ("3", "1")
    assert (newest.takes_back, newest.effective_date, newest.reason_note) == (oldest, None, "")


def test_status_changed_again_since_keeps_the_row(registered, base, send, write, base_officer):
    """GOAL-B11."""
    day = f"{registered[0].intake_year}-10-01"
    changes = {(1, name): value for name, value in SUSPENSION.items()}
    changes |= {(1, "变更日期"): day, (1, "暂停起始日期"): day}
    batch = write(send(edited(template(registered, base, "registry"), changes), module="registry"))
    change_status(registered[0].pk, {"status": "1", "effective_date": day}, by=base_officer)
    (kept,) = undo.undo(batch, by=base_officer).kept
    assert kept.enrollment.pk == registered[0].pk
    assert Enrollment.objects.get(pk=registered[0].pk).status == "1"


def test_withdrawn_person_who_was_imported_elsewhere_stays_withdrawn(
    registered, base, other_base, send, write, base_officer
):
    """BR-74, AM-27: the undo takes nobody from another base."""
    day = f"{registered[0].intake_year}-10-01"
    changes = {
        (1, "培训状态"): "退培",
        (1, "变更日期"): day,
        (1, "变更原因"): "转换培训基地",
        (1, "学员去向"): "宁波市第一医院 内科",
    }
    checked = send(edited(template(registered, base, "registry"), changes), module="registry")
    assert verdicts(checked)[0] == "update", checked.rows.earliest("sheet_row").problems
    batch = write(checked)
    factories.EnrollmentFactory(resident=registered[0].resident, base=other_base)
    (kept,) = undo.undo(batch, by=base_officer).kept
    assert kept.reason == "此人退培后已有新的培训记录，这条记录不能改为“在培”。"
    assert Enrollment.objects.get(pk=registered[0].pk).status == "5"


def test_intake_record_locked_by_now_is_kept(rows, base, send, write, base_officer, cycle):
    """BR-39: after the deadline nobody writes to the intake, an undo neither."""
    batch = write(send(edited(template(rows, base), {(1, "备注"): "x"})))
    close(cycle, Step.BASE_FILL, Step.REPORT)
    (kept,) = undo.undo(batch, by=base_officer).kept
    assert "现在不能办理" in kept.reason
    assert Enrollment.objects.get(pk=rows[0].pk).remark == "x"


def test_undo_twice_is_undo_once(rows, base, send, write, base_officer):
    batch = write(send(edited(template(rows, base), {(1, "备注"): "x"})))
    undo.undo(batch, by=base_officer)
    version = Enrollment.objects.get(pk=rows[0].pk).version
    assert undo.undo(batch, by=base_officer) is None
    assert Enrollment.objects.get(pk=rows[0].pk).version == version


def test_same_file_after_the_undo_changes_again(rows, base, send, write, base_officer):
    content = edited(template(rows, base), {(1, "备注"): "x"})
    undo.undo(write(send(content)), by=base_officer)
    assert verdicts(send(content)) == ["update", "unchanged", "unchanged"]


def test_page_shows_now_and_then_of_each_cell_and_carries_out(
    signed_in, rows, base, send, write, base_officer
):
    batch = write(send(edited(template(rows, base), {(1, "培训专业"): "儿科"})))
    desk, address = signed_in(base_officer), reverse("bases:import-undo", args=[batch.pk])
    page = desk.get(address).text
    assert '<span class="old-value">儿科</span> → <span class="new-value">内科</span>' in page
    assert rows[0].resident.id_number not in page
    assert "已撤销 1 人的导入，保留 0 人。" in desk.post(address, follow=True).text
    assert Enrollment.objects.get(pk=rows[0].pk).specialty_id == "0100"


@pytest.mark.parametrize("number", [1, 3])
def test_plan_asks_the_same_number_of_queries_for_one_row_and_for_three(
    number, rows, base, send, write, django_assert_num_queries
):
    changes = {(line, "备注"): "x" for line in range(1, number + 1)}
    batch = write(send(edited(template(rows, base), changes)))
    with django_assert_num_queries(11):
        undo.plan_of(ImportBatch.objects.get(pk=batch.pk))


def test_after_an_undo_the_true_day_is_taken(registered, base, send, write, base_officer):
    """What was taken back judges nothing any more: neither the same file nor an earlier day, and what is reported
    differs from the last report in nothing."""
    record = registered[0]
    before = status_values(record)

    def suspended(day):
        dates = {(1, "变更日期"): day, (1, "暂停起始日期"): day, (1, "备注"): "x"}
        changes = {(1, name): value for name, value in SUSPENSION.items()} | dates
        return write(send(edited(template(registered, base, "registry"), changes), module="registry"))

    later, earlier = f"{record.intake_year}-10-20", f"{record.intake_year}-10-05"
    assert undo.undo(suspended(later), by=base_officer).count == 1
    record = Enrollment.objects.get(pk=record.pk)
    assert status_values(record) == before
    assert status_context(record)["last_change_date"] is None
    for day in (later, earlier):
        batch = suspended(day)
        assert batch.rows_updated == 1
        assert undo.undo(batch, by=base_officer).count == 1
    assert status_values(Enrollment.objects.get(pk=record.pk)) == before
