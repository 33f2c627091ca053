"""Editions of a few lives."""

from tests.review.editions.fixtures import check, freeze, life  # noqa: F401 -- fixtures
