"""Which rules the code, the pages and the tests cite, and whether docs/ knows them; `make docs` fills its tables.

A citation is an id with its kind (BR-45, AM-03, GOAL-B5, PAIN-23, TRUST-51; `BR-52 … BR-55` for a row of them) or the
address of a page below docs/ with its heading. Of a rule that stands in a table of docs/, the columns "Kept by" and
"Proved by" name what cites it: they are written by this command and by nobody else.
"""

import ast
import io
import re
import sys
import tokenize
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
CODE = ("portal", "residents", "bases", "review", "templates", "static")
TESTS = ("tests",)
# Installed, not ours; and the check's own examples.
SKIPPED = ("static/vendor", "tests/docs")
SUFFIXES = {".py", ".html", ".js", ".css"}
TABLES = ("docs/rules.md", "docs/promises.md", "docs/trust.md")
# Not built yet, or not proven: none.
PLANNED = re.compile(r"(?!)")

ID = r"(?:(?:BR|AM|PAIN|TRUST)-\d\d|GOAL-[RBPNS][1-9]\d?)(?!\d)"
_RANGE = re.compile(rf"({ID})(?:\s*…\s*({ID}))?")
_PAGE = re.compile(r"\bdocs/[\w./-]+\.md(?:#[\w-]+)?")
_TARGET = re.compile(r"\b[Tt]arget (\d+) of tests/benchmarks")
_PAPER = re.compile(
    r"\b(?:DOMAIN|GOALS|TRUST|ARCHITECTURE|FINDINGS|LAYOUT|ENGINEERING|PERFORMANCE|MODELS(?:-2)?|YEAR_END)\.md\b"
    r"|\b(?:DOMAIN|GOALS|ARCHITECTURE|FINDINGS|LAYOUT)\b(?=[,:;]?\s+(?:§|[A-Z]?\d))"
    r"|\bTRUST\b(?!-\d)|\bPERFORMANCE\b|§\s?\d|\bchecklist \d"
    r"|\b[Ii]ssues?\s+\d|\b[Ll]essons?\s+\d|\b[Dd]emand\s+\d|\b[Ff]inding\s+\d|\bP-\d\d\b"
)
# Only where a list of citations stands: at the beginning, or behind a bracket, comma or semicolon. B5 is also a cell.
_BARE = re.compile(
    r"(?:^|[(;,]\s?|\band\s)([RBPNS][1-9]\d?)(?=[,;:)]|\.(?:\s|$)|$)|"
    + rf"{ID}(?:,| and| …|–)\s?(\d\d?)(?=[,;:)]|$)"
)


@dataclass(frozen=True, slots=True)
class Citation:
    """One id in one file; `where` names function or class, "" at the file's head; `alone`: not within a row of ids."""

    id: str
    path: str
    line: int
    where: str
    alone: bool

    @property
    def is_test(self) -> bool:
        return self.path.startswith("tests/")

    @property
    def name(self) -> str:
        return f"{self.path}::{self.where}" if self.where else self.path


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a table of docs/ that defines an id."""

    id: str
    page: str
    cells: dict[str, str]

    @property
    def is_planned(self) -> bool:
        return self.cells.get("State") == "planned"


def files() -> Iterator[Path]:
    """Whatever may cite a rule, apart from docs/ itself."""
    for folder in (*CODE, *TESTS):
        for path in sorted((ROOT / folder).rglob("*")):
            name = _name(path)
            if path.suffix in SUFFIXES and not name.startswith(SKIPPED) and "__pycache__" not in path.parts:
                yield path
    yield from (ROOT / name for name in ("README.md", "Makefile", "pyproject.toml", ".env.example"))


def pages() -> list[Path]:
    return sorted((ROOT / "docs").rglob("*.md"))


@cache
def citations() -> tuple[Citation, ...]:
    """Every id cited in code, pages and tests."""
    found = []
    for path in files():
        for line, where, text in texts(path):
            for match in _RANGE.finditer(text):
                at = line + text.count("\n", 0, match.start())
                ids = _between(match[1], match[2]) if match[2] else [match[1]]
                found += [Citation(each, _name(path), at, where, alone=not match[2]) for each in ids]
    return tuple(found)


@cache
def defined() -> dict[str, Row]:
    """Every id that a table of docs/ defines."""
    rows: dict[str, Row] = {}
    for page in TABLES:
        for row in _rows(page):
            if row.id in rows:
                raise ValueError(f"{row.id} is defined twice: {rows[row.id].page} and {page}")
            rows[row.id] = row
    return rows


@cache
def texts(path: Path) -> tuple[tuple[int, str, str], ...]:
    """What may hold citations in a file; each is read once, however many questions are asked."""
    return tuple(_texts(path))


def _texts(path: Path) -> Iterator[tuple[int, str, str]]:
    """(first line, function or class, text) of each docstring and comment; files other than Python as a whole."""
    source = path.read_text()
    if path.suffix != ".py":
        yield 1, "", source
        return
    tree = ast.parse(source)
    lines = source.split("\n")
    named = _named_ranges(tree, lines)
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Expr)
            and isinstance(node.value, ast.Constant)
            and isinstance(node.value.value, str)
        ):
            yield node.lineno, _name_at(named, node.lineno), node.value.value
    block: list[tuple[int, str]] = []
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type != tokenize.COMMENT:
            continue
        line = token.start[0]
        if block and line != block[-1][0] + 1:
            yield _joined(block, named)
            block = []
        block.append((line, token.string.lstrip("#").strip()))
    if block:
        yield _joined(block, named)


def unknown() -> list[str]:
    """Ids that no table defines, headings that are not there, benchmarks without that target."""
    known = defined()
    found = [f"{each.path}:{each.line}: {each.id}" for each in citations() if each.id not in known]
    targets = set(re.findall(r"Target\(\s*(\d+)", "".join(map(Path.read_text, _benchmarks()))))
    for path in (*files(), *pages()):
        for line, _, text in texts(path):
            for match in _PAGE.finditer(text):
                if not _is_there(match[0]):
                    found.append(f"{_name(path)}:{line}: {match[0]}")
            for match in _TARGET.finditer(text):
                if match[1] not in targets:
                    found.append(f"{_name(path)}:{line}: {match[0]}")
    for path in pages():
        found += [f"{_name(path)}: {each}" for each in re.findall(ID, path.read_text()) if each not in known]
    return found


def papers() -> list[str]:
    """Citations of papers that nobody finds here."""
    return [
        f"{_name(path)}:{line}: {match[0]}"
        for path in (*files(), *pages())
        for line, _, text in texts(path)
        for match in _PAPER.finditer(text)
    ]


def bare() -> list[str]:
    """Ids without their kind: P2 alone may be a promise, a cell or a paper's section."""
    return [
        f"{_name(path)}:{line}: {match[1] or match[0]}"
        for path in files()
        if path.suffix in SUFFIXES
        for line, _, text in (texts(path) if path.suffix == ".py" else ())
        for match in _BARE.finditer(" ".join(text.split()))
    ]


def gaps() -> list[str]:
    """Rules that nothing keeps or nothing proves, planned ones that are built, and columns that name what is gone."""
    found = []
    for row in defined().values():
        for column, names in _columns(row).items():
            written = [each for each in row.cells[column].split("<br>") if each]
            if row.is_planned:
                if not PLANNED.fullmatch(row.id):
                    found.append(f"{row.page}: {row.id} may not be planned")
                elif names:
                    found.append(f"{row.page}: {row.id} is planned, and cited by {names[0]}")
            elif not names:
                found.append(f"{row.page}: {row.id} has nothing in “{column}”")
            elif not written or not set(written) <= {f"`{each}`" for each in names}:
                found.append(f"{row.page}: {row.id}, “{column}”: run make docs")
    return found


def fill() -> None:
    """Write the columns "Kept by" and "Proved by" of every table."""
    for page in TABLES:
        path = ROOT / page
        lines = path.read_text().split("\n")
        rows = {row.id: row for row in _rows(page)}
        for number, line in enumerate(lines):
            cells = _cells(line)
            row = rows.get(cells[0]) if cells else None
            if row is None:
                continue
            for column, names in _columns(row).items():
                cells[list(row.cells).index(column)] = "<br>".join(f"`{each}`" for each in names[:2])
            lines[number] = "| " + " | ".join(cells).replace("|  |", "| |") + " |"
        path.write_text("\n".join(lines))
    defined.cache_clear()


def main() -> int:
    fill()
    faults = unknown() + papers() + bare() + gaps()
    known = defined()
    planned = sum(row.is_planned for row in known.values())
    faults.append(f"{len(known)} ids, {planned} planned; {len(citations())} citations; {len(faults)} faults")
    sys.stdout.write("\n".join(faults) + "\n")
    return 1 if len(faults) > 1 else 0


def _columns(row: Row) -> dict[str, list[str]]:
    """Column → what belongs into it. Only a named function or class that cites this very id keeps or proves a rule: a
    file's head speaks of all that is below, a row of ids (BR-27 … BR-59) of nothing in particular."""
    cited = [each for each in _by_id()[row.id] if each.alone and each.where]
    columns = {}
    for column, is_test in (("Kept by", False), ("Proved by", True)):
        if column in row.cells:
            fitting = [each for each in cited if each.is_test == is_test]
            fitting.sort(key=lambda each: (each.path, each.line))
            columns[column] = list(dict.fromkeys(each.name for each in fitting))
    return columns


@cache
def _by_id() -> dict[str, list[Citation]]:
    found: dict[str, list[Citation]] = defaultdict(list)
    for each in citations():
        found[each.id].append(each)
    return found


def _rows(page: str) -> Iterator[Row]:
    header: list[str] = []
    for line in (ROOT / page).read_text().split("\n"):
        cells = _cells(line)
        if not cells:
            header = []
        elif not header:
            header = cells
        elif re.fullmatch(ID, cells[0]):
            yield Row(cells[0], page, dict(zip(header, cells, strict=True)))


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().strip("|").split("|")] if line.startswith("|") else []


def _between(first: str, last: str) -> list[str]:
    """BR-52 … BR-55 in full."""
    kind, low = re.fullmatch(r"(.*?)(\d+)", first).groups()
    high = re.fullmatch(r".*?(\d+)", last)[1]
    return [f"{kind}{number:0{len(low)}}" for number in range(int(low), int(high) + 1)]


def _named_ranges(tree: ast.Module, lines: list[str]) -> list[tuple[int, int, str]]:
    """(first line with decorators and the comment above, last line, dotted name) of what has a name in a file."""
    found = []

    def look(body: list[ast.stmt], above: str) -> None:
        for node in body:
            name = getattr(node, "name", "")
            if isinstance(node, ast.Assign | ast.AnnAssign):
                target = node.targets[0] if isinstance(node, ast.Assign) else node.target
                name = getattr(target, "id", "")
            if not name:
                continue
            first = min([node.lineno, *(each.lineno for each in getattr(node, "decorator_list", []))])
            while first > 1 and lines[first - 2].lstrip().startswith("#"):
                first -= 1
            dotted = f"{above}::{name}" if above else name
            found.append((first, node.end_lineno or node.lineno, dotted))
            if isinstance(node, ast.ClassDef):
                look(node.body, dotted)

    look(tree.body, "")
    return found


def _name_at(named: list[tuple[int, int, str]], line: int) -> str:
    return max(((first, name) for first, last, name in named if first <= line <= last), default=(0, ""))[1]


def _joined(block: list[tuple[int, str]], named: list[tuple[int, int, str]]) -> tuple[int, str, str]:
    return block[0][0], _name_at(named, block[0][0]), "\n".join(text for _, text in block)


def _benchmarks() -> list[Path]:
    return sorted((ROOT / "tests" / "benchmarks").glob("*.py"))


@cache
def _is_there(address: str) -> bool:
    page, _, heading = address.partition("#")
    path = ROOT / page
    return path.exists() and (not heading or heading in _headings(path))


def _headings(path: Path) -> set[str]:
    """The addresses of a page's headings, as GitHub makes them."""
    words = re.findall(r"^#+ (.+)$", path.read_text(), re.M)
    return {re.sub(r"[^\w\- ]", "", each.lower()).strip().replace(" ", "-") for each in words}


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()
