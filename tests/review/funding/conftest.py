"""Lives over two bases and editions of them."""

from tests.review.editions.fixtures import check, freeze, life  # noqa: F401 -- fixtures
