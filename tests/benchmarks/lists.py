"""Targets 7 and 8: search in names and deep pages of lists, over a table as large as the nation's."""

from collections.abc import Callable

from bases.scope import enrollments_for
from portal.roles import Action
from residents.models import Enrollment
from residents.search import by_name_or_number
from review.demo.nation import RARE, RARE_EVERY
from review.paging import keyset_page
from tests.benchmarks.nation import ROWS, nation
from tests.benchmarks.targets import Result, Target, rates


def _repeated(times: int, job: Callable[[], object]) -> tuple[int, Callable[[], None]]:
    def run() -> None:
        for _ in range(times):
            job()

    return times, run


def measure_search() -> Result:
    """Target 7: two characters anywhere in the name, all hits read."""
    nation()
    records = Enrollment.objects.all()
    hits = len(by_name_or_number(records, RARE).values_list("pk"))
    if hits != ROWS // RARE_EVERY:
        raise RuntimeError(f"the search found {hits} of {ROWS // RARE_EVERY} people")
    found = rates(
        {
            "product": _repeated(200, lambda: list(by_name_or_number(records, RARE).values_list("pk"))),
            "scan": _repeated(
                4, lambda: list(records.filter(resident__full_name__contains=RARE).values_list("pk"))
            ),
        }
    )
    return Result(
        found["product"] / found["scan"],
        notes=[
            f"{ROWS:,} people, {hits} hits: index on one and two characters {1000 / found['product']:.2f} ms, "
            f"a LIKE over the table {1000 / found['scan']:.1f} ms"
        ],
    )


def measure_depth() -> Result:
    """Target 8: the last page of the nation's list against its first."""
    records = enrollments_for(nation().association, Action.VIEW)
    deep = str(records.order_by("-pk").values_list("pk", flat=True)[100])
    if len(keyset_page(records, {"after": deep}).rows) != 50:
        raise RuntimeError("the deep page is not full")
    found = rates(
        {
            "first": _repeated(20, lambda: keyset_page(records, {})),
            "deep": _repeated(20, lambda: keyset_page(records, {"after": deep})),
        }
    )
    return Result(
        found["first"] / found["deep"],
        notes=[
            f"page of 50 with its capped count, {ROWS:,} rows: first {1000 / found['first']:.1f} ms, "
            f"at row {ROWS - 100:,} {1000 / found['deep']:.1f} ms"
        ],
    )


TARGETS = [
    Target(7, "name search, two characters anywhere, against a scan", ">=", 100, measure_search),
    Target(8, "a list's last page against its first", "<=", 2, measure_depth),
]
