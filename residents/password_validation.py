"""Refuses passwords that somebody who knows the person would try."""

from typing import Any

from django.core.exceptions import ValidationError

from portal.models import User
from portal.roles import Role
from residents.models import Resident
from residents.models.enrollment import LIVE
from residents.pinyin import pinyin_key
from residents.rules.basic import derived
from residents.rules.passwords import weak_password_problem


class PersonalPasswordValidator:
    """Django's door to rules/passwords.py: refuses what somebody who knows the person would try (TRUST-08)."""

    def validate(self, password: str, user: User | None = None) -> None:
        problem = (
            weak_password_problem(password, **self._about(user)) if user else weak_password_problem(password)
        )
        if problem:
            raise ValidationError(str(problem), code=problem.code)

    def get_help_text(self) -> str:
        return "至少 8 位，不能全是数字，不能包含证件号、手机号、出生日期、姓名拼音等个人信息。"

    def _about(self, user: User) -> dict[str, Any]:
        known: dict[str, Any] = {
            "username": user.username,
            "mobile": user.mobile or None,
            "full_name_pinyin": pinyin_key(user.full_name),
            "is_staff": user.role != Role.RESIDENT,
        }
        resident = (
            Resident.objects.select_related("basic").filter(user_id=user.pk).first() if user.pk else None
        )
        if resident is not None:
            known["id_number"] = resident.id_number
            # Until he has saved it, it is what his number says.
            told = derived(resident.id_type, resident.id_number)
            written = resident.basic.birth_date if hasattr(resident, "basic") else None
            known["birth_date"] = written or told.get("birth_date")
            live = resident.enrollments.filter(LIVE).select_related("base").first()
            known["base_name"] = live.base.name if live else None
        return known
