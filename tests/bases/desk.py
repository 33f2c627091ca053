"""States of a record that the desk's tests start from, reached through the services themselves."""

import datetime

from django.utils import timezone

from bases.report.services import report
from portal.models import CycleWindow, Step
from residents.models import Enrollment
from review.decisions.services import approve, return_for_correction
from tests import factories


def complete(base, year: int, **values) -> Enrollment:
    """A new recruit of the base with complete personal and training info."""
    enrollment = factories.EnrollmentFactory(base=base, intake_year=year, **values)
    factories.fill_personal(enrollment.resident)
    factories.fill_training(enrollment)
    return enrollment


def approved(enrollment: Enrollment, officer, reviewer) -> Enrollment:
    """Report and approve it: from then on it is in the registry."""
    reported(enrollment, officer)
    submission = enrollment.submissions.get(outcome="pending")
    assert approve({submission.pk: submission.version}, by=reviewer).decided
    enrollment.refresh_from_db()
    return enrollment


def returned(enrollment: Enrollment, officer, reviewer, **comments) -> Enrollment:
    reported(enrollment, officer)
    submission = enrollment.submissions.get(outcome="pending")
    choice = {submission.pk: submission.version}
    comments = {"comment": "培训开始时间有误，请核对。", **comments}
    assert return_for_correction(choice, by=reviewer, **comments).decided
    enrollment.refresh_from_db()
    return enrollment


def reported(enrollment: Enrollment, officer) -> Enrollment:
    result = report([enrollment.pk], by=officer, declared=True, untouched=[enrollment.pk])
    assert result.reported == [enrollment.pk], result
    enrollment.refresh_from_db()
    return enrollment


def close(cycle, *steps: Step, ago: datetime.timedelta = datetime.timedelta(hours=1)) -> None:
    """Let these windows of the cycle have ended some time ago."""
    CycleWindow.objects.filter(cycle=cycle, step__in=steps).update(closes_at=timezone.now() - ago)


def reopen(cycle, step, *, until):
    """This step has more time; the others stay closed."""
    CycleWindow.objects.filter(cycle=cycle, step=step).update(closes_at=until)


def state(enrollment: Enrollment) -> tuple[str, str]:
    """(上报状态, 审核状态) as the database holds them now."""
    enrollment.refresh_from_db()
    return enrollment.report_status, enrollment.review_status


def page(response) -> str:
    """The body of a page that opened."""
    assert response.status_code == 200, response
    return response.content.decode()


def told(response) -> str:
    """The messages a redirect leaves for the next page."""
    assert response.status_code == 302, response.status_code
    return "".join(str(message) for message in response.wsgi_request._messages)
