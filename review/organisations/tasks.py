"""What the worker does for 机构目录."""

from django_tasks import task

from portal.lanes import LONG
from review.organisations import messages


@task(queue_name=LONG)
def tell_of_years(specialty: str, base_ids: list[int]) -> None:
    """Tell the bases and the people concerned from when to when a specialty is held there now. May be repeated."""
    messages.tell_of_years(specialty, base_ids)


@task(queue_name=LONG)
def tell_of_name(base_id: int, former: str) -> None:
    """Tell the base and its province that it has another name than this. May be repeated."""
    messages.tell_of_name(base_id, former)
