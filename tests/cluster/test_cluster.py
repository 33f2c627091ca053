"""`make cluster`, small: no success told is lost, and no failure told is kept, whoever is killed (target 16)."""

import pytest

from tests.cluster.cluster import cluster
from tests.cluster.run import killed

pytestmark = [pytest.mark.long, pytest.mark.timeout(1800)]


def test_nothing_told_is_lost_whoever_is_killed():
    with cluster(500) as made:
        found = killed(made, 8)
    assert found.lost == []
    assert set(found.back) == {"web node", "worker", "PgBouncer", "primary"}
    # It was an evening, before and after.
    assert found.told["saved"] > 20
