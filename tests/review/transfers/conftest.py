from tests.bases.transfers.conftest import asked, held

__all__ = ["asked", "held"]
