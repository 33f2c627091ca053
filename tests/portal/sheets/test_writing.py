"""Templates: text cells, lists, notes, a version, and no formula out of a value (PAIN-01, PAIN-05, PAIN-30,
GOAL-B1)."""

import io

import openpyxl
import pytest

from portal.sheets.books import LISTS_SHEET
from portal.sheets.reading import SheetRefused, read_table
from portal.sheets.writing import NOTES_SHEET, Column, write_template

COLUMNS = [
    Column("姓名", required=True, rule="与证件一致", example="张三", comment="与证件上的一致"),
    Column("证件类型", choices=["居民身份证", "护照"]),
    Column("省", choices=["北京市", "河北省"]),
    Column("市", choices={"北京市": ["东城区"], "河北省": ["石家庄市", "唐山市"]}, depends_on="省"),
]
HEADERS = [column.header for column in COLUMNS]


def make(rows=(), **options):
    options = {
        "sheet_name": "账号",
        "version": "v1",
        "text_rows": 30,
        "notes": ["第一条", [["代码", "名称"], ["01", "甲"]]],
    } | options
    return write_template(COLUMNS, rows, **options)


@pytest.fixture
def book():
    return openpyxl.load_workbook(io.BytesIO(make([["张三", "护照", None, None]])))


def test_template_sheets_and_frozen_header(book):
    assert book.sheetnames == ["账号", NOTES_SHEET, LISTS_SHEET]
    assert [sheet.sheet_state for sheet in book] == ["visible", "visible", "hidden"]
    assert book.active.title == "账号"
    assert book["账号"].freeze_panes == "A2"
    assert [cell.value for cell in book["账号"][1]] == HEADERS


def test_template_cells_are_text_so_that_id_numbers_survive(book):
    """PAIN-01: every row offered to the user, filled or not."""
    formats = {cell.number_format for cells in book["账号"]["A1:D31"] for cell in cells}
    assert formats == {"@"}


def test_template_has_text_rows_for_a_full_file():
    sheet = openpyxl.load_workbook(io.BytesIO(make(text_rows=5_000)))["账号"]
    assert sheet.max_row == 5_001
    assert sheet["D5001"].number_format == "@"


def test_template_lists_stand_on_the_hidden_sheet(book):
    validations = {str(rule.sqref): rule.formula1 for rule in book["账号"].data_validations.dataValidation}
    assert validations == {
        "B2:B31": f"'{LISTS_SHEET}'!$B$2:$B$3",
        "C2:C31": f"'{LISTS_SHEET}'!$C$2:$C$3",
        "D2:D31": f"OFFSET('{LISTS_SHEET}'!$E$2,MATCH($C2,'{LISTS_SHEET}'!$D$2:$D$4,0)-1,0,"
        f"COUNTIF('{LISTS_SHEET}'!$D$2:$D$4,$C2),1)",
    }
    lists = [[cell.value for cell in cells] for cells in book[LISTS_SHEET]["B2:E4"]]
    assert lists == [
        ["居民身份证", "北京市", "北京市", "东城区"],
        ["护照", "河北省", "河北省", "石家庄市"],
        [None, None, "河北省", "唐山市"],
    ]


def test_template_explains_each_column(book):
    assert book["账号"]["A1"].comment.text == "与证件上的一致"
    cells = [[cell.value for cell in row if cell.value] for row in book[NOTES_SHEET].iter_rows()]
    lines = [line for line in cells if line]
    assert lines[:5] == [
        ["模板版本：v1"],
        ["第一条"],
        ["代码", "名称"],
        ["01", "甲"],
        ["列名", "是否必填", "填写要求", "示例"],
    ]
    assert lines[5] == ["姓名", "必填", "与证件一致", "张三"]


@pytest.mark.parametrize(
    "value", ["=1+1", "=cmd|' /C calc'!A0", "+1", "-1", "@SUM(A1)", "{=1}", "http://x.cn", "007"]
)
def test_template_values_stay_texts(value):
    """PAIN-30 and TRUST-39."""
    cell = openpyxl.load_workbook(io.BytesIO(make([[value, None, None, None]])))["账号"]["A2"]
    assert (cell.value, cell.data_type) == (value, "s")


def test_template_is_read_back_with_its_version(tmp_path):
    path = tmp_path / "t.xlsx"
    path.write_bytes(make([["张三", "护照", True, None]]))
    table = read_table(path, expected_headers=HEADERS)
    assert table.rows == [(2, ["张三", "护照", "是", None])]
    assert (table.template_version, table.ignored_sheets, table.unknown_headers) == ("v1", [], [])


def test_template_sent_back_empty_is_refused(tmp_path):
    path = tmp_path / "t.xlsx"
    path.write_bytes(make())
    with pytest.raises(SheetRefused) as caught:
        read_table(path, expected_headers=HEADERS)
    assert caught.value.code == "no_rows"
