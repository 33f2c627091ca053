"""集中更新进度: how many of a registry confirmed or mended every section this year, by base or province (BR-14)."""

from dataclasses import dataclass
from typing import Any, cast

from django.core.cache import cache
from django.db.models import Count

from bases.scope import enrollments_for
from portal.models import CollectionCycle, User
from portal.roles import Action, Role
from residents.models import Enrollment
from residents.updating import ASKED, is_up_to_date
from review.figures import whole_percent
from review.funnel.funnel import EVERY


@dataclass(frozen=True, slots=True)
class Line:
    """One province or base: how many are asked, how many have done it."""

    key: str
    name: str
    asked: int
    done: int

    @property
    def open(self) -> int:
        return self.asked - self.done

    @property
    def percent(self) -> int | None:
        return whole_percent(self.done, self.asked)


def lines(user: User, cycle: CollectionCycle, *, province: str = "") -> list[Line]:
    """By province for the whole nation, which is counted every ten minutes; else by base, counted now."""
    if user.role != Role.CMDA or province:
        records = enrollments_for(user, Action.VIEW)
        records = records.filter(base__province=province) if province else records
        return _count(records, cycle, "base_id", "base__name", "base__code")
    key = f"registry-update:{cycle.year}"
    found: Any = cache.get_or_set(
        key,
        lambda: _count(
            Enrollment.objects.filter(deleted_at=None),
            cycle,
            "base__province_id",
            "base__province__name",
            "base__province_id",
        ),
        EVERY.total_seconds(),
    )
    return cast(list[Line], found)


def _count(records: Any, cycle: CollectionCycle, owner: str, name: str, order: str) -> list[Line]:
    counted = (
        records.filter(ASKED)
        .order_by()
        .values_list(owner, name)
        .annotate(asked=Count("pk"), done=Count("pk", filter=is_up_to_date(cycle)))
        .order_by(order)
    )
    return [Line(str(key), words, asked, done) for key, words, asked, done in counted]
