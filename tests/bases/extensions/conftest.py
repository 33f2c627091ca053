"""A cycle whose steps have just ended, and requests for more time, also for the tests of those who decide them."""

import datetime

import pytest
from django.utils import timezone

from bases.extensions import services as extensions
from bases.extensions.forms import end_of_day
from bases.models import ExtensionRequest
from portal.models import Step
from tests import factories

TODAY = timezone.localdate()


def day(number: int) -> datetime.date:
    return TODAY + datetime.timedelta(days=number)


@pytest.fixture
def closing(cycle):
    """Filling in and reporting ended yesterday; the review goes on for ten days."""
    now = timezone.now()
    ended = (now - datetime.timedelta(days=10), now - datetime.timedelta(days=1))
    factories.open_windows(
        cycle,
        resident_fill=ended,
        base_fill=ended,
        report=ended,
        review=(now - datetime.timedelta(days=1), end_of_day(day(10))),
    )
    return cycle


@pytest.fixture
def people(base, closing):
    return [factories.EnrollmentFactory(base=base, intake_year=closing.year) for _ in range(2)]


def asked_for(base, cycle, by, enrollments=(), *, step=Step.REPORT, days=3) -> ExtensionRequest:
    return extensions.ask(
        base, cycle, step=step, enrollments=enrollments, until=end_of_day(day(days)), reason="停电", by=by
    )
