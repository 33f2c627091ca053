"""Quirky and hostile files, each with its outcome beside it (TRUST-34 … TRUST-36, TRUST-42; PAIN-01, PAIN-04 …
PAIN-11).

Three outcomes are good: the values read back, a marker at the cell, one plain refusal.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, time
from pathlib import Path

from portal.sheets.values import CellError, DamagedNumber
from tests.portal.sheets.workbooks import (
    CHINESE_MONTH,
    DATE,
    DATETIME,
    DEFAULT,
    ELAPSED,
    ODD,
    PADDED,
    TIME,
    YEAR,
    ZERO_FIRST,
    locked,
    number,
    ods,
    ods_row,
    pack,
    parts,
    row,
    sheet,
    text,
    texts,
    xlsx,
)

HEADERS = ["姓名", "证件号"]
OPTIONAL = ["日期", "备注(选填)"]
FILES = Path(__file__).resolve().parents[2] / "files" / "sheets"
HEAD = texts(1, "姓名", "证件号", "日期", "备注")
ZHANG = texts(2, "张三", "110101199001011237")
ZHANG_ROW = (2, ["张三", "110101199001011237"])


@dataclass(frozen=True)
class Accepted:
    """A file that is read: its rows (trailing blanks left out), and any attribute of the table worth a look."""

    name: str
    make: Callable[[], bytes]
    rows: list
    table: dict = field(default_factory=dict)
    suffix: str = ".xlsx"


@dataclass(frozen=True)
class Refused:
    """A file that is refused, with the code of the refusal."""

    name: str
    make: Callable[[], bytes]
    code: str
    words: tuple = ()  # what the message must say
    suffix: str = ".xlsx"


def one_cell(cell_xml):
    """A workbook with 张三 and one cell under test in C2."""
    return lambda: xlsx(sheet(HEAD, row(2, text("A2", "张三"), text("B2", "E1"), cell_xml)))


def cell_case(name, cell_xml, value, **table):
    values = ["张三", "E1"] if value is None else ["张三", "E1", value]
    return Accepted(name, one_cell(cell_xml), [(2, values)], table)


def csv_case(name, content, rows, **table):
    return Accepted(name, lambda: content, rows, {"kind": "csv"} | table, ".csv")


def stored(name):
    return lambda: (FILES / name).read_bytes()


def header_case(name, *headers):
    return Accepted(
        name, lambda: xlsx(sheet(texts(1, *headers), ZHANG)), [ZHANG_ROW], {"unknown_headers": []}
    )


_LONG = "长" * 40_000
_FILLED = [
    (2, ["古丽米热·艾比布力", "110101199001011237"]),
    (3, ["𠮷田", "E12345678"]),
    (5, ["=1+1", "11010119900101004X"]),
]
_ODD = [
    (
        2,
        ["张三", DamagedNumber("1.10101199001011E+17"), date(2019, 1, 2), CellError("formula_error", "#N/A")],
    ),
    (3, [CellError("formula_error", "#DIV/0!"), "AB12", None, 2]),
]
PADDED_ROWS = [
    (2, ["张三", "01234567"]),
    (3, ["李四", "01234567"]),
    (4, ["王五", "00000007"]),
    (5, ["赵六", 12345678]),
]
_VERSION = {"template_version": "accounts-2019-1", "sheet_name": "账号"}

CELLS = [
    cell_case("whole_number", number("C2", 2019), 2019),
    cell_case("fraction", number("C2", "1.5"), 1.5),
    cell_case("fifteen_digits_are_exact", number("C2", 123456789012345), 123456789012345),
    cell_case(
        "sixteen_digits_are_damaged", number("C2", 2018110100100001), DamagedNumber("2.0181101001E+15")
    ),
    cell_case(
        "id_number_as_number", number("C2", "1.1010119900101123E+17"), DamagedNumber("1.10101199001011E+17")
    ),
    cell_case("scientific_text", text("C2", "1.10101E+17"), DamagedNumber("1.10101E+17")),
    cell_case("not_a_number", number("C2", "NaN"), CellError("not_a_number", "nan")),
    cell_case("true", '<c r="C2" t="b"><v>1</v></c>', True),
    cell_case("error_cell", '<c r="C2" t="e"><v>#N/A</v></c>', CellError("formula_error", "#N/A")),
    cell_case("formula_without_value", '<c r="C2"><f>A2</f></c>', CellError("no_cached_value")),
    cell_case("formula_with_empty_value", '<c r="C2"><f>A2</f><v/></c>', CellError("no_cached_value")),
    cell_case("formula_with_number", '<c r="C2"><f>1+1</f><v>2</v></c>', 2),
    cell_case("formula_with_text", '<c r="C2" t="str"><f>A2</f><v>张三</v></c>', "张三"),
    cell_case("formula_with_empty_text", '<c r="C2" t="str"><f>A2</f><v></v></c>', None),
    cell_case(
        "error_formula", '<c r="C2" t="e"><f>1/0</f><v>#DIV/0!</v></c>', CellError("formula_error", "#DIV/0!")
    ),
    cell_case("date_cell", number("C2", 43467, DATE), date(2019, 1, 2)),
    cell_case("datetime_cell", number("C2", 43467.5, DATETIME), datetime(2019, 1, 2, 12)),  # noqa: DTZ001
    cell_case("time_cell", number("C2", 0.5, TIME), time(12)),
    cell_case("chinese_month_format", number("C2", 43467, CHINESE_MONTH), date(2019, 1, 2)),
    # What the user sees: a card number without its first zero is another card's (GOAL-B2).
    cell_case("padded_number", number("C2", 1234567, PADDED), "01234567"),
    cell_case("padded_long_enough", number("C2", 12345678, PADDED), 12345678),
    cell_case("padded_formula", f'<c r="C2" s="{PADDED}"><f>A2</f><v>7</v></c>', "00000007"),
    cell_case("zero_by_format", number("C2", 571, ZERO_FIRST), "0571"),
    cell_case("format_with_words", number("C2", 19, YEAR), 19),
    cell_case("elapsed_time", number("C2", 1.25, ELAPSED), CellError("duration", "1 day, 6:00:00")),
    cell_case("odd_number_format", number("C2", 2019, ODD), 2019),
    cell_case("unknown_style", number("C2", 2019, 99), 2019),
    cell_case("iso_date_cell", '<c r="C2" t="d"><v>2019-01-02</v></c>', date(2019, 1, 2)),
    cell_case("text_like_a_formula", text("C2", "=cmd|' /C calc'!A0"), "=cmd|' /C calc'!A0"),
    cell_case("four_byte_characters", text("C2", "𠮷\U000e0100\ue000〇"), "𠮷\U000e0100\ue000〇"),
    cell_case("compatibility_character_stays", text("C2", "\uf900\ufa0e"), "\uf900\ufa0e"),
    cell_case("markup_is_text", text("C2", "&lt;script&gt;&amp;"), "<script>&"),
    cell_case("escaped_nul", text("C2", "_x0000_张"), CellError("control_character", "�张")),
    cell_case("control_by_reference", text("C2", "张&#1;"), CellError("control_character", "张�")),
    cell_case("escaped_underscore", text("C2", "_x005F_x0041_"), "_x0041_"),
    cell_case("lone_surrogate_escape", text("C2", "_xD83D_"), "_xD83D_"),
    cell_case("inner_line_break", text("C2", "a&#10;b"), "a\nb"),
    cell_case("invisible_only_is_blank", text("C2", "\u3000\u00a0\u200b\ufeff"), None),
    cell_case(
        "rich_text_with_pinyin",
        '<c r="C2" t="inlineStr"><is><r><t>富</t></r><r><t>文本</t></r><rPh sb="0" eb="1"><t>fu</t></rPh></is></c>',
        "富文本",
    ),
    cell_case("lower_case_reference", number("c2", 5), 5),
]

SHEETS = [
    Accepted(
        "default_password", lambda: locked(xlsx(sheet(HEAD, ZHANG)), DEFAULT), [ZHANG_ROW], {"kind": "xlsx"}
    ),
    Accepted(
        "columns_in_any_order",
        lambda: xlsx(sheet(texts(1, "日期", "证件号", "姓名"), texts(2, "x", "E1", "李四"))),
        [(2, ["x", "E1", "李四"])],
        {"headers": [("A", "日期"), ("B", "证件号"), ("C", "姓名")]},
    ),
    header_case("starred_headers", "*姓名", "＊ 证件号"),
    header_case("header_blanks_and_breaks", "\u00a0姓 名\u3000", "证件&#10;号"),
    header_case("header_brackets", "姓名（必填）", "证件号", "", "备注【选填】"),
    header_case("header_alias", "姓名", "身份证件号码"),
    Accepted(
        "titles_above",
        lambda: xlsx(
            sheet(
                texts(1, "住院医师名单"),
                texts(3, "填表单位：姓名"),
                texts(4, "姓名", "证件号"),
                texts(5, "张三", "E1"),
                after='<mergeCells><mergeCell ref="A1:E2"/></mergeCells>',
            )
        ),
        [(5, ["张三", "E1"])],
        {"header_row": 4},
    ),
    Accepted(
        "header_cells_merged_downwards",
        lambda: xlsx(
            sheet(
                texts(1, "姓名", "人员"),
                texts(2, None, "证件号", "日期"),
                texts(3, "张三", "E1"),
                after='<mergeCells><mergeCell ref="A1:A2"/><mergeCell ref="B1:C1"/></mergeCells>',
            )
        ),
        [(3, ["张三", "E1"])],
        {"header_row": 2},
    ),
    Accepted(
        "notes_sheet_first",
        lambda: xlsx(sheet(texts(1, "填写说明", "姓名")), sheet(HEAD, ZHANG)),
        [ZHANG_ROW],
        {"sheet_name": "Sheet2"},
    ),
    Accepted(
        "first_sheet_empty_second_filled",
        lambda: xlsx(sheet(HEAD), sheet(HEAD, ZHANG)),
        [ZHANG_ROW],
        {"sheet_name": "Sheet2", "ignored_sheets": []},
    ),
    Accepted(
        "two_filled_sheets",
        lambda: xlsx(sheet(HEAD, ZHANG), sheet(HEAD, ZHANG)),
        [ZHANG_ROW],
        {"sheet_name": "Sheet1", "ignored_sheets": ["Sheet2"]},
    ),
    Accepted(
        "blank_rows_between",
        lambda: xlsx(sheet(HEAD, ZHANG, texts(4, "\u3000"), texts(7, "李四", "E2"))),
        [ZHANG_ROW, (7, ["李四", "E2"])],
    ),
    Accepted(
        "formatted_rows_below",
        lambda: xlsx(
            sheet(HEAD, ZHANG, *(f'<row r="{i}"><c r="A{i}" s="1"/></row>' for i in range(3, 100_000)))
        ),
        [ZHANG_ROW],
    ),
    Accepted(
        "formatted_far_corner",
        lambda: xlsx(sheet(HEAD, ZHANG, '<row r="1048576"><c r="XFD1048576" s="1"/></row>')),
        [ZHANG_ROW],
    ),
    Accepted(
        "numbered_lines_without_content",
        lambda: xlsx(sheet(texts(1, "序号", "姓名", "证件号"), texts(2, "1", "张三", "E1"), texts(3, "2"))),
        [(2, ["张三", "E1"])],
        {"unknown_headers": [("A", "序号")]},
    ),
    Accepted(
        "data_under_no_header",
        lambda: xlsx(sheet(HEAD, row(2, text("A2", "张三"), text("B2", "E1"), number("F2", 7)))),
        [(2, ["张三", "E1"])],
        {"unknown_headers": [("F", "")]},
    ),
    Accepted(
        "status_column_of_our_copy",
        lambda: xlsx(sheet(texts(1, "姓名", "证件号", "检查结果"), texts(2, "张三", "E1", "坏"))),
        [(2, ["张三", "E1"])],
        {"unknown_headers": []},
    ),
    Accepted(
        "table_not_at_the_left",
        lambda: xlsx(
            sheet(
                row(3, text("C3", "姓名"), text("D3", "证件号")), row(4, text("C4", "张三"), text("D4", "E1"))
            )
        ),
        [(4, ["张三", "E1"])],
        {"headers": [("C", "姓名"), ("D", "证件号")], "header_row": 3},
    ),
    Accepted(
        "merged_data",
        lambda: xlsx(
            sheet(
                HEAD, ZHANG, texts(3, None, "E2"), after='<mergeCells><mergeCell ref="A2:A3"/></mergeCells>'
            )
        ),
        [ZHANG_ROW, (3, [CellError("merged", "张三"), "E2"])],
    ),
    Accepted(
        "year_1904",
        lambda: xlsx(
            sheet(
                HEAD,
                row(2, text("A2", "张三"), text("B2", "E1"), number("C2", 42005, DATE), number("D2", 42005)),
            ),
            workbook_properties='date1904="1"',
        ),
        [(2, ["张三", "E1", date(2019, 1, 2), 42005])],
        {"is_1904": True},
    ),
    Accepted(
        "cells_without_references",
        lambda: xlsx(
            sheet(
                "<row><c t='inlineStr'><is><t>姓名</t></is></c>"
                "<c t='inlineStr'><is><t>证件号</t></is></c></row><row><c><v>1</v></c><c t='e'><v>#REF!</v></c></row>"
            )
        ),
        [(2, [1, CellError("formula_error", "#REF!")])],
    ),
    Accepted(
        "prefixed_elements",
        lambda: xlsx(
            sheet(HEAD, ZHANG)
            .replace("<", "<x:")
            .replace("<x:/", "</x:")
            .replace("<x:?", "<?")
            .replace("xmlns=", "xmlns:x=")
        ),
        [ZHANG_ROW],
    ),
    Accepted(
        "wrong_dimension", lambda: xlsx(sheet(HEAD, ZHANG, before='<dimension ref="A1"/>')), [ZHANG_ROW]
    ),
    Accepted(
        "backslashes_in_part_names",
        lambda: pack(
            {
                name.replace("/", "\\") if "sheet1" in name else name: content
                for name, content in parts(sheet(HEAD, ZHANG)).items()
            }
        ),
        [ZHANG_ROW],
    ),
    Accepted(
        "deep_nesting_before_the_data", lambda: xlsx(sheet(HEAD, ZHANG, before="<a>" * 100_000)), [ZHANG_ROW]
    ),
    Accepted("uncompressed", lambda: pack(parts(sheet(HEAD, ZHANG)), 0), [ZHANG_ROW]),
    Accepted("byte_order_mark_in_xml", lambda: xlsx("\ufeff" + sheet(HEAD, ZHANG)), [ZHANG_ROW]),
    Accepted("xlsx_named_xls", lambda: xlsx(sheet(HEAD, ZHANG)), [ZHANG_ROW], {"kind": "xlsx"}, ".xls"),
    Accepted("xlsx_named_csv", lambda: xlsx(sheet(HEAD, ZHANG)), [ZHANG_ROW], {"kind": "xlsx"}, ".csv"),
    Accepted(
        "ods_repeated_rows",
        lambda: ods(
            ods_row("姓名", "证件号"), ods_row("张三", "E1", repeated=2), ods_row("", repeated=200_000)
        ),
        [(2, ["张三", "E1"]), (3, ["张三", "E1"])],
        {"kind": "ods"},
    ),
]

# Files of tests/files/sheets: `filled` is a template of ours filled in, `odd` and `y1904` hold formulas, a numeric ID
# number and a date, `padded` numbers in the format 00000000; each opened and saved by LibreOffice 7.4 in the format of
# its name (`soffice --convert-to`).
SAVED_BY_LIBREOFFICE = [
    Accepted("template_as_xlsx", stored("filled.xlsx"), _FILLED, _VERSION | {"kind": "xlsx"}),
    Accepted("template_as_xls", stored("filled.xls"), _FILLED, _VERSION | {"kind": "xls"}, ".xls"),
    Accepted("template_as_ods", stored("filled.ods"), _FILLED, _VERSION | {"kind": "ods"}, ".ods"),
    Accepted("template_as_csv", stored("filled.csv"), _FILLED, {"kind": "csv"}, ".csv"),
    Accepted("errors_in_xlsx", stored("odd.xlsx"), _ODD, {"is_1904": False}),
    Accepted("errors_in_xls", stored("odd.xls"), _ODD, {"is_1904": False}, ".xls"),
    Accepted("errors_in_ods", stored("odd.ods"), _ODD, {}, ".ods"),
    Accepted("xls_named_xlsx", stored("odd.xls"), _ODD, {"kind": "xls"}),
    Accepted("padded_in_xlsx", stored("padded.xlsx"), PADDED_ROWS),
    Accepted("padded_in_xls", stored("padded.xls"), PADDED_ROWS, {"kind": "xls"}, ".xls"),
    Accepted("padded_in_ods", stored("padded.ods"), PADDED_ROWS, {"kind": "ods"}, ".ods"),
    Accepted("year_1904_in_xls", stored("y1904.xls"), _ODD, {"is_1904": True}, ".xls"),
]

_CSV = "姓名,证件号\r\n张三,E1\r\n"
_CSV_ROWS = [(2, ["张三", "E1"])]
CSV = [
    csv_case("csv_utf8", _CSV.encode(), _CSV_ROWS),
    csv_case("csv_utf8_with_mark", _CSV.encode("utf-8-sig"), _CSV_ROWS),
    csv_case("csv_gb18030", _CSV.replace("张三", "张㐂𠮷").encode("gb18030"), [(2, ["张㐂𠮷", "E1"])]),
    csv_case("csv_utf16", _CSV.replace(",", "\t").encode("utf-16"), _CSV_ROWS),
    csv_case("csv_semicolons", _CSV.replace(",", ";").encode(), _CSV_ROWS),
    csv_case("csv_separator_line", ("sep=|\r\n" + _CSV.replace(",", "|")).encode(), _CSV_ROWS),
    csv_case(
        "csv_blank_lines",
        "\n姓名,证件号\n\n张三,E1\n,\n李四,E2".encode(),
        [(4, ["张三", "E1"]), (6, ["李四", "E2"])],
    ),
    csv_case(
        "csv_digits_kept_by_formula", '姓名,证件号\n张三,"=""110101199001011237"""\n'.encode(), [ZHANG_ROW]
    ),
    csv_case("csv_apostrophe", "姓名,证件号\n张三,'110101199001011237\n".encode(), [ZHANG_ROW]),
    csv_case("csv_guarded_formula", "姓名,证件号\n'=1+1,E1\n".encode(), [(2, ["=1+1", "E1"])]),
    csv_case(
        "csv_scientific",
        "姓名,证件号\n张三,1.10101E+17\n".encode(),
        [(2, ["张三", DamagedNumber("1.10101E+17")])],
    ),
    csv_case(
        "csv_zeroed_digits",
        "姓名,证件号\n张三,110101199001011000\n".encode(),
        [(2, ["张三", DamagedNumber("110101199001011000")])],
    ),
    csv_case(
        "csv_quoted_line_break",
        '姓名,证件号\n"张\n三",E1\n李四,E2\n'.encode(),
        [(2, ["张\n三", "E1"]), (3, ["李四", "E2"])],
    ),
    csv_case(
        "csv_nul",
        "姓名,证件号\n".encode() + b" " * 4096 + "\n张\0三,E1\n".encode(),
        [(3, [CellError("control_character", "张�三"), "E1"])],
    ),
    csv_case(
        "csv_long_cell",
        f"姓名,证件号\n{_LONG},E1\n".encode(),
        [(2, [CellError("too_long", "长" * 30), "E1"])],
    ),
]

ACCEPTED = [*CELLS, *SHEETS, *SAVED_BY_LIBREOFFICE, *CSV]
