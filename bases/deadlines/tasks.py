"""What the worker does for 截止与逾期."""

from django_tasks import task

from bases.deadlines import messages
from portal.models import CollectionCycle, Step


@task()
def tell_of_window(cycle_id: int, step: str, codes: list[str], shut: list[str] | None = None) -> None:
    """Notify those with open work in these provinces of a window that now ends soon or, in those `shut` by the change,
    is closed. May be repeated."""
    messages.tell_of_change(CollectionCycle.objects.get(pk=cycle_id), Step(step), codes, shut or ())
