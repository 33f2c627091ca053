"""A request of `base` for a person of its neighbour, also for the tests of those who look on or step in."""

import pytest
from django.utils import timezone

from bases.models import TransferRequest
from bases.transfers import services as transfers
from portal.models import Message
from tests import factories


@pytest.fixture
def held(other_base, cycle):
    """A resident in training at the neighbour's base, in the registry."""
    person = factories.ResidentFactory(full_name="古丽米热·艾比布力")
    return factories.EnrollmentFactory(
        resident=person, base=other_base, intake_year=cycle.year - 1, registered_at=timezone.now()
    )


@pytest.fixture
def asked(held, base, base_officer):
    return transfers.ask(held.pk, base, reason="省卫健委批准转入", by=base_officer)


def let_go(asked, by) -> TransferRequest:
    return transfers.release(
        asked.pk, effective_date=timezone.localdate(), destination=asked.to_base.name, note="", by=by
    )


def subjects(user) -> list[str]:
    return list(Message.objects.filter(recipient=user, kind="transfer").values_list("subject", flat=True))
