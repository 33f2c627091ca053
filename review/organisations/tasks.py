"""What the worker does for 机构目录."""

from django_tasks import task

from review.organisations import messages


@task()
def tell_of_years(specialty: str, base_ids: list[int]) -> None:
    """Tell the bases and the people concerned from when to when a specialty is held there now. May be repeated."""
    messages.tell_of_years(specialty, base_ids)
