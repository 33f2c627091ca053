"""Why records were returned, counted by base or another dimension; every number opens its returns (GOAL-P4, GOAL-P7).

A return may name several reasons, so the reasons of a row may add up to more than its returns; the total counts each
return once. A return that was revoked is none, from its revocation on (AM-50).
"""

from collections.abc import Mapping
from datetime import datetime

from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from bases.models import ReturnReason, Submission
from bases.scope import province_codes_for
from portal import replica
from portal.histories import event_model
from portal.models import User
from portal.roles import Action, Role
from residents.models import Enrollment
from review.statistics.cross_table import BLANK, DIMENSIONS, CrossTable, Dimension

Outcome = Submission.Outcome
NO_REASON = "未选原因"
REASON = Dimension(
    "reason", "退回原因", "reason_codes", lambda: {**dict(ReturnReason.choices), BLANK: NO_REASON}
)
# By what the returns can be split and narrowed.
SPLIT = {key: DIMENSIONS[key] for key in ("base", "province", "specialty", "year", "type")}
ALL = SPLIT | {REASON.key: REASON}


def returns(user: User, filters: Mapping[str, str], as_of: datetime | None = None) -> QuerySet[Submission]:
    """The returns that count, now or as counted at the moment `as_of`, within the provinces the user sees; `filters`:
    dimension key → value."""
    if as_of is None:
        found = Submission.objects.filter(outcome=Outcome.RETURNED, enrollment__deleted_at__isnull=True)
    else:
        found = _counted_then(as_of)
    if user.role != Role.CMDA:
        provinces = province_codes_for(user, Action.VIEW)
        found = found.filter(province_id__in=provinces)
    for key, value in filters.items():
        found = found.filter(_names(value) if key == REASON.key else Q(**{SPLIT[key].column: value}))
    return found


def _counted_then(as_of: datetime) -> QuerySet[Submission]:
    """Returned until then and neither revoked nor deleted until then: a record that was ever deleted is looked up in
    its history."""
    returned = Submission.objects.filter(decided_at__lte=as_of).filter(
        Q(outcome=Outcome.RETURNED) | Q(outcome=Outcome.REVOKED, revoked_at__gt=as_of) & ~Q(comment="")
    )
    events = event_model(Enrollment).objects
    deleted = events.filter(deleted_at__isnull=False, pgh_created_at__lte=as_of)
    last = events.filter(
        pgh_obj=OuterRef("pgh_obj"), pgh_created_at__lte=as_of, pgh_id__gt=OuterRef("pgh_id")
    )
    of_mine = deleted.filter(pgh_obj=OuterRef("enrollment")).exclude(Exists(last))
    return returned.exclude(Exists(of_mine))


def reasons_table(found: QuerySet[Submission], rows: str, as_of: datetime | None = None) -> CrossTable:
    """Reasons × one dimension in one grouping query."""
    row, as_of = SPLIT[rows], as_of or replica.now()
    counts = {f"reason_{code}": Count("pk", filter=_names(code)) for code in _codes()}
    cells, row_totals, column_totals = {}, {}, dict.fromkeys(_codes(), 0)
    for line in found.order_by().values(row.column).annotate(number=Count("pk"), **counts):
        value = str(line[row.column])
        row_totals[value] = line["number"]
        cells[value] = {code: line[f"reason_{code}"] for code in _codes()}
        for code, number in cells[value].items():
            column_totals[code] += number
    column_totals = {code: number for code, number in column_totals.items() if number}
    return CrossTable(
        rows=row,
        columns=REASON,
        row_names=_in_order(row, row_totals),
        column_names=_in_order(REASON, column_totals),
        cells=cells,
        row_totals=row_totals,
        column_totals=column_totals,
        total=sum(row_totals.values()),
        as_of=as_of,
    )


def for_list(found: QuerySet[Submission]) -> QuerySet[Submission]:
    """With what a row of the list displays, and without the long snapshots."""
    return found.select_related("enrollment__resident", "base", "specialty", "decided_by").defer("snapshot")


def _in_order(dimension: Dimension, values: Mapping[str, int]) -> dict[str, str]:
    """Name of each value that occurs in the order of its list; those without a name, such as years, after them."""
    known = {value: name for value, name in dimension.names().items() if value in values}
    return known | {value: value for value in sorted(values) if value not in known}


def _codes() -> list[str]:
    return [*ReturnReason.values, BLANK]


def _names(code: str) -> Q:
    return Q(reason_codes=[]) if code == BLANK else Q(reason_codes__contains=[code])
