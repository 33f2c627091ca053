from tests.bases.corrections.conftest import asked, confirmed, number

__all__ = ["asked", "confirmed", "number"]
