"""What a province fills in directly again once its switch is reversed: the steps of its running intakes, each with its
dates, and whom they still leave waiting (GOAL-N2, AM-31, AM-43)."""

from django.db.models import Exists, OuterRef

from bases.models import Province
from portal.calendar import INTAKE_STEPS, Calendar, last_moment, running_cycles
from portal.models import CollectionCycle
from residents.models import Enrollment
from residents.models.enrollment import LIVE, ReviewStatus
from residents.services.revival import lapsed_of
from review.windows.services import in_words


def reopens(province: Province) -> list[str]:
    """A paragraph for each intake that is not locked for the province, the oldest first; five queries and two for each.

    Time given to single bases and records is not in it.
    """
    running = running_cycles([province.pk])
    calendar = Calendar(running, provinces=[province.pk])
    return [_said(cycle, province, calendar) for cycle in running] or [
        "各年招收信息均已锁定，没有重新开放的环节。"
    ]


def _said(cycle: CollectionCycle, province: Province, calendar: Calendar) -> str:
    states = {step: calendar.opening(cycle, step, province_id=province.pk) for step in INTAKE_STEPS}
    steps = "；".join(f"{step.label}{in_words(state)}" for step, state in states.items())
    words = [f"{cycle.year}年招收信息：{steps}。"]
    review, locks = list(states.values())[-1], calendar.last_end(cycle, INTAKE_STEPS, province_id=province.pk)
    records = Enrollment.objects.filter(base__province=province, intake_year=cycle.year)
    returned = records.filter(LIVE, registered_at=None, review_status=ReviewStatus.RETURNED).count()
    if returned and review.closes_at and calendar.now < review.closes_at:
        until = last_moment(review.closes_at)
        words.append(f"省级退回的 {returned} 人由培训基地修改并重新上报，至 {until}。")
    alive = Enrollment.objects.filter(LIVE, resident=OuterRef("resident"))
    lapsed = lapsed_of(cycle).filter(~Exists(alive), base__province=province).count()
    if lapsed and locks:
        words.append(f"此前锁定失效的 {lapsed} 人，到 {last_moment(locks)} 锁定以后才能补录。")
    return "".join(words)
