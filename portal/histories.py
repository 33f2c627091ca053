"""The history's tables: which model holds the events of a tracked one (django-pghistory makes it at run time)."""

from typing import Any, cast

from django.db.models import Model


def event_model(tracked: type[Model]) -> Any:
    """The model whose rows are what was done to the rows of `tracked`."""
    return cast(Any, tracked).pgh_event_model
