"""Streamed exports: bytes before the last row is known, texts never formulas (PAIN-01, PAIN-30, GOAL-N5, TRUST-39)."""

import csv
import io
import zipfile
from datetime import date, datetime
from decimal import Decimal

import openpyxl
import pytest

from portal.sheets import streaming
from portal.sheets.reading import read_table
from portal.sheets.streaming import stream_csv, stream_xlsx

NOON = datetime(2019, 1, 2, 12)  # noqa: DTZ001  a cell knows no zone


def xlsx(headers, rows, **options):
    return b"".join(stream_xlsx(headers, rows, **options))


def sheet(headers, rows, **options):
    return openpyxl.load_workbook(io.BytesIO(xlsx(headers, rows, **options))).worksheets[0]


INJECTIONS = ["=1+1", "=cmd|' /C calc'!A0", "+1", "-1", "@SUM(A1)", "\t=1", '=HYPERLINK("http://x")']


@pytest.mark.parametrize(
    "value", [*INJECTIONS, "110101199001011237", "0100", "𠮷<&>\"'", " 两边 ", "a\nb", "http://x.cn"]
)
def test_text_is_a_text_cell(value):
    cell = sheet(["列"], [[value]])["A2"]
    assert (cell.value, cell.data_type, cell.number_format) == (value, "s", "@")


@pytest.mark.parametrize(
    ("value", "expected", "number_format"),
    [
        (5, 5, "General"),
        (1.5, 1.5, "General"),
        (date(2019, 1, 2), datetime(2019, 1, 2), "yyyy\\-mm\\-dd"),  # noqa: DTZ001
        (NOON, NOON, "yyyy\\-mm\\-dd\\ hh:mm:ss"),
        (date(1899, 1, 2), "1899-01-02", "@"),
        (True, "是", "@"),
        (False, "否", "@"),
        (None, None, "@"),
        ("", None, "@"),
        (110101199001011237, "110101199001011237", "@"),
        (Decimal("1.50"), "1.50", "@"),
        ("张\x00\x0b三\ud800", "张��三�", "@"),
        ("长" * 40_000, "长" * 32_766 + "…", "@"),
    ],
)
def test_value_in_its_cell(value, expected, number_format):
    cell = sheet(["列"], [[value]])["A2"]
    assert (cell.value, cell.number_format) == (expected, number_format)


def test_text_that_looks_escaped_is_read_back(tmp_path):
    (tmp_path / "a.xlsx").write_bytes(xlsx(["列"], [["_x0041_"], ["a\rb"]]))
    assert read_table(tmp_path / "a.xlsx", expected_headers=["列"]).rows == [(2, ["_x0041_"]), (3, ["a\rb"])]


def test_headers_widths_and_frozen_pane():
    found = sheet(["=列一", "列二"], [], sheet_name="名单 & 表", widths=[10, 30])
    assert [cell.value for cell in found[1]] == ["=列一", "列二"]
    assert found.freeze_panes == "A2"
    assert found.column_dimensions["B"].width == 30
    assert found.title == "名单 & 表"


def test_rows_beyond_one_sheet_go_to_the_next(monkeypatch):
    monkeypatch.setattr(streaming, "MAX_SHEET_ROWS", 4)
    book = openpyxl.load_workbook(io.BytesIO(xlsx(["列"], ([i] for i in range(7)), sheet_name="名单")))
    assert {s.title: [cell.value for cell in s["A"]] for s in book} == {
        "名单": ["列", 0, 1, 2],
        "名单2": ["列", 3, 4, 5],
        "名单3": ["列", 6],
    }


def test_sheet_too_big_for_a_plain_zip_member_goes_to_the_next(monkeypatch):
    monkeypatch.setattr(streaming, "_MAX_SHEET_BYTES", 1)
    book = openpyxl.load_workbook(io.BytesIO(xlsx(["列"], ([i] for i in range(600)))))
    assert [s.max_row for s in book] == [501, 101]


def test_exactly_one_sheet_of_rows_makes_no_empty_second(monkeypatch):
    monkeypatch.setattr(streaming, "MAX_SHEET_ROWS", 4)
    book = openpyxl.load_workbook(io.BytesIO(xlsx(["列"], [[1], [2], [3]])))
    assert len(book.worksheets) == 1


def test_archive_is_sound_and_starts_with_its_content_types():
    archive = zipfile.ZipFile(io.BytesIO(xlsx(["列"], [["x"]] * 3000)))
    assert archive.testzip() is None
    assert archive.namelist()[0] == "[Content_Types].xml"


@pytest.mark.parametrize("stream", [stream_xlsx, stream_csv])
def test_bytes_leave_before_the_rows_are_all_asked_for(stream):
    """Constant memory: the stream never runs more than one chunk ahead of what was taken from it."""
    asked = 0

    def rows():
        nonlocal asked
        for index in range(20_000):
            asked = index
            yield [str(index * 7919)] * 10

    ahead = []
    taken = 0
    for piece in stream(["列"] * 10, rows()):
        taken += len(piece)
        ahead.append(asked)
    assert ahead[0] <= 1_000
    assert len(ahead) > 10
    assert max(later - earlier for earlier, later in zip(ahead, ahead[1:], strict=False)) <= 4_000


def test_csv_guards_formulas_and_keeps_numbers():
    content = b"".join(stream_csv(["=列", "数"], [["=1+1", -5], ["张三", None], ["\t=1", True]]))
    assert content.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))
    assert rows == [["'=列", "数"], ["'=1+1", "-5"], ["张三", ""], ["'\t=1", "是"]]


_SIGNS = "=+-@＝＋－＠"
_BEFORE = (
    "",
    " ",
    "\t",
    "\n",
    "\r\n",
    "\u00a0",
    "\u3000",
    "\u200b",
    "\ufeff",
    "\u202e",
    "\u2060",
    "\u00ad",
    " \n\u200b",
)


@pytest.mark.parametrize("before", _BEFORE, ids=ascii)
def test_csv_guards_every_leading_form(before):
    """TRUST-41: whatever a spreadsheet strips or does not show may stand before the sign."""
    texts = [f"{before}{sign}1+1" for sign in _SIGNS]
    content = b"".join(stream_csv(["列"], [[text] for text in texts]))
    read = [row[0] for row in csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""))]
    assert read[1:] == ["'" + text for text in texts]


@pytest.mark.parametrize(
    "text", ["张三", " 张三", "110101199001011237", "a=b", "2019-09-01", "3+X", "古丽·艾", ""]
)
def test_csv_leaves_other_texts_alone(text):
    content = b"".join(stream_csv(["列"], [[text, "x"]]))
    assert list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))[1] == [text, "x"]


def test_csv_times_are_whole_seconds():
    """GOAL-N5: as the .xlsx shows them."""
    moment = datetime(2026, 11, 2, 9, 5, 7, 123456)  # noqa: DTZ001  a cell knows no zone
    content = b"".join(stream_csv(["上报时间"], [[moment], [date(2026, 9, 1)]]))
    assert content.decode("utf-8-sig").splitlines()[1:] == ["2026-11-02 09:05:07", "2026-09-01"]


@pytest.mark.parametrize("value", INJECTIONS)
def test_csv_guard_is_taken_off_on_reading(value, tmp_path):
    """Export → import changes nothing (TRUST-41)."""
    (tmp_path / "a.csv").write_bytes(b"".join(stream_csv(["列"], [[value]])))
    assert read_table(tmp_path / "a.csv", expected_headers=["列"]).rows == [(2, [value])]
