"""The accounts of a base's residents: who cannot get in yet, who came in today, who was deleted (BR-50, BR-51;
PAIN-14)."""

from collections.abc import Collection, Iterator
from datetime import date, datetime, timedelta

from django.db import models, transaction
from django.db.models import Count, F, Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone

from bases.lists.records import NEVER_IN
from bases.models import Province, TrainingBase
from bases.report.withdrawal import take_back_waiting
from bases.scope import deleted_enrollments_for, enrollments_for
from bases.staff import recipients
from bases.transfer_requests import settle
from portal import audit
from portal.calendar import wall_clock
from portal.masking import mask
from portal.messages import services as messages
from portal.models import User
from portal.parameters import number_of
from portal.prepared import Asked
from portal.roles import Action
from portal.sign_in.services import CODE_DAYS, MOBILE_TRIES, issue_initial_code
from residents.models import Enrollment
from residents.models.enrollment import DEPARTURES, Deletion, Status
from residents.rules.status import why_not
from residents.search import by_name_or_number
from residents.services.deletion import RESTORABLE_FOR, delete_enrollment, restore_enrollment
from residents.services.status import status_context

# Each code costs one slow hash: a page of them must not keep a web process for long.
MOST_CODES = 200
EXPIRES_SOON = timedelta(days=3)


class AccountState(models.TextChoices):
    """What a base looks for among its accounts."""

    NEVER = "never", "从未登录"
    LOCKED = "locked", "激活被锁"
    TODAY = "today", "今日激活"
    EXPIRING = "expiring", "初始密码 3 天内失效"
    DELETED = "deleted", "已删除"


_ACCOUNT = "resident__user__"


def how_left(enrollment: Enrollment) -> str:
    """What is to be done of somebody in the registry who has left training, instead of a deletion (BR-73, AM-34)."""
    if enrollment.status == Status.WITHDRAWN:
        return (
            "培训状态已经是“退培”，这条记录不再占用此人，不需要再办理；"
            "退培原因、日期登记有误的，请在“变更培训状态”中选“退培（更正明细）”改正。"
        )
    if barred := why_not(Status.WITHDRAWN, status_context(enrollment)):
        return str(barred)
    return "请把培训状态更新为“退培”并填写原因；更新后，转入的基地即可导入此人。"


def _condition(state: str) -> Q:
    never = NEVER_IN
    if state == AccountState.NEVER:
        return never
    if state == AccountState.LOCKED:
        return never & Q(**{f"{_ACCOUNT}activation_failures__gte": MOBILE_TRIES})
    if state == AccountState.EXPIRING:
        now = timezone.now()
        return expiring(now, now + EXPIRES_SOON)
    midnight = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    return Q(**{f"{_ACCOUNT}activated_at__gte": midnight})


def expiring(now: datetime | Asked, soon: datetime | Asked) -> Q:
    """Whose initial code ends in this time, unused."""
    ends = f"{_ACCOUNT}initial_code_expires_at"
    return NEVER_IN & Q(**{f"{ends}__gte": now, f"{ends}__lte": soon})


def accounts(
    user: User, base: TrainingBase, *, state: str = "", text: str = "", batch: str = ""
) -> QuerySet[Enrollment]:
    """The base's records with their accounts, newest first; `text` is a piece of a name or of an ID number.

    Of the deleted ones those that went with an undone import appear under its `batch` only, unless one is searched for.
    """
    if state == AccountState.DELETED:
        found = recycle_bin(user, base)
        if (undone := number_of(batch)) is not None:
            found = found.filter(deleted_with=undone)
        elif not text:
            found = found.filter(deleted_with=None)
    else:
        found = enrollments_for(user, Action.VIEW)
        if state in AccountState.values:
            found = found.filter(_condition(state))
    found = by_name_or_number(found.filter(base=base), text, by_end=True)
    return found.select_related("resident__user", "base__province", "deleted_by").order_by(
        "-intake_year", "-pk"
    )


def recycle_bin(user: User, base: TrainingBase) -> QuerySet[Enrollment]:
    """The deleted records that can still be restored."""
    since = timezone.now() - RESTORABLE_FOR
    return deleted_enrollments_for(user, Action.VIEW).filter(base=base, deleted_at__gt=since)


def account_counts(user: User, base: TrainingBase) -> dict[str, int]:
    """How many records each state has; two queries."""
    own = enrollments_for(user, Action.VIEW).filter(base=base)
    asked = (AccountState.NEVER, AccountState.LOCKED, AccountState.TODAY)
    counts = own.aggregate(**{state.value: Count("pk", filter=_condition(state)) for state in asked})
    return counts | {AccountState.DELETED.value: recycle_bin(user, base).count()}


# --- one-time codes --------------------------------------------------------------------------------------------------


def has_code(user: User) -> bool:
    """Whether a one-time code that was handed out can still be used."""
    expires = user.initial_code_expires_at
    return bool(user.initial_code_hash) and expires is not None and expires > timezone.now()


def next_to_get_codes(found: QuerySet[Enrollment], most: int) -> list[Enrollment]:
    """Those who never got a code, then those who got theirs longest ago. Of more than fit at once only who has none is
    taken, while there is such a one: the second press for the rest leaves what the first one printed good."""
    given = F(f"{_ACCOUNT}initial_code_expires_at").asc(nulls_first=True)
    ordered = found.select_related("resident__user", "base").order_by(given, "resident__name_key", "pk")
    records = list(ordered[: most + 1])
    if len(records) <= most:
        return records
    without = [each for each in records[:most] if not has_code(each.resident.user)]
    return without or records[:most]


def issue_codes(
    enrollments: Collection[Enrollment], *, by: User, request: HttpRequest, seen: datetime
) -> list[tuple[Enrollment, str]]:
    """New one-time codes for those not activated yet, each shown once (TRUST-09); others are passed over, and whoever
    got a code after `seen`: the same form sent twice, or two colleagues at once, make no printed slip worthless."""
    with transaction.atomic():
        ids = [each.resident.user_id for each in enrollments]
        held = {user.pk: user for user in User.objects.select_for_update().filter(pk__in=ids).order_by("pk")}
        return [
            (each, issue_initial_code(user, by=by, request=request))
            for each in sorted(enrollments, key=lambda each: (each.resident.name_key, each.pk))
            if each.is_live
            and not (user := held[each.resident.user_id]).is_activated
            and not _got_code_since(user, seen)
        ]


def _got_code_since(user: User, seen: datetime) -> bool:
    until = user.initial_code_expires_at
    return until is not None and until - timedelta(days=CODE_DAYS) >= seen


# --- the list as a file ----------------------------------------------------------------------------------------------

EXPORT_HEADERS = (
    "姓名",
    "证件号（账号）",
    "登记的手机号",
    "招收年份",
    "培训状态",
    "账号",
    "激活时间",
    "最近登录",
)


def export_lines(found: QuerySet[Enrollment]) -> Iterator[list]:
    """The rows of the list as it shows them."""
    for each in found.iterator(chunk_size=2000):
        person = each.resident.user
        yield [
            each.resident.full_name,
            mask(each.resident.id_number),
            mask(person.mobile),
            each.intake_year,
            "锁定失效" if each.lapsed_at else each.get_status_display(),
            _account_word(each, person),
            person.activated_at and wall_clock(person.activated_at),
            person.last_login and wall_clock(person.last_login),
        ]


def _account_word(each: Enrollment, person: User) -> str:
    if each.deleted_at:
        return "已删除"
    if person.activated_at:
        return "已激活"
    return "激活被锁" if person.activation_failures >= MOBILE_TRIES else "未激活"


# --- delete, restore -------------------------------------------------------------------------------------------------


def delete(
    enrollment: Enrollment,
    *,
    by: User,
    reason: str,
    request: HttpRequest,
    kind: str = Deletion.WRONG,
    left_on: date | None = None,
) -> None:
    """Delete a wrongly entered record, or a recruit who left, whose waiting report is withdrawn with him (AM-33); the
    province is told of a record that it had approved (AM-19). Raises StateMoved."""
    with transaction.atomic():
        if kind in DEPARTURES:
            take_back_waiting(enrollment.pk, by=by)
        gone = delete_enrollment(enrollment.pk, by=by, reason=reason, kind=kind, left_on=left_on)
        facts = {"kind": kind, "left_on": left_on.isoformat()} if left_on else {"kind": kind}
        audit.record("delete_account", by=by, target=gone, request=request, reason=reason, **facts)
        settle([gone], by=by)
        if gone.approved_submission_id:
            province = gone.base.province_id
            messages.send(
                recipients(Province, [province]).get(province, []),
                kind="deleted",
                subject=f"{gone.base.name}删除了一条已审核通过的记录：{gone.resident.full_name}（{gone.intake_year}年）",
                body=f"删除原因：{reason}\n30 天内该基地可以恢复。",
            )


def restore(enrollment: Enrollment, *, by: User, request: HttpRequest) -> None:
    """Bring a deleted record back within 30 days. Raises StateMoved."""
    with transaction.atomic():
        restore_enrollment(enrollment.pk)
        audit.record("restore_account", by=by, target=enrollment, request=request)


def set_activation_policy(base: TrainingBase, policy: str, *, by: User, request: HttpRequest) -> bool:
    """How the base's residents open their accounts from now on: mobile number on file or printed codes. False, and
    nothing written, where it is so already."""
    with transaction.atomic():
        base = TrainingBase.objects.select_for_update().get(pk=base.pk)
        if base.activation_policy == policy:
            return False
        base.activation_policy = policy
        base.save(update_fields=["activation_policy"])
        audit.record("activation_policy", by=by, target=base, request=request, policy=policy)
    return True
