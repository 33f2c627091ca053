"""What the worker does for this app."""

from django_tasks import task

from review.funnel import funnel
from review.quality import services as quality


@task()
def recheck_quality() -> None:
    """Rebuild the findings of the quality list. Twice is the same as once."""
    quality.recheck()


@task()
def recount_nation(year: int) -> None:
    """Count the nation's funnel of one year anew. Twice is the same as once."""
    funnel.recount(year)
