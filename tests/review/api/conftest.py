"""Around every test of the interface."""

import pytest

from review.api.problems import Refusal


@pytest.fixture(autouse=True)
def every_refusal_says_why(monkeypatch):
    """Whatever a test meets, no refusal is without its reason: it would come as an error of the platform."""
    init = Refusal.__init__

    def says_why(self, status, code, title, detail, **more):
        assert detail.strip(), f"{code} does not say why"
        init(self, status, code, title, detail, **more)

    monkeypatch.setattr(Refusal, "__init__", says_why)
