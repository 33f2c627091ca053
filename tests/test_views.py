"""A view reads the request and answers; what changes a row stands in a service, in one transaction with its line in the
audit log (TRUST-55). This holds for pages not written yet."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
APPS = ("portal", "residents", "bases", "review")
WRITES = {
    "save",
    "create",
    "update",
    "delete",
    "bulk_create",
    "bulk_update",
    "get_or_create",
    "update_or_create",
}
# Acts that change nothing: the line tells of a look, or of a way out.
LOOKS = {"file", "export", "own_copy", "sign_out"}


def calls_in_views() -> Iterator[tuple[str, set[str], ast.Call]]:
    """Every call of a method in the modules of pages, with the names that its module imports."""
    for app in APPS:
        for path in (ROOT / app).rglob("*.py"):
            if not any(part.startswith("views") for part in path.relative_to(ROOT).parts):
                continue
            tree = ast.parse(path.read_text(encoding="utf-8"))
            imported = {
                name.asname or name.name
                for node in ast.walk(tree)
                if isinstance(node, ast.ImportFrom | ast.Import)
                for name in node.names
            }
            for node in ast.walk(tree):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                    yield f"{path.relative_to(ROOT)}:{node.lineno}", imported, node


def is_function_of_a_module(node: ast.Call, imported: set[str]) -> bool:
    """`services.delete(…)`: an imported name in small letters is a module, that is a service."""
    owner = node.func.value
    return isinstance(owner, ast.Name) and owner.id in imported and owner.id.islower()


def test_views_write_no_row():
    found = list(calls_in_views())
    assert len(found) > 500
    assert [
        where
        for where, imported, node in found
        if node.func.attr in WRITES and not is_function_of_a_module(node, imported)
    ] == []


def test_views_write_audit_lines_of_looks_only():
    acts = [
        (where, ast.unparse(node.args[0]).strip("'"))
        for where, _, node in calls_in_views()
        if ast.unparse(node.func) == "audit.record"
    ]
    assert {act for _, act in acts} >= {"file", "export"}
    assert [(where, act) for where, act in acts if act not in LOOKS] == []
