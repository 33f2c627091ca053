from tests.bases.extensions.conftest import closing, people

__all__ = ["closing", "people"]
