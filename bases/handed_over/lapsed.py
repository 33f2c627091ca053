"""漏报 of a merged base: whoever lapsed there stays on its list, and is added again by who goes on for it (AM-46)."""

from collections.abc import Collection

from django.db.models import QuerySet

from bases.models import Succession, TrainingBase
from residents.lapses import IS_MISSING
from residents.models import Enrollment


def left_to(base_ids: Collection[int]) -> QuerySet[Enrollment]:
    """Whom these bases may add again from bases that went into them: lapsed there, and held by nobody since. A query a
    merger."""
    return missing().filter(base__in=[base.pk for base in merged_into(base_ids)])


def missing() -> QuerySet[Enrollment]:
    """Lapsed recruits whom no base has added again."""
    found = Enrollment.objects.filter(IS_MISSING, deleted_at=None)
    return found.select_related("resident", "base").order_by("-intake_year", "resident__full_name", "pk")


def merged_into(base_ids: Collection[int]) -> list[TrainingBase]:
    """The bases out of use that went into these, at once or by others between."""
    done = Succession.objects.filter(carried_out_at__isnull=False, successor__isnull=False)
    closed = TrainingBase.objects.filter(is_active=False, pk__in=done.values("base")) if base_ids else []
    return [base for base in closed if base.heir and base.heir.pk in base_ids]
