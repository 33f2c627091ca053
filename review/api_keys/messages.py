"""What ends soon is told before it ends: keys of the interface (TRUST-30), and one-time codes of staff (TRUST-08)."""

from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef
from django.urls import reverse
from django.utils import timezone

from bases import staff
from bases.models import Province, SpecialtyBase, TrainingBase
from portal.messages.services import send
from portal.models import User
from portal.roles import Role
from review.models import ApiClient

KIND = "ending"
DAYS_BEFORE = (14, 7, 1)


def remind_of_ends() -> int:
    """A chore of the clock: tells of each end once at 14, 7 and 1 days before it; returns how many messages went."""
    return _remind_of_keys() + _remind_of_codes()


def _days_left(ends: datetime) -> int | None:
    """The reminder that is due: of 14, 7 and 1 days the smallest that is not yet over."""
    left = ends - timezone.now()
    return min((days for days in DAYS_BEFORE if left <= timedelta(days=days)), default=None)


def _remind_of_keys() -> int:
    now = timezone.now()
    soon = now + timedelta(days=max(DAYS_BEFORE))
    successors = ApiClient.objects.filter(
        lineage=OuterRef("lineage"), revoked_at=None, expires_at__gt=OuterRef("expires_at")
    )
    ending = ApiClient.objects.filter(
        ~Exists(successors), revoked_at=None, expires_at__gt=now, expires_at__lte=soon
    )
    provinces = staff.recipients(Province, {each.province_id for each in ending})
    association = list(User.objects.filter(role=Role.CMDA, is_active=True).values_list("pk", flat=True))
    sent = 0
    for each in ending.select_related("province"):
        ends = timezone.localtime(each.expires_at)
        sent += send(
            [*provinces.get(each.province_id, []), *association],
            kind=KIND,
            subject=f"接口密钥将于 {ends:%Y-%m-%d %H:%M} 到期：{each.province.short_name} {each.name}",
            body="到期后该密钥的传送和查询都会被拒绝。请在“接口密钥”中更换，新旧密钥可同时使用 7 天。",
            link=reverse("review:api-keys"),
            key=f"key:{each.pk}:{_days_left(each.expires_at)}",
        )
    return sent


def _remind_of_codes() -> int:
    """To the colleagues who may issue another code: whoever waits for his own cannot read messages yet."""
    now = timezone.now()
    soon = now + timedelta(days=max(DAYS_BEFORE))
    people = User.objects.filter(
        role__in=(Role.BASE, Role.PROVINCE),
        is_active=True,
        activated_at=None,
        initial_code_expires_at__gt=now,
        initial_code_expires_at__lte=soon,
    )
    sent = 0
    for person in people:
        for place in staff.memberships_of(person):
            sent += _tell_colleagues(person, place.organisation)
    return sent


def _tell_colleagues(person: User, organisation: staff.Organisation) -> int:
    base = organisation.base if isinstance(organisation, SpecialtyBase) else organisation
    colleagues = {
        place.user.pk
        for place in staff.staff_of(type(base), [base.pk])
        if place.is_acting and place.user.is_active and place.user.pk != person.pk
    }
    kind = "base" if isinstance(base, TrainingBase) else "province"
    ends = person.initial_code_expires_at
    assert ends is not None  # asked for by the query
    return send(
        colleagues,
        kind=KIND,
        subject=f"{person.full_name}的初始密码将于 {timezone.localtime(ends):%Y-%m-%d} 到期，尚未激活",
        body="请提醒本人激活账号；到期后须在“人员”中重新发放初始密码。",
        link=reverse("review:staff-of", args=[kind, base.pk]),
        key=f"code:{person.pk}:{ends:%Y%m%d}:{_days_left(ends)}",
    )
