"""Target 12: the history misses no row and no actor on the bulk paths, and what it costs there."""

from collections.abc import Callable
from io import StringIO

import pghistory
from django.apps import apps
from django.db import connection, transaction

from bases.models import Submission
from bases.report.services import report
from portal.models import User
from residents.models import Resident
from review.decisions.services import approve
from review.demo.nation import without_triggers
from tests.benchmarks.accounts import insert_step, persons, scene
from tests.benchmarks.decisions import complete_records, reviewer, versions
from tests.benchmarks.targets import Result, Target, rates

ROWS = 20_000
CHECKED = 500
_COLUMNS = ("username", "role", "full_name", "mobile", "email", "password", "is_superuser", "is_active")
_MORE = (
    "created_at",
    "activation_failures",
    "initial_code_hash",
    "password_reset_seen",
    "privacy_accepted_version",
)


def _accounts(prefix: str) -> list[User]:
    return [
        User(
            username=f"{prefix}{number}",
            role="resident",
            full_name="陈雨桐",
            mobile="13800000000",
            password="!",
        )
        for number in range(ROWS)
    ]


def _side(write: Callable[[list[User]], None], name: str, *, tracked: bool) -> tuple[int, Callable[[], None]]:
    lists = iter([_accounts(f"{name}{'t' if tracked else 'u'}{number}-") for number in range(3)])

    def run() -> None:
        rows = next(lists)
        with transaction.atomic(), pghistory.context(user=scene()[2].pk):
            write(rows)

    def run_untracked() -> None:
        with without_triggers(User):
            run()

    return ROWS, run if tracked else run_untracked


def _bulk_create(rows: list[User]) -> None:
    User.objects.bulk_create(rows, batch_size=1000)


def _copy(rows: list[User]) -> None:
    names = (*_COLUMNS, *_MORE)
    fields = [User._meta.get_field(name) for name in names]
    text = StringIO()
    for row in rows:
        text.write("\t".join(str(field.value_from_object(row)) for field in fields) + "\n")
    text.seek(0)
    with connection.cursor() as cursor:
        cursor.copy_expert(f"COPY portal_user ({', '.join(names)}) FROM STDIN", text)


def _share_with_actor() -> float:
    """Percent of the rows that import, bulk report and bulk approval wrote whose event names the person who acted."""
    officer, judge = scene()[2], reviewer()
    rows = persons(CHECKED)
    insert_step(rows)
    imported = Resident.objects.filter(id_number__in=[row["id_number"] for row in rows])
    # The services take the actor from the context that each request opens.
    with pghistory.context(user=officer.pk):
        ids = complete_records(CHECKED)
        report(ids, by=officer, declared=True)
    with pghistory.context(user=judge.pk):
        approve(versions(ids), by=judge)
    event = apps.get_model("residents", "EnrollmentEvent")
    reported = event.objects.filter(pgh_obj__in=ids, report_status="1", review_status="1")
    approved = event.objects.filter(pgh_obj__in=ids, review_status="2")
    written = [
        (apps.get_model("portal", "UserEvent").objects.filter(pgh_obj__resident__in=imported), officer),
        (apps.get_model("residents", "ResidentEvent").objects.filter(pgh_obj__in=imported), officer),
        (event.objects.filter(pgh_obj__resident__in=imported), officer),
        (reported, officer),
        (approved, judge),
    ]
    if Submission.objects.filter(enrollment__in=ids, outcome="approved").count() != CHECKED:
        raise RuntimeError("not every record was approved")
    shares = [
        events.filter(pgh_context__metadata__user=actor.pk).values("pgh_obj").distinct().count() / CHECKED
        for events, actor in written
    ]
    return 100 * min(shares)


def measure_history() -> Result:
    """Target 12."""
    share = _share_with_actor()
    found = rates(
        {
            "bulk tracked": _side(_bulk_create, "b", tracked=True),
            "bulk untracked": _side(_bulk_create, "b", tracked=False),
            "copy tracked": _side(_copy, "c", tracked=True),
            "copy untracked": _side(_copy, "c", tracked=False),
        }
    )
    return Result(
        share,
        also=[
            ("cost on bulk_create, times", found["bulk untracked"] / found["bulk tracked"], "<=", 1.3),
            ("cost on COPY, times", found["copy untracked"] / found["copy tracked"], "<=", 2.5),
        ],
        notes=[
            f"the value is the percentage of rows with an event that names the actor, the least of five: accounts, "
            f"persons and records imported, records reported, records approved; {CHECKED} rows each",
            f"portal_user, {ROWS:,} rows a round with triggers on and off: bulk_create "
            f"{found['bulk tracked']:,.0f} and {found['bulk untracked']:,.0f} rows/s, COPY "
            f"{found['copy tracked']:,.0f} and {found['copy untracked']:,.0f}",
        ],
    )


TARGETS = [
    Target(
        12, "history on the bulk paths: rows with their actor (%), and its cost", ">=", 100, measure_history
    )
]
