"""Demo organisations: bases in all 32 provinces, their accredited specialties, and staff of every role."""

from dataclasses import dataclass

from django.contrib.auth.hashers import make_password
from django.utils import timezone

from bases import staff as services
from bases.models import Province, SpecialtyBase, TrainingBase
from portal.models import User
from portal.roles import Role
from review.demo.people import pools

# One password for all demo people, shown by `make run`; the command refuses to load it into a production database.
PASSWORD = "Zhupei-2026"  # nosec B105 # refused without DEBUG
DEMO_PROVINCE = "33"


@dataclass(frozen=True)
class SignIn:
    role: str
    username: str
    password: str
    note: str


def make_bases() -> list[TrainingBase]:
    """A teaching hospital in every province and a second base in the larger ones: 44 in all."""
    found = pools()
    bases = []
    for province in Province.objects.all():
        names = [f"{province.short_name}示范医科大学附属第一医院"]
        if province.code in found["second_bases"]:
            names.append(f"{province.short_name}示范市人民医院")
        for number, name in enumerate(names, start=1):
            bases.append(
                TrainingBase(
                    province=province,
                    code=f"{province.code}{number:03d}",
                    name=name,
                    name_key=f"{province.code}{number}",
                )
            )
    TrainingBase.objects.bulk_create(bases)
    SpecialtyBase.objects.bulk_create(
        SpecialtyBase(base=base, specialty_id=code) for base in bases for code in found["specialties"]
    )
    return bases


def make_staff(bases: list[TrainingBase]) -> list[SignIn]:
    """Named people with grants on their organisation; several at the demo base, one of them read-only."""
    password = make_password(PASSWORD)

    def person(username: str, role: Role, full_name: str) -> User:
        return User.objects.create(
            username=username,
            role=role,
            full_name=full_name,
            mobile="13900000000",
            password=password,
            activated_at=timezone.now(),
            password_changed_at=timezone.now(),
        )

    national = person("cmda", Role.CMDA, "韩立新")
    person("shenji", Role.AUDITOR, "安全审计员")
    sign_ins = [SignIn("中国医师协会", national.username, PASSWORD, "采集周期、统计、机构与账号")]
    for province in Province.objects.all():
        officer = person(f"sheng{province.code}", Role.PROVINCE, f"{province.short_name}审核员")
        services.appoint(officer, province, by=national)
        if province.code == DEMO_PROVINCE:
            sign_ins.append(SignIn(f"省级（{province.name}）", officer.username, PASSWORD, "审核上报的信息"))
    for base in bases:
        officer = person(f"jidi{base.code}", Role.BASE, f"{base.province.short_name}住培办")
        services.appoint(officer, base, by=national)
        if base.code == f"{DEMO_PROVINCE}001":
            sign_ins.append(
                SignIn(f"培训基地（{base.name}）", officer.username, PASSWORD, "导入账号、培训信息、上报")
            )
            reader = person(f"jidi{base.code}r", Role.BASE, "科教科查询员")
            services.appoint(reader, base, by=national, read_only=True)
    return sign_ins
