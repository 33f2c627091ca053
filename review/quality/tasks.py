"""What the worker and the clock do for 数据质量."""

from django_tasks import task

from portal.lanes import LONG
from review.quality import services


@task(queue_name=LONG)
def recheck_quality() -> None:
    """Rebuild the findings of the quality list. Twice is the same as once."""
    services.recheck()


def recheck_when_due() -> None:
    """A chore of the clock: have the worker do what would hold up the clock's other chores."""
    if services.is_due():
        recheck_quality.enqueue()
