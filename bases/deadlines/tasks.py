"""What the worker does for 截止与逾期."""

from django_tasks import task

from bases.deadlines import messages
from portal.lanes import LONG
from portal.models import CollectionCycle, Step


@task(queue_name=LONG)
def tell_of_window(
    cycle_id: int,
    step: str,
    codes: list[str],
    shut: list[str] | None = None,
    moved: list[str] | None = None,
    opened: list[str] | None = None,
    again: str = "",
) -> None:
    """Notify those with open work in these provinces of a window that now ends soon or, in those `shut` by the change,
    is closed, or in those `opened` by it is open once more; and the provinces whose times it `moved`. May be repeated;
    `again` marks times that were told before."""
    cycle = CollectionCycle.objects.get(pk=cycle_id)
    messages.tell_of_change(cycle, Step(step), codes, shut or (), moved or (), opened or (), again)
