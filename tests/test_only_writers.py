"""People and their records are written by residents/services alone: the source itself is read."""

import ast
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings
from django.core.exceptions import FieldDoesNotExist
from django.db.models import Model

WRITES = {
    "save", "update", "create", "delete", "bulk_create", "bulk_update", "get_or_create", "update_or_create"
}  # fmt: skip
# By whichever of these a chain goes, it speaks of the same model.
SAME = {
    "objects", "filter", "exclude", "select_for_update", "select_related", "prefetch_related", "order_by", "annotate",
    "get", "first", "last", "none", "all", "using", "defer", "only", "distinct",
}  # fmt: skip
MODELS = {model.__name__: model for model in apps.get_models() if "Event" not in model.__name__}
# Settings an administrator keeps, not people.
PEOPLE = {
    model
    for model in apps.get_app_config("residents").get_models()
    if model.__name__ not in ("CodeEntry", "NumberShape")
}
# The demonstration makes its own nation, on a database that holds nothing else.
EXEMPT = ("residents/services/", "review/demo/")


def related(model: type[Model], name: str) -> type[Model] | None:
    """The model an attribute leads to, forwards or backwards."""
    for relation in model._meta.related_objects:
        if relation.get_accessor_name() == name:
            return relation.related_model
    try:
        return model._meta.get_field(name).related_model
    except FieldDoesNotExist:
        return None


class Reader(ast.NodeVisitor):
    """Follows in one function which model a name stands for: by annotation, by assignment, by a loop."""

    def __init__(self, known: dict[str, type[Model]]) -> None:
        self.known, self.found = dict(known), []

    def model_of(self, node: ast.AST | None) -> type[Model] | None:
        match node:
            case ast.Name(id=name):
                return self.known.get(name) or MODELS.get(name)
            case ast.Call(
                func=ast.Name(id="list" | "for_check" | "with_blocks" | "get_object_or_404"), args=[first, *_]
            ):
                return self.model_of(first)
            case ast.Call(func=ast.Name(id="enrollments_for" | "record_for")):
                return MODELS["Enrollment"]
            case ast.Call(func=ast.Attribute(value=ast.Name(id="states"), attr="lock")):
                return MODELS["Enrollment"]
            case ast.Call(func=func):
                return self.model_of(func)
            case ast.Subscript(value=value):
                return self.model_of(value)
            case ast.Attribute(value=value, attr=name):
                model = self.model_of(value)
                return model and (model if name in SAME else related(model, name))
        return None

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        for argument in (*node.args.args, *node.args.kwonlyargs):
            for part in ast.walk(argument.annotation) if argument.annotation else ():
                if isinstance(part, ast.Name) and part.id in MODELS:
                    self.known[argument.arg] = MODELS[part.id]
        self.generic_visit(node)

    def visit_Assign(self, node: ast.Assign) -> None:
        for target in node.targets:
            self._learn(target, node.value)
        self.generic_visit(node)

    def visit_For(self, node: ast.For) -> None:
        self._learn(node.target, node.iter)
        self.generic_visit(node)

    def _learn(self, target: ast.AST, value: ast.AST) -> None:
        if isinstance(target, ast.Name) and (model := self.model_of(value)):
            self.known[target.id] = model

    def visit_Call(self, node: ast.Call) -> None:
        match node.func:
            case ast.Attribute(value=value, attr=name) if name in WRITES and self.model_of(value) in PEOPLE:
                self.found.append(f"{node.lineno}: {ast.unparse(node.func)}")
        self.generic_visit(node)


def writes(source: str) -> list[str]:
    found = []
    for part in ast.parse(source).body:
        reader = Reader({})
        reader.visit(part)
        found += reader.found
    return found


def test_nobody_else_writes_people_and_records():
    found = {}
    for app in ("portal", "residents", "bases", "review"):
        for path in sorted((Path(settings.BASE_DIR) / app).rglob("*.py")):
            place = path.relative_to(settings.BASE_DIR).as_posix()
            if "/migrations/" not in place and not place.startswith(EXEMPT):
                found[place] = writes(path.read_text(encoding="utf-8"))
    assert len(found) > 300
    assert {place: lines for place, lines in found.items() if lines} == {}


@pytest.mark.parametrize(
    "source",
    [
        "def f(ids):\n    Enrollment.objects.filter(pk__in=ids).update(status='5')",
        "def f(enrollment: Enrollment):\n    enrollment.save()",
        "def f(record: Enrollment):\n    record.resident.save(update_fields=['mobile'])",
        "def f(user):\n    for row in enrollments_for(user, 1).order_by('pk'):\n        row.delete()",
        "def f(pk):\n    old = states.lock(pk)\n    old.personal_returns.filter(pk=1).update(x=1)",
        "def f(rows: Collection[Resident]):\n    for row in rows:\n        row.save()",
    ],
)
def test_such_a_write_is_seen(source):
    assert len(writes(source)) == 1


def test_a_write_of_something_else_is_none():
    assert (
        writes("def f(old: Enrollment):\n    old.transfer_requests.filter(pk=1).update(enrollment=old)") == []
    )
