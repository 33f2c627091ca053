"""One side of target 11, a program of its own: run in a tree of the portal, of whatever commit, it makes a small
database, and answers each name of a page that it reads with a line of JSON: the CPU milliseconds of that page, the
bytes of its HTML, the queries it makes.

Only names that the tree of commit 0a04b76 knows too may be used here.
"""

# Django must be set up before the tree can be imported.
# ruff: noqa: PLC0415

import cProfile
import json
import os
import pstats
import sys
import time
from contextlib import redirect_stdout
from importlib.util import find_spec
from inspect import signature
from io import StringIO

import django
from django.conf import settings

PROVINCE, OWN_RECORDS, RESIDENTS, BASES = "46", 500, 3_000, 27
WARM, TIMED = 3, 15


def _people() -> dict:
    """Who asks for which page: name -> (user, address)."""
    from django.urls import reverse

    from bases.models import Submission
    from portal.roles import Role
    from residents.models import Enrollment
    from residents.snapshot import snapshot_of
    from review.demo.nation import add_residents
    from tests import factories

    cycle = factories.CycleFactory()
    factories.open_windows(cycle)
    base = factories.TrainingBaseFactory(province_id=PROVINCE)
    others = [
        factories.TrainingBaseFactory(province_id=PROVINCE, specialties=("0100",)).pk for _ in range(BASES)
    ]
    officer, reviewer = (
        factories.UserFactory(role=role, password=None) for role in (Role.BASE, Role.PROVINCE)
    )
    factories.grant(officer, base)
    factories.grant(reviewer, base.province)
    enrollment = factories.EnrollmentFactory(base=base, intake_year=cycle.year)
    factories.fill_personal(enrollment.resident)
    factories.fill_training(enrollment)
    # Of the older tree all are reported with one snapshot, of the nation everybody with his own.
    given = {"snapshot": snapshot_of(Enrollment.objects.get(pk=enrollment.pk))}
    add_residents(
        RESIDENTS,
        year=cycle.year,
        **(given if "snapshot" in signature(add_residents).parameters else {}),
        bases=others,
        reported_by=officer,
        decided_by=reviewer,
        own_base=base.pk,
        own_records=OWN_RECORDS,
    )
    # Whose record is opened: returned once, reported again.
    again = factories.EnrollmentFactory(base=base, intake_year=cycle.year)
    factories.fill_personal(again.resident)
    factories.fill_training(again)
    first = Submission.objects.filter(outcome="pending", base=base).first()
    for number, outcome in ((1, "returned"), (2, "pending")):
        first.pk, first._state.adding = None, True
        first.enrollment, first.number, first.outcome = again, number, outcome
        first.snapshot = snapshot_of(Enrollment.objects.get(pk=again.pk))
        if outcome == "returned":
            first.decided_by, first.decided_at, first.comment = (
                reviewer,
                first.reported_at,
                "请核对毕业证书编号。",
            )
            first.field_comments = {"basic.email": "请写本人常用的邮箱。"}
        else:
            first.decided_by, first.decided_at, first.comment, first.field_comments = None, None, "", {}
        first.save()
    Enrollment.objects.filter(pk=again.pk).update(review_status="1", report_status="1")
    filler = factories.EnrollmentFactory(base=base, intake_year=cycle.year)
    factories.fill_personal(filler.resident)
    resident = filler.resident.user
    return {
        "floor": (resident, reverse("portal:privacy")),
        "form": (resident, reverse("residents:section", args=["basic"])),
        "list": (officer, reverse("bases:record-list", args=["intake"])),
        "queue": (reviewer, reverse("review:queue")),
        "record": (reviewer, reverse("review:record", args=[again.pk])),
        "board": (officer, reverse("bases:desk")),
    }


def _measure(client, address: str) -> dict:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    def get():
        response = client.get(address, secure=True)
        if response.status_code != 200:
            raise RuntimeError(f"{address} answered {response.status_code}")
        return response

    for _ in range(WARM):
        response = get()
    with CaptureQueriesContext(connection) as captured:
        get()
    queries = len(captured)
    taken = []
    for _ in range(TIMED):
        before = time.process_time()
        get()
        taken.append(1000 * (time.process_time() - before))
    return {"ms": min(taken), "bytes": len(response.content), "queries": queries}


def _profile(client, address: str) -> None:
    """Where the time of twenty requests goes, on stderr."""
    client.get(address, secure=True)
    profile = cProfile.Profile()
    profile.enable()
    for _ in range(20):
        client.get(address, secure=True)
    profile.disable()
    for order in ("cumulative", "tottime"):
        pstats.Stats(profile, stream=sys.stderr).sort_stats(order).print_stats(60)


def main() -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = "portal.settings"
    os.environ.setdefault("LOG_LEVEL", "WARNING")
    # A package that an earlier commit named and nobody used may be gone.
    settings.INSTALLED_APPS = [name for name in settings.INSTALLED_APPS if find_spec(name.split(".")[0])]
    django.setup()
    from django.db import connection
    from django.test import Client

    settings.DEBUG = False
    name = settings.DATABASES["default"]["NAME"]
    settings.DATABASES["default"]["TEST"]["NAME"] = connection.settings_dict["TEST"]["NAME"] = (
        f"pages_{os.getpid()}"
    )
    with redirect_stdout(StringIO()):
        connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
    try:
        people, clients = _people(), {}
        for user, _ in people.values():
            clients[user.pk] = Client(SERVER_NAME="localhost")
            clients[user.pk].force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        print(json.dumps(sorted(people)), flush=True)
        for line in sys.stdin:
            user, address = people[line.strip()]
            if os.environ.get("BENCH_PROFILE"):
                _profile(clients[user.pk], address)
            print(json.dumps(_measure(clients[user.pk], address)), flush=True)
    finally:
        connection.creation.destroy_test_db(name, verbosity=0)


if __name__ == "__main__":
    main()
