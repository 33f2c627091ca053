"""A request to correct the number of a person of `base`, also for the tests of those who decide it."""

import pytest

from bases.corrections import services as corrections
from tests import factories


@pytest.fixture
def number():
    return factories.id_number(male=False)


@pytest.fixture
def asked(enrollment, base_officer, number):
    values = {"id_type": "01", "id_number": number, "reason": "导入时录错"}
    return corrections.ask(enrollment, values=values, evidence=None, by=base_officer)


@pytest.fixture
def confirmed(asked, provincial_reviewer):
    corrections.confirm(asked.pk, by=provincial_reviewer)
    asked.refresh_from_db()
    return asked
