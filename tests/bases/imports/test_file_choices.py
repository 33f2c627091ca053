"""What a file hides is read only by the user's choice, made before the import (AM-39)."""

import io

import openpyxl
import pytest
from django.urls import reverse
from openpyxl.styles import Font

from bases.imports import row_fixing
from bases.imports import services as imports
from bases.imports.batch import BatchMoved
from bases.imports.worker import apply_batch, check_batch
from bases.workbooks.rows import row_numbers
from portal.models import AuditEvent
from residents.models import Resident
from tests.bases.conftest import HEADERS, account_line, counts

pytestmark = pytest.mark.django_db


@pytest.fixture
def book(cycle):
    """A function: sheets as (name, state, lines, hidden rows, struck rows) → the bytes of a workbook."""

    def write(*sheets) -> bytes:
        made = openpyxl.Workbook()
        made.remove(made.active)
        for name, state, lines, hidden, struck in sheets:
            sheet = made.create_sheet(name)
            sheet.append(HEADERS)
            for line in lines:
                sheet.append([str(cycle.year), *list(line.values())[1:]])
            sheet.sheet_state = state
            for number in hidden:
                sheet.row_dimensions[number].hidden = True
            for number in struck:
                for cell in sheet[number]:
                    cell.font = Font(strike=True)
        made.active = next(place for place, sheet in enumerate(made) if sheet.sheet_state == "visible")
        buffer = io.BytesIO()
        made.save(buffer)
        return buffer.getvalue()

    return write


def people(*names) -> list[dict]:
    return [account_line(full_name=name) for name in names]


def read_again(batch):
    check_batch(batch.pk)
    batch.refresh_from_db()
    return batch


def names(batch) -> list[str]:
    return [row.raw["姓名"] for row in batch.rows.all()]


def chosen(batch, by, **answers):
    imports.choose(batch, answers, by=by)
    return read_again(batch)


@pytest.fixture
def marked(checked, book):
    """张三 as usual, 李四 hidden, 王五 struck through, 赵六 both, 张三 once more and hidden."""
    lines = people("张三", "李四", "王五", "赵六")
    return checked(book(("名单", "visible", [*lines, lines[0]], [3, 5, 6], [4, 5])))


def test_nothing_is_imported_or_corrected_before_the_choice(marked, base_officer, signed_in):
    """AM-39: counted in words on the page; the choice must be made before the import."""
    assert marked.facts["hidden_rows"] == [3, 5, 6]
    assert marked.facts["struck_rows"] == [4, 5]
    with pytest.raises(BatchMoved, match="请先选择"):
        imports.confirm(marked, mode="good_rows", by=base_officer)
    with pytest.raises(BatchMoved, match="请先选择"):
        row_fixing.correct(marked, {}, by=base_officer)
    page = signed_in(base_officer).get(reverse("bases:import-batch", args=[marked.pk])).text
    assert "文件中有 3 行是隐藏或被筛选掉的行（第 3、5、6 行）" in page
    assert "文件中有 2 行是划有删除线的行（第 4、5 行）" in page
    assert "确认导入" not in page
    assert "checked>" not in page


@pytest.mark.parametrize(
    ("answers", "left"),
    [
        ({"hidden_rows": "leave", "struck_rows": "leave"}, ["张三"]),
        ({"hidden_rows": "leave", "struck_rows": "take"}, ["张三", "王五"]),
        ({"hidden_rows": "take", "struck_rows": "leave"}, ["张三", "李四", "张三"]),
        ({"hidden_rows": "take", "struck_rows": "take"}, ["张三", "李四", "王五", "赵六", "张三"]),
    ],
)
def test_rows_are_taken_or_left_out_as_chosen(marked, base_officer, answers, left):
    """AM-39: a row that is left out is not judged either, so no row is refused for standing twice with it."""
    batch = chosen(marked, base_officer, **answers)
    assert (batch.state, names(batch)) == ("checked", left)
    assert counts(batch)[0] == len(left)
    assert batch.rows_refused == left.count("张三") - 1
    imports.confirm(batch, mode="good_rows", by=base_officer)
    apply_batch(batch.pk)
    assert sorted(Resident.objects.values_list("full_name", flat=True)) == sorted(set(left))
    assert AuditEvent.objects.get(action="import_choose").detail == answers


@pytest.mark.parametrize(
    "answers", [{}, {"hidden_rows": "leave"}, {"hidden_rows": "x", "struck_rows": "take"}]
)
def test_half_a_choice_is_none(marked, base_officer, answers):
    with pytest.raises(BatchMoved, match="请逐项选择"):
        imports.choose(marked, answers, by=base_officer)
    marked.refresh_from_db()
    assert (marked.choices, marked.state) == ({}, "checked")


def test_choice_can_be_changed_until_rows_are_corrected(marked, base_officer):
    """AM-39: the rows come back when the choice is taken back; what was typed in the page is never lost by it."""
    batch = chosen(marked, base_officer, hidden_rows="leave", struck_rows="leave")
    batch = chosen(batch, base_officer, hidden_rows="take", struck_rows="take")
    assert names(batch) == ["张三", "李四", "王五", "赵六", "张三"]
    row_fixing.correct(batch, {6: batch.rows.get(sheet_row=6).raw}, by=base_officer)
    with pytest.raises(BatchMoved, match="再上传一次"):
        imports.choose(batch, {"hidden_rows": "leave", "struck_rows": "leave"}, by=base_officer)


def test_file_without_hidden_rows_asks_nothing(checked, book, base_officer):
    batch = checked(book(("名单", "visible", people("张三"), [], [])))
    with pytest.raises(BatchMoved):
        imports.choose(batch, {"hidden_rows": "leave"}, by=base_officer)
    imports.confirm(batch, mode="good_rows", by=base_officer)


@pytest.mark.parametrize("state", ["hidden", "veryHidden"])
def test_hidden_sheet_is_named_and_read_only_when_asked_for(checked, book, base_officer, signed_in, state):
    """AM-39."""
    batch = checked(
        book(("去年", state, people("往年人"), [2], []), ("今年", "visible", people("张三"), [], []))
    )
    assert (batch.sheet_name, names(batch)) == ("今年", ["张三"])
    page = reverse("bases:import-batch", args=[batch.pk])
    client = signed_in(base_officer)
    assert "隐藏的工作表“去年”中也有名单，没有读取" in client.get(page).text

    client.post(reverse("bases:import-sheet", args=[batch.pk]), {"name": "去年"})
    batch = read_again(batch)
    assert (batch.sheet_name, names(batch)) == ("去年", ["往年人"])
    assert batch.ignored_headers == [{"sheet": "今年"}]
    client.post(reverse("bases:import-choose", args=[batch.pk]), {"hidden_rows": "take"})
    batch.refresh_from_db()
    assert batch.choices == {"sheet": "去年", "hidden_rows": "take"}


def test_file_with_nothing_but_a_hidden_list_is_refused_until_asked_for(
    checked, book, base_officer, signed_in
):
    """AM-39: the refusal offers the way."""
    batch = checked(book(("名单", "hidden", people("张三"), [], []), ("说明", "visible", [], [], [])))
    assert (batch.state, batch.refusal["code"]) == ("refused", "hidden_sheets")
    assert (
        "改为读取“名单”" in signed_in(base_officer).get(reverse("bases:import-batch", args=[batch.pk])).text
    )
    imports.read_sheet(batch, "名单", by=base_officer)
    batch = read_again(batch)
    assert (batch.state, batch.refusal, names(batch)) == ("checked", {}, ["张三"])


@pytest.mark.parametrize("name", ["", "_选项", "没有"])
def test_no_other_sheet_can_be_asked_for(checked, book, base_officer, name):
    batch = checked(book(("名单", "visible", people("张三"), [], [])))
    with pytest.raises(BatchMoved, match="没有这张"):
        imports.read_sheet(batch, name, by=base_officer)


@pytest.mark.parametrize(
    ("numbers", "words"),
    [
        ([3], "3"),
        ([3, 4], "3、4"),
        ([4, 3, 9, 5], "3–5、9"),
        (range(2, 100, 2), "2、4、6、8、10、12、14、16、18、20、22、24等"),
    ],
)
def test_rows_in_words(numbers, words):
    assert row_numbers(numbers) == words
