"""What a cell can hold when it is not a plain value, and how values travel from the child to the parent."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from math import isfinite

MAX_CELL_CHARACTERS = 32_767  # Excel's own limit; anything longer was never typed into a cell

_EXACT_LIMIT = 10**15  # a spreadsheet keeps 15 significant digits, so 10**15 is the first damaged integer
_SCIENTIFIC = re.compile(r"[+-]?\d(?:\.\d+)?[eE]\+\d{1,3}")
# Characters PostgreSQL (NUL) or XML 1.0 (the rest) refuse; tab and line breaks are left to the rules.
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
# What str.strip() leaves in place: zero-width characters, bidi marks, the byte order mark, the soft hyphen.
_INVISIBLE = " \t\r\n\x0b\x0c\x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
_INVISIBLE += "\u2028\u2029\u202f\u205f\u3000\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e"
_INVISIBLE += "\u2060\u2066\u2067\u2068\u2069\ufeff\xad"
# Format codes: a colour, language or condition, a blank as wide as a character; then literals round one run of digits.
_LONGEST_FORMAT = 255
_UNSEEN_IN_FORMAT = re.compile(r"\[[^\]]*\]|_.|\*.")
_DIGIT_FORMAT = re.compile(r'((?:"[^"]*"|\\.)*)(#*0+|#+)((?:"[^"]*"|\\.)*)')
_SUSPECT = re.compile(f"[+{_INVISIBLE}{_CONTROL.pattern[1:]}")  # one search clears most cells


@dataclass(frozen=True, slots=True)
class DamagedNumber:
    """A number that lost digits before it came here; `shown` is what is left. Never to be guessed (PAIN-01)."""

    shown: str

    text = "这个数字超过 15 位，表格软件已丢失末尾数字。"
    repair = "请把该单元格的格式改为“文本”，再重新输入完整号码。"

    def __str__(self) -> str:
        return self.text + self.repair


_CELL_ERRORS = {
    "formula_error": ("单元格里是公式错误值“{shown}”。", "请改正公式，或直接填写内容。"),
    "no_cached_value": (
        "单元格里是公式，文件中没有保存它的计算结果。",
        "请用表格软件打开文件，保存后再上传；或直接填写内容。",
    ),
    "control_character": ("内容含有不可见的控制字符：“{shown}”。", "请清空该单元格，再重新输入。"),
    "too_long": ("内容超过 32767 个字符，开头是“{shown}”。", "请缩短内容。"),
    "duration": ("单元格是时长格式，内容为 {shown}。", "请把该单元格的格式改为“文本”，再重新输入。"),
    "not_a_number": ("单元格里的数值无法识别：“{shown}”。", "请重新输入。"),
    "merged": (
        "这是合并单元格的一部分，其中的“{shown}”只填在左上角，不能算作本行的内容。",
        "请在表格软件中取消合并单元格，逐行填写；或在网页上修改本行，核对后保存。",
    ),
}


@dataclass(frozen=True, slots=True)
class CellError:
    """A cell without a usable value. `kind` is a key of the texts above, `shown` what the user sees in it."""

    kind: str
    shown: str = ""

    @property
    def text(self) -> str:
        return _CELL_ERRORS[self.kind][0].format(shown=self.shown)

    @property
    def repair(self) -> str:
        return _CELL_ERRORS[self.kind][1]

    def __str__(self) -> str:
        return self.text + self.repair


# What a reader gives of a cell, and what it is for us: `plain` leads from the one to the other.
Raw = str | float | bool | date | datetime | time | timedelta | DamagedNumber
Row = tuple[int, Sequence[Raw]]
Value = str | float | bool | date | datetime | time | DamagedNumber | CellError | None
# (row from 1, column from 0) -> what the reader does not give, or not as a person sees it.
Replaced = dict[tuple[int, int], CellError | str]
# A value in the form it travels in, which is JSON.
Wire = str | float | bool | None | list[str]


@dataclass(frozen=True, slots=True)
class DigitFormat:
    """A number format that displays digits the number does not have, as 00000000 does with 1234567."""

    before: str
    width: int
    after: str

    def shown(self, number: float) -> str | None:
        """The digits a person sees; None where they are those of the number."""
        if not (isfinite(number) and number.is_integer() and 0 <= number < _EXACT_LIMIT):
            return None
        digits = str(int(number))
        seen = self.before + digits.zfill(self.width) + self.after
        return seen if seen != digits else None


def digit_format(code: str) -> DigitFormat | None:
    """The DigitFormat of a format code, None for any that displays the number as it is, or more than digits."""
    found = _DIGIT_FORMAT.fullmatch(_UNSEEN_IN_FORMAT.sub("", code.partition(";")[0][:_LONGEST_FORMAT]))
    if not found:
        return None
    before, places, after = (re.sub(r'["\\]', "", part) for part in found.groups())
    if not re.fullmatch("[0-9]*", before + after):
        return None
    width = places.count("0")
    return DigitFormat(before, width, after) if width > 1 or before or after else None


def column_letter(index: int) -> str:
    """Column letters as a spreadsheet shows them; `index` counts from 0 (0 is A, 26 is AA)."""
    letters = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def column_index(letters: str) -> int:
    """The number of a column counted from 0: the reverse of `column_letter`."""
    index = 0
    for letter in letters.upper():
        index = index * 26 + ord(letter) - 64
    return index - 1


def plain(value: Raw | None) -> Value:
    """What the reader gave, as a value of ours: blank is None, whole numbers are int, damage is a marker."""
    if type(value) is str:
        return _plain_text(value)
    if type(value) is float:
        return _plain_number(value)
    if isinstance(value, timedelta):
        return CellError("duration", str(value))
    return value


def _plain_text(value: str) -> Value:
    if _SUSPECT.search(value) is None and 0 < len(value) <= MAX_CELL_CHARACTERS:
        return value
    if not value.strip(_INVISIBLE):
        return CellError("control_character", "�") if _CONTROL.search(value) else None
    if _CONTROL.search(value):
        return CellError("control_character", _CONTROL.sub("�", value[:60]))
    if len(value) > MAX_CELL_CHARACTERS:
        return CellError("too_long", value[:30])
    if "+" in value and _SCIENTIFIC.fullmatch(value.strip(_INVISIBLE)):
        return DamagedNumber(value.strip(_INVISIBLE))
    return value


def _plain_number(value: float) -> Value:
    if not isfinite(value):
        return CellError("not_a_number", str(value))
    if abs(value) >= _EXACT_LIMIT:
        return DamagedNumber(f"{value:.15g}".replace("e", "E"))
    return int(value) if value.is_integer() else value


def to_wire(value: Value) -> Wire:
    """A JSON form of a value: scalars as they are, all else a list that begins with a tag."""
    if isinstance(value, CellError):
        return ["error", value.kind, value.shown]
    if isinstance(value, DamagedNumber):
        return ["damaged", value.shown]
    if isinstance(value, date | time):
        return [_WIRE_TAGS[type(value)], value.isoformat()]
    return value


def from_wire(value: Wire) -> Value:
    """The value that `to_wire` packed. Raises ValueError or KeyError for anything `to_wire` never makes."""
    if not isinstance(value, list):
        return value
    tag, *rest = value
    return _UNPACK[tag](*rest)


SCALARS = frozenset({str, int, float, bool, type(None)})
_WIRE_TAGS: dict[type, str] = {date: "date", datetime: "datetime", time: "time"}
_UNPACK: dict[str, Callable[..., Value]] = {
    "date": date.fromisoformat,
    "datetime": datetime.fromisoformat,
    "time": time.fromisoformat,
    "damaged": DamagedNumber,
    "error": CellError,
}
