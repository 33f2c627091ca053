"""Who hears of 并入 and 划转: both bases, both provinces, and the people whose records go (AM-46)."""

from collections import Counter
from collections.abc import Collection

from django.urls import reverse

from bases.models import Province, SpecialtyBase, Succession, TrainingBase
from bases.staff import recipients, secretaries
from portal.messages.services import send
from residents.models import Enrollment
from residents.models.enrollment import Module
from review.successions.modes import mode_of

KIND = "directory"
# Of what the act does, in the words of its preview.
LEFT = "锁定失效、留在原基地（由承接基地补录，名单在其“移交副本”中）"


def planned(made: Succession) -> None:
    """It is announced to the organisations."""
    _tell_organisations(made, f"定于 {made.day} 办理", "planned")


def cancelled(made: Succession) -> None:
    _tell_organisations(made, f"原定 {made.day} 的安排已取消", "cancelled")


def carried_out(made: Succession, moved: Collection[int]) -> None:
    """It is told to the organisations, with the numbers, and to the people."""
    words = "，".join(f"{name} {number}" for name, number in made.counts.items())
    _tell_organisations(made, f"已办理：{words}", "done", moved)
    people = Enrollment.objects.filter(pk__in=moved).values_list("resident__user", flat=True)
    to = made.successor
    body = (
        f"“{made.base.name}”自 {made.day} 起并入“{to.name}”。您的培训记录、已填写的信息和审核状态都保留，"
        "以后由承接基地管理，账号和密码不变。"
        if to
        else f"“{made.base.name}”自 {made.day} 起由{made.province.name}管理。您的培训记录、账号和密码不变。"
    )
    send(
        people,
        kind=KIND,
        subject="您的培训记录由承接基地管理" if to else "您的培训基地所属省份有变更",
        body=body,
        link=reverse("residents:home"),
        key=f"succession:{made.pk}:person",
    )


def _tell_organisations(made: Succession, words: str, moment: str, moved: Collection[int] = ()) -> None:
    to = (
        f"并入“{made.successor.name}”"
        if made.successor
        else f"由{made.former_province.name}划转到{made.province.name}"
    )
    modes = ""
    if made.province_id != made.former_province_id and moment != "cancelled":
        when = "自那天起" if moment == "planned" else "现在"
        said = "".join(mode_of(made.province, made.successor or made.base))
        former = made.former_province.name
        modes = (
            f"{when}，该培训基地按{made.province.name}的报送方式和时间办理，"
            f"此前发给该培训基地的、按{former}办理的不再适用。{said}"
        )
    bases = recipients(TrainingBase, [pk for pk in (made.base_id, made.successor_id) if pk])
    provinces = recipients(Province, {made.former_province_id, made.province_id})
    # Whom the heir may add again stand in that list alone.
    to_bases = f"{reverse('bases:handed-over')}#lapsed" if LEFT in made.counts else reverse("bases:desk")
    for people, link in ((bases, to_bases), (provinces, reverse("review:queue"))):
        send(
            {person for each in people.values() for person in each},
            kind=KIND,
            subject=f"{made.base.name}{to}"[:120],
            body=f"“{made.base.name}”{to}，生效日期 {made.day}，依据：{made.reason}。{words}。{modes}",
            link=link,
            key=f"succession:{made.pk}:{moment}",
        )
    _tell_departments(made, to, words, moment, moved)


def _tell_departments(made: Succession, to: str, words: str, moment: str, moved: Collection[int]) -> None:
    """The department secretaries of both bases: who of their specialties went, or what is planned. At the successor
    the link opens those who came."""
    rows = Enrollment.objects.filter(pk__in=moved).values_list("specialty", "registered_at")
    going = Counter((code, Module.REGISTRY if at else Module.INTAKE) for code, at in rows)
    bases = [pk for pk in (made.base_id, made.successor_id) if pk]
    held = SpecialtyBase.objects.filter(base__in=bases).values_list("base_id", "specialty_id")
    for (base_id, code), people in secretaries(list(held)).items():
        numbers = {module: going[code, module] for module in (Module.REGISTRY, Module.INTAKE)}
        own = "，".join(f"{module.label} {number} 条" for module, number in numbers.items() if number)
        comes = bool(own) and base_id == made.successor_id
        if moved:
            words = f"其中本专业的培训记录：{own}" if own else "其中没有本专业的培训记录"
        send(
            people,
            kind=KIND,
            subject=f"{made.base.name}{to}"[:120],
            body=f"“{made.base.name}”{to}，生效日期 {made.day}，依据：{made.reason}。{words}。"
            + ("这些人员现由本专业基地管理，未办结的一并接办，名单见下面的链接。" if comes else ""),
            link=_came(made.base_id, numbers) if comes else reverse("bases:desk"),
            key=f"succession:{made.pk}:{moment}",
        )


def _came(base_id: int, numbers: dict[Module, int]) -> str:
    module = next(module for module, number in numbers.items() if number)
    return f"{reverse('bases:record-list', args=[module])}?year=all&former={base_id}"
