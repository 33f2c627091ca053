"""The user's own workbook back: same sheets and cells, faults marked, and good to be sent again (GOAL-B5)."""

import io
from datetime import date

import openpyxl
import pytest
from openpyxl.comments import Comment
from openpyxl.worksheet.datavalidation import DataValidation

from portal.sheets.annotation import annotate
from portal.sheets.reading import STATUS_HEADER, SheetRefused, read_table
from portal.sheets.values import DamagedNumber
from tests.portal.sheets.corpus import FILES
from tests.portal.sheets.workbooks import DATE, number, row, sheet, text, texts, xlsx

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


def test_own_workbook_is_edited_though_another_program_wrote_it(own_file):
    """GOAL-B5: its stylesheet has an empty fill, and nothing says that it was rebuilt."""
    assert set(marks(annotated(own_file, {4: {"证件号": "坏。"}})["数据"])) == {"B4"}


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
    """PAIN-01: as a text of digits the number would pass for a true one."""
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
    assert (data["A2"].value, marks(data)["A2"]) == ("张三", ("FFC7CE", "坏。"))


def full_featured():
    """A workbook as offices keep them: lists, frozen panes, widths, formulas, comments, hidden sheets, merges."""
    book = openpyxl.Workbook()
    book.active.title, book.active.sheet_state = "附表", "veryHidden"
    data = book.create_sheet("数据")
    for line in (
        [*HEADERS, "合计"],
        ["张三", "E1", "=1+1"],
        ["李四", "E2"],
        [None, "E3"],
        ["说明：以下无", None],
    ):
        data.append(line)
    data.merge_cells("A3:A4")
    data.merge_cells("A5:D5")
    data.freeze_panes, data.column_dimensions["B"].width = "B2", 31
    choice = DataValidation("list", '"E1,E2"')
    choice.add("B2:B9")
    data.add_data_validation(choice)
    data["B2"].comment = Comment("我核对过", "王老师")
    content = io.BytesIO()
    book.active = 1
    book.save(content)
    return content.getvalue()


def test_the_users_own_workbook_comes_back_with_all_it_has(tmp_path):
    """GOAL-B5: lists, panes, widths, formulas, comments, hidden sheets stay, also where a merge reaches the new
    column."""
    path = saved(tmp_path, full_featured())
    book = annotated(path, {2: {"证件号": "坏。"}, 5: {"": "没有证件号。"}})
    data = book["数据"]
    assert (book["附表"].sheet_state, book.active.title) == ("veryHidden", "数据")
    assert (data.freeze_panes, data.column_dimensions["B"].width) == ("B2", 31)
    assert data.data_validations.dataValidation[0].formula1 == '"E1,E2"'
    assert (data["C2"].value, data["C2"].data_type) == ("=1+1", "f")
    assert (data["B2"].comment.author, data["B2"].comment.text) == ("王老师", "我核对过\n【系统检查】\n坏。")
    assert {str(each) for each in data.merged_cells.ranges} == {"A3:A4", "A5:C5"}
    assert (data["D1"].value, data["D5"].value) == (STATUS_HEADER, "没有证件号。")


def test_second_annotation_keeps_the_users_comment_and_forgets_ours(tmp_path):
    """GOAL-B5: the copy sent again comes back with its owner's comments and only with today's faults."""
    first = saved(tmp_path, full_featured())
    second = saved(tmp_path, annotate(first, read(first), {2: {"证件号": "坏。"}}), "b.xlsx")
    data = annotated(second, {2: {"姓名": "坏。"}})["数据"]
    assert data["B2"].comment.text == "我核对过"
    assert data["A2"].comment.text == "坏。"
    assert data["B2"].fill.fill_type is None


def test_list_with_its_words_on_another_sheet_stays_as_excel_saves_it(tmp_path):
    """GOAL-B5: Excel moves the lists of our template into an extension, which openpyxl drops."""
    extension = (
        '<extLst><ext uri="{CCE6A557-97BC-4b89-ADB6-D9C93CAAB3DF}"><x14:dataValidations count="1">'
        '<x14:dataValidation type="list" allowBlank="1" showErrorMessage="1" error="请选择。">'
        "<x14:formula1><xm:f>_选项!$B$2:$B$10</xm:f></x14:formula1><xm:sqref>B2:B9 C2</xm:sqref>"
        "</x14:dataValidation></x14:dataValidations></ext></extLst>"
    ).replace("<ext ", '<ext xmlns:x14="urn:a" xmlns:xm="urn:b" ')
    content = xlsx(sheet(HEAD, texts(2, "张三", "E1"), after=extension), ("_选项", "", sheet()))
    data = annotated(saved(tmp_path, content), {2: {"证件号": "坏。"}}).worksheets[0]
    (found,) = data.data_validations.dataValidation
    assert (found.type, found.formula1, str(found.sqref)) == ("list", "_选项!$B$2:$B$10", "B2:B9 C2")
    assert (found.showErrorMessage, found.error) == (True, "请选择。")
    assert set(marks(data)) == {"B2"}


def test_formulas_keep_their_results_in_the_copy(tmp_path):
    """GOAL-B5: sent again without having been opened, the copy holds what the file held."""
    cells = [
        f'<c r="A2" t="str"><f>"张"&amp;"三"</f><v>张三</v></c><c r="B2" s="{DATE}"><f>A9+1</f><v>43467</v></c>',
        '<c r="A3" t="str"><f t="array" ref="A3">D3</f><v>李四&amp;</v></c><c r="B3"><f>1+1</f><v>2</v></c>',
    ]
    path = saved(tmp_path, xlsx(sheet(HEAD, row(2, cells[0]), row(3, cells[1]))))
    before = read(path)
    again = saved(
        tmp_path, annotate(path, before, {3: {"姓名": "坏。"}}, corrections={3: {"证件号": "E3"}}), "b.xlsx"
    )
    assert before.rows[0][1] == ["张三", date(2019, 1, 2)]
    assert read(again).rows == [before.rows[0], (3, ["李四&", "E3"])]
    data = openpyxl.load_workbook(again).active
    assert (data["B2"].value, data["B3"].value) == ("=A9+1", "E3")


@pytest.mark.parametrize("name", ["a.xlsx", "a.csv"])
def test_correction_stands_in_the_copy_as_text(name, tmp_path):
    """GOAL-B5, GOAL-B7: the copy holds the value as corrected; what was typed is never a formula; an emptied cell is
    empty."""
    content = xlsx(sheet(HEAD, texts(2, "张三", "E1"), row(3, text("A3", "李四"), number("B3", 5))))
    path = saved(tmp_path, content if name == "a.xlsx" else "姓名,证件号\n张三,E1\n李四,5\n".encode(), name)
    data = annotated(path, {}, corrections={2: {"姓名": "=1+1", "证件号": ""}, 3: {"证件号": "05"}}).active
    assert [[cell.value for cell in cells] for cells in data["A2:B3"]] == [["=1+1", None], ["李四", "05"]]
    assert (data["A2"].data_type, data["B3"].data_type, data["B3"].number_format) == ("s", "s", "@")


def test_correction_under_a_merge_takes_it_apart(tmp_path):
    """GOAL-B5: every cell of the merge keeps what was seen in it, but the corrected one."""
    path = saved(tmp_path, full_featured())
    data = annotated(path, {3: {"姓名": "坏。"}}, corrections={4: {"姓名": "赵六"}})["数据"]
    assert (data["A3"].value, data["A4"].value) == ("李四", "赵六")
    assert {str(each) for each in data.merged_cells.ranges} == {"A5:C5"}


def test_rebuilt_copy_says_what_it_lacks_and_keeps_hidden_sheets_hidden(tmp_path):
    """GOAL-B5: where the own workbook cannot be edited, its owner is told."""
    broken = row(2, text("A2", "张三", style=99), text("B2", "E1"))
    content = xlsx(("附表", 'state="hidden"', sheet()), ("数据", "", sheet(HEAD, broken)))
    book = annotated(saved(tmp_path, content), {2: {"姓名": "坏。"}})
    assert (book["附表"].sheet_state, book.active.title) == ("hidden", "数据")
    assert "没有保留格式" in book["数据"]["D1"].comment.text


def test_annotating_a_file_that_is_gone_is_a_refusal(own_file):
    table = read(own_file)
    own_file.unlink()
    with pytest.raises(SheetRefused) as caught:
        annotate(own_file, table, {})
    assert caught.value.code == "no_file"
