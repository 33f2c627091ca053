"""Reported records for the tests of review: submissions in the shape in which a base reports them."""

import datetime

import pytest
from django.utils import timezone

from bases.models import Submission
from bases.models.organisations import ReportingMode
from residents.models import Enrollment
from review.api import keys
from tests import factories


def snapshot(enrollment: Enrollment, **training) -> dict:
    """A frozen snapshot as in Submission.snapshot: blocks of field identifiers, codes and ISO dates."""
    person = enrollment.resident
    return {
        "identity": {
            "intake_year": enrollment.intake_year,
            "full_name": person.full_name,
            "id_type": person.id_type,
            "id_number": person.id_number,
            "mobile": person.mobile,
        },
        "basic": {"sex": "1", "birth_date": "1995-03-12", "nationality": "CHN", "email": "chen@example.com"},
        "education": [
            {
                "level": "3",
                "school": "浙江大学",
                "major": "临床医学",
                "has_degree": True,
                "degree_code": "410",
            }
        ],
        "work": {},
        "certificate": {"passed_qualification_exam": False},
        "training": {
            "specialty": "0100",
            "trainee_type": "3",
            "approved_years": 3,
            "actual_start_date": f"{enrollment.intake_year}-09-01",
            "planned_end_date": f"{enrollment.intake_year + 3}-09-01",
            **training,
        },
        "status": {"status": "1"},
    }


def submit(
    enrollment: Enrollment,
    by,
    *,
    days_ago: float = 1,
    training: dict | None = None,
    content: dict | None = None,
    **columns,
) -> Submission:
    """Report one record past the base's desk: the pending submission and the enrollment's state."""
    last = Submission.objects.filter(enrollment=enrollment).order_by("-number").first()
    values = {
        "specialty_id": enrollment.specialty_id or "0100",
        "trainee_type": enrollment.trainee_type or "3",
        "status": enrollment.status,
        "approved_years": 3,
        "sex": "1",
        "highest_education": "3",
        "highest_degree": "410",
        "is_fresh_graduate": False,
        "is_rural_oriented": False,
        "is_western_support": False,
    }
    submission = Submission.objects.create(
        enrollment=enrollment,
        module=enrollment.module,
        number=last.number + 1 if last else 1,
        turn=last.turn + 1 if last else 1,
        province=enrollment.base.province,
        base=enrollment.base,
        intake_year=enrollment.intake_year,
        snapshot=content or snapshot(enrollment, **(training or {})),
        declared_true=True,
        reported_by=by,
        **(values | {"reported_at": timezone.now() - datetime.timedelta(days=days_ago)} | columns),
    )
    Enrollment.objects.filter(pk=enrollment.pk).update(report_status="1", review_status="1", specialty="0100")
    enrollment.refresh_from_db()
    return submission


@pytest.fixture
def pending(complete_enrollment, base_officer):
    """One reported recruit of the base of `base_officer`, waiting for review."""
    return submit(complete_enrollment, base_officer)


@pytest.fixture
def reported(base, base_officer, cycle):
    """A function: n more reported recruits of the same base, waiting for review."""

    def make(number: int, **more) -> list[Submission]:
        found = []
        for place in range(number):
            person = factories.ResidentFactory(full_name=f"学员{'甲乙丙丁戊己庚辛壬癸'[place % 10]}")
            enrollment = factories.EnrollmentFactory(resident=person, base=base, intake_year=cycle.year)
            found.append(submit(enrollment, base_officer, **more))
        return found

    return make


@pytest.fixture
def switched(province):
    province.reporting_mode = ReportingMode.API
    province.save()
    return province


@pytest.fixture
def make_key(switched, national_officer):
    def make(province=switched, **more):
        values = {
            "name": "省平台",
            "scopes": ["deliver", "results"],
            "addresses": [],
            "is_sandbox": False,
            "expires_at": timezone.now() + datetime.timedelta(days=90),
            "by": national_officer,
        }
        return keys.create(province, **values | more)

    return make


@pytest.fixture
def national(signed_in, national_officer):
    """A browser of an officer of the association."""
    return signed_in(national_officer)
