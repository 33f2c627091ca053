"""Who hears of a change of the directory: the bases, their provinces and the people concerned (AM-45)."""

from collections import Counter
from collections.abc import Collection

from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode

from bases.lists.records import Todo
from bases.models import Province, Specialty, TrainingBase
from bases.staff import recipients, secretaries
from portal.messages.services import send
from portal.models import Message
from portal.roles import Role
from residents.models.enrollment import Module
from review.organisations.effects import Period, Reached, everywhere, reached

KIND = "directory"
# Ends the key of what tells people that an earlier message does not hold any more.
_TAKEN_BACK = ":back"


def tell_of_years(specialty_code: str, base_ids: Collection[int]) -> None:
    """From when to when the specialty is held at these bases, and what it means for whom."""
    specialty = Specialty.objects.get(pk=specialty_code)
    periods = {held: period for held, period in everywhere(specialty).items() if held[0] in set(base_ids)}
    bases = TrainingBase.objects.select_related("province").in_bulk([base for base, _ in periods])
    staff = recipients(TrainingBase, bases)
    departments = secretaries([(base, specialty_code) for base in bases])
    provinces = recipients(Province, {base.province_id for base in bases.values()})
    for (base_id, code), (_, people) in reached(periods).items():
        base = bases[base_id]
        told = {*staff.get(base_id, []), *departments.get((base_id, code), [])}
        period, above = periods[base_id, code], provinces.get(base.province_id, [])
        _tell_organisations(base, specialty, period, people, told, _list_of_base(specialty, people))
        _tell_organisations(
            base, specialty, period, people, above, _list_of_province(base, specialty, people)
        )
        _tell_people(base, specialty, period, people)


def tell_of_name(base_id: int, former: str) -> None:
    """The people of the base and of its province; a resident has nothing to do."""
    base = TrainingBase.objects.get(pk=base_id)
    codes = base.specialty_bases.values_list("specialty", flat=True)
    departments = secretaries([(base_id, code) for code in codes])
    told = {*recipients(TrainingBase, [base_id]).get(base_id, [])}.union(*departments.values())
    above = recipients(Province, [base.province_id]).get(base.province_id, [])
    of_province = f"{reverse('review:residents')}?{urlencode({'base': base_id})}"
    for people, link in ((told, reverse("bases:desk")), (above, of_province)):
        send(
            people,
            kind=KIND,
            subject=f"培训基地名称变更：{base.name}",
            body=f"“{former}”自 {timezone.localdate()} 起名称改为“{base.name}”，基地代码仍为 {base.code}，"
            "账号、记录和审核状态不变。"
            "附件1、历史名单和接口中的原名称仍然识别为该基地。",
            link=link,
            key=f"name:{base_id}:{timezone.localdate():%y%m%d}:{base.name}"[:60],
        )


def _keys(base: TrainingBase, specialty: Specialty) -> str:
    return f"years:{base.pk}:{specialty.pk}:"


def _key(base: TrainingBase, specialty: Specialty, period: Period) -> str:
    return f"{_keys(base, specialty)}{period.first}:{period.last or ''}:{timezone.localdate():%y%m%d}"


def _tell_organisations(
    base: TrainingBase,
    specialty: Specialty,
    period: Period,
    people: Collection[Reached],
    told: Collection[int],
    link: str,
) -> None:
    by_module = Counter(each.module for each in people if each.is_cut_off)
    cut_off = by_module.total()
    finishing = len(people) - cut_off
    words = [f"“{base.name}”的“{specialty.name}”专业基地招收年份现为 {period}。"]
    if period.last:
        words.append(
            f"{period.last}年12月31日以前开始培训的可以完成培训，上报时带备注：现有 {finishing} 人。"
        )
        words.append(f"此后开始的不能填报、上报和审核通过：现有 {cut_off} 人。")
    elif cut_off:
        words.append(f"此前年份招收的不能填报、上报和审核通过：现有 {cut_off} 人。")
    if len(by_module) > 1:
        words.append("其中" + "，".join(f"{module.label} {by_module[module]} 人" for module in Module) + "。")
    if by_module:
        words.append("请核对这些人的培训专业和实际开始时间；名单见下面的链接。")
    send(
        told,
        kind=KIND,
        subject=f"专业基地招收年份变更：{base.name} {specialty.name}",
        body="".join(words),
        link=link,
        key=_key(base, specialty, period),
    )


def _asked(specialty: Specialty, people: Collection[Reached]) -> dict[str, str]:
    """The filters of whom no way accepts any more, else of whom may finish, else of all of the specialty."""
    asked = {"specialty": specialty.pk}
    if people:
        is_cut_off = any(each.is_cut_off for each in people)
        asked["todo"] = Todo.CUT_OFF.value if is_cut_off else Todo.FINISHING.value
    return asked


def _list_of_base(specialty: Specialty, people: Collection[Reached]) -> str:
    named = [each for each in people if each.is_cut_off] or people
    module = Module.INTAKE if any(each.module == Module.INTAKE for each in named) else Module.REGISTRY
    asked = {"year": "all", **_asked(specialty, people)}
    return f"{reverse('bases:record-list', args=[module])}?{urlencode(asked)}"


def _list_of_province(base: TrainingBase, specialty: Specialty, people: Collection[Reached]) -> str:
    asked = {"base": str(base.pk), **_asked(specialty, people)}
    return f"{reverse('review:residents')}?{urlencode(asked)}"


def _tell_people(
    base: TrainingBase, specialty: Specialty, period: Period, people: Collection[Reached]
) -> None:
    ends = f"{period.last}年12月31日" if period.last else ""
    for is_cut_off, words in (
        (
            False,
            f"“{specialty.name}”在“{base.name}”于{ends}终止。您此前已开始培训，可以继续完成培训，不需要办理手续。",
        ),
        (
            True,
            f"“{specialty.name}”在“{base.name}”的招收年份现为 {period}，您的培训信息不在其中，不能上报审核。"
            "请联系培训基地核对培训专业和培训开始时间。",
        ),
    ):
        send(
            [each.user_id for each in people if each.is_cut_off is is_cut_off],
            kind=KIND,
            subject=f"您的培训专业在培训基地的招收年份有变更：{specialty.name}",
            body=words,
            link=reverse("residents:training"),
            key=_key(base, specialty, period),
        )
    send(
        _no_more_concerned(base, specialty, people),
        kind=KIND,
        subject=f"您的培训专业在培训基地的招收年份有变更：{specialty.name}",
        body=f"“{specialty.name}”在“{base.name}”的招收年份现为 {period}，此前告知您的变更不再适用，不需要办理手续。",
        link=reverse("residents:training"),
        key=f"{_key(base, specialty, period)}{_TAKEN_BACK}",
    )


def _no_more_concerned(base: TrainingBase, specialty: Specialty, people: Collection[Reached]) -> list[int]:
    """Who has been told of a change here and was not told since that it means nothing for him any more."""
    told = Message.objects.filter(
        kind=KIND, key__startswith=_keys(base, specialty), recipient__role=Role.RESIDENT
    )
    last = told.order_by("recipient", "-pk").distinct("recipient").values_list("recipient", "key")
    concerned = {each.user_id for each in people}
    return [pk for pk, key in last if pk not in concerned and not key.endswith(_TAKEN_BACK)]
