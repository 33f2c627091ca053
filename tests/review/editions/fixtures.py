"""Lives over two bases, and editions of them as the association orders them."""

import pytest
from django.utils import timezone

from review.editions import services
from review.models import Edition
from tests.review.statistics.lives import Life


@pytest.fixture
def life(base, other_base, base_officer, other_base_officer, provincial_reviewer, cycle):
    """A function: the life of one more person over the bases A and B."""
    bases, officers = {"A": base, "B": other_base}, {"A": base_officer, "B": other_base_officer}
    return lambda: Life(bases, officers, provincial_reviewer, cycle.year)


@pytest.fixture
def freeze(national_officer, django_capture_on_commit_callbacks):
    """A function: the next edition, frozen by the worker at once."""

    def make(**more) -> Edition:
        year = more.pop("year", timezone.localdate().year)
        last = services.latest(year)
        asked = {
            "year": year,
            "kind": "revision" if last else "first",
            "facts_on": timezone.localdate(),
            "reason": "定期重新封版" if last else "",
            "by": national_officer,
        } | more
        with django_capture_on_commit_callbacks(execute=True):
            ordered = services.order(**asked)
        return Edition.objects.get(order=ordered)

    return make


@pytest.fixture
def check(national_officer, django_capture_on_commit_callbacks):
    """A function: an edition computed again by the worker."""

    def make(edition: Edition):
        with django_capture_on_commit_callbacks(execute=True):
            services.ask_check(edition, by=national_officer)
        return edition.checks.first()

    return make
