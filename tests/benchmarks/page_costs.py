"""Target 11: CPU of whole pages against that of the smallest page of commit 0a04b76, measured in turn.

Each side is a process of its own (page_side.py) in a tree of its own; CPU time of that process counts, so a busy
machine changes little. The commit is checked out beside the repository for the run.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.benchmarks.targets import Result, Target

HERE = Path(__file__).resolve().parents[2]
COMMIT = "0a04b76"
ROUNDS = 3
MOST = {"form": 5, "list": 5, "queue": 5, "record": 7, "board": 5}
WORDS = {
    "floor": "个人信息处理告知",
    "form": "基本信息",
    "list": "招收信息管理, 50 records",
    "queue": "待审核, 50 records",
    "record": "one record, reported again",
    "board": "工作台 of a base",
}
LARGEST_KB = 200


class _Side:
    def __init__(self, tree: Path) -> None:
        # A side makes a database of its own, and the older commit knows one login only.
        environment = os.environ | {"PYTHONPATH": str(tree)}
        environment["DATABASE_URL"] = environment.pop("DATABASE_OWNER_URL", environment["DATABASE_URL"])
        self._process = subprocess.Popen(
            [sys.executable, "-P", HERE / "tests" / "benchmarks" / "page_side.py"],
            cwd=tree,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._answer()

    def measure(self, page: str) -> dict:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{page}\n")
        self._process.stdin.flush()
        return self._answer()

    def _answer(self) -> dict:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("one side of target 11 has ended; what it said stands above")
        return json.loads(line)

    def close(self) -> None:
        with suppress(OSError):
            assert self._process.stdin is not None
            self._process.stdin.close()
        self._process.wait()


@contextmanager
def _old_tree() -> Iterator[Path]:
    """The tree of the commit; a clone without its history has none."""
    with tempfile.TemporaryDirectory(prefix="floor-") as folder:
        tree = Path(folder) / COMMIT
        git = ["git", "-C", str(HERE), "worktree"]
        subprocess.run([*git, "add", "--quiet", "--detach", str(tree), COMMIT], check=True)
        try:
            yield tree
        finally:
            subprocess.run([*git, "remove", "--force", str(tree)], check=True)


def measure_pages() -> Result:
    """Target 11: how far the page that is farthest from its limit is, in parts of the limit."""
    taken: dict[tuple[str, str], list[dict]] = {}
    with _old_tree() as tree:
        sides = {"old": _Side(tree), "new": _Side(HERE)}
        try:
            for _ in range(ROUNDS):
                for page in WORDS:
                    for name, side in sides.items():
                        taken.setdefault((name, page), []).append(side.measure(page))
        finally:
            for side in sides.values():
                side.close()
    cost = {key: statistics.median(each["ms"] for each in found) for key, found in taken.items()}
    floor = cost["old", "floor"]
    spread = [each["ms"] for each in taken["old", "floor"]]
    notes = [
        f"floor: {WORDS['floor']} of {COMMIT}, {floor:.1f} ms of CPU ({min(spread):.1f} to {max(spread):.1f})"
    ]
    for page, words in WORDS.items():
        new = taken["new", page][-1]
        notes.append(
            f"{words}: {cost['old', page] / floor:.1f} → {cost['new', page] / floor:.1f} times the floor"
            f" (at most {MOST.get(page, 5)}), {new['bytes'] / 1000:.0f} kB, {new['queries']} queries"
        )
    largest = max(found[-1]["bytes"] for (name, _), found in taken.items() if name == "new") / 1000
    return Result(
        max(cost["new", page] / floor / most for page, most in MOST.items()),
        also=[("kB of the largest of these pages", largest, "<=", LARGEST_KB)],
        notes=notes,
    )


TARGETS = [Target(11, "CPU of whole pages, in parts of their limit", "<=", 1, measure_pages)]
