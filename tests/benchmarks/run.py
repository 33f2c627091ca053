"""`make bench`: every target of the measurements, one line each; `make bench T=5` runs one alone, T=7,8 these two.

Works on a database of its own beside the configured one, made for the run and dropped after it. Both sides of a target
are measured in the same run, interleaved; the ratios count, not the seconds.
"""

import os
import sys
import tempfile
from contextlib import redirect_stdout
from importlib import import_module
from io import StringIO

import django
from django.conf import settings
from django.db import connection

from tests.benchmarks.targets import Target, is_met
from tests.database import owners_login

# Each holds TARGETS; imported once Django is set up.
MODULES = (
    "tests.benchmarks.accounts",
    "tests.benchmarks.training",
    "tests.benchmarks.exports",
    "tests.benchmarks.statistics",
    "tests.benchmarks.lists",
    "tests.benchmarks.pages",
    "tests.benchmarks.page_costs",
    "tests.benchmarks.serving",
    "tests.benchmarks.history",
    "tests.benchmarks.decisions",
    "tests.benchmarks.editions",
)


def main() -> int:
    """Print a line a target and how many are met; 1 if one is missed, 2 if there is none of this number."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    os.environ.setdefault("LOG_LEVEL", "WARNING")
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        os.environ["PRIVATE_ROOT"] = folder
        django.setup()
        # With DEBUG on Django keeps every query in memory.
        settings.DEBUG = False
        return _run(os.environ.get("T", ""))


def _run(chosen: str) -> int:
    known = [target for name in MODULES for target in import_module(name).TARGETS]
    known.sort(key=lambda target: target.number)
    targets = [target for target in known if not chosen or str(target.number) in chosen.split(",")]
    if not targets:
        print(f"There is no target {chosen}.")
        return 2
    name = settings.DATABASES["default"]["NAME"]
    # It makes the database and fills it past the history's triggers; servers that it starts work as they are deployed.
    settings.DATABASES["default"] |= owners_login()
    # It says that a migration has made the cache's table already.
    with redirect_stdout(StringIO()):
        connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
    try:
        met = sum(_report(target) for target in targets)
    finally:
        connection.creation.destroy_test_db(name, verbosity=0)
    print(f"targets met: {met} of {len(targets)}")
    return 0 if met == len(targets) else 1


def _report(target: Target) -> bool:
    print(f"# {target.number}. {target.job}", flush=True)
    if target.measure is None:
        print(f"target {target.number}: not built", flush=True)
        return False
    result = target.measure()
    for note in result.notes:
        print(f"#    {note}")
    met = is_met(result.value, target.sign, target.threshold)
    for words, value, sign, threshold in result.also:
        met &= is_met(value, sign, threshold)
        print(f"#    {words}: {value:.1f} ({sign} {threshold:g})")
    line = f"target {target.number}: {result.value:.1f} ({target.sign} {target.threshold:g})"
    print(f"{line} {'ok' if met else 'missed'}", flush=True)
    return met


if __name__ == "__main__":
    sys.exit(main())
