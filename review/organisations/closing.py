"""What keeps a base from being taken out of use: people in it and reviews that wait (AM-46)."""

from collections.abc import Iterable

from django.db.models import Count

from bases.models import TrainingBase
from bases.submissions.waiting import waiting
from residents.models import Enrollment
from residents.models.enrollment import LIVE


def why_not_closed(bases: Iterable[TrainingBase]) -> dict[int, str]:
    """By its id the reason why a base stays in use, in words; those that may be closed are left out. Two queries."""
    ids = [base.pk for base in bases if base.pk]
    live = dict(
        Enrollment.objects.filter(LIVE, base__in=ids).order_by().values_list("base").annotate(Count("pk"))
    )
    reviews = dict(waiting().filter(base__in=ids).order_by().values_list("base").annotate(Count("pk")))
    return {
        pk: (
            f"该基地还有 {live.get(pk, 0)} 条未结束的培训记录、{reviews.get(pk, 0)} 条待审核的上报，停用后无人能办理。"
            "请在该基地的页面使用“并入或划转”，指定承接基地和日期，由承接基地继续办理。"
        )
        for pk in ids
        if live.get(pk) or reviews.get(pk)
    }
