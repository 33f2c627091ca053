"""How the files beside this were made, once: `python -m tests.files.uploads.make`. Each has its outcome in the .json of
its name, which tests/bases/imports/test_uploads_as_they_come.py holds the product to. All people are made up.

An outcome of a workbook tells how many rows are good and how many are not, what is asked and told of the file, the
codes of faults by row, the names as they are stored, or the code of the refusal ("*": any). One of a picture or scan
tells the refusal or the size of what is stored.
"""

import io
import json
from collections.abc import Callable
from datetime import date
from pathlib import Path

import openpyxl
from openpyxl.styles import Font
from PIL import Image

from tests.portal.sheets import workbooks as raw

HERE = Path(__file__).resolve().parent
HEADERS = ("招收年份", "姓名", "证件类型", "证件号", "手机号")
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


def number(serial: int, birth: str = "19960218") -> str:
    body = f"330102{birth}{serial:03d}"
    return body + "10X98765432"[sum(int(d) * w for d, w in zip(body, _WEIGHTS, strict=True)) % 11]


def person(place: int, **values) -> list:
    line = {
        "year": "2026",
        "name": f"林晓{'甲乙丙丁戊己庚辛壬癸'[place % 10]}",
        "type": "居民身份证",
        "number": number(100 + place),
        "mobile": f"1380013{8000 + place}",
    }
    return list((line | values).values())


def book(*lines, headers=HEADERS, change: Callable | None = None, more: Callable | None = None) -> bytes:
    """A workbook as openpyxl writes it; `change` gets the sheet, `more` the book."""
    made = openpyxl.Workbook()
    sheet = made.active
    sheet.title = "招收名单"
    for line in ([headers] if headers else []) + list(lines):
        sheet.append(list(line))
    if change:
        change(sheet)
    if more:
        more(made)
    buffer = io.BytesIO()
    made.save(buffer)
    return buffer.getvalue()


def hide(*rows: int) -> Callable:
    def change(sheet) -> None:
        for row in rows:
            sheet.row_dimensions[row].hidden = True

    return change


def strike(row: int, *columns: int) -> Callable:
    def change(sheet) -> None:
        for column in columns:
            sheet.cell(row, column).font = Font(strike=True)

    return change


def filtered(sheet) -> None:
    sheet.auto_filter.ref = sheet.dimensions
    hide(3, 4)(sheet)


def extra_sheet(state: str, place: int = 0) -> Callable:
    def more(made) -> None:
        other = made.create_sheet("旧名单", place)
        other.append(list(HEADERS))
        other.append(person(8))
        other.append(person(9))
        other.sheet_state = state
        made.active = made.sheetnames.index("招收名单")

    return more


def merged_title(sheet) -> None:
    sheet.insert_rows(1)
    sheet["A1"] = "2026年住院医师招收名单（第一批）"
    sheet.merge_cells("A1:E1")


def ruled(sheet) -> None:
    """Three hundred formatted rows without a word."""
    for row in range(4, 304):
        sheet.cell(row, 1).font = Font(bold=True)


def csv(*lines, encoding="utf-8-sig", comma=",", headers=HEADERS) -> bytes:
    return "".join(f"{comma.join(line)}\r\n" for line in [headers, *lines]).encode(encoding)


def picture(width=500, height=760, kind="JPEG", mode="RGB", **options) -> bytes:
    image = Image.new(
        mode,
        (width, height),
        {"CMYK": (10, 10, 10, 0), "L": 240, "RGBA": (250, 250, 250, 120)}.get(mode, "white"),
    )
    for x in range(0, width, 7):
        for y in range(0, height, 97):
            image.putpixel(
                (x, y), {"CMYK": (90, 60, 30, 0), "L": 20, "RGBA": (30, 60, 90, 255)}.get(mode, (30, 60, 90))
            )
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def exif(turn: int = 1, gps: bool = False) -> bytes:
    tags = Image.Exif()
    tags[0x0112], tags[0x010F] = turn, "某牌手机"
    if gps:
        tags.get_ifd(0x8825).update({1: "N", 2: (30.0, 15.0, 20.5), 3: "E", 4: (120.0, 9.0, 10.2)})
    return tags.tobytes()


HTML = "<html><head><meta charset=gbk></head><table><tr><td>姓名</td></tr></table></html>".encode("gbk")
MHTML = (
    b"MIME-Version: 1.0\r\nContent-Type: multipart/related; boundary=x\r\n\r\n--x\r\n"
    b"Content-Type: text/html\r\n\r\n<table></table>\r\n--x--\r\n"
)
PDF = b"%PDF-1.4\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF\n"
TWO = (person(0), person(1))
ALL_GOOD = {"created": 2, "refused": 0}


def raw_sheet(*cells_of_third_row: str) -> bytes:
    head = raw.texts(1, *HEADERS)
    return raw.xlsx(raw.sheet(head, raw.texts(2, *person(0)), raw.row(3, *cells_of_third_row)))


def cells(line: list, **raw_cells: str) -> list[str]:
    """The row's cells as texts, those named by their letter replaced."""
    return [
        raw_cells.get(letter) or raw.text(f"{letter}3", value)
        for letter, value in zip("ABCDE", line, strict=True)
    ]


# name → (content, outcome)
FILES: dict[str, tuple[bytes, dict]] = {
    # --- what nobody sees (AM-39) ---
    "hidden_sheet_first.xlsx": (
        book(*TWO, more=extra_sheet("hidden")),
        ALL_GOOD | {"hidden_sheets": ["旧名单"]},
    ),
    "very_hidden_sheet_first.xlsx": (
        book(*TWO, more=extra_sheet("veryHidden")),
        ALL_GOOD | {"hidden_sheets": ["旧名单"]},
    ),
    "second_sheet_of_people.xlsx": (
        book(*TWO, more=extra_sheet("visible", 1)),
        ALL_GOOD | {"other_sheets": ["旧名单"]},
    ),
    "hidden_rows.xlsx": (
        book(*TWO, person(2), person(3), change=hide(3, 4)),
        {"created": 4, "asked": ["hidden_rows"]},
    ),
    "filtered_rows.xlsx": (
        book(*TWO, person(2), person(3), change=filtered),
        {"created": 4, "asked": ["hidden_rows"]},
    ),
    "struck_row.xlsx": (
        book(*TWO, person(2), change=strike(4, 1, 2, 3, 4, 5)),
        {"created": 3, "asked": ["struck_rows"]},
    ),
    "hidden_and_struck.xlsx": (
        book(*TWO, person(2), change=lambda sheet: (hide(3)(sheet), strike(4, 1, 2, 3, 4, 5)(sheet))),
        {"created": 3, "asked": ["hidden_rows", "struck_rows"]},
    ),
    "hidden_column.xlsx": (
        book(*TWO, change=lambda sheet: setattr(sheet.column_dimensions["E"], "hidden", True)),
        ALL_GOOD,
    ),
    # --- lists as hospitals keep them ---
    "title_above.xlsx": (book(*TWO, change=merged_title), ALL_GOOD),
    "total_below.xlsx": (book(*TWO, ("合计", "", "", "", "2")), ALL_GOOD),
    "footnotes_below.xlsx": (
        book(
            *TWO,
            ("注：以上名单经医院公示无异议。",),
            ("填表人：林某  审核人：陈某", "", "", "", "0571-88888888"),
        ),
        ALL_GOOD,
    ),
    "sums_beside.xlsx": (
        book(
            *TWO,
            ("合计", "2"),
            ("总人数", "2人", "", "", "２"),
            ("制表人：李雷", "审核人：韩梅梅"),
        ),
        ALL_GOOD,
    ),
    "note_over_merged_cells.xlsx": (
        book(
            *TWO,
            ("注：以上信息真实有效。填表人：王五 联系电话：0571-88888888",),
            ("合计：2人",),
            change=lambda sheet: (sheet.merge_cells("A4:E4"), sheet.merge_cells("A5:C5")),
        ),
        ALL_GOOD,
    ),
    "ends_of_lists.xlsx": (
        book(
            *TWO,
            ("", "以下空白"),
            ("——", "/", "/", "/", "-"),
            ("", "", "", "附件：身份证复印件"),
            ("第 1 页，共 1 页",),
            ("（续表）",),
            ("2026年9月1日制",),
            ("", "——以下空白——"),
            ("", "", "", "", "******"),
        ),
        ALL_GOOD,
    ),
    "somebody_below.xlsx": (
        book(
            person(0),
            ("", "张三"),
            ("", "张三、李四"),
            ("", "", "", number(101)),
            ("", "", "", "", "13800138001"),
        ),
        {"created": 1, "refused": 4},
    ),
    "header_again_on_each_page.xlsx": (book(person(0), HEADERS, person(1)), ALL_GOOD),
    "dragged_type.xlsx": (book(*TWO, *(("", "", "居民身份证", "", ""),) * 60), ALL_GOOD),
    "dragged_year.xlsx": (book(*TWO, *(("2026", "", "", "", ""),) * 20), ALL_GOOD),
    "formatted_rows_below.xlsx": (book(*TWO, change=ruled), ALL_GOOD),
    "blank_rows_between.xlsx": (book(person(0), ("",) * 5, (" ", "　", "", "", ""), person(1)), ALL_GOOD),
    "columns_in_another_order.xlsx": (
        book(*(list(reversed(line)) for line in TWO), headers=tuple(reversed(HEADERS))),
        ALL_GOOD,
    ),
    "headers_by_other_names.xlsx": (
        book(*TWO, headers=("招收年度", "学员姓名", "证件类别", "身份证号码", "联系电话")),
        ALL_GOOD,
    ),
    "headers_with_stars_and_blanks.xlsx": (
        book(*TWO, headers=("*招收年份", "姓  名", "证件类型（必填）", "证 件 号", "手机号*")),
        ALL_GOOD,
    ),
    "serial_number_column.xlsx": (
        book(*([str(place), *line] for place, line in enumerate(TWO, 1)), headers=("序号", *HEADERS)),
        ALL_GOOD,
    ),
    "missing_column.xlsx": (book(*(line[:4] for line in TWO), headers=HEADERS[:4]), {"refusal": "headers"}),
    # --- years in words ---
    "years_with_words.xlsx": (book(person(0, year="2026年度"), person(1, year="2026届")), ALL_GOOD),
    "years_in_chinese.xlsx": (book(person(0, year="二〇二六"), person(1, year="二○二六年")), ALL_GOOD),
    "year_as_a_date.xlsx": (book(person(0, year=date(2026, 9, 1)), person(1, year=2026)), ALL_GOOD),
    "years_of_days.xlsx": (
        book(
            *(
                person(place, year=year)
                for place, year in enumerate(
                    ("2026-09-01", "2026/9", "2026.9.1", "2026年9月1日", "公元2026年", "２０２６年９月")
                )
            )
        ),
        {"created": 6, "refused": 0},
    ),
    "years_of_no_day.xlsx": (
        book(
            *(
                person(place, year=year)
                for place, year in enumerate(("2026-13", "09-01-2026", "2026-2027", 46266))
            )
        ),
        {"created": 0, "refused": 4},
    ),
    "year_of_two_digits.xlsx": (book(person(0, year="26"), person(1)), {"created": 1, "refused": 1}),
    # --- names and numbers ---
    "padded_names.xlsx": (
        book(person(0, name="张　三"), person(1, name=" 王 小 明 ")),
        ALL_GOOD | {"names": ["张三", "王小明"]},
    ),
    "dots_in_names.xlsx": (
        book(*(person(place, name=f"古丽米热{dot}艾比布力") for place, dot in enumerate("•‧．﹒·"))),
        {"created": 5, "names": ["古丽米热·艾比布力"]},
    ),
    "rare_characters.xlsx": (
        book(person(0, name="\U00020089\U000259ac"), person(1, name="龘靐")),
        ALL_GOOD | {"names": ["\U00020089\U000259ac", "龘靐"]},
    ),
    "full_width_digits.xlsx": (
        book(
            person(
                0,
                mobile="１３８００１３８０００",
                number=number(100).translate({48 + n: 0xFF10 + n for n in range(10)}),
            ),
            person(1),
        ),
        ALL_GOOD,
    ),
    "mobile_with_country_code.xlsx": (
        book(person(0, mobile="+86 138-0013-8000"), person(1, mobile="+8613800138001")),
        ALL_GOOD,
    ),
    "lower_case_x.xlsx": (
        book(
            person(0, number=next(n for n in map(number, range(200, 400)) if n[-1] == "X").lower()), person(1)
        ),
        ALL_GOOD,
    ),
    "first_generation_card.xlsx": (book(person(0, number="330102960218123"), person(1)), ALL_GOOD),
    "damaged_number.xlsx": (
        raw_sheet(*cells(person(1), D=raw.number("D3", "330102199602181000"))),
        {"created": 1, "refused": 1, "faults": {"3": ["number_damaged"]}},
    ),
    "number_in_scientific_text.xlsx": (
        book(person(0), person(1, number="3.30102E+17")),
        {"created": 1, "refused": 1},
    ),
    "broken_formula.xlsx": (
        raw_sheet(*cells(person(1), B='<c r="B3" t="e"><v>#N/A</v></c>')),
        {"created": 1, "refused": 1},
    ),
    "twice_in_the_file.xlsx": (
        book(person(0), person(0)),
        {"created": 1, "refused": 1, "faults": {"3": ["duplicate_in_file"]}},
    ),
    "pass_with_serial_in_brackets.xlsx": (
        book(person(0, type="港澳居民来往内地通行证", number="H12345678(01)", name="陈大文"), person(1)),
        ALL_GOOD,
    ),
    "permanent_card_as_identity_card.xlsx": (
        book(person(0, number="911156199602181230"), person(1)),
        {"created": 1, "refused": 1},
    ),
    "formula_in_a_name.xlsx": (
        book(person(0, name='\'=HYPERLINK("http://x","点我")'), person(1)),
        {"created": 1, "refused": 1},
    ),
    # --- other files than they seem ---
    "list_gb18030.csv": (csv(*TWO, encoding="gb18030"), ALL_GOOD),
    "list_utf16.csv": (csv(*TWO, encoding="utf-16", comma="\t"), ALL_GOOD),
    "list_semicolons.csv": (csv(*TWO, comma=";"), ALL_GOOD),
    "list_bars.csv": (csv(*TWO, comma="|"), ALL_GOOD),
    "list_utf32.csv": (csv(*TWO, encoding="utf-32"), ALL_GOOD),
    "list_ruined.csv": (csv(person(0), person(1, mobile="1.38001E+10")), {"created": 1, "refused": 1}),
    "page_named.xls": (HTML, {"refusal": "*"}),
    "web_archive_named.xls": (MHTML, {"refusal": "*"}),
    "header_only.xlsx": (book(), {"refusal": "*"}),
    "nothing_at_all.xlsx": (book(headers=()), {"refusal": "*"}),
    "picture_named.xlsx": (picture(), {"refusal": "*"}),
    "opened_unasked.xlsx": (raw.locked(book(*TWO), raw.DEFAULT), ALL_GOOD),
    "with_a_password.xlsx": (raw.locked(book(*TWO), "geheim"), {"refusal": "*"}),
    # --- photos and scans (PAIN-28) ---
    "photo_upright.jpg": (picture(), {"field": "photo", "size": [500, 760]}),
    "photo_turned.jpg": (picture(760, 500, exif=exif(6)), {"field": "photo", "size": [500, 760]}),
    "photo_upside_down.jpg": (picture(exif=exif(3)), {"field": "photo", "size": [500, 760]}),
    "photo_with_place.jpg": (picture(exif=exif(1, gps=True)), {"field": "photo", "size": [500, 760]}),
    "photo_lying.jpg": (picture(1000, 700), {"field": "photo", "refusal": "photo_ratio"}),
    "photo_small.jpg": (picture(200, 300), {"field": "photo", "refusal": "photo_pixels"}),
    "photo_grey.jpg": (picture(mode="L"), {"field": "photo", "size": [500, 760]}),
    "photo_for_print.jpg": (picture(mode="CMYK"), {"field": "photo", "size": [500, 760]}),
    "photo_cut_off.jpg": (picture()[:3000], {"field": "photo", "refusal": "photo_broken"}),
    "photo_as.png": (picture(kind="PNG"), {"field": "photo", "refusal": "photo_kind"}),
    "scan_see_through.png": (picture(kind="PNG", mode="RGBA"), {"field": "scan", "size": [500, 760]}),
    "scan_turned_with_place.jpg": (
        picture(760, 500, exif=exif(8, gps=True)),
        {"field": "scan", "size": [500, 760]},
    ),
    "scan_after_mark.pdf": (b"\xef\xbb\xbf" + PDF, {"field": "scan"}),
    "scan_after_lines.pdf": (b"\r\n\r\n\r\n" + PDF, {"field": "scan"}),
    "scan_far_below.pdf": (b"x" * 2000 + PDF, {"field": "scan", "refusal": "*"}),
    "page_named.pdf": (HTML, {"field": "scan", "refusal": "*"}),
    "empty.pdf": (b"", {"field": "scan", "refusal": "file_empty"}),
}


def make() -> None:
    for name, (content, outcome) in FILES.items():
        (HERE / name).write_bytes(content)
        written = json.dumps(outcome, ensure_ascii=False, indent=1)
        (HERE / f"{name}.json").write_text(f"{written}\n", encoding="utf-8")


if __name__ == "__main__":
    make()
