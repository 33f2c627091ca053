"""版间差异: two editions person by person (GOAL-N7): who came, who left, what of whom changed, old → new.

Seen from a province or base, who moved out of it has left and who moved in has come.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Exists, F, OuterRef, QuerySet
from django.db.models.fields.json import KeyTextTransform, KeyTransform

from bases.models import Submission
from bases.scope import province_codes_for
from bases.submissions.differences import changes
from portal.models import User
from portal.roles import Action, Role
from residents.codes import CODE_LISTS
from review.models import Edition, EditionPerson, Standing

CAME, LEFT, CHANGED = "came", "left", "changed"
SIDES = {CAME: "新增", LEFT: "减少", CHANGED: "信息变化"}
_COUNTED = (Standing.CURRENT, Standing.ENDED, Standing.WAITING)
_NOWHERE = "不在版内"


@dataclass(frozen=True, slots=True)
class Difference:
    """One field of one person that differs."""

    label: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Compared:
    """A person, with what `for_list` adds, and what differs; on a page or in a file."""

    person: Any
    differences: list[Difference]


def within(user: User, filters: Mapping[str, Any]) -> dict[str, Any]:
    """The part of an edition that this person may see, narrowed by these columns."""
    found = dict(filters)
    if user.role != Role.CMDA:
        found["province_id__in"] = province_codes_for(user, Action.VIEW)
    return found


def part(edition: int, narrowed: Mapping[str, Any]) -> QuerySet[EditionPerson]:
    """Who counts in this part of an edition, wherever among those that are counted."""
    return EditionPerson.objects.filter(edition_id=edition, standing__in=_COUNTED, **narrowed)


def side(old: int, new: int, which: str, narrowed: Mapping[str, Any]) -> QuerySet[EditionPerson]:
    """The persons of one side: of the newer edition, or of the older one for those who left."""
    before, after = part(old, narrowed), part(new, narrowed)
    if which == LEFT:
        return before.filter(~Exists(after.filter(resident=OuterRef("resident"))))
    same_person = before.filter(resident=OuterRef("resident"))
    if which == CAME:
        return after.filter(~Exists(same_person))
    return after.filter(Exists(same_person.exclude(digest=OuterRef("digest"))))


def identity(name: str, submission: str = "submission") -> KeyTextTransform:
    """A value of the person's identity as it was approved, of rows that lead to a submission."""
    return KeyTextTransform(name, KeyTransform("identity", f"{submission}__snapshot"))


def for_list(found: QuerySet[EditionPerson]) -> QuerySet[EditionPerson]:
    """With what a list shows of the person."""
    return found.select_related("province", "base", "specialty").annotate(
        full_name=identity("full_name"),
        id_number=identity("id_number"),
        mobile=identity("mobile"),
        decided_at=F("submission__decided_at"),
        enrollment_id=F("submission__enrollment_id"),
    )


def compare(
    people: Sequence[EditionPerson], old: Edition, new: Edition, which: str, *, masked: bool = True
) -> list[Compared]:
    """What differs of each of these persons between the two editions; three queries."""
    other = old if which != LEFT else new
    found = EditionPerson.objects.filter(edition=other, resident__in=[each.resident_id for each in people])
    others = {each.resident_id: each for each in found}
    keys = {each.submission_id for each in (*people, *others.values())}
    snapshots: dict[int, Any] = {}
    if which == CHANGED:
        snapshots = dict(Submission.objects.filter(pk__in=keys).values_list("pk", "snapshot"))
    made = []
    for each in people:
        was, now = others.get(each.resident_id), each
        if which == LEFT:
            was, now = each, others.get(each.resident_id)  # type: ignore[assignment]
        made.append(Compared(each, _differences(was, now, old, new, snapshots, masked=masked)))
    return made


def _differences(
    was: EditionPerson | None,
    now: EditionPerson | None,
    old: Edition,
    new: Edition,
    snapshots: Mapping[int, Any],
    *,
    masked: bool,
) -> list[Difference]:
    found = [
        Difference(label, before, after)
        for label, before, after in (
            ("计入", _stands(was), _stands(now)),
            ("培训状态", _status(was), _status(now)),
            ("培训基地", _base(was, old), _base(now, new)),
        )
        if before != after
    ]
    if was and now and was.submission_id != now.submission_id and snapshots:
        told = {each.label for each in found}
        for change in changes(
            snapshots[was.submission_id] or {}, snapshots[now.submission_id] or {}, masked=masked
        ):
            if change.label not in told:
                place = f"{change.block_label}（{change.entry}）" if change.entry else change.block_label
                found.append(Difference(f"{place}：{change.label}", change.old or "空", change.new or "空"))
    return found


def _stands(person: EditionPerson | None) -> str:
    return person.get_standing_display() if person else _NOWHERE


def _status(person: EditionPerson | None) -> str:
    return CODE_LISTS["status"].label(person.status) if person else "—"


def _base(person: EditionPerson | None, edition: Edition) -> str:
    return edition.names["base"].get(str(person.base_id), "—") if person else "—"
