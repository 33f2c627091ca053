"""Every module says in a line what it is for, and services say of all they offer what it is or changes."""

import ast
from pathlib import Path

ROOT = Path(__file__).parents[1]
APPS = ("portal", "residents", "bases", "review")
# Empty packages have nothing to say, and Django words its migrations itself.
MODULES = {
    path.relative_to(ROOT): ast.parse(text)
    for app in APPS
    for path in sorted((ROOT / app).rglob("*.py"))
    if "migrations" not in path.parts and (text := path.read_text()).strip()
}
SERVICES = {
    path: module
    for path, module in MODULES.items()
    if path.name == "services.py" or path.parent.name == "services"
}


def _offered(module: ast.Module) -> list[ast.FunctionDef | ast.ClassDef]:
    return [
        node
        for node in module.body
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_")
    ]


def test_modules_say_what_they_are_for():
    silent = [str(path) for path, module in MODULES.items() if not ast.get_docstring(module)]
    assert not silent, f"Without a line that says what they are for, and for whom: {', '.join(silent)}"


def test_services_say_what_they_offer():
    silent = [
        f"{path}: {node.name}"
        for path, module in SERVICES.items()
        for node in _offered(module)
        if not ast.get_docstring(node)
    ]
    assert not silent, (
        f"Without a line that says what it is or changes, and by which rule: {', '.join(silent)}"
    )


def test_every_app_was_looked_at():
    assert {path.parts[0] for path in MODULES} == set(APPS)
    assert {path.parts[0] for path in SERVICES} == set(APPS)
