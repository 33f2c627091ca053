"""Statistics and exports over a real streaming replica: what it lacks is told, what it lacks for long is not shown."""

import json
import os
import re
import subprocess
import sys
import time
from datetime import datetime

import pytest
import requests

from portal.replica import OLDEST
from review.demo.organisations import PASSWORD
from tests.cluster.postgres import Pair, pair
from tests.deploy.machine import ROOT
from tests.review.api.served import portal

pytestmark = pytest.mark.long
PAGE = "/review/statistics/"
# Whoever counts as approved counts no more: one row of what the triggers keep, as a deletion would take it away.
ONE_LESS = (
    "UPDATE bases_approvedcount SET number = number - 1 WHERE id ="
    " (SELECT min(id) FROM bases_approvedcount WHERE number > 0 AND source = 'current')"
)
BEAT = (
    "INSERT INTO portal_processsign (name, kind, started_at, seen_at) VALUES ('test', 'worker', now(), now())"
    " ON CONFLICT (name) DO UPDATE SET seen_at = now()"
)
# An export that is the worker's whatever its length, and how many questions about records each server was asked.
EXPORT = """
import json
from django.db import connections
from django.test.utils import CaptureQueriesContext
from django_tasks import default_task_backend
from portal.models import User
from review.exports import jobs
jobs.MOST_AT_ONCE = -1
export = jobs.ask(User.objects.get(username="cmda"), "statistics_list", {"source": "current"})
asked = {}
with CaptureQueriesContext(connections["default"]) as primary, CaptureQueriesContext(connections["replica"]) as replica:
    jobs.make(export.job_id)
export.refresh_from_db()
rows = lambda found: sum("snapshot" in each["sql"] for each in found.captured_queries)
print(json.dumps([export.job.state, export.rows, rows(primary), rows(replica)]))
"""


@pytest.fixture
def served(reachable_path):
    """A pair of servers with the demo, and the address of a web process over both."""
    with pair(reachable_path, ["load_demo"]) as made:
        given = {
            "DATABASE_URL": made.url(made.primary),
            "DATABASE_REPLICA_URL": made.url(made.replica),
            "PRIVATE_ROOT": str(reachable_path / "private"),
        }
        with portal(**given) as address:
            yield made, given, address


def association(address: str) -> requests.Session:
    browser = requests.Session()
    browser.trust_env = False
    page = browser.get(f"{address}/sign-in/staff/", timeout=30).text
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)[1]
    sent = {"csrfmiddlewaretoken": token, "account": "cmda", "password": PASSWORD}
    assert browser.post(f"{address}/sign-in/staff/", sent, timeout=30).url.endswith("/review/national/")
    return browser


def shown(browser: requests.Session, address: str) -> tuple[int, str, str]:
    """The total of the page, the word before its moment, and the moment."""
    text = browser.get(f"{address}{PAGE}", timeout=30).text
    total = int(re.search(r"共 (\d+) 人", text)[1])
    word, moment = re.search(r"数据(时间|截至) (\S+ \S{8})", text).groups()
    return total, word, moment


def check(given: dict[str, str]) -> str:
    """What `check --deploy` says of the replica."""
    done = subprocess.run(
        [sys.executable, "manage.py", "check", "--deploy"],
        cwd=ROOT,
        env=os.environ | {"DEBUG": "1"} | given,
        capture_output=True,
        text=True,
        check=False,
    )
    return " ".join(re.findall(r"portal\.(?:W002|E007)", done.stderr + done.stdout))


def exported(made: Pair, given: dict[str, str]) -> list:
    return json.loads(made.manage("shell", "--verbosity", "0", "--command", EXPORT, **given).splitlines()[-1])


def beat_until_replayed(made: Pair) -> None:
    made.primary.ask(BEAT, database="portal")
    deadline = time.monotonic() + 30
    behind = "SELECT pg_wal_lsn_diff('{}', pg_last_wal_replay_lsn()) > 0"
    here = made.primary.ask("SELECT pg_current_wal_flush_lsn()")[0][0]
    while made.replica.ask(behind.format(here)) == [(True,)]:
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_figures_of_a_replica_are_never_older_than_the_page_says(served):
    """And one that goes, or takes over, is noticed."""
    made, given, address = served
    browser = association(address)
    beat_until_replayed(made)
    total, word, moment = shown(browser, address)
    assert word == "截至"
    assert check(given) == ""
    state, rows, asked_primary, asked_replica = exported(made, given)
    assert (state, rows, asked_replica > 0) == ("done", total, True)

    # The replica stands still: what happens now is not in the figure, and the page says up to when it is complete.
    made.replica.ask("SELECT pg_wal_replay_pause()")
    happened = made.primary.ask("SELECT clock_timestamp()")[0][0]
    made.primary.ask(ONE_LESS, database="portal")
    before, word, moment = shown(browser, address)
    assert (before, word) == (total, "截至")
    assert datetime.fromisoformat(f"{moment}+08:00") <= happened
    # A file tells no moment: it waits for what the primary holds, and then reads there.
    state, _, asked_primary_then, asked_replica = exported(made, given)
    assert (state, asked_replica) == ("done", 0)
    assert asked_primary_then > asked_primary

    # Too long behind it is asked no more.
    deadline = time.monotonic() + OLDEST.seconds + 30
    while shown(browser, address)[1] == "截至":
        assert time.monotonic() < deadline
        time.sleep(1)
    assert shown(browser, address)[:2] == (total - 1, "时间")
    assert check(given) == "portal.W002"

    made.replica.ask("SELECT pg_wal_replay_resume()")
    beat_until_replayed(made)
    now, word, moment = shown(browser, address)
    assert (now, word) == (total - 1, "截至")
    assert datetime.fromisoformat(f"{moment}+08:00").replace(microsecond=999_999) >= happened

    made.replica.stop("immediate")
    assert shown(browser, address)[:2] == (total - 1, "时间")
    assert check(given) == "portal.W002"
    assert check(given | {"DATABASE_REPLICA_URL": made.url(made.primary)}) == "portal.E007"
    made.replica.start()
    made.replica.promote()
    assert check(given) == "portal.E007"
    assert shown(browser, address)[:2] == (total - 1, "时间")
