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


# Within the transaction of whoever calls them; what stands alone is a try, a look or a sign, which changes no row.
WITHIN_ANOTHERS = {
    "portal/clock_trust.py::_tell",
    "portal/chain/verification.py::verify",
    "portal/sign_in/second_factor.py::prove",
    "portal/sign_in/services.py::sign_in",
    "portal/sign_in/services.py::_note_too_many",
    "portal/sign_in/services.py::_let_in",
    "portal/sign_in/services.py::sign_in_with_code",
    # A wrong try counts, whatever becomes of its line.
    "portal/sign_in/services.py::activate",
    "residents/services/stored_pictures.py::strip_stored_pictures",
    "bases/whereabouts.py::ask_on_page",
    "bases/identity_checks/services.py::_done",
    "bases/corrections/services.py::_reopen",
    "bases/corrections/services.py::_let_train_again",
    "bases/corrections/services.py::_correct_identity",
    "bases/imports/worker.py::_apply",
    "bases/imports/undo/services.py::_undo",
    "bases/imports/undo/restore.py::_restore",
    "bases/deadlines/overdue_statuses.py::remind_daily",
    "bases/deadlines/messages.py::remind_of_deadlines",
    "review/successions/services.py::_carry_out",
    "review/code_lists/editing.py::_note_shape",
    # Theirs is `_batch`, which opens it.
    "review/decisions/services.py::revoke",
    "review/decisions/services.py::revoke_batch",
    "review/decisions/services.py::_conclude",
}


def lines_alone(source: str) -> Iterator[str]:
    """The functions in which a line of the audit log is written outside `transaction.atomic()`."""

    def look(node: ast.AST, function: str, is_within: bool) -> Iterator[str]:
        for each in ast.iter_child_nodes(node):
            name, within = function, is_within
            if isinstance(each, ast.FunctionDef):
                name, within = each.name, any("atomic" in ast.unparse(by) for by in each.decorator_list)
            elif isinstance(each, ast.With):
                within = within or any("atomic" in ast.unparse(item.context_expr) for item in each.items)
            elif isinstance(each, ast.Call) and ast.unparse(each.func) == "audit.record" and not within:
                yield function
            yield from look(each, name, within)

    yield from look(ast.parse(source), "", False)


def test_a_service_writes_its_row_and_its_line_in_one_transaction():
    """TRUST-55: this holds for services not written yet."""
    found = {
        f"{path.relative_to(ROOT)}::{name}"
        for app in APPS
        for path in (ROOT / app).rglob("*.py")
        if not any(part.startswith("views") for part in path.relative_to(ROOT).parts)
        for name in lines_alone(path.read_text(encoding="utf-8"))
    }
    assert found == WITHIN_ANOTHERS


def test_a_line_after_its_transaction_is_seen():
    within = "def f():\n    with transaction.atomic():\n        x.save()\n        audit.record('a')\n"
    assert list(lines_alone(within)) == []
    assert list(lines_alone(f"{within}    audit.record('b')\n")) == ["f"]
