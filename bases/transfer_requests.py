"""Requests to let a person go, as rows: read with their names, closed, and made known to those whom they concern.

Apart from bases/transfers/services.py so that every change of 培训状态 can settle what waits for it.
"""

from collections.abc import Iterable

from django.db import transaction
from django.db.models import Manager, Q, QuerySet
from django.urls import reverse
from django.utils import timezone

from bases.models import Province, TrainingBase, TransferRequest
from bases.staff import recipients
from portal.messages import services as messages
from portal.models import User
from residents.codes.training import WITHDRAWN
from residents.models import Enrollment, IdentityCorrection
from residents.services import states

State = TransferRequest.State

KIND = "transfer"


def with_names(requests: QuerySet[TransferRequest] | Manager[TransferRequest]) -> QuerySet[TransferRequest]:
    return requests.select_related(
        "enrollment__resident",
        "enrollment__base__province",
        "enrollment__specialty",
        "to_base__province",
        "asked_by",
    ).order_by("due_on", "pk")


def settle(enrollments: Iterable[Enrollment], *, by: User | None) -> int:
    """Close the open requests for persons who are held no more, however that came about; returns how many."""
    gone = [each.pk for each in enrollments if not each.is_live]
    waiting = list(with_names(TransferRequest.objects).filter(enrollment__in=gone, state=State.OPEN))
    close(waiting, State.RELEASED, by=by)
    for asked in waiting:
        name = asked.enrollment.resident.full_name
        subject = f"{name}已转出，现在可以导入"
        body = "原培训基地的记录不再占用此人。请用账号导入添加；账号、密码和个人信息保持不变。"
        if IdentityCorrection.objects.filter(
            resident=asked.enrollment.resident, at__gt=asked.asked_at
        ).exists():
            body += "申请之后，此人的证件号已更正，请核对本人证件后填写新的号码。"
        tell_bases([asked.to_base_id], asked, subject, body)
        messages.send(
            [asked.enrollment.resident.user_id],
            kind=KIND,
            subject=f"您已从“{asked.enrollment.base.name}”转出，转往“{asked.to_base.name}”",
            body="原来的培训记录只能查看；账号、密码和个人信息不变。新培训基地导入后，请登录核对。",
            link=reverse("portal:desk"),
        )
        tell_provinces(asked, f"{asked.enrollment.base.name}已转出：{name}（转往{asked.to_base.name}）")
    return len(waiting)


def settle_all() -> int:
    """As `settle`, for all whose record was deleted or lapsed; the clock calls it."""
    ended = Q(enrollment__status=WITHDRAWN) | Q(enrollment__deleted_at__isnull=False)
    open_ones = TransferRequest.objects.filter(
        ended | Q(enrollment__lapsed_at__isnull=False), state=State.OPEN
    )
    ids = sorted(set(open_ones.values_list("enrollment_id", flat=True)))
    done = 0
    for pk in ids:
        with transaction.atomic():
            done += settle([states.lock(pk)], by=None)
    return done


def close(requests: Iterable[TransferRequest], state: str, *, by: User | None, answer: str = "") -> None:
    for asked in requests:
        asked.state, asked.answered_by, asked.answered_at, asked.answer = state, by, timezone.now(), answer
        asked.save(update_fields=["state", "answered_by", "answered_at", "answer"])


def tell_bases(ids: list[int], asked: TransferRequest, subject: str, body: str = "") -> None:
    people = {pk for found in recipients(TrainingBase, ids).values() for pk in found}
    link = reverse("bases:transfer", args=[asked.pk])
    messages.send(people, kind=KIND, subject=subject, body=body, link=link)


def tell_provinces(asked: TransferRequest, subject: str) -> None:
    codes = {asked.enrollment.base.province_id, asked.to_base.province_id}
    people = {pk for found in recipients(Province, codes).values() for pk in found}
    # The list opens with those that wait; one that is settled stands among all.
    settled = "" if asked.state == TransferRequest.State.OPEN else "?state=all"
    messages.send(people, kind=KIND, subject=subject, link=f"{reverse('review:transfers')}{settled}")
