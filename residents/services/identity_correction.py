"""Altering a locked ID type or number: the one way through the database's lock (BR-48, PAIN-18)."""

import pghistory
import pgtrigger
from django.db import IntegrityError, transaction

from portal.models import User
from residents.models import BasicInfo, Enrollment, Resident
from residents.models.enrollment import LIVE, ReportStatus
from residents.rules.basic import derived
from residents.rules.identity import normalise_login
from residents.services.states import StateMoved

TAKEN = "新证件号已属于平台上的另一个账号，不能更正。请核实是否重复导入。"


def is_taken(resident_id: int, number: str) -> bool:
    """Whether the number is another person's, or another account signs in with it."""
    if Resident.objects.filter(id_number=number).exclude(pk=resident_id).exists():
        return True
    others = User.objects.filter(username=normalise_login(number)).exclude(resident=resident_id)
    return others.exists()


def correct_identity(
    resident_id: int, *, old: tuple[str, str], new: tuple[str, str], reason: str
) -> Resident:
    """Give the person another (ID type, number): the login follows, 性别 and 出生日期 follow what the number tells.

    A reported record shows the base that the person's data changed since (AM-14). Raises StateMoved where the stored
    identity is no longer `old`, or where the new number is taken.
    """
    try:
        with transaction.atomic(), pghistory.context(reason=reason):
            resident = (
                Resident.objects.select_for_update(of=("self", "user"))
                .select_related("user")
                .get(pk=resident_id)
            )
            if (resident.id_type, resident.id_number) != old:
                raise StateMoved("该住院医师的证件信息在申请之后已变化，请重新申请。")
            if is_taken(resident_id, new[1]):
                raise StateMoved(TAKEN)
            _write(resident, *new)
    except IntegrityError as race:
        # Imported under the new number in this very moment.
        raise StateMoved(TAKEN) from race
    return resident


def _write(resident: Resident, id_type: str, id_number: str) -> None:
    resident.id_type, resident.id_number = id_type, id_number
    resident.version += 1
    with pgtrigger.ignore("residents.Resident:identity_is_locked"):
        resident.save(update_fields=["id_type", "id_number", "version"])
    resident.user.username = normalise_login(id_number)
    resident.user.save(update_fields=["username"])
    told = derived(id_type, id_number)
    basic = BasicInfo.objects.filter(resident=resident).first()
    if told and basic is not None:
        for name, value in told.items():
            setattr(basic, name, value)
        basic.save(update_fields=list(told))
    reported = Enrollment.objects.filter(LIVE, resident=resident, report_status=ReportStatus.REPORTED)
    reported.update(has_unreported_update=True)
