"""What the worker does for this app."""

from django_tasks import task

from review import quality


@task()
def recheck_quality() -> None:
    """Rebuild the findings of the quality list. Twice is the same as once."""
    quality.recheck()
