"""上报前检查 as a table: what would be reported, for page, print and file (GOAL-B18).

Few records are examined in the request, many by the worker (portal/deeds.py), which keeps with its deed what it found.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from django.db.models import Case, F, OrderBy, QuerySet, When
from django.shortcuts import get_object_or_404

from bases.report.services import Blocker, examine, is_reported
from bases.scope import enrollments_for
from portal.masking import mask
from portal.models import Deed, Job, User
from portal.parameters import choice
from portal.roles import Action
from residents.codes import CODE_LISTS
from residents.models import Enrollment

ACT = "check_report"
# Of those that are not ready, and of those to be insisted on.
MOST_SHOWN = 200
HEADERS = (
    "姓名",
    "证件号",
    "招收年份",
    "培训专业",
    "人员类型",
    "核定年限",
    "实际开始时间",
    "预计结束时间",
    "培训状态",
    "提醒",
)
WIDTHS = (14, 22, 10, 18, 26, 10, 16, 16, 10, 60)
# Word of the address → what it sorts by; the words stand in the order of the columns.
_SORTS = {
    "name": "resident__name_key",
    "year": "intake_year",
    "specialty": "specialty_id",
    "type": "trainee_type",
    "years": "approved_years",
    "start": "actual_start_date",
    "end": "planned_end_date",
    "status": "status",
    "warnings": "",
}
_NUMBER = "证件号"


@dataclass(frozen=True, slots=True)
class Findings:
    """What the check found, by the record's id: the warnings of whom is ready, why others are not. `untouched` came
    back from the province and were not changed since."""

    ready: dict[int, list[str]] = field(default_factory=dict)
    untouched: list[int] = field(default_factory=list)
    blocked: dict[int, list[Blocker]] = field(default_factory=dict)
    already: list[int] = field(default_factory=list)

    @property
    def in_words(self) -> str:
        told = f"可以上报 {len(self.ready)} 条，还不能上报 {len(self.blocked)} 条"
        return f"{told}，已经上报 {len(self.already)} 条" if self.already else told

    def as_json(self) -> dict[str, Any]:
        """As it is kept: why somebody is not ready only of the first, since no page shows more."""
        blocked = {
            pk: [asdict(each) for each in why] if place < MOST_SHOWN else []
            for place, (pk, why) in enumerate(self.blocked.items())
        }
        kept = {"ready": self.ready, "untouched": self.untouched, "already": self.already}
        return kept | {"blocked": blocked}


def findings(records: Iterable[Enrollment]) -> Findings:
    """Examine these records, loaded `for_check`."""
    records = list(records)
    seen, made = examine(records), Findings()
    for row in records:
        found = seen[row.pk]
        if is_reported(row):
            made.already.append(row.pk)
        elif found.blockers:
            made.blocked[row.pk] = found.blockers
        else:
            made.ready[row.pk] = found.warnings
            if found.is_untouched:
                made.untouched.append(row.pk)
    return made


def kept(deed: int, user: User) -> Findings:
    """What the worker found for this person, of the records that are still his to report. Raises Http404."""
    found = get_object_or_404(Deed, pk=deed, act=ACT, job__requested_by=user, job__state=Job.State.DONE).found
    if not found:
        # Forgotten by now (portal/retention.py).
        return Findings()
    ids = [*map(int, found["ready"]), *map(int, found["blocked"]), *found["already"]]
    own = set(enrollments_for(user, Action.REPORT).filter(pk__in=ids).values_list("pk", flat=True))
    return Findings(
        ready={int(pk): words for pk, words in found["ready"].items() if int(pk) in own},
        untouched=[pk for pk in found["untouched"] if pk in own],
        blocked={
            int(pk): [Blocker(**each) for each in reasons]
            for pk, reasons in found["blocked"].items()
            if int(pk) in own
        },
        already=[pk for pk in found["already"] if pk in own],
    )


# --- the table -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Head:
    """One head of the table: `sort` is the word that a click on it asks for, `order` how it is sorted now."""

    label: str
    sort: str
    order: str = ""


def sort_of(parameters: Mapping[str, Any]) -> str:
    """What the address sorts by, "-" before it downwards; by specialty where it says nothing."""
    return choice(parameters, "sort", [*_SORTS, *(f"-{name}" for name in _SORTS)], "specialty")


def heads(sort: str) -> list[Head]:
    words = iter(_SORTS)
    made = []
    for label in HEADERS:
        name = "" if label == _NUMBER else next(words)
        if name and name == sort.removeprefix("-"):
            is_down = sort.startswith("-")
            made.append(
                Head(label, name if is_down else f"-{name}", "descending" if is_down else "ascending")
            )
        else:
            made.append(Head(label, name))
    return made


def in_order(found: Findings, sort: str) -> QuerySet[Enrollment]:
    """The records that can be reported, with what a row shows."""
    name, is_down = sort.removeprefix("-"), sort.startswith("-")
    rows = Enrollment.objects.filter(pk__in=list(found.ready)).select_related("resident", "specialty")
    if name == "warnings":
        # Who has any comes first.
        warned = [pk for pk, words in found.ready.items() if words]
        by = Case(When(pk__in=warned, then=0), default=1)
        return rows.order_by(OrderBy(by, descending=is_down), "specialty_id", "resident__name_key", "pk")
    column = OrderBy(F(_SORTS[name]), descending=is_down, nulls_last=True)
    return rows.order_by(column, "resident__name_key", "pk")


def line(row: Enrollment, found: Findings, *, masked: bool = True) -> list[Any]:
    """One record under HEADERS."""
    number = row.resident.id_number
    return [
        row.resident.full_name,
        mask(number) if masked else number,
        row.intake_year,
        row.specialty.name if row.specialty else "",
        CODE_LISTS["trainee_type"].label(row.trainee_type) if row.trainee_type else "",
        row.approved_years,
        row.actual_start_date,
        row.planned_end_date,
        row.get_status_display(),
        "".join(found.ready[row.pk]),
    ]
