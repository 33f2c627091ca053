"""What the clock asks of the worker: work too long for the clock, which would hold up its other chores."""

from review import tasks
from review.funnel import funnel
from review.quality import services as quality


def recheck_quality() -> None:
    if quality.is_due():
        tasks.recheck_quality.enqueue()


def recount_nation() -> None:
    if year := funnel.due_year():
        tasks.recount_nation.enqueue(year)
