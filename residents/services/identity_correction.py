"""Altering a locked ID type or number: the one way through the database's lock (BR-48, PAIN-18, AM-35).

The owner's procedure in the database checks, alters and records the act: the program itself cannot pass the lock.
"""

import pghistory
from django.db import IntegrityError, connection, transaction

from portal.models import User
from residents.models import BasicInfo, Enrollment, Resident
from residents.models.enrollment import LIVE, ReportStatus
from residents.pinyin import pinyin_key
from residents.rules.basic import derived
from residents.rules.identity import OTHER, login_beside, normalise_login, stand_in
from residents.services.returns import settle_states
from residents.services.states import StateMoved

TAKEN = "新证件号已属于平台上的另一个账号，不能更正。请核实是否重复导入。"


def is_taken(resident_id: int, id_type: str, number: str) -> bool:
    """Whether another person has this type and number (AM-35)."""
    same = Resident.objects.filter(id_type=id_type, id_number=number)
    return same.exclude(pk=resident_id).exists()


def correct_identity(
    resident_id: int, *, old: tuple[str, str], new: tuple[str, str], by: User, reason: str
) -> Resident:
    """Give the person another (ID type, number): the login follows, 性别 and 出生日期 follow what the number tells.

    A reported record shows the base that the person's data changed since (AM-14). Raises StateMoved where the stored
    identity is no longer `old`, or where the new number is taken.
    """
    try:
        with transaction.atomic(), pghistory.context(reason=reason):
            resident = _locked(resident_id)
            if (resident.id_type, resident.id_number) != old:
                raise StateMoved("该住院医师的证件信息在申请之后已变化，请重新申请。")
            if is_taken(resident_id, *new):
                raise StateMoved(TAKEN)
            _write(resident, *new, by, reason)
    except IntegrityError as race:
        # Imported under the new number in this very moment.
        raise StateMoved(TAKEN) from race
    return resident


def give_name(resident_id: int, *, old: str, new: str, reason: str) -> Resident:
    """The person's right name, found out by 身份核实 (AM-35). Raises StateMoved where it is no longer `old`."""
    with transaction.atomic(), pghistory.context(reason=reason):
        resident = _locked(resident_id)
        if resident.full_name != old:
            raise StateMoved("该住院医师的姓名在提交之后已变化，请退回后由培训基地重新核对。")
        resident.full_name, resident.name_key = new, pinyin_key(new)
        resident.version += 1
        resident.save(update_fields=["full_name", "name_key", "version"])
        resident.user.full_name = new
        resident.user.save(update_fields=["full_name"])
        _show_update(resident)
    return resident


def free_number(resident_id: int, *, old: tuple[str, str], by: User, reason: str) -> Resident:
    """Take a number from a person to whom it never belonged: until his base has his own corrected, he bears a stand-in
    that nobody can sign in with by chance (AM-35). Raises StateMoved where the stored identity is no longer `old`."""
    return correct_identity(resident_id, old=old, new=(OTHER, stand_in(resident_id)), by=by, reason=reason)


def _locked(resident_id: int) -> Resident:
    return Resident.objects.select_for_update(of=("self", "user")).select_related("user").get(pk=resident_id)


def _show_update(resident: Resident) -> None:
    """A reported record shows the base that the person's data changed since (AM-14)."""
    reported = Enrollment.objects.filter(LIVE, resident=resident, report_status=ReportStatus.REPORTED)
    reported.update(has_unreported_update=True)


def _free_login(resident: Resident) -> str:
    """The number, or where another account has it as its name the one that tells the type (AM-35)."""
    login = normalise_login(resident.id_number)
    others = User.objects.filter(username=login).exclude(pk=resident.user_id)
    return login_beside(login, resident.id_type) if others.exists() else login


def _write(resident: Resident, id_type: str, id_number: str, by: User, reason: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "CALL residents_correct_identity(%s, %s, %s, %s, %s, %s, %s)",
            [resident.pk, resident.id_type, resident.id_number, id_type, id_number, by.pk, reason],
        )
    resident.id_type, resident.id_number = id_type, id_number
    resident.version += 1
    resident.user.username = _free_login(resident)
    resident.user.save(update_fields=["username"])
    told = derived(id_type, id_number)
    basic = BasicInfo.objects.filter(resident=resident).first()
    if told and basic is not None:
        for name, value in told.items():
            setattr(basic, name, value)
        basic.save(update_fields=list(told))
    _show_update(resident)
    settle_states(Enrollment.objects.filter(LIVE, resident=resident).values_list("pk", flat=True))
