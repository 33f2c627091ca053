"""What a province fills in directly again once its switch is reversed: the steps of its running intakes, each with its
dates, and whom they still leave waiting (GOAL-N2, AM-31, AM-43)."""

from django.db.models import Exists, OuterRef, Q

from bases.lists.records import TO_REPORT
from bases.models import Province, TrainingBase
from portal.calendar import INTAKE_STEPS, Calendar, last_moment, running_cycles
from portal.models import CollectionCycle, Step
from residents.models import Enrollment
from residents.models.enrollment import LIVE, ReviewStatus
from residents.services.revival import lapsed_of
from review.windows.services import in_words


def reopens(province: Province, base: TrainingBase | None = None) -> list[str]:
    """A paragraph for each intake that is not locked for the province, the oldest first, with the numbers of its people
    or of one base's; five queries and three for each.

    Time given to single bases and records is not in it.
    """
    whose = Q(base=base) if base else Q(base__province=province)
    running = running_cycles([province.pk])
    calendar = Calendar(running, provinces=[province.pk])
    return [_said(cycle, province, calendar, whose) for cycle in running] or [
        "各年招收信息均已锁定，没有重新开放的环节。"
    ]


def _said(cycle: CollectionCycle, province: Province, calendar: Calendar, whose: Q) -> str:
    states = {step: calendar.opening(cycle, step, province_id=province.pk) for step in INTAKE_STEPS}
    steps = "；".join(f"{step.label}{in_words(state)}" for step, state in states.items())
    words = [f"{cycle.year}年招收信息：{steps}。"]
    review, locks = list(states.values())[-1], calendar.last_end(cycle, INTAKE_STEPS, province_id=province.pk)
    records = Enrollment.objects.filter(whose, intake_year=cycle.year)
    unreported = records.filter(TO_REPORT).exclude(review_status=ReviewStatus.RETURNED).count()
    if unreported and not states[Step.REPORT].is_open:
        words.append(f"未上报的 {unreported} 人现在不能上报。")
    returned = records.filter(LIVE, registered_at=None, review_status=ReviewStatus.RETURNED).count()
    if returned and review.closes_at and calendar.now < review.closes_at:
        until = last_moment(review.closes_at)
        words.append(f"省级退回的 {returned} 人由培训基地修改并重新上报，至 {until}。")
    alive = Enrollment.objects.filter(LIVE, resident=OuterRef("resident"))
    lapsed = lapsed_of(cycle).filter(whose, ~Exists(alive)).count()
    if lapsed and locks:
        words.append(f"此前锁定失效的 {lapsed} 人，到 {last_moment(locks)} 锁定以后才能补录。")
    return "".join(words)
