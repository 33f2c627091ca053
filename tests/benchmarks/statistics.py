"""Target 6: the fixed statistics are counted anew for every page; the rollup that would keep them is not built."""

from tests.benchmarks.targets import Target

TARGETS = [Target(6, "fixed statistics from a rollup against the plain GROUP BY", ">=", 15, None)]
