"""Values that nobody means and somebody sends, and what the pages ask for: for tests/test_odd_input.py."""

import ast
from collections.abc import Iterable, Iterator
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import quote_from_bytes

from django import forms

ROOT = Path(__file__).resolve().parents[1]
APPS = ("portal", "residents", "bases", "review")

# What can stand in no table: in a text box it must be refused as well.
UNSTORABLE = {
    "nul": "1\0",
    "only nul": "\0",
    "lone surrogate": "\ud800",
    "half a pair after text": "王\udfff",
    "noncharacter": "王\ufffe",
    "last of the plane": "\uffff",
    "control": "\x1b[2J",
}
# What no box is long enough for, and what is nothing.
BEYOND = {"5,000 digits": "9" * 5000, "empty": "", "blank": " \u3000\t"}
# What a free text may well hold, and no key, number, day or choice is.
PLAIN = {
    "square": "²",
    "square in a mark": "²:0",
    "full width": "２０２６",
    "other digits": "٣",
    "right to left": "\u202e王\u202c",
    "mark": "\u200f1",
    "last day": "9999-12-31",
    "last moment": "9999-12-31T23:59:59+00:00",
    "last minute": "9999-12-31T23:59",
    "first day": "0001-01-01",
    "first moment": "0001-01-01T00:00:00+08:00",
    "mark of a page": "9999-12-31T23:59:59-23:59_1",
    "negative": "-1",
    "beyond a key": "9223372036854775808",
    "eighteen digits": "9" * 18,
    "ten digits": "9999999999",
    "exponent": "1e999",
    "no number": "NaN",
    "word": "abc",
    "name of a route": "portal:desk",
    "elsewhere": "//evil.example/",
    "lines": "\r\n\r\n",
    "statement": "1' OR '1'='1'; SELECT pg_sleep(9)--",
}
VALUES = UNSTORABLE | BEYOND | PLAIN


def encoded(fields: Iterable[tuple[str, str]]) -> str:
    """The fields as a form sends them, surrogates included, which no browser would send."""

    def quoted(text: str) -> str:
        return quote_from_bytes(text.encode("utf-8", "surrogatepass"))

    return "&".join(f"{quoted(name)}={quoted(value)}" for name, value in fields)


@cache
def sources() -> list[tuple[str, ast.Module]]:
    """(path, syntax tree) of every module of the product."""
    return [
        (str(path.relative_to(ROOT)), ast.parse(path.read_text(encoding="utf-8")))
        for app in APPS
        for path in sorted((ROOT / app).rglob("*.py"))
        if "migrations" not in path.parts
    ]


@cache
def names_in_source() -> set[str]:
    """The names that the code asks for, by a function of portal.parameters or with `in`, and those of the forms."""
    found = set()
    for _, tree in sources():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and len(node.args) > 1:
                found |= _constants(node.args[1:2]) if _is_sent(node.args[0]) else set()
            elif isinstance(node, ast.Compare) and any(_is_sent(each) for each in node.comparators):
                found |= _constants([node.left])
    return found | {name for kind in _kinds(forms.BaseForm) for name in getattr(kind, "base_fields", {})}


def _is_sent(node: ast.expr) -> bool:
    words = ast.unparse(node)
    return words.endswith((".GET", ".POST")) or words in ("parameters", "params", "data", "self.data")


def _constants(nodes: Iterable[ast.expr]) -> set[str]:
    return {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}


def _kinds(kind: type) -> Iterator[type]:
    for each in kind.__subclasses__():
        yield each
        yield from _kinds(each)


class FormsOf(HTMLParser):
    """The forms of a page: (method, address) → what its controls send as they stand."""

    def __init__(self, source: str, address: str) -> None:
        super().__init__()
        self.forms: dict[tuple[str, str], dict[str, str]] = {}
        self._here, self._open, self._select, self._box = address, None, "", ""
        self.feed(source)

    def handle_starttag(self, tag: str, attrs: list) -> None:
        told = {name: value or "" for name, value in attrs}
        if tag == "form":
            target = (told.get("action") or self._here).partition("?")[0]
            self._open = self.forms.setdefault((told.get("method", "get").lower(), target), {})
        elif self._open is None:
            return
        elif tag == "select" and told.get("name"):
            self._select = told["name"]
            self._open.setdefault(self._select, "")
        elif tag == "option" and self._select and (not self._open[self._select] or "selected" in told):
            self._open[self._select] = told.get("value", "")
        elif tag == "textarea" and told.get("name"):
            self._box = told["name"]
            self._open[self._box] = ""
        elif tag in ("input", "button") and told.get("name") and told.get("type") != "file":
            is_choice = told.get("type") in ("checkbox", "radio")
            if not is_choice or "checked" in told:
                self._open[told["name"]] = told.get("value", "on" if is_choice else "")
            else:
                self._open.setdefault(told["name"], told.get("value", "on"))

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._open = None
        elif tag == "select":
            self._select = ""
        elif tag == "textarea":
            self._box = ""

    def handle_data(self, data: str) -> None:
        if self._box and self._open is not None:
            self._open[self._box] += data
