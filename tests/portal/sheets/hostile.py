"""Files to be refused: wrong, broken and hostile ones (TRUST-34 … TRUST-36, TRUST-42)."""

from tests.portal.sheets.corpus import HEAD, ZHANG, Refused, stored
from tests.portal.sheets.workbooks import (
    DEFAULT,
    DOCTYPE,
    MAIN,
    declare_small,
    locked,
    number,
    ods,
    ods_row,
    ole,
    pack,
    parts,
    row,
    sheet,
    text,
    texts,
    xlsx,
)


def good():
    return xlsx(sheet(HEAD, ZHANG))


def with_part(name, content):
    return lambda: pack(parts(sheet(HEAD, ZHANG)) | {name: content})


def not_a_table(name, content, what, suffix=".xlsx"):
    return Refused(name, lambda: content, "not_a_table", (what,), suffix)


_BILLION = "<!DOCTYPE x [<!ENTITY a 'aaaaaaaaaa'>" + "".join(
    f"<!ENTITY a{i} '{f'&a{i - 1 if i > 1 else str()};' * 10}'>" for i in range(1, 10)
)
_HTML = "<html><table><tr><td>姓名</td><td>证件号</td></tr></table></html>".encode()
_MHTML = b"MIME-Version: 1.0\r\nContent-Type: multipart/related\r\n\r\n" + _HTML
_XML_2003 = b'<?xml version="1.0"?><?mso-application progid="Excel.Sheet"?><Workbook/>'
_MACRO = {"xl/vbaProject.bin": b"\x00"}

WRONG_KIND = [
    Refused("nothing", lambda: b"", "empty_file"),
    not_a_table("png", b"\x89PNG\r\n\x1a\n" + b"\x00" * 100, "PNG"),
    not_a_table("jpg", b"\xff\xd8\xff\xe0" + b"\x00" * 100, "JPG"),
    not_a_table("pdf", b"%PDF-1.7\n", "PDF"),
    not_a_table("rar", b"Rar!\x1a\x07\x00" + b"\x00" * 100, "RAR"),
    not_a_table("program", b"MZ\x90\x00" + b"\x00" * 100, "程序"),
    not_a_table("rtf", b"{\\rtf1 x}", "RTF"),
    Refused("binary", lambda: bytes(range(256)), "unknown_content", ("加密", "解密")),
    Refused("guarded_by_its_name", lambda: b"%TSD-Header-###%" + b"x" * 500, "unknown_content", ("防泄密",)),
    Refused("guarded_as_csv", lambda: b"E-SafeNet" + b"\x81" * 500, "unknown_content", ("解密",), ".csv"),
    Refused("rights_management", lambda: ole("DRMEncryptedDataSpace"), "rights", ("限制访问",)),
    Refused("mhtml_named_xls", lambda: _MHTML, "old_format", ("MHTML", "另存为 .xlsx"), ".xls"),
    Refused("html_in_utf16", lambda: _HTML.decode().encode("utf-16"), "old_format", ("网页",), ".xls"),
    Refused("html_after_a_comment", lambda: b"<!-- x -->\n" + _HTML, "old_format", ("网页",), ".xls"),
    Refused(
        "html_with_an_xml_line", lambda: b'<?xml version="1.0"?>' + _HTML, "old_format", ("网页",), ".xls"
    ),
    Refused("html_body_alone", lambda: b"<div><table>" + _HTML, "old_format", ("网页",), ".xls"),
    not_a_table("docx", pack({"[Content_Types].xml": "<Types/>", "word/document.xml": "<d/>"}), "Word"),
    not_a_table("pptx", pack({"[Content_Types].xml": "<Types/>", "ppt/presentation.xml": "<d/>"}), "幻灯片"),
    not_a_table("zip_of_photos", pack({"a.jpg": b"x", "b.jpg": b"y"}), "压缩包"),
    not_a_table("odt", ods(mimetype="application/vnd.oasis.opendocument.text"), "文档"),
    not_a_table("doc", ole("WordDocument"), "Word", ".xls"),
    Refused("html_named_xls", lambda: _HTML, "old_format", ("网页", "另存为 .xlsx"), ".xls"),
    Refused("xml_2003", lambda: _XML_2003, "old_format", ("XML",), ".xls"),
    Refused("xlsb", lambda: pack({"xl/workbook.bin": b"\x00"}), "old_format", (".xlsb", "另存为 .xlsx")),
    Refused("numbers", lambda: pack({"Index/Document.iwa": b"\x00"}), "old_format", ("Numbers",)),
    Refused("et", lambda: ole("ETContent"), "old_format", (".et", "另存为 .xlsx"), ".et"),
    Refused("csv_named_chart", lambda: b"\xff\x00\xfe\xfd", "unknown_content", (), ".csv"),
    Refused(
        "csv_unknown_encoding",
        lambda: "姓名,证件号\n".encode() + b"\xff\xff\xff\n",
        "encoding",
        ("UTF-8",),
        ".csv",
    ),
    Refused(
        "csv_open_quote",
        lambda: '姓名,证件号\n张三,E1\n"李四,E2\n'.encode(),
        "csv_quotes",
        ("双引号",),
        ".csv",
    ),
    Refused("password_xlsx", lambda: ole("EncryptedPackage"), "password", ("去掉密码",)),
    Refused("password_xls", stored("password.xls"), "password", ("去掉密码",), ".xls"),
    Refused("password_ods", stored("password.ods"), "password", ("去掉密码",), ".ods"),
    Refused("macros_xlsx", lambda: xlsx(sheet(HEAD, ZHANG), extra=_MACRO), "macros", ("宏",)),
    Refused("macros_xls", lambda: ole("_VBA_PROJECT_CUR"), "macros", ("宏",), ".xls"),
    Refused("macros_ods", lambda: ods(extra={"Basic/Standard/M.xml": "<x/>"}), "macros", ("宏",), ".ods"),
]

WRONG_CONTENT = [
    Refused(
        "cell_written_twice",
        lambda: xlsx(sheet(HEAD, row(2, text("A2", "张三"), text("B2", "E1"), text("B2", "E2")))),
        "cell_twice",
        ("B2", "两次"),
    ),
    Refused(
        "row_written_twice",
        lambda: xlsx(sheet(HEAD, ZHANG, ZHANG.replace("张三", "李四"))),
        "cell_twice",
        ("A2",),
    ),
    # The sheet of notes names most columns; the cause is the cell, not that sheet's header.
    Refused(
        "stray_blank_beside_notes",
        lambda: xlsx(
            ("名单", "", sheet(HEAD, ZHANG, row(1048576, text("XFD1048576", " ")))),
            (
                "填写说明",
                "",
                sheet(texts(1, "列", "说明"), texts(2, "姓名", "必填"), texts(3, "证件号", "必填")),
            ),
        ),
        "far_corner",
        ("“名单”", "XFD1048576"),
    ),
    Refused(
        "stray_letter_far_to_the_right",
        lambda: xlsx(sheet(HEAD, ZHANG, row(900, text("A900", "x")), row(901, text("XFC901", "x")))),
        "far_corner",
        ("XFC901",),
    ),
    Refused(
        "empty_template_beside_a_stray_blank",
        lambda: xlsx(
            ("名单", "", sheet(HEAD, row(1048576, text("XFD1048576", " ")))), ("空表", "", sheet(HEAD))
        ),
        "far_corner",
        ("“名单”",),
    ),
    Refused("locked_xlsx", lambda: locked(good(), "secret"), "password", ("去掉密码",)),
    Refused(
        "default_password_on_entities",
        lambda: locked(xlsx(sheet(HEAD, ZHANG), extra={"docProps/app.xml": f"{DOCTYPE}<a/>"}), DEFAULT),
        "entities",
    ),
    Refused(
        "default_password_on_macros",
        lambda: locked(xlsx(sheet(HEAD, ZHANG), extra=_MACRO), DEFAULT),
        "macros",
        ("宏",),
    ),
    Refused(
        "missing_headers",
        lambda: xlsx(sheet(texts(1, "名字"), texts(2, "姓名", "性别"), texts(3, "x"))),
        "headers",
        ("“Sheet1”第 2 行", "缺少列“证件号”", "“性别”（B 列）"),
    ),
    Refused(
        "doubled_header",
        lambda: xlsx(sheet(texts(1, "姓名", "证件号", "姓名"), ZHANG)),
        "headers",
        ("“姓名”出现了 2 次（A、C 列）",),
    ),
    Refused(
        "missing_and_doubled",
        lambda: xlsx(sheet(texts(1, "姓名", "姓名"), ZHANG)),
        "headers",
        ("缺少列“证件号”", "“姓名”出现了 2 次（A、B 列）"),
    ),
    Refused(
        "no_header_at_all",
        lambda: xlsx(sheet(texts(1, "张三", "110101199001011237"))),
        "no_header",
        ("姓名、证件号",),
    ),
    Refused("header_only", lambda: xlsx(sheet(HEAD)), "no_rows", ("第 1 行",)),
    Refused("empty_sheet", lambda: xlsx(sheet()), "no_header"),
    Refused(
        "too_many_rows",
        lambda: xlsx(sheet(HEAD, *(texts(i, "张三", "E1") for i in range(2, 25)))),
        "too_many_rows",
        ("23 行", "20 行"),
    ),
    Refused("too_many_bytes", lambda: good() + b"\x00" * 2_000_000, "file_too_big", ("MB",)),
]

BROKEN = [
    Refused("half_uploaded", lambda: good()[:-200], "broken", ("不完整",)),
    Refused("garbage_after_magic", lambda: b"PK\x03\x04" + b"\x55" * 3000, "broken"),
    Refused("flipped_bytes", lambda: good()[:700] + b"\x00" * 60 + good()[760:], "unreadable"),
    Refused("broken_sheet_xml", lambda: xlsx(sheet(HEAD, ZHANG)[:-40]), "unreadable"),
    Refused(
        "no_workbook",
        lambda: pack({"[Content_Types].xml": "<Types/>", "xl/styles.xml": "<x/>"}),
        "unreadable",
    ),
    Refused("no_sheets", lambda: xlsx(), "no_sheet"),
    Refused(
        "missing_sheet_part",
        lambda: pack({n: c for n, c in parts(sheet(HEAD)).items() if "sheet1" not in n}),
        "unreadable",
    ),
    Refused(
        "shared_string_out_of_range",
        lambda: xlsx(sheet(HEAD, '<row r="2"><c r="A2" t="s"><v>7</v></c></row>')),
        "unreadable",
    ),
    Refused(
        "two_parts_of_one_name",
        lambda: pack(parts(sheet(HEAD, ZHANG)) | {"XL/workbook.xml": "<x/>"}),
        "broken",
    ),
    Refused(
        "ole_ring",
        lambda: ole("Workbook").replace(b"\x03\x00\x00\x00\x04\x00\x00\x00", b"\x02\x00\x00\x00" * 2),
        "no_sheet",
        (),
        ".xls",
    ),
    Refused("ole_of_zeros", lambda: ole("Workbook"), "no_sheet", (), ".xls"),
]

HOSTILE = [
    Refused(
        "far_corner",
        lambda: xlsx(sheet(HEAD, ZHANG, row(1048576, number("XFD1048576", 1)))),
        "far_corner",
        ("XFD1048576", "“Sheet1”"),
    ),
    Refused(
        "far_corner_without_references",
        lambda: xlsx(sheet(HEAD, row(2, number("ZZ2", 1)), "<row r='1048576'><c><v>1</v></c></row>")),
        "too_demanding",
    ),
    Refused(
        "row_beyond_the_last",
        lambda: xlsx(sheet(HEAD, row(99999999999, number("A99999999999", 1)))),
        "far_corner",
    ),
    Refused(
        "far_corner_with_wrong_row",
        lambda: xlsx(sheet(HEAD, row(2, number("A99999999999", 1)))),
        "too_demanding",
    ),
    Refused(
        "xxe_in_sheet",
        lambda: xlsx(sheet(HEAD, texts(2, "&canary;", "E1"), prolog=DOCTYPE)),
        "entities",
        ("DOCTYPE",),
    ),
    Refused(
        "xxe_in_shared_strings",
        with_part("xl/sharedStrings.xml", f'{DOCTYPE}<sst xmlns="{MAIN}"><si><t>&canary;</t></si></sst>'),
        "entities",
    ),
    Refused(
        "xxe_in_relations", with_part("xl/_rels/workbook.xml.rels", f"{DOCTYPE}<Relationships/>"), "entities"
    ),
    Refused(
        "xxe_after_a_long_comment",
        with_part("docProps/app.xml", f"<!--{'x' * 9000}-->{DOCTYPE}<a>&canary;</a>"),
        "entities",
    ),
    Refused("xxe_in_utf16", with_part("docProps/app.xml", f"{DOCTYPE}<a/>".encode("utf-16")), "utf16"),
    Refused(
        "sheet_in_utf16",
        with_part("xl/worksheets/sheet1.xml", sheet(HEAD, ZHANG).encode("utf-16")),
        "utf16",
        ("UTF-16", "另存为 .xlsx"),
    ),
    Refused(
        "xxe_in_ods",
        lambda: ods(ods_row("姓名"), extra={"styles.xml": f"{DOCTYPE}<a/>"}),
        "entities",
        (),
        ".ods",
    ),
    Refused("billion_laughs", lambda: xlsx(sheet(HEAD, prolog=_BILLION + "]>")), "entities"),
    Refused(
        "bomb_by_declared_size",
        lambda: xlsx(sheet(HEAD), extra={"xl/media/a.bin": b"\x00" * 101 * 2**20}),
        "unpacks_too_big",
    ),
    Refused("bomb_by_ratio", lambda: xlsx(sheet(HEAD, after=" " * 50_000_000)), "unpacks_too_big"),
    Refused(
        "bomb_with_false_size",
        lambda: declare_small(xlsx(sheet(HEAD, text("A2", "x" * 50_000_000))), "xl/worksheets/sheet1.xml"),
        "broken",
    ),
    Refused(
        "too_many_parts",
        lambda: xlsx(sheet(HEAD), extra={f"x/{i}.bin": b"" for i in range(6000)}),
        "too_many_parts",
    ),
    Refused("one_giant_cell", lambda: xlsx(sheet(texts(1, "姓名" + "证" * 3_000_000, "x"))), "no_header"),
    Refused(
        "million_merges",
        lambda: xlsx(
            sheet(
                HEAD,
                ZHANG,
                after="<mergeCells>"
                + "".join(f'<mergeCell ref="A2:D{i}"/>' for i in range(3, 90_000))
                + "</mergeCells>",
            )
        ),
        "too_demanding",
    ),
    Refused(
        "ods_of_the_whole_sheet",
        lambda: ods(
            ods_row("姓名", "证件号"),
            '<table:table-row table:number-rows-repeated="1048576">'
            '<table:table-cell table:number-columns-repeated="16384" office:value-type="float" office:value="1"/>'
            "</table:table-row>",
        ),
        "unreadable",
        (),
        ".ods",
    ),
]

REFUSED = [*WRONG_KIND, *WRONG_CONTENT, *BROKEN, *HOSTILE]
