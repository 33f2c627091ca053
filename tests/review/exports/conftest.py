"""Editions, whose lists are exported too."""

from tests.review.editions.fixtures import freeze  # noqa: F401 -- fixture
