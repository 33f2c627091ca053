"""The user's own workbook back: same sheets and cells, faults marked, and good to be sent again (GOALS B5)."""

import io

import openpyxl
import pytest

from portal.sheets.annotation import annotate
from portal.sheets.reading import STATUS_HEADER, SheetRefused, read_table
from portal.sheets.values import DamagedNumber
from tests.portal.sheets.corpus import FILES
from tests.portal.sheets.workbooks import number, row, sheet, text, texts, xlsx

HEADERS = ["姓名", "证件号"]
HEAD = texts(1, "姓名", "证件号", "序号")


def read(path):
    return read_table(path, expected_headers=HEADERS)


def annotated(path, problems, **options):
    return openpyxl.load_workbook(io.BytesIO(annotate(path, read(path), problems, **options)))


def saved(tmp_path, content, name="a.xlsx"):
    path = tmp_path / name
    path.write_bytes(content)
    return path


def marks(sheet):
    return {
        cell.coordinate: (cell.fill.fgColor.rgb[-6:], cell.comment.text)
        for cells in sheet.iter_rows()
        for cell in cells
        if cell.comment
    }


@pytest.fixture
def own_file(tmp_path):
    data = sheet(HEAD, texts(2, "张三", "E1", "1"), row(4, text("A4", "=1+1"), number("B4", 5)))
    return saved(
        tmp_path, xlsx(sheet(texts(1, "说明")), ("数据", "", data), ("后记", 'state="hidden"', sheet()))
    )


def test_annotated_copy_keeps_sheets_and_cells(own_file):
    book = annotated(own_file, {4: {"证件号": "坏。"}})
    assert book.sheetnames == ["Sheet1", "数据", "后记"]
    assert book["后记"].sheet_state == "hidden"
    values = [[cell.value for cell in cells] for cells in book["数据"]["A1:C4"]]
    assert values == [["姓名", "证件号", "序号"], ["张三", "E1", "1"], [None] * 3, ["=1+1", 5, None]]
    assert book["数据"]["A4"].data_type == "s"


def test_annotated_copy_marks_cells_and_says_all_in_the_status_column(own_file):
    book = annotated(
        own_file,
        {4: {"证件号": ["校验码不对。", "请核对。"], "": "与第 2 行重复。"}},
        warnings={4: {"姓名": "少见。"}},
        statuses={2: "已导入"},
    )
    data = book["数据"]
    assert marks(data) == {"B4": ("FFC7CE", "校验码不对。\n请核对。"), "A4": ("FFEB9C", "少见。")}
    assert [data[f"D{row}"].value for row in range(1, 5)] == [
        STATUS_HEADER,
        "已导入",
        None,
        "证件号：校验码不对。请核对。\n与第 2 行重复。\n提醒：姓名：少见。",
    ]


def test_annotated_copy_is_read_again_with_the_same_rows(own_file, tmp_path):
    before = read(own_file)
    again = saved(tmp_path, annotate(own_file, before, {4: {"证件号": "坏。"}}), "b.xlsx")
    after = read(again)
    assert (after.rows, after.unknown_headers) == (before.rows, before.unknown_headers)


def test_second_annotation_forgets_the_first(own_file, tmp_path):
    again = saved(tmp_path, annotate(own_file, read(own_file), {4: {"证件号": "坏。"}}), "b.xlsx")
    data = annotated(again, {2: {"姓名": "坏。"}})["数据"]
    assert marks(data) == {"A2": ("FFC7CE", "坏。")}
    assert data["B4"].fill.fill_type is None
    assert [data[f"D{row}"].value for row in range(1, 5)] == [STATUS_HEADER, "姓名：坏。", None, None]
    assert data.max_column == 4


def test_status_column_never_covers_data_under_no_header(tmp_path):
    path = saved(tmp_path, xlsx(sheet(HEAD, row(2, text("A2", "张三"), text("B2", "E1"), text("F2", "x")))))
    data = annotated(path, {2: {"姓名": "坏。"}}).active
    assert (data["F2"].value, data["G1"].value, data["G2"].value) == ("x", STATUS_HEADER, "姓名：坏。")


def test_status_text_is_never_a_formula(own_file):
    cell = annotated(own_file, {}, statuses={2: "=1+1"})["数据"]["D2"]
    assert (cell.value, cell.data_type) == ("=1+1", "s")


@pytest.mark.parametrize("name", ["filled.xls", "filled.ods", "filled.csv", "filled.xlsx"])
def test_any_kind_comes_back_as_xlsx_with_the_same_cells(name, tmp_path):
    source = FILES / name
    before = read(source)
    again = saved(tmp_path, annotate(source, before, {2: {"证件号": "坏。"}}, statuses={3: "通过"}))
    after = read(again)
    assert after.kind == "xlsx"
    assert (after.headers, after.rows, after.unknown_headers) == (
        before.headers,
        before.rows,
        before.unknown_headers,
    )
    assert after.template_version == before.template_version
    data = openpyxl.load_workbook(again)[after.sheet_name]
    letter = before.letter("证件号")
    assert marks(data)[f"{letter}2"] == ("FFC7CE", "坏。")
    status = next(cell.column_letter for cell in data[1] if cell.value == STATUS_HEADER)
    assert [data[f"{status}{row}"].value for row in (2, 3)] == ["证件号：坏。", "通过"]


def test_damaged_number_stays_damaged_in_the_copy(tmp_path):
    """P-01: as a text of digits the number would pass for a true one."""
    path = saved(tmp_path, "姓名,证件号\n张三,110101199001011000\n".encode(), "a.csv")
    again = saved(tmp_path, annotate(path, read(path), {}), "b.xlsx")
    assert read(again).rows == [(2, ["张三", DamagedNumber("1.10101199001011E+17")])]


def test_blank_cell_of_a_csv_can_be_marked(tmp_path):
    path = saved(tmp_path, "姓名,证件号\n张三\n".encode(), "a.csv")
    assert marks(annotated(path, {2: {"证件号": "没有填写。"}}).active) == {"B2": ("FFC7CE", "没有填写。")}


def test_workbook_openpyxl_cannot_open_is_rebuilt(tmp_path):
    """An unknown style makes openpyxl stumble; calamine reads it."""
    path = saved(tmp_path, xlsx(sheet(HEAD, row(2, text("A2", "张三", style=99), text("B2", "E1")))))
    data = annotated(path, {2: {"姓名": "坏。"}}).active
    assert (data["A2"].value, marks(data)) == ("张三", {"A2": ("FFC7CE", "坏。")})


def test_annotating_a_file_that_is_gone_is_a_refusal(own_file):
    table = read(own_file)
    own_file.unlink()
    with pytest.raises(SheetRefused) as caught:
        annotate(own_file, table, {})
    assert caught.value.code == "no_file"
