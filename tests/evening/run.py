"""`make evening`: the whole product in a folder of its own, EVENING_PEOPLE made-up residents, EVENING_SECONDS of load.

Prints what the evening took, the memory and CPU of the processes, and whether all that was told as done is stored;
exits 1 where it is not.
"""

import os
import subprocess
import sys
import threading
from collections.abc import Mapping

import django
import psutil

from portal.bootstrap import cluster as clusters
from tests.faults.house import ROOT, WEB_WORKERS, House, house

SAMPLE_SECONDS = 2
MOST_MEGABYTES = 250


class Watch:
    """Memory and CPU of the processes of a house, looked at every few seconds."""

    def __init__(self, pids: Mapping[str, list[int]]) -> None:
        self._processes = {name: [psutil.Process(pid) for pid in found] for name, found in pids.items()}
        self.megabytes: dict[str, list[float]] = {name: [] for name in pids}
        self._before = self._cpu()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def end(self) -> dict[str, float]:
        """CPU seconds of each kind since the beginning."""
        self._stop.set()
        self._thread.join()
        now = self._cpu()
        return {name: now[name] - self._before[name] for name in now}

    def _cpu(self) -> dict[str, float]:
        return {name: sum(map(_cpu_of, found)) for name, found in self._processes.items()}

    def _run(self) -> None:
        while not self._stop.wait(SAMPLE_SECONDS):
            for name, found in self._processes.items():
                self.megabytes[name].append(max(each.memory_info().rss for each in found) / 1e6)


def _cpu_of(process: psutil.Process) -> float:
    taken = process.cpu_times()
    return taken.user + taken.system


def load_nation(made: House, people: int) -> None:
    """The nation into the database of a house."""
    known = clusters.load(made.database)
    assert known is not None
    environment = made.environment() | {
        "DATABASE_URL": known.owner_url,
        "DATABASE_OWNER_URL": known.owner_url,
    }
    command = [sys.executable, "manage.py", "load_nation", "--residents", str(people)]
    subprocess.run(command, cwd=ROOT, env=environment, check=True, timeout=3600)


def main() -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    django.setup()
    # Django must be set up before the factories can be imported.
    from tests.evening.evening import evening, missing, people_of  # noqa: PLC0415

    people = int(os.environ.get("EVENING_PEOPLE", "300000"))
    seconds = float(os.environ.get("EVENING_SECONDS", "300"))
    with house() as made:
        load_nation(made, people)
        pids = {"web": made.processes("web"), "worker": made.processes("worker")}
        watch = Watch(pids)
        found = evening([made.address], people_of(made.ask), seconds)
        cpu = watch.end()
        lost = missing(found.promises, made.ask)
    pages = sum(map(len, found.times.seconds.values()))
    hashes = found.acts.get("signed in", 0) * seconds_of_a_hash()
    print(
        f"{people:,} people, {found.seconds:.0f} s, {WEB_WORKERS} web processes, {os.cpu_count()} shared cores"
    )
    print(f"{found.acts_a_second:.1f} acts/s, {found.pages_a_second:.1f} pages/s: {found.acts}")
    print(
        "p50 {:.0f} ms, p95 {:.0f} ms, p99 {:.0f} ms".format(
            *(found.percentile(each) for each in (50, 95, 99))
        )
    )
    print(
        f"web CPU {1000 * (cpu['web'] - hashes) / pages:.1f} ms a page apart from hashes, worker {cpu['worker']:.1f} s"
    )
    for name, taken in watch.megabytes.items():
        half = taken[len(taken) // 2 :] or [0.0]
        most = max(taken, default=0)
        print(
            f"{name}: up to {most:.0f} MB (at most {MOST_MEGABYTES}), second half {half[0]:.0f} → {half[-1]:.0f}"
        )
    print(f"503: {found.times.shed}, cut lines: {found.times.cut}, other errors: {len(found.times.errors)}")
    for name, taken in sorted(found.times.seconds.items(), key=lambda each: -sum(each[1]))[:12]:
        print(
            f"  {name}: {len(taken)}, p50 {found.percentile(50, name):.0f}, p95 {found.percentile(95, name):.0f} ms"
        )
    for each in found.times.errors[:10]:
        print(f"  error: {each}")
    promised = found.promises
    print(
        f"ledger: {len(promised.saved)} saved, {len(promised.uploaded)} uploads, {len(promised.confirmed)} imports,"
        f" {len(promised.reported)} reports, {len(promised.approved)} approvals told as done; {len(lost)} wrong"
    )
    for each in lost[:20]:
        print(f"  {each}")
    return 1 if lost else 0


def seconds_of_a_hash() -> float:
    """CPU seconds of one password hash on this machine."""
    from django.contrib.auth.hashers import make_password  # noqa: PLC0415

    before = psutil.Process().cpu_times()
    for _ in range(20):
        make_password("Zhupei-2026")
    after = psutil.Process().cpu_times()
    return (after.user - before.user + after.system - before.system) / 20


if __name__ == "__main__":
    sys.exit(main())
