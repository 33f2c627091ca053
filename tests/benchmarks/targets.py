"""What a target is, and how two sides are measured against each other."""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(slots=True)
class Result:
    """What one target measured. `value` is printed beside the threshold, `also` are further conditions of the same
    target, `notes` say what was run, in words."""

    value: float
    also: list[tuple[str, float, str, float]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Target:
    """One line of the table of targets: met if what `measure` gives stands in `sign` (">=", "<=") to `threshold`.

    Where the product has no such feature yet, `measure` is None and the target counts as not met.
    """

    number: int
    job: str
    sign: str
    threshold: float
    measure: Callable[[], Result] | None


def is_met(value: float, sign: str, threshold: float) -> bool:
    return value >= threshold if sign == ">=" else value <= threshold


def seconds(job: Callable[[], object]) -> float:
    start = time.perf_counter()
    job()
    return time.perf_counter() - start


def rates(sides: dict[str, tuple[int, Callable[[], object]]], *, rounds: int = 3) -> dict[str, float]:
    """Rows a second of each side, the median of interleaved rounds (A B A B …). A side is (rows, job)."""
    taken: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(rounds):
        for name, (rows, job) in sides.items():
            taken[name].append(rows / seconds(job))
    return {name: statistics.median(values) for name, values in taken.items()}
