"""An installation of before comes along: a backup made by commit 0a04b76 is restored and upgraded, its figures are the
same, what was queued is worked on, and whoever was signed in still is (TRUST-56).

`tests/deploy/before/` was made by that version: the demo, an officer at work, two workbooks in the queue.
`figures.json` holds what the statements below answered there, the key of the officer's session and the time.
"""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import psycopg2
import pytest
import requests

from tests.database import addresses, empty_one
from tests.review.api.served import portal

ROOT = Path(__file__).resolve().parents[2]
BEFORE = Path(__file__).parent / "before"
STEP_SECONDS = 600
FIGURES = {
    "people": "SELECT role, is_active, activated_at IS NOT NULL, count(*) FROM portal_user GROUP BY 1, 2, 3",
    "records": "SELECT intake_year, status, report_status, review_status, lapsed_at IS NOT NULL, count(*) "
    "FROM residents_enrollment GROUP BY 1, 2, 3, 4, 5",
    "reports": "SELECT outcome, count(*) FROM bases_submission GROUP BY 1",
    "passwords": "SELECT md5(string_agg(username || password, ',' ORDER BY username)) FROM portal_user",
    "contents": "SELECT md5(string_agg(id || ' ' || md5(snapshot::text), ',' ORDER BY id)) FROM bases_submission",
    "names": "SELECT md5(string_agg(full_name || id_number, ',' ORDER BY id)) FROM residents_resident",
    "studies": "SELECT level, count(*) FROM residents_educationrecord GROUP BY 1",
    "history": "SELECT count(*) FROM residents_enrollmentevent WHERE pgh_created_at <= %(at)s",
    "audit": "SELECT action, count(*) FROM portal_auditevent WHERE at <= %(at)s GROUP BY 1",
    "windows": "SELECT c.year, w.step, w.opens_at::text, w.closes_at::text FROM portal_cyclewindow w "
    "JOIN portal_collectioncycle c ON c.id = w.cycle_id WHERE w.province_id IS NULL",
}
# The session of that day has neither been idle nor expired since; who it is of stays what that version wrote.
STILL_AT_WORK = """
import time, datetime
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.utils import timezone
stored = Session.objects.get(pk="{0}")
data = stored.get_decoded() | {{"seen_at": int(time.time())}}
Session.objects.save("{0}", data, timezone.now() + datetime.timedelta(hours=1))
cache.clear()
"""
pytestmark = pytest.mark.long


def answers(url: str, at: str) -> dict[str, list]:
    """What the statements answer, in an order of their own, as JSON holds it."""
    with psycopg2.connect(url) as line, line.cursor() as cursor:
        cursor.execute("SET TimeZone = 'UTC'")
        found = {}
        for name, sql in FIGURES.items():
            cursor.execute(sql, {"at": at})
            found[name] = sorted(json.loads(json.dumps(cursor.fetchall())), key=str)
    line.close()
    return found


@pytest.fixture
def upgraded(transactional_db, tmp_path):
    """The environment of an installation of before, restored and migrated as docs/operations.md says."""
    told = json.loads((BEFORE / "figures.json").read_text())
    with empty_one() as url:
        environment = {
            **os.environ,
            **addresses(url),
            "DEBUG": "1",
            "PRIVATE_ROOT": str(tmp_path / "private"),
            "HISTORY_ANCHOR_FOLDER": str(tmp_path / "anchors"),
        }
        for command in (
            ["restore", str(BEFORE)],
            ["migrate", "--noinput", "--verbosity", "0"],
            ["check_counts"],
            ["shell", "--command", STILL_AT_WORK.format(told["session"])],
        ):
            done = subprocess.run(
                [sys.executable, "manage.py", *command],
                cwd=ROOT,
                env=environment,
                capture_output=True,
                text=True,
                timeout=STEP_SECONDS,
                check=False,
            )
            assert done.returncode == 0, (command, done.stdout, done.stderr)
        yield told, url, environment


def test_an_installation_of_before_comes_along(upgraded):
    told, url, environment = upgraded
    assert answers(url, told["at"]) == told["figures"]

    with portal(**environment) as address:
        cookies = {"sessionid": told["session"]}
        answer = requests.get(f"{address}/desk/", cookies=cookies, timeout=60)
        assert answer.status_code == 200
        assert "/sign-in/" not in answer.url, [each.headers for each in answer.history]
    worker = [sys.executable, "manage.py", "run_worker", "--lane", "worker"]
    working = subprocess.Popen(worker, cwd=ROOT, env=environment)
    try:
        deadline = time.monotonic() + STEP_SECONDS / 5
        while (found := queued(url)) != ["checked", "checked"]:
            assert time.monotonic() < deadline, found
            time.sleep(0.5)
    finally:
        working.terminate()
        working.wait(60)


def queued(url: str) -> list[str]:
    """What became of the workbooks that waited."""
    with psycopg2.connect(url) as line, line.cursor() as cursor:
        cursor.execute("SELECT state FROM bases_importbatch WHERE file_name = '名单.xlsx'")
        states = [state for (state,) in cursor.fetchall()]
    line.close()
    return states
