"""Editions, of which statistics can be asked too."""

from tests.review.editions.fixtures import freeze  # noqa: F401 -- fixture
