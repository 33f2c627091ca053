"""What of 经费核算 waits on the desk of a base: a difference that it has not explained (GOAL-N9)."""

from urllib.parse import urlencode

from django.urls import reverse

from bases.board.today import MORE, Task
from bases.models import TrainingBase
from review.funding.balance import open_differences
from review.models import Edition


def differences(base: TrainingBase) -> list[Task]:
    """A task for the newest edition, where the numbers of the base do not add up and nobody has said why."""
    edition = Edition.objects.select_related("order").order_by("-frozen_at").first()
    found = open_differences(edition, {"base_id": base.pk}) if edition else {}
    if edition is None or base.pk not in found:
        return []
    address = f"{reverse('review:funding-balance')}?{urlencode({'edition': edition.pk, 'base': base.pk})}"
    return [Task("人数平衡有差额，待说明", abs(found[base.pk]), address, module="经费核算", is_urgent=True)]


MORE.append(differences)
