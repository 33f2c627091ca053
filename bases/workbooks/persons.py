"""Rows of a sheet that stand for nobody: headers printed again, sums and notes below a list, a list of choices that was
drawn too far down. They are no faults; the page says once what was passed over."""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from bases.workbooks.resource import WorkbookResource
from bases.workbooks.rows import row_numbers
from portal.sheets.headers import normalise_header
from portal.sheets.reading import Table
from portal.sheets.refusals import refused
from portal.sheets.values import CellError, Value
from residents.rules.fields import Field

# Fields of a row that nobody fills in by drawing a cell down.
_OWN_KINDS = frozenset({"name", "id_number", "mobile", "phone", "email", "text", "date", "month", "uscc"})
_BELOW_A_LIST = re.compile(
    r"\s*(?:共\s*[0-9０-９]+\s*[人名行]|"
    r"(?:合\s*计|总\s*计|小\s*计|共\s*计|汇总|总?人数|备?注|说明|附注|提示|注意|填(?:表|写|报)人|"
    r"填(?:表|报)(?:日期|单位|时间)|制表(?:人|日期)?|(?:审核|审批|复核|经办|联系|负责)人|联系(?:电话|方式)|"
    r"负责人签[字名]|签[字名]|(?:单位)?盖章|打印日期)\s*(?:[:：（(0-9０-９]|$))"
)
# A sentence, a page, an end: what stands alone in its row and is no name. Two names may be joined by a comma.
_ALONE = re.compile(
    r"[：:。；《》]|空\s*白|第.+页|^\s*[（(【].*[）)】]\s*$|(?:^|\W)(?:19|20)[0-9]{2}\s*年.+月"
)
_NO_WORD = re.compile(r"[\W_]+")
# The number beside 合计; longer ones may be somebody's.
_SUM = re.compile(r"\s*共?\s*[0-9０-９]{1,6}\s*[人名行个份]?\s*")
_DAY = re.compile(r"(?:19|20)[0-9]{2}[-./年][0-9]{1,2}[-./月][0-9]{1,2}日?")
_SHOWN = 30


def without_others(table: Table, resource: type[WorkbookResource]) -> tuple[Table, list[dict[str, Any]]]:
    """The table's persons, and what is to be told of the rows that are none. Raises SheetRefused where nobody is
    left."""
    fields = {field.label: field for field in resource.rule_fields()}
    names = _names_of_columns(table, resource)
    kinds: dict[str, list[int]] = {name: [] for name in ("header", *_TELLERS)}
    shown: dict[str, str] = {}
    for number, record in table.records():
        filled = {header: value for header, value in record.items() if value is not None}
        name = "header" if _is_header(filled, names) else _kind_of(filled, fields)
        if name:
            kinds[name].append(number)
            shown.setdefault(name, _shown(name, filled))
    others = {number for numbers in kinds.values() for number in numbers}
    if not others:
        return table, []
    rows = [row for row in table.rows if row[0] not in others]
    if not rows:
        raise refused("no_rows", sheet=table.sheet_name, row=table.header_row)
    told = [
        {"nobody": name, "count": len(numbers), "rows": row_numbers(numbers), "shown": shown[name]}
        for name, numbers in kinds.items()
        if numbers
    ]
    return (
        replace(
            table,
            rows=rows,
            hidden_rows=[number for number in table.hidden_rows if number not in others],
            struck_rows=[number for number in table.struck_rows if number not in others],
        ),
        told,
    )


def _names_of_columns(table: Table, resource: type[WorkbookResource]) -> dict[str, set[str]]:
    """What each column may be called in a header: by its own name, in the words of this very file (synonyms, or what
    its user has matched), and by any synonym."""
    names = {header: {normalise_header(header)} for _, header in table.headers}
    read_as = [(text, header) for _, text, header in table.renamed]
    for text, header in [*read_as, *resource.synonyms().items()]:
        if header in names:
            names[header].add(normalise_header(text))
    return names


def _kind_of(filled: Mapping[str, Value], fields: Mapping[str, Field]) -> str | None:
    return next((name for name, is_such in _TELLERS.items() if is_such(filled, fields)), None)


def _is_header(filled: Mapping[str, Value], names: Mapping[str, set[str]]) -> bool:
    """Its cells say what their columns are called."""
    same = sum(
        type(value) is str and normalise_header(value) in names[header] for header, value in filled.items()
    )
    return same >= 2 and same * 2 > len(filled)


def _is_below(filled: Mapping[str, Value], fields: Mapping[str, Field]) -> bool:
    """A sum or a note, beside nobody's number and name; one sentence alone; a line crossed out by dashes. Drawn over
    merged cells it is still one text."""
    filled = {header: value for header, value in filled.items() if not _is_covered(value)}
    texts = [value for value in filled.values() if type(value) is str]
    if len(texts) == len(filled):
        is_alone = len(texts) == 1 and _ALONE.search(texts[0]) is not None
        if is_alone or all(_NO_WORD.fullmatch(each) for each in texts):
            return True
    persons = [
        value
        for header, value in filled.items()
        if header in fields and fields[header].kind in ("id_number", "name")
    ]
    first = next(iter(filled.values()), None)
    return _is_note(first) and all(_is_note(value) or _is_sum(value) or _is_day(value) for value in persons)


def _is_covered(value: Value) -> bool:
    return isinstance(value, CellError) and value.kind == "merged"


def _is_sum(value: Value) -> bool:
    return isinstance(value, int | float) or (type(value) is str and _SUM.fullmatch(value) is not None)


def _is_day(value: Value) -> bool:
    """The day beside 填表人, under whatever column it came to stand."""
    return isinstance(value, date) or (type(value) is str and _DAY.fullmatch(value.strip()) is not None)


def _is_note(value: Value) -> bool:
    return type(value) is str and _BELOW_A_LIST.match(value) is not None


def _is_drawn(filled: Mapping[str, Value], fields: Mapping[str, Field]) -> bool:
    """It holds nothing but what is chosen from a list or the same for all."""
    return not any(fields[header].kind in _OWN_KINDS for header in filled if header in fields)


_TELLERS: dict[str, Callable[[Mapping[str, Value], Mapping[str, Field]], bool]] = {
    "below": _is_below,
    "drawn": _is_drawn,
}


def _shown(name: str, filled: Mapping[str, Value]) -> str:
    if name == "drawn":
        return "”“".join(filled)
    return "" if name == "header" else str(next(iter(filled.values())))[:_SHOWN]
