"""Finds every place of the product that handles an ID number or a mobile number (tests/test_full_numbers.py)."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
APPS = ("portal", "residents", "bases", "review")
NAMES = ("id_number", "mobile", "qualification_no", "emergency_mobile", "old_id_number", "new_id_number")
_KEY = re.compile(rf"(?:.*__)?(?:{'|'.join(NAMES)})")
_SQL = re.compile(rf"\b[a-z]\w*\.(?:{'|'.join(NAMES)})\b")
_VARIABLE = re.compile(rf"\{{[{{%][^}}]*?\.(?:{'|'.join(NAMES)})\b(?P<filters>[^}}]*)[}}%]\}}")


def in_code() -> set[str]:
    """ "file::function" of each place: an attribute, a key or a column of that name."""
    return {
        f"{path.relative_to(ROOT)}::{name}"
        for app in APPS
        for path in sorted((ROOT / app).rglob("*.py"))
        if "migrations" not in path.parts
        for name in _places(ast.parse(path.read_text(encoding="utf-8")))
    }


def _places(tree: ast.AST, within: str = "") -> Iterator[str]:
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield from _places(node, f"{within}.{node.name}" if within else node.name)
            continue
        if _names_a_number(node):
            yield within or "module"
        yield from _places(node, within)


def _names_a_number(node: ast.AST) -> bool:
    if isinstance(node, ast.Attribute):
        # The cells of an imported row, as they were typed.
        return node.attr in (*NAMES, "raw")
    if isinstance(node, ast.keyword):
        return node.arg in ("masked", "unmasked")
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return bool(_KEY.fullmatch(node.value) or _SQL.search(node.value))
    return False


def in_templates() -> set[str]:
    """ "file: variable" of each number that a template prints without a mask."""
    return {
        f"{path.relative_to(ROOT)}: {found[0]}"
        for path in sorted((ROOT / "templates").rglob("*"))
        if path.suffix in (".html", ".jinja")
        for found in _VARIABLE.finditer(path.read_text(encoding="utf-8"))
        if "mask_" not in found["filters"]
    }
