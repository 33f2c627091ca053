from tests.review.editions.fixtures import check, freeze, life

__all__ = ["check", "freeze", "life"]
