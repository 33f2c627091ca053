"""A session of one's province and residents who are due in it."""

from datetime import timedelta

import pytest
from django.core.files.base import ContentFile
from django.utils import timezone

from residents.models import Enrollment
from review.exams import services
from tests import factories
from tests.review.conftest import submit


@pytest.fixture
def session(province, provincial_reviewer, base, base_officer, cycle):
    today = timezone.localdate()
    return services.create(
        {
            "province": province,
            "year": today.year,
            "name": f"{today.year} 年结业考核",
            "due_until": today + timedelta(days=30),
            "confirm_until": today + timedelta(days=10),
        },
        by=provincial_reviewer,
    )


@pytest.fixture
def resident(base, base_officer, provincial_reviewer, cycle):
    """A function: one more resident whose training ends now and who lacks nothing, unless `more` says so."""

    def make(**more) -> Enrollment:
        today = timezone.localdate()
        record = factories.EnrollmentFactory(
            base=base, intake_year=cycle.year - 3, registered_at=timezone.now(), origin="legacy"
        )
        factories.fill_personal(record.resident)
        factories.fill_training(record)
        submitted = submit(record, base_officer)
        person = record.resident
        person.certificate.__class__.objects.filter(pk=person.certificate.pk).update(
            passed_qualification_exam=True, has_qualification_cert=True
        )
        if not more.pop("without_photo", False):
            person.basic.photo.save("photo.jpg", ContentFile(f"photo {person.pk}".encode()))
        type(submitted).objects.filter(pk=submitted.pk).update(
            outcome="approved", decided_by=provincial_reviewer, decided_at=timezone.now()
        )
        values = {
            "approved_submission": submitted,
            "report_status": "1",
            "review_status": "2",
            "personal_state": "2",
            "training_complete": True,
            "actual_start_date": today - timedelta(days=3 * 365),
            "planned_end_date": today,
        } | more
        Enrollment.objects.filter(pk=record.pk).update(**values)
        record.refresh_from_db()
        return record

    return make
