"""What left the portal by mail and SMS, over all persons (GOAL-S4: delivery log)."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.db.models import Count, QuerySet
from django.utils import timezone

from portal.models import Delivery
from review.audit.search import people, within

SUMMED_DAYS = 7
State = Delivery.State


def deliveries(filters: Mapping[str, Any]) -> QuerySet[Delivery]:
    """Lines of the delivery log that match `DeliveryFilter`, with recipient and topic."""
    found = Delivery.objects.select_related("recipient", "message")
    if filters.get("who"):
        found = found.filter(recipient__in=people(filters["who"]))
    if filters.get("topic"):
        found = found.filter(message__topic=filters["topic"])
    for name in ("channel", "state"):
        if filters.get(name):
            found = found.filter(**{name: filters[name]})
    return within(found, filters, "created_at")


def sums() -> list[tuple[str, list[int]]]:
    """Each channel's number of lines in each state, in their order, over the last seven days; one query."""
    since = timezone.now() - timedelta(days=SUMMED_DAYS)
    rows = Delivery.objects.filter(created_at__gte=since).values_list("channel", "state")
    counted = {(channel, state): number for channel, state, number in rows.annotate(number=Count("pk"))}
    return [
        (channel.label, [counted.get((channel.value, state.value), 0) for state in State])
        for channel in Delivery.Channel
    ]
