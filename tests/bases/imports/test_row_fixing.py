"""Correcting refused rows in the page, and the annotated copy sent again (GOAL-B5, GOAL-B7)."""

import io

import openpyxl
import pytest
from django.urls import reverse
from django.utils import timezone

from bases.imports import row_fixing
from bases.imports import services as imports
from bases.imports.batch import BatchMoved
from bases.imports.worker import apply_batch
from bases.models import ImportBatch
from portal.models import AuditEvent
from portal.sheets.headers import STATUS_HEADER
from residents.models import Enrollment
from tests import factories
from tests.bases.conftest import account_line, counts, fetch_copy, problem_codes
from tests.bases.desk import reported
from tests.bases.workbooks.training_files import edited, template, verdicts

pytestmark = pytest.mark.django_db


def words_of(line: dict, **values) -> dict[str, str]:
    return dict(
        zip(("招收年份", "姓名", "证件类型", "证件号", "手机号"), (line | values).values(), strict=True)
    )


def posted(batch: ImportBatch, number: int, words: dict[str, str]) -> dict[str, str]:
    return {f"r{number}c{index}": words.get(header, "") for index, (_, header) in enumerate(batch.headers)}


def apply_again(batch: ImportBatch) -> None:
    imports.confirm(batch, mode="good_rows", by=batch.uploaded_by)
    apply_batch(batch.pk)
    batch.refresh_from_db()


def test_corrected_row_is_judged_again_and_nothing_else_changes(checked, base_officer):
    """GOAL-B7: only these rows are validated again; the counts follow."""
    bad, worse = account_line(mobile="1"), account_line(id_number="330106199503120015", mobile="2")
    batch = checked([account_line(), bad, worse])
    others = list(batch.rows.exclude(sheet_row=3).values())

    outcome = row_fixing.correct(batch, {3: words_of(bad, mobile="13900000001")}, by=base_officer)

    batch.refresh_from_db()
    assert (outcome.judged, outcome.good, outcome.refused) == (1, 1, 0)
    assert counts(batch) == (3, 2, 0, 1)
    assert batch.state == "checked"
    row = batch.rows.get(sheet_row=3)
    assert (row.verdict, row.problems, row.raw["手机号"]) == ("create", [], "13900000001")
    assert list(batch.rows.exclude(sheet_row=3).values()) == others
    assert AuditEvent.objects.get(action="import_correct").detail == {"rows": [3]}


def test_still_bad_row_keeps_what_was_typed_and_names_every_fault(checked, base_officer):
    """GOAL-B4: k bad cells, k entries; nothing typed is lost."""
    bad = account_line(mobile="1")
    batch = checked([bad])
    typed = words_of(bad, intake_year="二〇", full_name="", mobile="138")
    outcome = row_fixing.correct(batch, {2: typed}, by=base_officer)
    assert (outcome.judged, outcome.refused) == (1, 1)
    row = batch.rows.get()
    assert row.raw == {header: text for header, text in typed.items() if text}
    assert [cell for cell, _ in problem_codes(batch)[2]] == ["A2", "B2", "E2"]


def test_corrected_rows_are_imported_with_the_batch(checked, base_officer):
    bad = account_line(mobile="1")
    batch = checked([account_line(), bad])
    row_fixing.correct(batch, {3: words_of(bad, mobile="13900000001")}, by=base_officer)
    batch.refresh_from_db()
    imports.confirm(batch, mode="all_or_nothing", by=base_officer)
    apply_batch(batch.pk)
    batch.refresh_from_db()
    assert (batch.state, counts(batch)) == ("applied", (2, 2, 0, 0))
    assert Enrollment.objects.filter(import_batch=batch).count() == 2
    assert batch.rows.waiting().count() == 0


def test_corrected_row_of_an_applied_batch_enters_in_a_second_apply(imported, base_officer):
    """rows in = created + unchanged + refused, before and after; nobody enters twice."""
    bad, worse = account_line(mobile="1"), account_line(mobile="2")
    batch = imported([account_line(), bad, worse])
    assert counts(batch) == (3, 1, 0, 2)
    row_fixing.correct(batch, {3: words_of(bad, mobile="13900000001")}, by=base_officer)
    batch.refresh_from_db()
    assert (batch.state, batch.rows.waiting().count()) == ("applied", 1)
    assert Enrollment.objects.count() == 1

    for _ in range(2):
        apply_again(batch)
        assert (batch.state, counts(batch)) == ("applied", (3, 2, 0, 1))
        assert batch.rows.waiting().count() == 0
        assert Enrollment.objects.filter(import_batch=batch).count() == 2


def test_page_tells_the_first_and_the_last_import(imported, base_officer, signed_in):
    bad = account_line(mobile="1")
    batch = imported([account_line(), bad])
    address = reverse("bases:import-batch", args=[batch.pk])
    assert "首次导入" not in signed_in(base_officer).get(address).text
    row_fixing.correct(batch, {3: words_of(bad, mobile="13900000001")}, by=base_officer)
    apply_again(batch)
    page = signed_in(base_officer).get(address).text
    assert "首次导入" in page
    assert "最后一次导入" in page


def test_second_apply_that_writes_nothing_leaves_the_batch_applied(imported, base_officer, cycle):
    """The window closes between confirmation and worker, or the second apply is cancelled."""
    bad = account_line(mobile="1")
    batch = imported([account_line(), bad])
    row_fixing.correct(batch, {3: words_of(bad, mobile="13900000001")}, by=base_officer)
    imports.confirm(batch, mode="good_rows", by=base_officer)
    imports.cancel(batch)
    batch.refresh_from_db()
    assert batch.state == "applied"
    imports.confirm(batch, mode="good_rows", by=base_officer)
    cycle.windows.update(closes_at=timezone.now())
    apply_batch(batch.pk)
    batch.refresh_from_db()
    assert (batch.state, batch.refusal["code"], batch.rows.waiting().count()) == ("applied", "closed", 1)
    assert Enrollment.objects.count() == 1


def test_double_in_the_file_is_resolved_by_correcting_either_row(checked, base_officer):
    first, second = account_line(), account_line()
    twice = second | {"id_number": first["id_number"]}
    batch = checked([first, twice])
    assert problem_codes(batch) == {3: [("D3", "duplicate_in_file"), ("E3", "mobile_repeated")]}
    row_fixing.correct(batch, {3: words_of(second, intake_year=first["intake_year"])}, by=base_officer)
    batch.refresh_from_db()
    assert counts(batch) == (2, 2, 0, 0)


@pytest.mark.parametrize("mended", ["name", "number"])
def test_two_names_under_one_number_are_both_asked_about(mended, checked, base_officer):
    """AM-35: neither row goes in before somebody has told which is right."""
    first, second = account_line(full_name="张三"), account_line(full_name="李四", mobile="13900000001")
    batch = checked([first, second | {"id_number": first["id_number"]}])
    assert problem_codes(batch) == {2: [("D2", "duplicate_differs")], 3: [("D3", "duplicate_in_file")]}
    told = second if mended == "number" else first
    row_fixing.correct(batch, {3: words_of(told, intake_year=first["intake_year"])}, by=base_officer)
    repeated = {3: [("D3", "duplicate_in_file"), ("E3", "mobile_repeated")]}
    assert problem_codes(batch) == ({} if mended == "number" else repeated)


def test_row_refused_for_its_double_is_judged_along(checked, base_officer):
    """Both rows are bad: row 2 for its mobile number, row 3 for standing twice."""
    first = account_line(mobile="1")
    batch = checked([first, account_line(id_number=first["id_number"])])
    assert counts(batch) == (2, 0, 0, 2)
    other = account_line(mobile="13900000001")
    outcome = row_fixing.correct(
        batch, {2: words_of(other, intake_year=first["intake_year"])}, by=base_officer
    )
    batch.refresh_from_db()
    assert counts(batch) == (2, 2, 0, 0)
    assert (outcome.judged, outcome.refused) == (1, 0)


@pytest.mark.parametrize("number", [2, 4])
def test_corrected_row_must_not_double_a_good_one(number, checked, base_officer):
    """Wherever the corrected row stands, the good row keeps its verdict and the corrected one is refused."""
    good = account_line(mobile="13900000001")
    lines = [account_line(mobile="1"), good, account_line(mobile="2")]
    batch = checked(lines)
    row_fixing.correct(batch, {number: words_of(good)}, by=base_officer)
    assert batch.rows.get(sheet_row=3).verdict == "create"
    row = batch.rows.get(sheet_row=number)
    assert row.verdict == "refused"
    assert "duplicate_in_file" in [each["code"] for each in row.problems]


def test_damaged_number_left_as_it_is_stays_damaged(checked, base_officer, cycle):
    """PAIN-01: what the page shows of a damaged number is never taken for the number."""
    sheet = openpyxl.Workbook()
    sheet.active.append(["招收年份", "姓名", "证件类型", "证件号", "手机号"])
    sheet.active.append([cycle.year, "陈雨桐", "居民身份证", 330106199503120014, "1"])
    content = io.BytesIO()
    sheet.save(content)
    batch = checked(content.getvalue())
    row = batch.rows.get()
    row_fixing.correct(batch, {2: row.raw | {"手机号": "13800138000"}}, by=base_officer)
    row = batch.rows.get()
    assert (row.verdict, [each["code"] for each in row.problems]) == ("refused", ["number_damaged"])
    row_fixing.correct(batch, {2: row.raw | {"证件号": "330106199503120014"}}, by=base_officer)
    assert (batch.rows.get().verdict, batch.rows.get().problems) == ("create", [])


def test_person_who_is_live_elsewhere_is_refused_in_the_page_too(checked, base_officer, other_base):
    """TRUST-27: correcting a row opens nothing that the file would not."""
    held = factories.EnrollmentFactory(base=other_base)
    bad = account_line(mobile="1")
    batch = checked([bad])
    row_fixing.correct(
        batch,
        {2: words_of(bad, id_number=held.resident.id_number, mobile="13900000001")},
        by=base_officer,
    )
    row = batch.rows.get()
    assert (row.verdict, row.problems[0]["code"]) == ("refused", "recruit_elsewhere")


def test_good_row_is_not_changed_by_a_forged_input(checked, base_officer):
    good = account_line()
    batch = checked([good, account_line(mobile="1")])
    outcome = row_fixing.correct(batch, {2: words_of(account_line(full_name="司马相如"))}, by=base_officer)
    assert outcome.judged == 0
    assert batch.rows.get(sheet_row=2).raw["姓名"] == "陈雨桐"


def test_cancelled_batch_cannot_be_corrected(checked, base_officer):
    batch = checked([account_line(mobile="1")])
    imports.cancel(batch)
    with pytest.raises(BatchMoved, match="已取消"):
        row_fixing.correct(batch, {2: words_of(account_line())}, by=base_officer)


def test_page_shows_inputs_with_names_and_errors_and_saves(signed_in, base_officer, checked):
    bad = account_line(mobile="1")
    batch = checked([account_line(), bad])
    client, address = signed_in(base_officer), reverse("bases:import-correct", args=[batch.pk])
    page = client.get(address).text
    assert 'aria-label="第 3 行 手机号"' in page
    assert 'aria-invalid="true" aria-describedby="r3c4n"' in page
    assert "r2c0" not in page
    answer = client.post(address, posted(batch, 3, words_of(bad, mobile="13900000001\x00")), follow=True)
    assert "已重新检查 1 行，都没有错误，请确认导入。" in answer.text
    assert "没有有误的行" in answer.text
    batch.refresh_from_db()
    assert counts(batch) == (2, 2, 0, 0)


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"r3c0": "2026"},
        {"r99999999999999999999c0": "x"},
        {"rxc0": "x", "r-1c0": "y", "r３c0": "z"},
    ],
)
def test_incomplete_or_odd_post_changes_nothing(data, signed_in, base_officer, checked):
    batch = checked([account_line(), account_line(mobile="1")])
    before = list(batch.rows.values())
    answer = signed_in(base_officer).post(reverse("bases:import-correct", args=[batch.pk]), data)
    assert answer.status_code == 302
    assert list(batch.rows.values()) == before


def test_page_has_25_rows_and_the_same_queries_for_one_row_and_for_all(
    signed_in, base_officer, checked, django_assert_num_queries
):
    batch = checked([account_line(mobile="1") for _ in range(27)])
    assert batch.base.name
    assert batch.cycle.year
    with django_assert_num_queries(2):
        assert len(row_fixing.page_to_correct(batch, "1").object_list) == 25
    with django_assert_num_queries(2):
        assert len(row_fixing.page_to_correct(batch, "2").object_list) == 2
    client, address = signed_in(base_officer), reverse("bases:import-correct", args=[batch.pk])
    assert "第 2 / 2 页" in client.get(address, {"page": "2"}).text
    row = batch.rows.get(sheet_row=28)
    answer = client.post(f"{address}?page=2", posted(batch, 28, row.raw | {"手机号": "13900000001"}))
    assert answer.url == f"{address}?page=2"


def test_read_only_member_and_neighbour_cannot_correct(signed_in, base, other_base_officer, checked):
    batch = checked([account_line(mobile="1")])
    reader = factories.UserFactory()
    factories.grant(reader, base, read_only=True)
    for act in ("import-correct", "import-undo"):
        address = reverse(f"bases:{act}", args=[batch.pk])
        assert signed_in(reader).get(address).status_code == 403
        assert signed_in(reader).post(address).status_code == 403
        assert signed_in(other_base_officer).get(address).status_code == 404
        assert signed_in(other_base_officer).post(address).status_code == 404


# --- the annotated copy ----------------------------------------------------------------------------------------------


def test_annotated_copy_corrected_and_sent_again_repeats_nobody(signed_in, base_officer, imported, checked):
    """GOAL-B5: the status column is ignored; who was imported meanwhile is 已存在, and the page says so."""
    batch = imported([account_line(), account_line(mobile="1"), account_line(mobile="13900000001")])
    assert counts(batch) == (3, 2, 0, 1)
    content = fetch_copy(signed_in(base_officer), batch).content

    book = openpyxl.load_workbook(io.BytesIO(content))
    sheet = book.worksheets[0]
    headers = [cell.value for cell in sheet[1]]
    status = headers.index(STATUS_HEADER) + 1
    assert [sheet.cell(row, status).value for row in (2, 4)] == ["已新增", "已新增"]
    assert sheet.cell(3, status).value.startswith("手机号：")
    assert sheet.cell(3, headers.index("手机号") + 1).comment is not None
    sheet.cell(3, headers.index("手机号") + 1).value = "13900000002"
    corrected = io.BytesIO()
    book.save(corrected)

    again = checked(corrected.getvalue())
    assert again.ignored_headers == [{"status_column": "F"}]
    assert counts(again) == (3, 1, 2, 0)
    page = signed_in(base_officer).get(reverse("bases:import-batch", args=[again.pk])).text
    assert "这是上次批注的文件，状态列已忽略" in page
    assert "已存在，未重复导入" in page
    apply_again(again)
    assert counts(again) == (3, 1, 2, 0)
    assert Enrollment.objects.count() == 3


def test_annotated_copy_tells_corrected_rows_from_imported_ones(signed_in, base_officer, imported):
    bad = account_line(mobile="1")
    batch = imported([account_line(), bad])
    row_fixing.correct(batch, {3: words_of(bad, mobile="13900000001")}, by=base_officer)
    content = fetch_copy(signed_in(base_officer), batch).content
    sheet = openpyxl.load_workbook(io.BytesIO(content)).worksheets[0]
    status = [cell.value for cell in sheet[1]].index(STATUS_HEADER) + 1
    assert [sheet.cell(row, status).value for row in (2, 3)] == ["已新增", "将新增"]


# --- rows that are not wanted ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["ticked", "emptied"])
def test_row_that_is_not_wanted_leaves_the_batch(way, signed_in, base_officer, checked):
    """PAIN-04: an emptied row is as a blank one of the file; then 全部无误才导入 can be reached."""
    good, bad = account_line(), account_line(full_name="李四")
    batch = checked([good, account_line(mobile="1"), bad | {"id_number": good["id_number"]}])
    client, address = signed_in(base_officer), reverse("bases:import-correct", args=[batch.pk])
    assert 'name="r4x"' in client.get(address).text
    words = words_of(account_line(mobile="1"))
    sent = posted(batch, 3, words) | {"r3x": "1"} if way == "ticked" else posted(batch, 3, {})
    sent |= posted(batch, 4, batch.rows.get(sheet_row=4).raw) | ({"r4x": "1"} if way == "ticked" else {})
    sent |= posted(batch, 4, {}) if way == "emptied" else {}
    answer = client.post(address, sent, follow=True)
    assert "2 行不导入，已略去。" in answer.text
    batch.refresh_from_db()
    assert counts(batch) == (1, 1, 0, 0)
    assert "第 3、4 行（共 2 行）已在网页中选择不导入" in page_of(client, batch)
    assert AuditEvent.objects.get(action="import_leave_out").detail == {"rows": [3, 4]}
    imports.confirm(batch, mode="all_or_nothing", by=base_officer)
    apply_batch(batch.pk)
    batch.refresh_from_db()
    assert (batch.state, Enrollment.objects.count()) == ("applied", 1)


def page_of(client, batch) -> str:
    return client.get(reverse("bases:import-batch", args=[batch.pk])).text


def test_double_of_a_row_left_out_is_judged_anew(checked, base_officer):
    """ "删除或改正另一行" can be done in the page."""
    one, other = account_line(), account_line(full_name="李四")
    batch = checked([one, other | {"id_number": one["id_number"]}])
    assert counts(batch)[3] == 2
    row_fixing.correct(batch, {}, by=base_officer, left_out={3})
    batch.refresh_from_db()
    assert counts(batch) == (1, 1, 0, 0)


def test_not_every_row_can_be_left_out_and_no_good_one(checked, base_officer):
    batch = checked([account_line(mobile="1")])
    with pytest.raises(BatchMoved, match="放弃这次导入"):
        row_fixing.correct(batch, {}, by=base_officer, left_out={2})
    more = checked([account_line(), account_line(id_number="330106199503120015", mobile="1")])
    row_fixing.correct(more, {}, by=base_officer, left_out={2})
    assert more.rows.count() == 2


def test_annotated_copy_tells_rows_left_out(signed_in, base_officer, checked):
    batch = checked([account_line(), account_line(mobile="1")])
    row_fixing.correct(batch, {}, by=base_officer, left_out={3})
    batch.refresh_from_db()
    content = fetch_copy(signed_in(base_officer), batch).content
    sheet = openpyxl.load_workbook(io.BytesIO(content)).worksheets[0]
    status = [cell.value for cell in sheet[1]].index(STATUS_HEADER) + 1
    assert sheet.cell(3, status).value == "已选择不导入"


# --- the training workbook -------------------------------------------------------------------------------------------


def typed(batch: ImportBatch, number: int, **changes: str) -> dict[int, dict[str, str]]:
    """The cells of a row as the page posts them, some of them changed."""
    return {number: batch.rows.get(sheet_row=number).raw | changes}


@pytest.fixture
def faulty(rows, base, send) -> ImportBatch:
    """Row 2 with a wrong number of years, row 3 with a specialty of another base, row 4 good."""
    changes = {(1, "核定的培训年限（年）"): "7", (2, "培训专业"): "急诊科", (3, "备注"): "好行"}
    return send(edited(template(rows, base), changes))


def test_training_row_is_corrected_in_the_page_and_the_others_are_untouched(faulty, base_officer):
    """GOAL-B7 for the training workbook: one row judged again, the bytes of the others as they were."""
    others = list(faulty.rows.exclude(sheet_row=2).values())
    outcome = row_fixing.correct(
        faulty, typed(faulty, 2, **{"核定的培训年限（年）": "3", "备注": "已改"}), by=base_officer
    )
    faulty.refresh_from_db()
    assert (outcome.judged, outcome.refused) == (1, 0)
    assert verdicts(faulty) == ["update", "refused", "update"]
    assert faulty.rows.get(sheet_row=2).before == [["备注", "", "已改"]]
    assert list(faulty.rows.exclude(sheet_row=2).values()) == others
    assert (faulty.rows_total, faulty.rows_updated, faulty.rows_refused) == (3, 2, 1)


def test_corrected_training_row_enters_in_a_second_apply(faulty, rows, base_officer, write):
    """GOAL-B7, GOAL-B6: the good row first, the corrected one later; the sum stays the rows of the file."""
    write(faulty)
    row_fixing.correct(faulty, typed(faulty, 3, 培训专业="儿科"), by=base_officer)
    faulty.refresh_from_db()
    assert (faulty.state, faulty.rows.waiting().count()) == ("applied", 1)
    rows[1].refresh_from_db()
    assert rows[1].specialty_id == "0100"
    apply_again(faulty)
    assert (faulty.rows_updated, faulty.rows_unchanged, faulty.rows_refused) == (2, 0, 1)
    assert Enrollment.objects.get(pk=rows[1].pk).specialty_id == "0200"
    assert Enrollment.objects.get(pk=rows[2].pk).version == rows[2].version + 1


def test_training_row_put_back_to_what_is_stored_changes_nothing(faulty, rows, base_officer):
    """GOAL-B7, GOAL-B12: corrected to the stored value it is unchanged, and not waiting to be written."""
    row_fixing.correct(faulty, typed(faulty, 2, **{"核定的培训年限（年）": "3"}), by=base_officer)
    assert verdicts(faulty) == ["unchanged", "refused", "update"]


def test_training_number_that_lost_digits_stays_damaged(rows, base, send, base_officer):
    """GOAL-B2, PAIN-01: the page shows what is left of the number and never takes it for the number."""
    number = rows[0].resident.id_number
    batch = send(
        edited(template(rows[:1], base), {(1, "证件号"): int(number.replace("X", "0")), (1, "备注"): "x"})
    )
    row = batch.rows.get()
    assert [each["code"] for each in row.problems] == ["number_damaged"]
    assert "表格软件" not in row.raw["证件号"]
    row_fixing.correct(batch, typed(batch, 2, 备注="y"), by=base_officer)
    assert [each["code"] for each in batch.rows.get().problems] == ["number_damaged"]
    row_fixing.correct(batch, typed(batch, 2, 证件号=number), by=base_officer)
    assert verdicts(batch) == ["update"]


def test_training_page_shows_the_faulty_columns_and_folds_the_others(faulty, signed_in, base_officer):
    """GOAL-B7: of three dozen columns those with a fault stand in the table; the words of a column are this base's."""
    client, address = signed_in(base_officer), reverse("bases:import-correct", args=[faulty.pk])
    response = client.get(address)
    lines = response.context["page"].object_list
    assert [each.header for each in lines[0].inputs] == ["姓名", "证件号", "培训专业", "核定的培训年限（年）"]
    assert len(lines[0].inputs) + len(lines[0].other) == len(faulty.headers)
    words = {each.header: each.words for each in (*lines[1].inputs, *lines[1].other)}
    assert words["培训专业"] == ["急诊科", "内科", "儿科", "全科", "外科", "清空"]
    assert words["往届生/应届生"] == ["应届生", "往届生", "清空"]
    data = posted(faulty, 3, faulty.rows.get(sheet_row=3).raw | {"培训专业": "儿科"})
    assert "已重新检查 1 行" in client.post(address, data, follow=True).text
    assert verdicts(faulty) == ["refused", "update", "update"]


def test_training_row_emptied_in_the_page_is_left_out(faulty, base_officer):
    raw = faulty.rows.get(sheet_row=2).raw
    row_fixing.correct(faulty, {2: dict.fromkeys(raw, " ")}, by=base_officer)
    faulty.refresh_from_db()
    assert not faulty.rows.filter(sheet_row=2).exists()
    assert faulty.rows_total == faulty.rows.count()


def test_training_row_of_a_locked_record_is_refused_in_the_page_too(faulty, rows, base_officer):
    """GOAL-B7, AM-15: the page opens nothing that the file would not."""
    reported(rows[1], base_officer)
    row_fixing.correct(faulty, typed(faulty, 3, 培训专业="儿科"), by=base_officer)
    assert [each["code"] for each in faulty.rows.get(sheet_row=3).problems] == ["record_locked"]


def test_annotated_training_copy_corrected_and_sent_again_writes_only_the_corrected_row(
    faulty, rows, signed_in, base_officer, send, write
):
    """GOAL-B5 for the training workbook: recognised and said so; the row written before is 没有变化, with no new
    event."""
    write(faulty)
    desk = signed_in(base_officer)
    content = fetch_copy(desk, faulty).content
    sheet = openpyxl.load_workbook(io.BytesIO(content)).worksheets[0]
    headers = [cell.value for cell in sheet[1]]
    status = [sheet.cell(row, headers.index(STATUS_HEADER) + 1).value for row in (2, 3, 4)]
    assert [status[0][:11], status[1][:5], status[2]] == ["核定的培训年限（年）：", "培训专业：", "已更新"]
    events = rows[2].events.count()

    again = send(edited(content, {(1, "核定的培训年限（年）"): "3", (2, "培训专业"): "儿科"}))
    assert verdicts(again) == ["unchanged", "update", "unchanged"]
    assert "这是上次批注的文件，状态列已忽略" in desk.get(reverse("bases:import-batch", args=[again.pk])).text
    write(again)
    assert (again.rows_updated, again.rows_unchanged, again.rows_refused) == (1, 2, 0)
    assert rows[2].events.count() == events
    assert Enrollment.objects.get(pk=rows[1].pk).specialty_id == "0200"
