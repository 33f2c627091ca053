"""`make cluster`: the evening over a cluster on loopback (target 16), its table written into docs/scaling.md.

First what web carries through PgBouncer and without it, in turns; then an evening in which a web node, a worker,
PgBouncer and the primary are killed and the replica takes over. CLUSTER_PEOPLE, CLUSTER_SECONDS and CLUSTER_ROUNDS
make it smaller or larger. Ends with 1 where something told as done is missing, or the pool costs more than a tenth.
"""

import datetime
import itertools
import os
import re
import statistics
import sys
import threading
import time
from dataclasses import dataclass, field

import django

from tests.cluster.cluster import Cluster, Probe, cluster, status, until
from tests.deploy.machine import ROOT

LEAST_SHARE = 0.9
BACK_SECONDS = 120
# Others each time, so that nobody saves again what he has saved.
SEEDS = itertools.count(1)
PAPER = ROOT / "docs" / "scaling.md"
MARKS = "<!-- make cluster writes from here -->", "<!-- to here -->"


@dataclass
class Killed:
    """What an evening with kills came to. `pause`: the longest time in which no row was written from outside; `back`:
    seconds until what was killed was at work again."""

    pause: dict[str, float] = field(default_factory=dict)
    back: dict[str, float] = field(default_factory=dict)
    told: dict[str, int] = field(default_factory=dict)
    answered_503: int = 0
    cut: int = 0
    errors: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)


@dataclass
class Carried:
    """What web carried one way: of each round pages a second, and milliseconds of processor a page by part."""

    pages: list[float] = field(default_factory=list)
    cpu: list[dict[str, float]] = field(default_factory=list)

    @property
    def median(self) -> float:
        return statistics.median(self.pages)

    def milliseconds(self, part: str) -> float:
        return statistics.median(each[part] for each in self.cpu)


def share(pooled: Carried, direct: Carried) -> float:
    """The middle of what each round says: its two halves follow each other, so that a busy machine slows both."""
    return statistics.median(one / other for one, other in zip(pooled.pages, direct.pages, strict=True))


def throughput(made: Cluster, rounds: int, seconds: float) -> tuple[Carried, Carried, list[str]]:
    """Through the pool and direct, in turns; and what was lost, which is nothing."""
    from tests.evening.evening import evening, missing, people_of  # noqa: PLC0415

    pooled, direct = Carried(), Carried()
    lost: list[str] = []
    for number in range(rounds):
        for way in (pooled, direct) if number % 2 == 0 else (direct, pooled):
            made.serve(pooled=way is pooled)
            # Each process loads and keeps what its first pages need.
            evening([made.address], people_of(made.ask, seed=next(SEEDS)), seconds / 4)
            people, before = people_of(made.ask, seed=next(SEEDS)), made.cpu_seconds()
            figures = evening([made.address], people, seconds)
            used, pages = made.cpu_seconds(), figures.pages_a_second * figures.seconds
            way.pages.append(figures.pages_a_second)
            way.cpu.append({part: 1000 * (used[part] - before[part]) / pages for part in used})
            lost += missing(figures.promises, made.ask)
            name, late = "PgBouncer" if way is pooled else "direct", figures.percentile(95)
            print(f"  {name}: {way.pages[-1]:.1f} pages/s, p95 {late:.0f} ms", flush=True)
    return pooled, direct, lost


def killed(made: Cluster, seconds: float) -> Killed:
    """An evening in whose middle one after the other is killed, `seconds` apart."""
    from tests.evening.evening import evening, missing, people_of  # noqa: PLC0415

    made.serve(pooled=True)
    found, stop, probe = Killed(), threading.Event(), Probe(made.secure)
    people = people_of(made.ask, seed=next(SEEDS))
    played = []
    playing = threading.Thread(
        target=lambda: played.append(evening([made.address], people, 3600, stop=stop)), daemon=True
    )
    playing.start()
    try:
        time.sleep(seconds)
        workers = _workers(made)
        for name, kill, is_back in (
            ("web node", made.units["web 1"].kill, lambda: made.serves(1)),
            ("worker", made.units["worker 1"].kill, lambda: _workers(made) - workers),
            ("PgBouncer", made.units["pgbouncer"].kill, lambda: _writes(made)),
            ("primary", lambda: _lose_primary(made), lambda: _writes(made)),
        ):
            at = time.monotonic()
            kill()
            # What is dead is still listed for a moment.
            time.sleep(0.3)
            until(lambda asked=is_back: bool(asked()), BACK_SECONDS)
            found.back[name] = time.monotonic() - at
            time.sleep(seconds)
            found.pause[name] = probe.longest_pause(at, time.monotonic())
            print(
                f"  {name}: no save for {found.pause[name]:.1f} s, back after {found.back[name]:.1f} s",
                flush=True,
            )
    finally:
        stop.set()
        playing.join()
        probe.end()
    (figures,) = played
    found.told = figures.acts
    found.answered_503, found.cut = figures.times.shed, figures.times.cut
    found.errors = figures.times.errors
    found.lost = missing(figures.promises, made.ask)
    # The seal of audit and history goes on over the promotion.
    made.manage("verify_history")
    return found


def _workers(made: Cluster) -> set[str]:
    """All that ever showed a sign of life, by the names they give themselves at each start."""
    return {name for (name,) in made.ask("SELECT name FROM portal_processsign WHERE kind = 'worker'")}


def _writes(made: Cluster) -> bool:
    return status(made.secure, "/health/write") == 200


def _lose_primary(made: Cluster) -> None:
    made.pair.primary.end()
    made.follow_promotion()


def report(people: int, pooled: Carried, direct: Carried, found: Killed, lost: list[str]) -> str:
    """The tables as docs/scaling.md has them."""
    today = datetime.datetime.now(datetime.UTC).date()
    parts = list(pooled.cpu[0])
    lines = [
        f"{today}, {os.cpu_count()} cores shared by everything and by the load itself, {people:,} made-up people,"
        f" {len(pooled.pages)} rounds each way in turns.",
        "",
        f"| web goes | pages a second | rounds | {' | '.join(parts)} |",
        f"|---|---|---|{'---|' * len(parts)}",
    ]
    for name, way in (("through PgBouncer", pooled), ("direct", direct)):
        used = " | ".join(f"{way.milliseconds(part):.1f}" for part in parts)
        rounds = ", ".join(f"{each:.1f}" for each in way.pages)
        lines.append(f"| {name} | {way.median:.1f} | {rounds} | {used} |")
    lines += [
        "",
        f"The columns on the right are milliseconds of processor a page. Share of the pool (target 16: at least"
        f" {LEAST_SHARE}): {share(pooled, direct):.2f}, the median of the rounds.",
        "",
        "| killed in the middle of an evening | longest time without a save | at work again after |",
        "|---|---|---|",
        *(f"| {name} | {found.pause[name]:.1f} s | {found.back[name]:.1f} s |" for name in found.back),
        "",
        f"Told as done: {', '.join(f'{number} {act}' for act, number in sorted(found.told.items()))};"
        f" {found.answered_503} answers were 503, {found.cut} lines were cut,"
        f" {len(found.errors)} other refusals. Of all that was told, missing afterwards:"
        f" {len(found.lost) + len(lost)}.",
    ]
    return "\n".join(lines)


def write(table: str) -> None:
    first, last = MARKS
    text = PAPER.read_text()
    whole = re.compile(f"{re.escape(first)}.*?{re.escape(last)}", re.DOTALL)
    assert whole.search(text)
    PAPER.write_text(whole.sub(lambda _: f"{first}\n\n{table}\n\n{last}", text))


def main() -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    django.setup()
    people = int(os.environ.get("CLUSTER_PEOPLE", "5000"))
    seconds = float(os.environ.get("CLUSTER_SECONDS", "40"))
    rounds = int(os.environ.get("CLUSTER_ROUNDS", "3"))
    with cluster(people) as made:
        print("throughput", flush=True)
        pooled, direct, lost = throughput(made, rounds, seconds)
        print("killed", flush=True)
        found = killed(made, seconds / 2)
    table = report(people, pooled, direct, found, lost)
    print(table)
    for each in (*lost, *found.lost, *found.errors[:10]):
        print(f"  {each}")
    write(table)
    return int(bool(lost or found.lost) or share(pooled, direct) < LEAST_SHARE)


if __name__ == "__main__":
    sys.exit(main())
