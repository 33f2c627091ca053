"""DATABASE_URL as Django and PostgreSQL's own programs are told it."""

import pytest

from portal.bootstrap.failure import Failure
from portal.settings import database_from_url

SPARING = "-c max_parallel_workers_per_gather=0"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("postgresql://u:p%40w@h:5433/n", ("n", "u", "p@w", "h", 5433)),
        ("postgres://u@h/n", ("n", "u", "", "h", "")),
        ("postgresql://u@/n?host=/a/b&port=5555", ("n", "u", "", "/a/b", 5555)),
        ("postgresql:///n?host=/a%20b", ("n", "", "", "/a b", "")),
        ("postgresql://u@%2Fa%2Fb/n", ("n", "u", "", "/a/b", "")),
        ("postgresql://u:p@[::1]:5432/n", ("n", "u", "p", "::1", 5432)),
    ],
)
def test_where_the_database_is(url, expected):
    """Also for PostgreSQL's own programs, which are told HOST and PORT and none of the options."""
    found = database_from_url(url)
    assert tuple(found[name] for name in ("NAME", "USER", "PASSWORD", "HOST", "PORT")) == expected
    assert found["ENGINE"] == "django.db.backends.postgresql"
    assert found["OPTIONS"] == {"connect_timeout": "5", "options": SPARING}
    assert (found["CONN_MAX_AGE"], found["CONN_HEALTH_CHECKS"]) == (600, True)


def test_options_of_the_address_reach_the_driver():
    found = database_from_url("postgresql://u:p@h/n?sslmode=require&options=-c%20x%3D1")
    assert found["OPTIONS"] == {"sslmode": "require", "connect_timeout": "5", "options": "-c x=1"}


@pytest.mark.parametrize("url", ["mysql://a@b/c", "sqlite:///c", "what is this", ""])
def test_other_databases_are_refused(url):
    with pytest.raises(Failure, match="DATABASE_URL"):
        database_from_url(url)
