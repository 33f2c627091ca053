"""Who hears of 重复人员合并: the person under both accounts, and the bases and provinces of the records (AM-47)."""

from collections.abc import Iterable

from django.urls import reverse

from bases.models import Province, TrainingBase
from bases.staff import recipients
from portal.masking import mask
from portal.messages.services import send
from residents.models import Enrollment, PersonMerge

KIND = "correction"


def merged(made: PersonMerge, moved: Iterable[Enrollment]) -> None:
    """Which account is used from now on; numbers masked."""
    number = mask(made.kept.id_number)
    send(
        [made.kept.user_id, made.merged.user_id],
        kind=KIND,
        subject="您在平台上重复的账号已合并",
        body=f"今后请用证件号 {number} 的账号登录，另一账号已停用。培训记录和历史都已保留。"
        "如有疑问请联系所在培训基地。",
        link=reverse("residents:home"),
        key=f"merge:{made.pk}",
    )
    _tell_organisations(
        made,
        moved,
        f"重复人员已合并：{made.kept.full_name}",
        f"保留证件号 {number} 的账号，{mask(made.merged.id_number)} 的账号已停用，其记录一并转入。理由：{made.reason}。"
        "个人信息以保留的账号为准，请核对该记录。",
    )


def parted(made: PersonMerge) -> None:
    """Both accounts are as before."""
    send(
        [made.kept.user_id, made.merged.user_id],
        kind=KIND,
        subject="账号合并已撤销",
        body=f"证件号 {mask(made.merged.id_number)} 的账号及其记录已恢复，请各用原来的账号登录。",
        link=reverse("residents:home"),
        key=f"merge:{made.pk}:undone",
    )
    _tell_organisations(
        made,
        Enrollment.objects.filter(pk__in=made.records).select_related("base"),
        f"人员合并已撤销：{made.merged.full_name}",
        f"证件号 {mask(made.merged.id_number)} 的账号及其记录已恢复。理由：{made.undone_reason}。",
    )


def _tell_organisations(made: PersonMerge, moved: Iterable[Enrollment], subject: str, body: str) -> None:
    """Each is led to his own record of the person, the newest where he has several."""
    kept = Enrollment.objects.filter(resident=made.kept).select_related("base")
    records = sorted(
        {each.pk: each for each in (*moved, *kept) if each.deleted_at is None}.values(),
        key=lambda each: each.pk,
    )
    of_base: dict[object, str] = {each.base_id: reverse("bases:record", args=[each.pk]) for each in records}
    of_province: dict[object, str] = {
        each.base.province_id: reverse("review:record", args=[each.pk]) for each in records
    }
    for found, links in (
        (recipients(TrainingBase, of_base), of_base),
        (recipients(Province, of_province), of_province),
    ):
        for key, people in found.items():
            send(people, kind=KIND, subject=subject[:120], body=body, link=links[key])
