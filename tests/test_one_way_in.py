"""What a request brings goes through a form or portal.parameters, and leads on only by portal.addresses; held for code
not written yet (X1 … X3 of the findings)."""

import ast
from collections.abc import Iterator

from tests.odd_values import sources

# Reading: a key, a value, values. `in request.POST`, `.copy()` and `.urlencode()` read nothing that is then trusted.
READS = {"get", "getlist", "items", "lists", "values", "pop", "dict", "popitem"}
# Where a text of digits is judged and never becomes a number, or comes from elsewhere than a request.
DIGITS = {
    "portal/parameters.py": "digits_in: of any script, one by one",
    "portal/bootstrap/values.py": "settings of the operator",
    "portal/sheets/ods_parts.py": "cells, compared as texts",
    "residents/rules/passwords.py": "the same",
    "residents/codes/number_shapes.py": "a document's number stays a text",
    "residents/codes/code_list.py": "a code stays a text",
    "review/packages/verify.py": "the recipient's own program, of nothing but Python",
}
# Where what was sent is taken as it is, to be judged by the rules, shown again or led on.
RAW_FORMS = {
    "portal/searching.py": "a search's fields become an address, which is judged when it is opened",
    "bases/lists/filters.py": "the texts of filters that were found good",
    "residents/forms.py": "raw_of: the rules judge every value",
    "bases/records/forms.py": "what was typed is compared with what is stored",
    "bases/personal/views.py": "what was typed is shown again",
    "review/exports/answers.py": "what was typed is shown again",
}
# Functions that make an address of ours.
LEADS = {
    "reverse",
    "own_address",
    "way_back",
    "way_on",
    "record_address",
    "_back",
    "_next",
    "_record_url",
    "searching.address_of",
}


def reads_of_a_request() -> Iterator[tuple[str, str, str]]:
    """(module, place, words) of every raw reading of what was sent."""
    for path, tree in sources():
        for node in ast.walk(tree):
            if words := _raw(node, set()):
                yield path, f"{path}:{node.lineno}", words
            for inner in ast.walk(node) if (queries := _queries(node)) else ():
                if words := _raw(inner, queries):
                    yield path, f"{path}:{inner.lineno}", words


def _queries(node: ast.AST) -> set[str]:
    """The parameters of a function that are said to be a QueryDict."""
    if not isinstance(node, ast.FunctionDef):
        return set()
    every = [*node.args.args, *node.args.kwonlyargs]
    return {each.arg for each in every if each.annotation and "QueryDict" in ast.unparse(each.annotation)}


def _raw(node: ast.AST, queries: set[str]) -> str:
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in READS:
        source = node.func.value
    elif isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load):
        source = node.value
    else:
        return ""
    is_sent = isinstance(source, ast.Attribute) and source.attr in ("GET", "POST")
    is_form = ast.unparse(source) in ("self.data", "form.data")
    is_query = isinstance(source, ast.Name) and source.id in queries
    return ast.unparse(node) if is_sent or is_form or is_query else ""


def test_nothing_is_read_from_a_request_but_by_the_parser():
    found = list(reads_of_a_request())
    assert {path for path, _, _ in found} >= RAW_FORMS.keys()
    wrong = [(place, words) for path, place, words in found if path not in RAW_FORMS]
    assert wrong == []


def test_digits_become_numbers_in_one_place():
    found = {
        path: node.lineno
        for path, tree in sources()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in ("isdigit", "isdecimal", "isnumeric")
    }
    assert found.keys() == DIGITS.keys()


def _root(node: ast.expr) -> ast.expr:
    """What an address begins with."""
    while True:
        if isinstance(node, ast.BinOp):
            node = node.left
        elif isinstance(node, ast.JoinedStr) and node.values:
            node = node.values[0]
        elif isinstance(node, ast.FormattedValue):
            node = node.value
        else:
            return node


def leads() -> Iterator[tuple[str, str]]:
    """(place, words) of every redirect() to something else than a route's name or an address that we made."""
    for path, tree in sources():
        for node in ast.walk(tree):
            if not (isinstance(node, ast.Call) and ast.unparse(node.func).endswith("redirect") and node.args):
                continue
            first = node.args[0]
            for end in (first.body, first.orelse) if isinstance(first, ast.IfExp) else (first,):
                root = _root(end)
                is_name = isinstance(root, ast.Constant)
                is_made = isinstance(root, ast.Call) and ast.unparse(root.func) in LEADS
                if not (is_name or is_made):
                    yield f"{path}:{node.lineno}", ast.unparse(root)


def test_nobody_is_led_on_to_a_text_of_his_own():
    assert sorted(words for _, words in leads()) == [
        "message.address or 'portal:messages'",  # written by us with the message
        "names[user.role]",  # the desk of each role
        "outcome.link",  # portal/deeds.py: the page that the act names
        "page",  # review/exports/answers.py: the list's own address, from its page
        "request.path",
        "request.path",
    ]
