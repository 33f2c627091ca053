"""The annotated copy holds what was corrected in the page, and may be sent again (GOAL-B5, GOAL-B7)."""

import io

import openpyxl
import pytest
from django.urls import reverse
from openpyxl.comments import Comment

from bases.imports import copies, row_fixing
from bases.workbooks.accounts import account_template
from portal.models import Job, Message
from portal.sheets.headers import STATUS_HEADER
from portal.sheets.reading import SheetRefused
from tests.bases.conftest import account_line, counts, fetch_copy
from tests.bases.imports.test_row_fixing import apply_again, words_of
from tests.bases.workbooks.training_files import edited, template, verdicts

pytestmark = pytest.mark.django_db


def copy_of(batch, client) -> bytes:
    return fetch_copy(client, batch).content


def line(content: bytes, number: int) -> dict[str, str]:
    """The texts of a row of the copy by header."""
    sheet = openpyxl.load_workbook(io.BytesIO(content)).worksheets[0]
    headers = [cell.value for cell in sheet[1]]
    return dict(zip(headers, (cell.value for cell in sheet[number]), strict=True))


def test_copy_holds_the_corrected_values_and_is_taken_again(imported, checked, base_officer, signed_in):
    """GOAL-B5, GOAL-B7: what the page calls 已新增 is what the copy shows; sent again unchanged it repeats and refuses
    nobody."""
    bad = account_line(mobile="1")
    batch = imported([account_line(), bad, account_line(mobile="13900000009")])
    right = words_of(bad, full_name="欧阳娜", mobile="13900000001")
    row_fixing.correct(batch, {3: right}, by=base_officer)
    batch.refresh_from_db()
    apply_again(batch)

    content = copy_of(batch, signed_in(base_officer))
    assert line(content, 3) == {k: str(v) for k, v in right.items()} | {STATUS_HEADER: "已新增"}
    again = checked(content)
    assert counts(again) == (3, 0, 3, 0)


def test_copy_holds_a_correction_that_is_still_wrong_and_an_emptied_cell(checked, base_officer, signed_in):
    """GOAL-B5: the copy shows the same values as the page, with today's faults."""
    bad = account_line(mobile="1")
    batch = checked([bad])
    row_fixing.correct(batch, {2: words_of(bad, full_name="", mobile="138")}, by=base_officer)
    found = line(copy_of(batch, signed_in(base_officer)), 2)
    assert (found["姓名"], found["手机号"]) == (None, "138")
    assert "“138”不是11位" in found[STATUS_HEADER]


def test_merged_cell_shows_its_value_and_is_taken_over_in_the_page(checked, base_officer, signed_in, cycle):
    """GOAL-B4, GOAL-B7: the row names what is seen in it, not an address; sent with the row it is its own, in the copy
    too."""
    first = account_line(intake_year=cycle.year)
    second = account_line(intake_year=cycle.year, mobile="13900000001")
    book = openpyxl.Workbook()
    for values in (words_of(first), words_of(first).values(), words_of(second).values()):
        book.active.append(list(values))
    book.active.merge_cells("B2:B3")
    content = io.BytesIO()
    book.save(content)
    batch = checked(content.getvalue())
    row = batch.rows.get(sheet_row=3)
    assert row.raw["姓名"] == first["full_name"]
    assert "B2" not in row.problems[0]["text"]
    assert "取消合并单元格" in row.problems[0]["repair"]

    row_fixing.correct(batch, {3: row.raw}, by=base_officer)
    again = checked(copy_of(batch, signed_in(base_officer)))
    for each in (batch, again):
        each.refresh_from_db()
        assert counts(each) == (2, 2, 0, 0)


def test_training_copy_holds_the_corrected_values(rows, base, send, write, base_officer, signed_in):
    """GOAL-B5 for the training workbook: written from the page, the copy sent again changes nothing."""
    batch = send(edited(template(rows, base), {(1, "核定的培训年限（年）"): "7"}))
    typed = batch.rows.get(sheet_row=2).raw | {"核定的培训年限（年）": "2"}
    typed["减免原因"] = dict(row_fixing.choices_of(batch))["减免原因"][0]
    row_fixing.correct(batch, {2: typed}, by=base_officer)
    assert verdicts(batch)[0] == "update"
    batch.refresh_from_db()
    write(batch)
    content = copy_of(batch, signed_in(base_officer))
    found = line(content, 2)
    assert (found["核定的培训年限（年）"], found[STATUS_HEADER][:3]) == ("2", "已更新")
    assert verdicts(send(content)) == ["unchanged"] * 3


def test_copy_from_the_page_is_the_users_own_workbook(checked, base_officer, signed_in, cycle):
    """GOAL-B5: through the page, from the stored upload: lists, frozen header, widths, own comments and hidden
    sheets."""
    book = openpyxl.load_workbook(io.BytesIO(account_template(cycle_year=cycle.year, module="intake")))
    sheet = book.worksheets[0]
    for number, values in enumerate((account_line(), account_line(mobile="1")), 2):
        for column, text in enumerate(values.values(), 1):
            sheet.cell(number, column).value = text or str(cycle.year)
    sheet["B2"].comment = Comment("请再核对姓名", "周晓兰")
    sheet.column_dimensions["B"].width = 33
    stored = io.BytesIO()
    book.save(stored)

    copy = openpyxl.load_workbook(io.BytesIO(copy_of(checked(stored.getvalue()), signed_in(base_officer))))
    marked = copy.worksheets[0]
    assert [each.title for each in copy.worksheets] == [each.title for each in book.worksheets]
    assert [each.sheet_state for each in copy.worksheets] == [each.sheet_state for each in book.worksheets]
    assert marked.freeze_panes == sheet.freeze_panes == "A2"
    assert len(marked.data_validations.dataValidation) == len(sheet.data_validations.dataValidation) > 0
    assert marked.column_dimensions["B"].width == 33
    assert marked["B2"].comment.text == "请再核对姓名"
    assert "不是11位中国大陆手机号" in marked["E3"].comment.text
    assert marked["F1"].comment is None


def test_copy_is_the_workers_and_told_by_a_message(signed_in, base_officer, checked, monkeypatch):
    """GOAL-B8: the page only asks for it; asked for twice it is made once, and made anew when the rows have changed."""
    batch = checked([account_line(mobile="1")])
    client, address = signed_in(base_officer), reverse("bases:import-annotated", args=[batch.pk])
    page = reverse("bases:import-batch", args=[batch.pk])
    monkeypatch.setattr(copies, "annotated_copy", lambda batch: pytest.fail("made in the web process"))
    assert "生成标注了检查结果的原文件" in client.get(page).text
    assert client.get(address).status_code == 302
    client.post(address)
    client.post(address)
    assert "正在生成标注了检查结果的文件" in client.get(page).text
    assert client.get(page, headers={"HX-Request": "true"}).status_code == 204
    (job,) = Job.objects.filter(kind=copies.KIND)
    monkeypatch.undo()
    copies.make(job.pk)
    assert client.get(address).content[:2] == b"PK"
    assert "下载标注了检查结果的原文件" in client.get(page).text
    assert Message.objects.filter(link=page, subject__contains="已生成").count() == 1

    row = batch.rows.get()
    row_fixing.correct(batch, {row.sheet_row: row.raw | {"手机号": "13900000001"}}, by=base_officer)
    assert client.get(address).status_code == 302
    assert fetch_copy(client, batch).content[:2] == b"PK"


def test_copy_that_cannot_be_made_is_told(signed_in, base_officer, checked, monkeypatch):
    """GOAL-B8: the message says why, and the page offers it again."""
    batch = checked([account_line(mobile="1")])

    def refuse(batch):
        raise SheetRefused("too_demanding", "文件过大。", "请新建一个工作簿。")

    monkeypatch.setattr(copies, "annotated_copy", refuse)
    client = signed_in(base_officer)
    assert fetch_copy(client, batch).status_code == 302
    page = reverse("bases:import-batch", args=[batch.pk])
    assert Message.objects.get(link=page, subject__contains="没有生成").body == "文件过大。请新建一个工作簿。"
    assert "生成标注了检查结果的原文件" in client.get(page).text
