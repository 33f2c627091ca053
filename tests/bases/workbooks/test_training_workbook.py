"""培训信息模板, there and back: BR-29, BR-35, BR-56, BR-81; AM-03, AM-24; PAIN-12, PAIN-19, PAIN-30; GOAL-B3, GOAL-B10,
GOAL-B12; TRUST-26, TRUST-27."""

import io
import uuid

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from bases.imports import services as imports
from bases.imports.batch import BatchMoved
from bases.imports.worker import apply_batch, check_batch
from bases.models import ImportBatch, ImportRow, TransferRequest
from bases.records.services import save_training
from portal.models import AuditEvent, Message, Step
from residents.models import Enrollment
from residents.services.refusals import Refused
from tests import factories
from tests.bases.conftest import fetch_copy, workbook
from tests.bases.desk import approved, close, complete, page, reported, returned, state, told
from tests.bases.workbooks.training_files import codes, edited, template, verdicts
from tests.width import mostly_long

pytestmark = pytest.mark.django_db


# --- there and back --------------------------------------------------------------------------------------------------


def test_template_untouched_changes_nothing(rows, base, send, base_officer):
    """GOAL-B10, GOAL-B12: the export is the import; nothing to confirm, nothing written."""
    before = list(Enrollment.objects.order_by("pk").values())
    batch = send(template(rows, base))
    assert verdicts(batch) == ["unchanged"] * 3
    assert (batch.rows_total, batch.rows_updated, batch.rows_unchanged, batch.rows_refused) == (3, 0, 3, 0)
    with pytest.raises(Exception, match="没有可以导入的行"):
        imports.confirm(batch, mode="good_rows", by=base_officer)
    assert list(Enrollment.objects.order_by("pk").values()) == before


def test_template_holds_the_records_and_their_values(rows, base):
    """BR-29: prefilled with the base's residents; numbers as text (PAIN-01); codes as words (PAIN-12)."""
    sheet = openpyxl.load_workbook(io.BytesIO(template(rows, base))).worksheets[0]
    head = [cell.value for cell in sheet[1]]
    line = dict(zip(head, [cell.value for cell in sheet[2]], strict=True))
    person = rows[0].resident
    assert line["证件号"] == person.id_number
    assert (line["证件类型"], line["培训专业"], line["人员类型"]) == (
        "居民身份证",
        "内科",
        "面向社会招收住院医师",
    )
    assert (line["往届生/应届生"], line["是否在协同单位培训"]) == ("往届生", "否")
    assert line["培训实际开始时间"] == f"{rows[0].intake_year}-09-01"
    assert {"培训基地", "培养类型", "培训状态", "减免证明"}.isdisjoint(head)


def test_changed_cells_are_previewed_and_written(rows, base, send, write):
    """GOAL-B12: per-cell before → after; only the changed record is touched."""
    changes = {(2, "培训专业"): "儿科", (2, "备注"): "门诊二组", (2, "是否在协同单位培训"): "否"}
    batch = send(edited(template(rows, base), changes))
    assert verdicts(batch) == ["unchanged", "update", "unchanged"]
    row = batch.rows.get(verdict="update")
    assert row.before == [["培训专业", "内科", "儿科"], ["备注", "", "门诊二组"]]
    write(batch)
    one, two, three = Enrollment.objects.order_by("pk")
    assert (two.specialty_id, two.remark, two.version) == ("0200", "门诊二组", rows[1].version + 1)
    assert (one.version, three.version) == (rows[0].version, rows[2].version)
    assert two.training_complete is True


def test_history_of_a_batch_names_who_and_how(rows, base, send, write, base_officer):
    """GOAL-S3: channel, batch and actor stand at every changed row."""
    batch = write(send(edited(template(rows, base), {(1, "备注"): "一"})))
    context = rows[0].events.latest("pgh_id").pgh_context.metadata
    assert (context["channel"], context["batch"], context["user"]) == ("import", batch.pk, base_officer.pk)


def test_blank_keeps_and_the_token_clears(rows, base, send, write):
    """GOAL-B12."""
    Enrollment.objects.filter(pk=rows[0].pk).update(remark="旧备注", current_degree="1")
    changes = {(1, "备注"): "清空", (1, "当前学位类别"): None, (1, "培训专业"): None}
    batch = send(edited(template(rows, base), changes))
    assert batch.rows.get(verdict="update").before == [["备注", "旧备注", ""]]
    write(batch)
    rows[0].refresh_from_db()
    assert (rows[0].remark, rows[0].current_degree, rows[0].specialty_id) == ("", "1", "0100")


def test_file_with_the_match_columns_and_one_more_is_enough(rows, send, write):
    """GOAL-B4, PAIN-05: order-free; absent columns keep what is stored."""
    person = rows[0].resident
    content = workbook(
        [[person.id_number, "备注甲", person.full_name, "身份证"]],
        headers=("证件号", "备注", "姓名", "证件类型"),
    )
    write(send(content))
    rows[0].refresh_from_db()
    assert (rows[0].remark, rows[0].specialty_id) == ("备注甲", "0100")


def test_dependent_values_follow_as_in_the_form(rows, base, send, write):
    """GOAL-S2: the same service rules: not asked is cleared, the planned end moves with the years."""
    changes = {
        (1, "人员类型"): "委培单位人",
        (1, "委派（送出）单位"): "台州市第一人民医院",
        (1, "委派单位统一信用代码"): "12330000470051726F",
        (1, "委派单位是否军队医院"): "否",
        (1, "核定的培训年限（年）"): "2",
        (1, "减免原因"): "已有临床工作经历",
    }
    write(send(edited(template(rows, base), changes)))
    rows[0].refresh_from_db()
    assert rows[0].planned_end_date.year == rows[0].intake_year + 2
    assert rows[0].training_complete is True
    write(send(edited(template(rows, base), {(1, "人员类型"): "3"})))
    rows[0].refresh_from_db()
    assert (rows[0].trainee_type, rows[0].sponsor_name, rows[0].sponsor_is_military) == ("3", "", None)


def test_same_file_twice_says_nothing_to_write(rows, base, send, write, signed_in, base_officer):
    """GOAL-B10: 0 created, 0 updated, in so many words; the earlier batch is named."""
    content = edited(template(rows, base), {(1, "备注"): "一", (2, "备注"): "二"})
    first, events = write(send(content)), [row.events.count() for row in rows]
    again = send(content)
    assert (again.rows_created, again.rows_updated, again.rows_unchanged) == (0, 0, 3)
    text = page(signed_in(base_officer).get(f"/base/imports/{again.pk}/"))
    assert "读取的各列与系统中的内容完全一致，没有需要写入的改动：新增 0 行，更新 0 行。" in text
    assert f"批次 {first.pk}" in text
    assert [row.events.count() for row in rows] == events


@pytest.mark.parametrize("start", mostly_long([None, "09-01", "10-15"], 2))
@pytest.mark.parametrize("years", mostly_long([None, "3", "2"], 2))
@pytest.mark.parametrize("end", [None, "as stored", "other", "清空"])
def test_same_file_twice_changes_nothing_whatever_dates_it_names(rows, base, send, write, start, years, end):
    """GOAL-B10: also where the old planned end is named by hand beside a new start (docs/fields.md#training)."""
    year = rows[0].intake_year
    ends = {"as stored": str(rows[0].planned_end_date), "other": f"{year + 3}-12-31"}
    named = {
        "培训实际开始时间": start and f"{year}-{start}",
        "核定的培训年限（年）": years,
        "减免原因": "已有临床工作经历" if years == "2" else None,
        "预计培训结束时间": ends.get(end, end),
    }
    content = edited(template(rows, base), {(1, header): text for header, text in named.items()})
    first = send(content)
    if first.rows_updated:
        write(first)
    rows[0].refresh_from_db()
    assert end not in ends or str(rows[0].planned_end_date) == ends[end]
    assert verdicts(send(content)) == ["unchanged"] * 3


def test_all_or_nothing_writes_no_row_beside_a_bad_one(rows, base, send, base_officer):
    """GOAL-B6: the other mode of the same file; the sum stays the rows of the file."""
    batch = send(edited(template(rows, base), {(1, "备注"): "一", (2, "核定的培训年限（年）"): "9"}))
    with pytest.raises(BatchMoved, match="还有 1 行有误，“全部无误才导入”不能执行"):
        imports.confirm(batch, mode="all_or_nothing", by=base_officer)
    imports.confirm(batch, mode="good_rows", by=base_officer)
    apply_batch(batch.pk)
    batch.refresh_from_db()
    assert (batch.rows_total, batch.rows_updated, batch.rows_unchanged, batch.rows_refused) == (3, 1, 1, 1)


def test_all_or_nothing_takes_everything_back_when_a_record_moved(rows, base, send, base_officer):
    """GOAL-B6: one was reported after the confirmation; the other row must not stay behind."""
    batch = send(edited(template(rows, base), {(1, "备注"): "一", (2, "备注"): "二"}))
    imports.confirm(batch, mode="all_or_nothing", by=base_officer)
    reported(rows[1], base_officer)
    apply_batch(batch.pk)
    batch.refresh_from_db()
    assert (batch.state, batch.refusal["code"]) == ("checked", "conflict")
    assert Enrollment.objects.get(pk=rows[0].pk).remark == ""


def test_unchanged_rows_write_no_history_and_un_report_nothing(registered, base, send, write):
    """GOAL-B12, PAIN-19: of three reported records only the changed one has a new event and is 未上报."""
    events = [row.events.count() for row in registered]
    write(send(edited(template(registered, base, "registry"), {(2, "备注"): "门诊"}), module="registry"))
    assert [row.events.count() - old > 0 for row, old in zip(registered, events, strict=True)] == [
        False,
        True,
        False,
    ]
    assert [state(row)[0] for row in registered] == ["1", "0", "1"]


def test_template_of_the_whole_intake_list_comes_back_with_its_approved_recruits(
    rows, base, send, base_officer, provincial_reviewer, signed_in
):
    """GOAL-B12, AM-30: the list seen shows who was approved; untouched he is no fault, changed he is told where."""
    approved(rows[0], base_officer, provincial_reviewer)
    content = signed_in(base_officer).post("/base/imports/training/intake/template/", {}).content
    assert verdicts(send(content)) == ["unchanged"] * 3
    line = [row.pk for row in sorted(rows, key=lambda row: row.pk)].index(rows[0].pk) + 1
    batch = send(edited(content, {(line, "备注"): "x"}))
    assert codes(batch, line) == [("", "record_locked")]
    assert "请用“住院医师信息管理”的模板修改" in batch.rows.get(sheet_row=line + 1).problems[0]["text"]


# --- what is refused -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"姓名": "李四"}, ("姓名", "name_mismatch")),
        ({"招收年度": "2014"}, ("招收年度", "intake_year_locked")),
        ({"招收年度": "清空"}, ("招收年度", "cannot_clear")),
        ({"培训专业": "急诊科"}, ("培训专业", "specialty_not_accredited")),
        ({"培训专业": "内可"}, ("培训专业", "code_nearest")),
        ({"核定的培训年限（年）": "5"}, ("核定的培训年限（年）", "number_range")),
        ({"培训实际开始时间": "19-9-1"}, ("培训实际开始时间", "date_ambiguous")),
        ({"证件号": "110101199003070011"}, ("证件号", "no_enrollment_here")),
        ({"证件号": None}, ("证件号", "required")),
    ],
)
def test_wrong_cell_is_an_error_at_its_cell(rows, base, send, changes, expected):
    """GOAL-B4: the rules' words, at the cell; the other rows stay good."""
    marked = {(1, name): text for name, text in changes.items()} | {(1, "备注"): "x", (2, "备注"): "好行"}
    batch = send(edited(template(rows, base), marked))
    assert verdicts(batch) == ["refused", "update", "unchanged"]
    assert expected in codes(batch)


def test_form_and_workbook_refuse_with_the_same_words(rows, base, send, base_officer):
    """docs/architecture.md#three-doors: one rule set, three doors."""
    batch = send(edited(template(rows, base), {(1, "核定的培训年限（年）"): "7"}))
    (problem,) = batch.rows.get(verdict="refused").problems
    with pytest.raises(Refused) as refused:
        save_training(rows[0].pk, {"approved_years": "7"}, by=base_officer)
    (said,) = refused.value.problems["approved_years"]
    assert (problem["code"], problem["text"], problem["repair"]) == (said.code, said.text, said.repair)


def test_person_of_another_base_is_not_found(rows, other_base, cycle, base, send):
    """TRUST-27: change rights are those of the form."""
    foreign = complete(other_base, cycle.year)
    batch = send(edited(template([foreign], other_base), {(1, "备注"): "x"}))
    assert verdicts(batch) == ["refused"]
    assert codes(batch) == [("证件号", "no_enrollment_here")]


@pytest.mark.parametrize(
    ("second", "expected"),
    [("一", ["update", "refused"]), ("", ["update", "refused"]), ("二", ["refused", "refused"])],
)
def test_same_person_twice_is_an_error_of_the_later_row_and_of_both_where_they_differ(
    second, expected, rows, base, send
):
    line = template(rows[:1], base)
    book = openpyxl.load_workbook(io.BytesIO(line))
    sheet = book.worksheets[0]
    sheet.append([cell.value for cell in sheet[2]])
    stored = io.BytesIO()
    book.save(stored)
    batch = send(edited(stored.getvalue(), {(1, "备注"): "一", (2, "备注"): second}))
    assert verdicts(batch) == expected
    assert codes(batch, 2) == [("证件号", "duplicate_in_file")]


def test_reported_recruit_is_refused_only_where_he_would_change(rows, base, send, base_officer):
    """AM-15, PAIN-19: the list seen holds reported records too; untouched they are no fault."""
    reported(rows[0], base_officer)
    batch = send(edited(template(rows, base), {(2, "备注"): "x"}))
    assert verdicts(batch) == ["unchanged", "update", "unchanged"]
    batch = send(edited(template(rows, base), {(1, "备注"): "x"}))
    assert verdicts(batch) == ["refused", "unchanged", "unchanged"]
    assert "撤回上报" in batch.rows.get(verdict="refused").problems[0]["text"]


def test_returned_record_may_be_mended_by_file_after_the_deadline(
    rows, base, send, write, base_officer, provincial_reviewer, cycle
):
    """AM-03."""
    returned(rows[0], base_officer, provincial_reviewer)
    close(cycle, Step.BASE_FILL, Step.REPORT)
    batch = send(edited(template(rows, base), {(1, "备注"): "改", (2, "备注"): "改"}))
    assert verdicts(batch) == ["update", "refused", "unchanged"]
    write(batch)
    rows[0].refresh_from_db()
    assert rows[0].remark == "改"


def test_record_that_moved_since_the_check_is_left_alone(rows, base, send, write, base_officer):
    """GOAL-B3, TRUST-46: what changed between check and apply comes back as a row error; sums stay true."""
    batch = send(edited(template(rows, base), {(1, "备注"): "一", (2, "备注"): "二"}))
    reported(rows[0], base_officer)
    write(batch)
    assert verdicts(batch) == ["refused", "update", "unchanged"]
    assert (batch.rows_updated, batch.rows_unchanged, batch.rows_refused) == (1, 1, 1)
    rows[0].refresh_from_db()
    assert rows[0].remark == ""


# --- registry --------------------------------------------------------------------------------------------------------


def test_registry_file_un_reports_only_what_it_changes(registered, base, send, write):
    """BR-83, PAIN-19."""
    content = edited(template(registered, base, "registry"), {(2, "备注"): "门诊"})
    write(send(content, module="registry"))
    assert [state(row) for row in registered] == [("1", "2"), ("0", "2"), ("1", "2")]


def test_registry_file_withdraws_waiting_submissions(registered, base, send, write, base_officer):
    """AM-15."""
    for number in (1, 2):
        content = edited(template(registered, base, "registry"), {(1, "备注"): f"第{number}次"})
        write(send(content, module="registry"))
        if number == 1:
            reported(registered[0], base_officer)
    assert state(registered[0]) == ("0", "2")
    outcomes = registered[0].submissions.order_by("number").values_list("outcome", flat=True)
    assert list(outcomes) == ["approved", "withdrawn"]


def test_registry_file_cannot_change_the_specialty(registered, base, send):
    """BR-81."""
    batch = send(edited(template(registered, base, "registry"), {(1, "培训专业"): "儿科"}), module="registry")
    assert codes(batch) == [("培训专业", "specialty_locked")]


def test_registry_file_changes_the_status(registered, base, send, write):
    """BR-35, docs/fields.md#status."""
    day = registered[0].actual_start_date.replace(day=20).isoformat()
    changes = {
        (1, "培训状态"): "暂停",
        (1, "变更日期"): day,
        (1, "变更原因"): "产假",
        (1, "暂停起始日期"): day,
        (1, "预计恢复日期"): f"{registered[0].intake_year + 1}-03-01",
    }
    batch = send(edited(template(registered, base, "registry"), changes), module="registry")
    assert batch.rows.earliest("sheet_row").before[0] == ["培训状态", "在培", "暂停"]
    write(batch)
    registered[0].refresh_from_db()
    assert (registered[0].status, registered[0].status_changes.get().reason) == ("3", "32")
    assert state(registered[0]) == ("0", "2")
    again = send(template(registered, base, "registry"), module="registry")
    assert verdicts(again) == ["unchanged"] * 3


def test_registry_file_that_withdraws_a_person_answers_the_request_for_him(
    registered, base, other_base, other_base_officer, send, write
):
    """GOAL-B13, BR-74: as the form does; the base that waits is told."""
    asked = TransferRequest.objects.create(
        enrollment=registered[0],
        to_base=other_base,
        asked_by=other_base_officer,
        reason="转入",
        due_on=timezone.localdate(),
    )
    changes = {
        (1, "培训状态"): "退培",
        (1, "变更日期"): f"{registered[0].intake_year}-10-01",
        (1, "变更原因"): "转换培训基地",
        (1, "学员去向"): "宁波市第一医院 内科",
    }
    write(send(edited(template(registered, base, "registry"), changes), module="registry"))
    asked.refresh_from_db()
    assert asked.state == "released"
    assert Message.objects.filter(recipient=other_base_officer).count() == 1


def test_registry_file_with_an_incomplete_change_of_status_is_refused(registered, base, send):
    """docs/fields.md#status: what is missing is told, per cell; details without a change are no silent loss."""
    content = edited(
        template(registered, base, "registry"), {(1, "培训状态"): "延期", (2, "变更原因"): "产假"}
    )
    batch = send(content, module="registry")
    assert verdicts(batch) == ["refused", "refused", "unchanged"]
    assert set(codes(batch)) == {("变更日期", "required"), ("变更原因", "required"), ("延期至", "required")}
    assert codes(batch, 2) == [("培训状态", "status_unchanged")]


# --- pages -----------------------------------------------------------------------------------------------------------


def test_template_of_a_filtered_list_holds_exactly_its_records(signed_in, base_officer, rows):
    """GOAL-B12, GOAL-B16: export of exactly the list seen; the download is logged."""
    desk = signed_in(base_officer)
    Enrollment.objects.filter(pk=rows[1].pk).update(specialty="0200")
    address = "/base/imports/training/intake/"
    assert "已有所选（所筛选）的 1 名" in page(desk.get(address, {"specialty": "0200"}))
    answer = desk.post(f"{address}template/", {"specialty": "0200"})
    sheet = openpyxl.load_workbook(io.BytesIO(answer.content)).worksheets[0]
    assert [row[0].value for row in sheet.iter_rows(min_row=2)] == [rows[1].resident.full_name]
    assert AuditEvent.objects.filter(action="export").count() == 1
    ticked = desk.post(f"{address}template/", {"range": "selected", "choice": [rows[0].pk, rows[2].pk]})
    sheet = openpyxl.load_workbook(io.BytesIO(ticked.content)).worksheets[0]
    assert sheet.max_row == 3


def test_upload_preview_and_confirmation_in_the_browser(signed_in, base_officer, rows, base):
    """BR-29: before → after in sight, then written."""
    desk = signed_in(base_officer)
    content = edited(template(rows, base), {(1, "备注"): "<b>粗</b>"})
    form = {"token": uuid.uuid4(), "file": SimpleUploadedFile("培训信息.xlsx", content)}
    address = desk.post("/base/imports/training/intake/", form)["Location"]
    batch = ImportBatch.objects.get()
    assert address == f"/base/imports/{batch.pk}/"
    page(desk.get(address))
    check_batch(batch.pk)
    preview = page(desk.get(address))
    assert "&lt;b&gt;粗&lt;/b&gt;" in preview
    assert "确认导入 1 人" in preview
    assert rows[0].resident.id_number not in preview
    assert told(desk.post(f"{address}confirm/", {"mode": "good_rows"})) == ""
    apply_batch(batch.pk)
    assert "更新 1 人，没有变化 2 人" in page(desk.get(address))
    assert fetch_copy(desk, batch).status_code == 200


def test_files_of_another_base_are_not_found(signed_in, other_base_officer, rows, base, send):
    """TRUST-24, TRUST-25, TRUST-33."""
    batch = send(template(rows, base))
    stranger = signed_in(other_base_officer)
    for method, rest in (("get", ""), ("get", "annotated/"), ("post", "confirm/"), ("post", "cancel/")):
        assert getattr(stranger, method)(f"/base/imports/{batch.pk}/{rest}").status_code == 404
    assert stranger.get(f"/base/imports/{batch.pk}/").status_code == 404


def test_read_only_member_gets_no_template(signed_in, base, rows):
    """docs/architecture.md#scope; TRUST-51: full numbers only for those who need them."""
    user = factories.UserFactory()
    factories.grant(user, base, read_only=True)
    reader = signed_in(user)
    assert "只有查看权限" in page(reader.get("/base/imports/training/intake/"))
    assert reader.post("/base/imports/training/intake/template/", {}).status_code == 403
    assert reader.post("/base/imports/training/intake/", {}).status_code == 403


def test_rows_are_judged_in_a_constant_number_of_queries(base, cycle, send):
    """Target 4 of tests/benchmarks: no query a row."""
    few = template([complete(base, cycle.year)], base)
    many = template([complete(base, cycle.year) for _ in range(25)], base)
    changed = edited(many, {(line, "备注"): str(line) for line in range(1, 26)})
    with CaptureQueriesContext(connection) as one:
        send(edited(few, {(1, "备注"): "x"}))
    with CaptureQueriesContext(connection) as all_of_them:
        batch = send(changed)
    assert len(all_of_them) == len(one)
    assert ImportRow.objects.filter(batch=batch, verdict="update").count() == 25
