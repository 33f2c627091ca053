"""Made-up people and organisations for the tests; every ID number has a valid check digit and belongs to nobody."""

import datetime
import itertools

import factory
from django.contrib.auth.models import Permission
from django.utils import timezone

from bases.models import (
    Province,
    SpecialtyBase,
    TrainingBase,
)
from bases.scope import GRANTS
from portal.models import CollectionCycle, CycleWindow, Step, User
from portal.roles import Role
from residents.models import BasicInfo, CertificateInfo, EducationRecord, Enrollment, Resident

PASSWORD = "Ceshi-Mima-2026"
WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_serials = itertools.count(1)


def id_number(*, region: str = "330102", birth: datetime.date | None = None, male: bool = True) -> str:
    """A new valid 18-digit resident ID number; serial numbers are odd for men (GB 11643). Without a day of birth it is
    12 March 1995, or some days later in a run that needs many numbers."""
    serial = next(_serials)
    birth = birth or datetime.date(1995, 3, 12) + datetime.timedelta(days=serial // 400)
    body = f"{region}{birth:%Y%m%d}{(serial % 400) * 2 + male:03d}"
    return body + "10X98765432"[sum(int(d) * w for d, w in zip(body, WEIGHTS, strict=True)) % 11]


def grant(
    user: User, organisation: Province | TrainingBase | SpecialtyBase, *, read_only: bool = False
) -> None:
    """Give one person an organisation, as bases/staff.py does."""
    model = GRANTS[type(organisation)]
    name = organisation._meta.model_name
    codename = f"{'view' if read_only else 'act'}_{name}"
    permission = Permission.objects.get(content_type__app_label="bases", codename=codename)
    model.objects.create(user=user, permission=permission, content_object=organisation)


class UserFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = User

    username = factory.Sequence(lambda n: f"renyuan{n}")
    role = Role.BASE
    full_name = "王晓明"
    mobile = factory.Sequence(lambda n: f"139{n:08d}")
    activated_at = factory.LazyFunction(timezone.now)
    password_changed_at = factory.LazyFunction(timezone.now)
    privacy_accepted_version = "2026-01"

    @classmethod
    def _create(cls, model_class, *args, password: str | None = PASSWORD, **kwargs):
        user = model_class(*args, **kwargs)
        user.set_password(password)
        user.save()
        return user


class TrainingBaseFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = TrainingBase
        skip_postgeneration_save = True

    province_id = "33"
    code = factory.Sequence(lambda n: f"J{n:04d}")
    name = factory.Sequence(lambda n: f"浙江省第{n}人民医院")

    @classmethod
    def _adjust_kwargs(cls, **kwargs):
        """A province given as an object is not overruled by the default key."""
        if "province" in kwargs:
            del kwargs["province_id"]
        return kwargs

    @factory.post_generation
    def specialties(self, create, codes, **kwargs):
        SpecialtyBase.objects.bulk_create(
            SpecialtyBase(base=self, specialty_id=code) for code in codes or ("0100", "0200", "0700", "0900")
        )


class ResidentFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Resident

    id_type = "01"
    id_number = factory.LazyFunction(id_number)
    full_name = "陈雨桐"
    mobile = factory.Sequence(lambda n: f"138{n:08d}")
    user = factory.LazyAttribute(
        lambda person: UserFactory(
            username=person.id_number, role=Role.RESIDENT, full_name=person.full_name, mobile=person.mobile
        )
    )


class EnrollmentFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Enrollment

    resident = factory.SubFactory(ResidentFactory)
    base = factory.SubFactory(TrainingBaseFactory)
    intake_year = factory.LazyFunction(lambda: timezone.localdate().year)


class CycleFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = CollectionCycle
        django_get_or_create = ("year",)

    year = factory.LazyFunction(lambda: timezone.localdate().year)
    title = factory.LazyAttribute(lambda cycle: f"{cycle.year}年住院医师信息采集")


def secretary(base: TrainingBase, specialty: str) -> User:
    """A 专业基地秘书: one who works for one specialty of the base."""
    user = UserFactory(role=Role.BASE)
    grant(user, SpecialtyBase.objects.get(base=base, specialty=specialty))
    return user


def open_windows(cycle: CollectionCycle, *, days_left: int = 10, **others: tuple) -> None:
    """Open every step now; `others` gives (opens_at, closes_at) for single steps by their value."""
    now = timezone.now()
    always = (now - datetime.timedelta(days=10), now + datetime.timedelta(days=days_left))
    windows = []
    for step in Step:
        opens, closes = others.get(step.value, always)
        windows.append(CycleWindow(cycle=cycle, step=step, opens_at=opens, closes_at=closes))
    if not (there := {each.step: each.pk for each in CycleWindow.objects.filter(cycle=cycle, province=None)}):
        CycleWindow.objects.bulk_create(windows)
        return
    for window in windows:
        window.pk = there.get(window.step)
        window.save()


def fill_personal(resident: Resident) -> None:
    """Complete 基本信息, 学习经历 and 证书信息 of a bachelor without a licence, written past the services."""
    BasicInfo.objects.create(
        resident=resident,
        sex="1" if int(resident.id_number[16]) % 2 else "2",
        birth_date=datetime.date.fromisoformat(resident.id_number[6:14]),
        nationality="CHN",
        ethnicity="01",
        hukou_province="33",
        email="chenyutong@example.com",
        emergency_name="陈建国",
        emergency_mobile="13700000001",
        military_status="0",
        language_exam_type="5",
    )
    EducationRecord.objects.create(
        resident=resident,
        level="3",
        is_full_time=True,
        is_enrolled=False,
        school="浙江大学",
        major="临床医学",
        graduation_date=datetime.date(2019, 6, 30),
        education_code="21",
        has_diploma=True,
        diploma_no="103351201905000123",
        diploma_date=datetime.date(2019, 6, 30),
        has_degree=True,
        degree_code="410",
        degree_no="1033542019000123",
        degree_date=datetime.date(2019, 6, 30),
    )
    CertificateInfo.objects.create(resident=resident, passed_qualification_exam=False)


def fill_training(enrollment: Enrollment) -> None:
    """Complete 培训信息 of a resident recruited from society for three years, written past the services."""
    enrollment.specialty_id = "0100"
    enrollment.trainee_type = "3"
    enrollment.is_fresh_graduate = False
    enrollment.is_rural_oriented = False
    enrollment.approved_years = 3
    enrollment.actual_start_date = datetime.date(enrollment.intake_year, 9, 1)
    enrollment.planned_end_date = datetime.date(enrollment.intake_year + 3, 9, 1)
    enrollment.at_partner_unit = False
    enrollment.is_western_support = False
    enrollment.training_complete = True
    enrollment.personal_state = "2"
    enrollment.save()
