"""Files with sheets and rows that nobody sees, or that somebody has crossed out (AM-39)."""

from tests.portal.sheets.corpus import HEAD, PADDED_ROWS, ZHANG, ZHANG_ROW, Accepted, Refused, stored
from tests.portal.sheets.workbooks import (
    MAIN,
    NOT_STRUCK,
    STRUCK,
    ods,
    ods_row,
    row,
    set_bit,
    sheet,
    text,
    texts,
    xlsx,
)

LI = texts(3, "李四", "E2")
LI_ROW = (3, ["李四", "E2"])
WANG = texts(4, "王五", "E3")
WANG_ROW = (4, ["王五", "E3"])
_PEOPLE = [ZHANG_ROW, LI_ROW, WANG_ROW]


def hidden(line, how='hidden="1"'):
    return line.replace("<row ", f"<row {how} ")


def struck(line, style=STRUCK):
    return line.replace('s="0"', f's="{style}"')


def hidden_case(name, *lines, rows, sheet_options=None, **options):
    """Three people in rows 2 to 4, and which of these rows nobody sees."""
    return Accepted(
        name,
        lambda: xlsx(sheet(HEAD, *lines, **(sheet_options or {})), **options),
        _PEOPLE,
        {"hidden_rows": rows, "struck_rows": []},
    )


def struck_case(name, *lines, rows, **options):
    """Three people in rows 2 to 4, and which of these rows are struck through."""
    return Accepted(
        name, lambda: xlsx(sheet(HEAD, *lines), **options), _PEOPLE, {"hidden_rows": [], "struck_rows": rows}
    )


def sheets_case(name, *sheets, read, others=(), unseen=(), suffix=".xlsx", **options):
    """One person in each sheet: which is read, and which are named because they were not."""
    return Accepted(
        name,
        lambda: xlsx(*sheets, **options),
        [ZHANG_ROW],
        {"sheet_name": read, "ignored_sheets": list(others), "hidden_sheets": list(unseen)},
        suffix,
    )


def named(name, state="", *lines):
    return name, f'state="{state}"' if state else "", sheet(HEAD, *(lines or (ZHANG,)))


def active(place):
    return {"views": f'<bookViews><workbookView activeTab="{place}"/></bookViews>'}


def _inline(reference, *runs):
    """A text in runs, each (run properties, letters)."""
    runs = "".join(f"<r><rPr>{properties}</rPr><t>{letters}</t></r>" for properties, letters in runs)
    return f'<c r="{reference}" t="inlineStr"><is>{runs}</is></c>'


def _shared(strings):
    return {"xl/sharedStrings.xml": f'<sst xmlns="{MAIN}">{strings}</sst>'}


_SHARED_LI = row(3, '<c r="A3" t="s"><v>1</v></c>', text("B3", "E2"))
_STRUCK_STRING = "<si><t>x</t></si><si><r><rPr><strike/></rPr><t>李四</t></r></si>"
_HALF_STRUCK_STRING = (
    "<si><t>x</t></si><si><r><rPr><strike/></rPr><t>李</t></r>"
    '<r><rPr><strike val="0"/></rPr><t>四</t></r></si>'
)
_ODS_PEOPLE = (ods_row("姓名", "证件号"), ods_row("张三", "110101199001011237"), ods_row("李四", "E2"))
_ODS_ROWS = [ZHANG_ROW, LI_ROW]


def ods_case(name, *rows, hidden_rows=(), struck_rows=(), **options):
    told = {"kind": "ods", "hidden_rows": list(hidden_rows), "struck_rows": list(struck_rows)}
    return Accepted(name, lambda: ods(*rows, **options), _ODS_ROWS, told, ".ods")


_ODS_STRUCK = (
    '<style:style style:name="gone" style:family="table-cell"><style:text-properties '
    'style:text-line-through-style="solid"/></style:style><style:style style:name="heir" '
    'style:parent-style-name="gone"/><style:style style:name="plain" style:parent-style-name="gone">'
    '<style:text-properties style:text-line-through-style="none"/></style:style>'
)


def _ods_styled(style):
    return _ODS_PEOPLE[2].replace("<table:table-cell ", f'<table:table-cell table:style-name="{style}" ', 1)


def xls_with(*patches):
    """The .xls of `padded` with bits set in its records: (record number, which of them, byte, bit)."""

    def make():
        content = bytearray(stored("padded.xls")())
        for kind, place, byte, bit in patches:
            set_bit(content, kind, place, byte, bit)
        return bytes(content)

    return make


_ROW_RECORD, _FONT_RECORD = 0x0208, 0x0031

UNSEEN = [
    sheets_case("hidden_sheet_first", named("去年", "hidden"), named("今年"), read="今年", unseen=["去年"]),
    sheets_case(
        "very_hidden_sheet_first", named("去年", "veryHidden"), named("今年"), read="今年", unseen=["去年"]
    ),
    sheets_case("hidden_sheet_last", named("今年"), named("草稿", "hidden"), read="今年", unseen=["草稿"]),
    sheets_case(
        "active_sheet_is_the_second", named("去年"), named("今年"), read="今年", others=["去年"], **active(1)
    ),
    sheets_case(
        "active_sheet_is_hidden",
        named("甲", "hidden"),
        named("乙"),
        named("丙"),
        read="乙",
        others=["丙"],
        unseen=["甲"],
        **active(0),
    ),
    sheets_case(
        "active_sheet_holds_no_table",
        named("甲"),
        ("说明", "", sheet(texts(1, "填写说明"))),
        read="甲",
        **active(1),
    ),
    sheets_case("active_sheet_is_none_of_them", named("甲"), read="甲", **active(7)),
    sheets_case(
        "hidden_sheet_is_empty", named("甲", "hidden", texts(3, None)), named("乙"), read="乙", unseen=[]
    ),
    hidden_case("no_hidden_row", ZHANG, LI, WANG, rows=[]),
    hidden_case("hidden_row", ZHANG, hidden(LI), WANG, rows=[3]),
    hidden_case("hidden_rows_at_both_ends", hidden(ZHANG), LI, hidden(WANG), rows=[2, 4]),
    hidden_case("hidden_row_in_words", ZHANG, hidden(LI, 'hidden="true"'), WANG, rows=[3]),
    hidden_case("row_said_to_be_seen", ZHANG, hidden(LI, 'hidden="0"'), WANG, rows=[]),
    hidden_case("row_of_no_height", ZHANG, LI, hidden(WANG, 'ht="0" customHeight="1"'), rows=[4]),
    hidden_case("row_of_some_height", ZHANG, LI, hidden(WANG, 'ht="0.75" customHeight="1"'), rows=[]),
    hidden_case(
        "filtered_rows",
        ZHANG,
        hidden(LI),
        hidden(WANG),
        rows=[3, 4],
        sheet_options={
            "after": '<autoFilter ref="A1:D4"><filterColumn colId="0"><filters><filter val="张三"/></filters>'
            "</filterColumn></autoFilter>"
        },
    ),
    hidden_case(
        "hidden_column_is_no_hidden_row",
        ZHANG,
        LI,
        WANG,
        rows=[],
        sheet_options={"before": '<cols><col min="2" max="2" hidden="1"/></cols>'},
    ),
    hidden_case(
        "hidden_rows_without_numbers",
        *(hidden(line).replace(f' r="{place}"', "") for place, line in ((2, ZHANG), (3, LI), (4, WANG))),
        rows=[2, 3, 4],
    ),
    hidden_case("hidden_row_without_people", ZHANG, LI, WANG, hidden(row(5)), rows=[]),
    struck_case("struck_row", ZHANG, struck(LI), WANG, rows=[3]),
    struck_case("struck_name", ZHANG, LI, WANG.replace('s="0"', f's="{STRUCK}"', 1), rows=[4]),
    struck_case("style_said_not_to_strike", ZHANG, struck(LI, NOT_STRUCK), WANG, rows=[]),
    struck_case(
        "struck_letters",
        ZHANG,
        row(3, _inline("A3", ("<strike/>", "李四")), text("B3", "E2")),
        WANG,
        rows=[3],
    ),
    struck_case(
        "some_struck_letters",
        ZHANG,
        row(3, _inline("A3", ("<strike/>", "李"), ("<b/>", "四")), text("B3", "E2")),
        WANG,
        rows=[],
    ),
    struck_case("struck_shared_string", ZHANG, _SHARED_LI, WANG, rows=[3], extra=_shared(_STRUCK_STRING)),
    struck_case(
        "half_struck_shared_string", ZHANG, _SHARED_LI, WANG, rows=[], extra=_shared(_HALF_STRUCK_STRING)
    ),
    struck_case(
        "struck_blank_cell", ZHANG, LI.replace("</row>", f'<c r="D3" s="{STRUCK}"/></row>'), WANG, rows=[]
    ),
    struck_case(
        "struck_column_that_is_not_read",
        ZHANG,
        LI.replace("</row>", text("F3", "旧备注", STRUCK) + "</row>"),
        WANG,
        rows=[],
    ),
    ods_case(
        "ods_hidden_row",
        *_ODS_PEOPLE[:2],
        _ODS_PEOPLE[2].replace(" ", ' table:visibility="collapse" ', 1),
        hidden_rows=[3],
    ),
    ods_case(
        "ods_filtered_row",
        _ODS_PEOPLE[0],
        _ODS_PEOPLE[1].replace(" ", ' table:visibility="filter" ', 1),
        _ODS_PEOPLE[2],
        hidden_rows=[2],
    ),
    ods_case("ods_struck_row", *_ODS_PEOPLE[:2], _ods_styled("gone"), struck_rows=[3], styles=_ODS_STRUCK),
    ods_case(
        "ods_style_of_a_struck_one",
        *_ODS_PEOPLE[:2],
        _ods_styled("heir"),
        struck_rows=[3],
        styles=_ODS_STRUCK,
    ),
    ods_case("ods_style_that_does_not_strike", *_ODS_PEOPLE[:2], _ods_styled("plain"), styles=_ODS_STRUCK),
    Accepted("xls_nothing_hidden", xls_with(), PADDED_ROWS, {"hidden_rows": [], "struck_rows": []}, ".xls"),
    Accepted(
        "xls_hidden_row", xls_with((_ROW_RECORD, 2, 12, 0x20)), PADDED_ROWS, {"hidden_rows": [3]}, ".xls"
    ),
    Accepted(
        "xls_struck_font",
        xls_with(*((_FONT_RECORD, place, 2, 0x08) for place in range(4))),
        PADDED_ROWS,
        {"struck_rows": [2, 3, 4, 5]},
        ".xls",
    ),
]

UNSEEN_ONLY = [
    Refused(
        "only_a_hidden_sheet",
        lambda: xlsx(sheet(), ("数据", 'state="hidden"', sheet(HEAD, ZHANG))),
        "hidden_sheets",
        ("“数据”", "隐藏"),
    ),
    Refused(
        "only_a_very_hidden_sheet",
        lambda: xlsx(sheet(HEAD), ("数据", 'state="veryHidden"', sheet(HEAD, ZHANG))),
        "hidden_sheets",
        ("“数据”",),
    ),
]
