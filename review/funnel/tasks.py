"""What the worker and the clock do for 进度."""

from django_tasks import task

from portal.lanes import LONG
from review.funnel import funnel


@task(queue_name=LONG)
def recount_nation(year: int) -> None:
    """Count the nation's funnel of one year anew. Twice is the same as once."""
    funnel.recount(year)


def recount_when_due() -> None:
    """A chore of the clock: have the worker do what would hold up the clock's other chores."""
    if year := funnel.due_year():
        recount_nation.enqueue(year)
