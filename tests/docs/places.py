"""What the papers name that lies in the repository: folders, files, functions in them, linked pages, targets of make.

A place is told from other words by its first part, an app or a folder of ours, or by the name of a file at the root.
`…`, `*` and `<slug>` stand for any name. A path alone must be there; `path::name` and “`NAME` in `path`” (or of) must
name something that is written in that file.
"""

import re
import sys
from pathlib import Path

from tests.docs import citations

APPS = ("portal", "residents", "bases", "review")
_FOLDERS = "|".join((*APPS, "templates", "static", "fixtures", "tests", "docs", r"\.ci"))
_CODE = re.compile(r"`([^`\n]+)`")
_PLACE = re.compile(rf"(?:{_FOLDERS})/[\w./<>*…-]*(?:::\w+)*")
_FILE = re.compile(r"[\w.-]+\.(?:md|toml|txt|json|jsonc|yaml|example)|Makefile")
_MODULE = re.compile(rf"(?:{'|'.join((*APPS, 'tests'))})(?:\.[a-z_]\w*)+")
_LINK = re.compile(r"\]\(([^)#:\s]+)(#[\w-]+)?\)")
_WITHIN = re.compile(r"`([A-Za-z_]\w*)`\s+(?:in|of)\s+`([\w./-]+\.\w+)`")
_TARGET = re.compile(r"\bmake ([a-z]+)\b")


def papers() -> list[Path]:
    return [*citations.pages(), *sorted(citations.ROOT.glob("*.md"))]


def lost() -> list[str]:
    """Everything that a paper names and that is not there."""
    return [f"{citations._name(path)}: {each}" for path in papers() for each in sorted(set(_lost_in(path)))]


def _lost_in(path: Path) -> list[str]:
    text = path.read_text()
    found = [word for word in _CODE.findall(text) if not _is_there(word)]
    found += [f"`{name}` in `{place}`" for name, place in _WITHIN.findall(text) if not _says(place, name)]
    for page, heading in _LINK.findall(text):
        linked = (path.parent / page).resolve()
        if not linked.exists() or (heading and heading[1:] not in citations._headings(linked)):
            found.append(f"({page}{heading})")
    targets = set(re.findall(r"^([a-z]+):", (citations.ROOT / "Makefile").read_text(), re.M))
    return found + [f"make {name}" for name in _TARGET.findall(_code_of(text)) if name not in targets]


def _code_of(text: str) -> str:
    """What stands as code: `…` and indented lines. In prose one may make anything."""
    return "\n".join([*_CODE.findall(text), *re.findall(r"^ {4,}(make .*)$", text, re.M)])


def _is_there(word: str) -> bool:
    if _PLACE.fullmatch(word):
        place, *names = word.split("::")
        matches = [*citations.ROOT.glob(re.sub(r"<\w+>|…", "*", place.rstrip("/")))]
        return bool(matches) and (not names or _says(place, names[-1]))
    if _FILE.fullmatch(word):
        # A file without a folder lies at the root, or is a kind of file of which any room may hold one.
        return any(citations.ROOT.glob(word)) or not word[0].isupper()
    if _MODULE.fullmatch(word):
        return _is_module(word.split("."))
    return True


def _is_module(parts: list[str]) -> bool:
    """A module, or a name within one; `portal.User` as Django names models is none."""
    for length in range(len(parts), 0, -1):
        base = citations.ROOT.joinpath(*parts[:length])
        rest = parts[length:]
        if base.with_suffix(".py").is_file():
            return not rest or _says(f"{'/'.join(parts[:length])}.py", rest[0])
        if base.is_dir():
            return not rest
    return False


def _says(place: str, name: str) -> bool:
    path = citations.ROOT / place
    if not path.is_file():
        # The folder may be said before: then `services.py` alone says little, and is not asked.
        return "/" not in place
    return re.search(rf"\b{name}\b", path.read_text()) is not None


def main() -> int:
    faults = lost()
    sys.stdout.write(
        "\n".join([*faults, f"{len(papers())} papers; {len(faults)} places that are not there"]) + "\n"
    )
    return 1 if faults else 0
