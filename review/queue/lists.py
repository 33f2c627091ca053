"""The province's two lists: what waits for review, oldest first (BR-85), and every resident of the province (BR-58)."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from types import SimpleNamespace

from django.db.models import Exists, Q, QuerySet
from django.utils import timezone

from bases.lists.records import told
from bases.models import Submission
from bases.scope import base_ids
from bases.submissions.unchanged import with_untouched
from bases.submissions.waiting import of_living, waiting
from portal.models import User
from portal.neighbours import beyond
from portal.neighbours import neighbours as around
from portal.prepared import Asked, among, prepared
from portal.roles import Action
from residents.catalogue.catalogue import CATALOGUE
from residents.models import Enrollment
from residents.search import by_name_or_number
from review.assignments.services import assigned_bases
from review.quality.services import QUALITY, open_findings

# One click decides at most this many; the rest stays in the queue for the next click.
MOST_AT_ONCE = 5000
# How many that moved meanwhile are named one by one.
MOST_NAMED = 500
NEVER = -1


def pending(user: User, filters: Mapping) -> QuerySet[Submission]:
    """Submissions waiting in the user's scope that match the filters of `QueueFilter`."""
    return filtered(_in_view(waiting(), user), filters)


def submissions_in_view(user: User) -> QuerySet[Submission]:
    """Submissions of living records in the user's scope."""
    return _in_view(of_living(Submission.objects.all()), user)


def _in_view(submissions: QuerySet[Submission], user: User) -> QuerySet[Submission]:
    """Base ids go in as a list so that the queue's index is used."""
    return submissions.filter(base_id__in=base_ids(user, Action.VIEW))


def narrowed(found: QuerySet, filters: Mapping, **further: str) -> QuerySet:
    """Apply those values of a `ListFilter` that stand in a column each, `further`: filter → column; of an address that
    cannot be read nothing is listed."""
    if filters.get("unreadable"):
        return found.none()
    columns = {
        "base": "base",
        "specialty": "specialty",
        "year": "intake_year",
        "type": "trainee_type",
        **further,
    }
    if filters.get("told"):
        own = "pk" if found.model is Enrollment else "enrollment"
        found = found.filter(**{f"{own}__in": told(filters["told"])})
    return found.filter(**{columns[name]: filters[name] for name in columns if filters.get(name)})


def filtered(submissions: QuerySet[Submission], filters: Mapping) -> QuerySet[Submission]:
    """Apply the cleaned values of `QueueFilter`; absent and empty ones ask for nothing."""
    submissions = narrowed(submissions, filters, module="module")
    if filters.get("turn") == "first":
        submissions = submissions.filter(turn=1)
    elif filters.get("turn") == "again":
        submissions = submissions.filter(turn__gt=1)
    elif filters.get("turn") == "untouched":
        submissions = with_untouched(submissions.filter(turn__gt=1)).filter(is_untouched=True)
    if filters.get("bases") is not None:
        submissions = submissions.filter(base__in=filters["bases"])
    if filters.get("is_unassigned"):
        submissions = submissions.exclude(base__in=assigned_bases())
    if changed := filters.get("changed"):
        submissions = submissions.filter(_has_changed(changed))
    if hints := filters.get("hints"):
        submissions = submissions.filter(_has_hint(hints))
    if filters.get("waiting"):
        submissions = submissions.filter(
            reported_at__lte=timezone.now() - timedelta(days=int(filters["waiting"]))
        )
    if filters.get("q"):
        found = by_name_or_number(Enrollment.objects.all(), filters["q"])
        submissions = submissions.filter(enrollment__in=found.values("pk"))
    return submissions


def _has_hint(what: str) -> Q:
    """Submissions with nothing to look at ("none"), with something, or with one kind of it (GOAL-P11). What was
    reported before warnings were kept has not been looked at, so it is not without."""
    if what.startswith(QUALITY):
        return Q(Exists(open_findings().filter(kind=what.removeprefix(QUALITY))))
    if what in ("none", "some"):
        clean = Q(hints=[]) & ~Q(Exists(open_findings()))
        return clean if what == "none" else ~Q(hints=[]) | Q(hints__isnull=True) | Q(Exists(open_findings()))
    title = CATALOGUE[what].title
    alike = [code for code, entry in CATALOGUE.items() if entry.is_warning and entry.title == title]
    return Q(hints__overlap=alike)


def _has_changed(what: str) -> Q:
    """Submissions that differ from the last approval in one field ("block.field"), in "some" or in "none" (GOAL-P2)."""
    if what == "none":
        return Q(changed_fields=[])
    if what == "some":
        return Q(changed_fields__len__gt=0)
    return Q(changed_fields__contains=[what])


def rows(user: User, keys: list[int]) -> list[Submission]:
    """Those of these that wait in the user's scope, with what a row displays; one query."""
    return _rows.ask(keys=keys, bases=base_ids(user, Action.VIEW))


@prepared
def _rows() -> QuerySet[Submission]:
    return with_untouched(for_list(waiting().filter(among("pk", "keys"), among("base", "bases"))))


def for_list(submissions: QuerySet[Submission]) -> QuerySet[Submission]:
    """With what a row of the list shows, and without the snapshots, which are long."""
    related = ("enrollment__resident", "enrollment__base__province", "base", "specialty")
    return submissions.select_related(*related).defer("snapshot")


def choices_as_loaded(user: User, filters: Mapping, loaded_at: datetime) -> dict[int, int]:
    """Submission id → version for "all N of this filter", as the list stood at `loaded_at` (GOAL-P3).

    What was decided or withdrawn since goes in with a version that no submission has, so that the decision leaves it
    out and names it; what was reported since was not in the list.
    """
    rows = pending(user, filters).filter(reported_at__lte=loaded_at).order_by("reported_at", "pk")
    choices = dict(rows.values_list("pk", "version")[:MOST_AT_ONCE])
    gone = ~Q(outcome=Submission.Outcome.PENDING) & Q(reported_at__lte=loaded_at, decided_at__gt=loaded_at)
    moved = filtered(submissions_in_view(user), filters).filter(gone).order_by("pk")
    return choices | dict.fromkeys(moved.values_list("pk", flat=True)[:MOST_NAMED], NEVER)


def neighbours(user: User, filters: Mapping, submission: Submission) -> tuple[int | None, int | None]:
    """The enrollments before and after this submission in the queue's order, for "上一条" and "下一条"."""
    if not set(filters) <= {"bases"}:
        return around(pending(user, filters), submission, "reported_at", give="enrollment_id")
    bases = set(base_ids(user, Action.VIEW))
    values = {
        "bases": list(bases & set(filters.get("bases", bases))),
        "at": submission.reported_at,
        "pk": submission.pk,
    }
    before, after = (next(iter(_beside.ask(direction, **values)), None) for direction in ("lt", "gt"))
    return before, after


@prepared
def _beside(direction: str) -> QuerySet:
    """The next one in a queue that is not narrowed but to bases, as portal.neighbours finds it."""
    here = SimpleNamespace(reported_at=Asked("at"), pk=Asked("pk"))
    found = waiting().filter(beyond(here, "reported_at", direction)).filter(among("base", "bases"))
    order = ("-reported_at", "-pk") if direction == "lt" else ("reported_at", "pk")
    return found.order_by(*order).values_list("enrollment_id", flat=True)[:1]
