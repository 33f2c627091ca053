"""分工 and 代班: whose bases a reviewer looks at first (GOAL-P6). It orders work and gives no right to anybody."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.db import transaction
from django.db.models import Count, Q, QuerySet
from django.utils import timezone

from bases.models import Province, TrainingBase
from bases.staff import staff_of
from bases.submissions.waiting import waiting
from portal import audit
from portal.messages import services as messages
from portal.models import User
from portal.prepared import Asked, prepared
from residents.services.states import StateMoved
from review.models import Assignment, Substitution


def bases_of(user: User) -> list[int]:
    """Ids of the bases assigned to the user, and of those whose reviewer he stands in for today."""
    today = timezone.localdate()
    values: dict[str, object] = {"reviewer": user.pk}
    absences = _stood_in_for.ask(substitute=user.pk, today=today)
    for number, (absent, province) in enumerate(absences):
        values |= {f"absent_{number}": absent, f"province_{number}": province}
    return _assigned.ask(len(absences), **values)


@prepared
def _stood_in_for() -> QuerySet:
    found = Substitution.objects.filter(
        substitute=Asked("substitute"), starts_on__lte=Asked("today"), ends_on__gte=Asked("today")
    )
    return found.values_list("absent_id", "province_id")


@prepared
def _assigned(absences: int) -> QuerySet:
    own = Q(reviewer=Asked("reviewer"))
    for number in range(absences):
        own |= Q(reviewer=Asked(f"absent_{number}"), base__province=Asked(f"province_{number}"))
    return Assignment.objects.filter(own).values_list("base_id", flat=True).distinct()


def assigned_bases() -> QuerySet[Assignment, Any]:
    """The ids of all bases that somebody has."""
    return Assignment.objects.filter(reviewer__is_active=True).values("base_id")


def reviewers(province: Province) -> list[User]:
    """Those who may decide in this province and can sign in."""
    return [
        place.user for place in staff_of(Province, [province.pk]) if place.is_acting and place.user.is_active
    ]


def assignments_of(province: Province) -> dict[int, set[int]]:
    """Base id → ids of its reviewers."""
    found: dict[int, set[int]] = {}
    rows = Assignment.objects.filter(base__province=province)
    for base_id, reviewer_id in rows.values_list("base_id", "reviewer_id"):
        found.setdefault(base_id, set()).add(reviewer_id)
    return found


def assign(province: Province, wanted: Mapping[int, set[int]], *, by: User) -> int:
    """Give each base named in `wanted` exactly these reviewers; others stay as they are. Returns how many changed."""
    with transaction.atomic():
        # One at a time in a province: two who save at once must not mix their rows.
        Province.objects.select_for_update().get(pk=province.pk)
        now = assignments_of(province)
        changed = {base: people for base, people in wanted.items() if people != now.get(base, set())}
        for base, people in changed.items():
            gone = now.get(base, set()) - people
            Assignment.objects.filter(base=base, reviewer__in=gone).delete()
            Assignment.objects.bulk_create(
                Assignment(base_id=base, reviewer_id=person, assigned_by=by)
                for person in people - now.get(base, set())
            )
        if changed:
            audit.record(
                "assign",
                by=by,
                target=province,
                bases={str(base): sorted(people) for base, people in changed.items()},
            )
    return len(changed)


def substitute(
    province: Province, *, absent: User, by_whom: User, starts_on: date, ends_on: date, by: User
) -> Substitution:
    """From the first to the last day `by_whom` has the bases of `absent` as his own; he is notified.

    Raises StateMoved where the two have an entry for one of these days already.
    """
    with transaction.atomic():
        # Of two clicks the second finds the first one's entry.
        Province.objects.select_for_update().get(pk=province.pk)
        same = Substitution.objects.filter(province=province, absent=absent, substitute=by_whom)
        if other := same.filter(starts_on__lte=ends_on, ends_on__gte=starts_on).first():
            raise StateMoved(
                f"{by_whom.full_name}已登记代{absent.full_name}审核（{other.starts_on:%Y-%m-%d} 至 "
                f"{other.ends_on:%Y-%m-%d}）。需要改日期的，请先结束原来的安排。"
            )
        made = Substitution.objects.create(
            province=province,
            absent=absent,
            substitute=by_whom,
            starts_on=starts_on,
            ends_on=ends_on,
            made_by=by,
        )
        audit.record("substitute", by=by, target=made, starts_on=str(starts_on), ends_on=str(ends_on))
        messages.send(
            [by_whom],
            kind="substitution",
            subject=f"{starts_on:%m月%d日}至{ends_on:%m月%d日}由您代{absent.full_name}审核",
            body="这段时间内，其负责的培训基地会列在您的待审核“分配给我的”中。",
        )
    return made


def release(province: Province, reviewer: User, *, by: User) -> int:
    """Give back to the pool what a reviewer has in this province; returns how many bases he had."""
    with transaction.atomic():
        freed = Assignment.objects.filter(base__province=province, reviewer=reviewer)
        bases = sorted(freed.values_list("base_id", flat=True))
        freed.delete()
        _substitutions_of(province, reviewer).delete()
        if bases:
            audit.record("assign", by=by, target=province, released=reviewer.pk, bases=bases)
    return len(bases)


def hand_over(province: Province, reviewer: User, to: User, *, by: User) -> int:
    """Give the bases of one reviewer, and the days on which he stands in or is stood in for, to another one."""
    with transaction.atomic():
        bases = sorted(
            Assignment.objects.filter(base__province=province, reviewer=reviewer).values_list(
                "base_id", flat=True
            )
        )
        Assignment.objects.bulk_create(
            [Assignment(base_id=base, reviewer=to, assigned_by=by) for base in bases], ignore_conflicts=True
        )
        for made in _substitutions_of(province, reviewer):
            absent = to if made.absent_id == reviewer.pk else made.absent
            substitute = to if made.substitute_id == reviewer.pk else made.substitute
            if absent.pk != substitute.pk:
                Substitution.objects.filter(pk=made.pk).update(absent=absent, substitute=substitute)
        release(province, reviewer, by=by)
    return len(bases)


def _substitutions_of(province: Province, reviewer: User) -> QuerySet[Substitution]:
    """Those of today and later in which he is absent or stands in."""
    concerned = Q(absent=reviewer) | Q(substitute=reviewer)
    return Substitution.objects.filter(concerned, province=province, ends_on__gte=timezone.localdate())


def end_substitution(made: Substitution, *, by: User) -> None:
    """The absent reviewer is back earlier, or the entry was wrong."""
    with transaction.atomic():
        audit.record(
            "end_substitution", by=by, target=made, absent=made.absent_id, substitute=made.substitute_id
        )
        made.delete()


def substitutions(province: Province) -> QuerySet[Substitution]:
    """Those of today and later, the next first."""
    found = Substitution.objects.filter(province=province, ends_on__gte=timezone.localdate())
    return found.select_related("absent", "substitute").order_by("starts_on", "pk")


def bases_with_waiting(province: Province) -> list[TrainingBase]:
    """The bases in use, each with `waiting`: how many of its records wait for review."""
    bases = list(TrainingBase.objects.filter(province=province, is_active=True).order_by("code"))
    found = waiting().filter(base_id__in=[base.pk for base in bases])
    counts = dict(found.order_by().values_list("base").annotate(number=Count("pk")))
    for base in bases:
        base.waiting = counts.get(base.pk, 0)
    return bases
