"""集中更新 works every year: all sections, all four told of it (BR-14, AM-04, AM-42; Y8)."""

import datetime

import pytest
from django.utils import timezone

from bases.deadlines.messages import DAYS_BEFORE, remind_of_deadlines
from portal.calendar import INTAKE_STEPS, last_moment
from portal.models import Message, Step
from residents.completeness import PERSONAL
from residents.models import Enrollment
from residents.services.lock import carry_out_locks
from residents.services.personal import confirm_unchanged, save_block
from residents.updating import update_of
from review.funnel.provinces import Progress
from review.funnel.updates import Line
from tests import factories
from tests.bases.desk import close, page

pytestmark = pytest.mark.django_db


@pytest.fixture
def record(base, cycle):
    """A resident of the registry with all sections complete, in the second year: the intake is locked."""
    made = factories.EnrollmentFactory(
        base=base,
        intake_year=cycle.year - 1,
        registered_at=timezone.now() - datetime.timedelta(days=300),
        personal_state="2",
        personal_changed_at=timezone.now(),
    )
    factories.fill_personal(made.resident)
    factories.fill_training(made)
    close(cycle, *INTAKE_STEPS)
    carry_out_locks()
    cycle.refresh_from_db()
    assert cycle.locked_at is not None
    return made


def stale(desk) -> int:
    return desk.get("/base/records/registry/?todo=stale").context["page"].paginator.count


def numbers(client, **asked) -> tuple[int, int]:
    total = client.get("/review/funnel/updates/", asked).context["total"]
    return total.asked, total.done


def test_one_section_of_four_is_not_all(
    record, cycle, signed_in, base_officer, provincial_reviewer, national_officer
):
    """BR-14: base, province and association see the same progress, the resident how far he is and until when."""
    base, province = signed_in(base_officer), signed_in(provincial_reviewer)
    home = signed_in(record.resident.user)
    assert update_of(province_id="33").has_begun
    for number, section in enumerate(PERSONAL):
        assert (stale(base), numbers(base), numbers(province)) == (1, (1, 0), (1, 0))
        text = page(home.get("/resident/"))
        assert f"已确认 {number} / 4" in text
        assert f"{cycle.year} 年信息集中更新" in text
        assert confirm_unchanged(record, section, cycle, by=record.resident.user)
    assert (stale(base), numbers(base), numbers(province)) == (0, (1, 1), (1, 1))
    assert numbers(signed_in(national_officer)) == (1, 1)
    assert "已全部确认" in page(home.get("/resident/"))


def test_a_saved_section_needs_no_confirmation(record, cycle):
    user = record.resident.user
    for section in PERSONAL[1:]:
        confirm_unchanged(record, section, cycle, by=user)
    assert not Enrollment.objects.filter(resident__confirmations__section="basic").exists()
    save_block(record, "basic", {"email": "new@example.com"}, by=user)
    assert Enrollment.objects.filter(resident__confirmations__section="basic").count() == 1


@pytest.mark.parametrize("days", DAYS_BEFORE)
def test_they_and_their_bases_are_reminded_in_the_second_year(record, cycle, base_officer, days):
    """AM-04, GOAL-S4."""
    nine = timezone.localtime().replace(hour=9, minute=0, second=0, microsecond=0)
    end = nine.replace(hour=0) + datetime.timedelta(days=days + 1)
    cycle.windows.filter(step=Step.REGISTRY_UPDATE).update(closes_at=end)
    remind_of_deadlines(nine)
    (told,) = Message.objects.filter(recipient=record.resident.user, subject__contains="集中更新")
    assert f"{cycle.year}年集中更新" in told.subject
    (told,) = Message.objects.filter(recipient=base_officer, subject__contains="集中更新")
    assert "还有 1 人没有逐项确认" in told.subject


def test_last_years_confirmation_does_not_count_this_year(record, cycle, signed_in, base_officer):
    for section in PERSONAL:
        confirm_unchanged(record, section, cycle, by=record.resident.user)
    assert stale(signed_in(base_officer)) == 0
    ahead = factories.CycleFactory(year=cycle.year + 1)
    factories.open_windows(ahead)
    close(cycle, Step.REGISTRY_UPDATE)
    assert stale(signed_in(base_officer)) == 1


def test_the_year_asked_for_says_its_own_days(
    record, cycle, signed_in, provincial_reviewer, national_officer
):
    """AM-42, BR-14: while two years run the page of either names the time of that one."""
    later = factories.CycleFactory(year=cycle.year + 1)
    factories.open_windows(later, days_left=33)
    for each in (cycle, later):
        window = each.windows.get(step=Step.REGISTRY_UPDATE)
        for user in (provincial_reviewer, national_officer):
            text = page(signed_in(user).get("/review/funnel/updates/", {"year": each.year}))
            assert f"至 {last_moment(window.closes_at)}（截止后仍可更新）" in text


def test_one_share_is_rounded_one_way():
    """GOAL-P13: progress and update say the same of the same numbers; 100 is said of all alone."""
    numbers = [(1, 37, 3), (27, 154, 18), (0, 5, 0), (5, 5, 100), (1999, 2000, 99), (0, 0, None)]
    for done, asked, percent in numbers:
        assert Line("", "", asked, done).percent == percent
        assert Progress("", "", asked, 0, 0, 0, 0, done, 0).approved_percent == percent
