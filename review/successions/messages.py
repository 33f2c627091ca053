"""Who hears of 并入 and 划转: both bases, both provinces, and the people whose records go (AM-46)."""

from collections.abc import Collection

from django.urls import reverse

from bases.models import Province, Succession, TrainingBase
from bases.staff import recipients
from portal.messages.services import send
from residents.models import Enrollment

KIND = "directory"


def planned(made: Succession) -> None:
    """It is announced to the organisations."""
    _tell_organisations(made, f"定于 {made.day} 办理", "planned")


def cancelled(made: Succession) -> None:
    _tell_organisations(made, f"原定 {made.day} 的安排已取消", "cancelled")


def carried_out(made: Succession, moved: Collection[int]) -> None:
    """It is told to the organisations, with the numbers, and to the people."""
    words = "，".join(f"{name} {number}" for name, number in made.counts.items())
    _tell_organisations(made, f"已办理：{words}", "done")
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


def _tell_organisations(made: Succession, words: str, moment: str) -> None:
    to = (
        f"并入“{made.successor.name}”"
        if made.successor
        else f"由{made.former_province.name}划转到{made.province.name}"
    )
    bases = recipients(TrainingBase, [pk for pk in (made.base_id, made.successor_id) if pk])
    provinces = recipients(Province, {made.former_province_id, made.province_id})
    for people, link in ((bases, reverse("bases:desk")), (provinces, reverse("review:queue"))):
        send(
            {person for each in people.values() for person in each},
            kind=KIND,
            subject=f"{made.base.name}{to}"[:120],
            body=f"“{made.base.name}”{to}，生效日期 {made.day}，依据：{made.reason}。{words}。",
            link=link,
            key=f"succession:{made.pk}:{moment}",
        )
