"""AM-03, AM-42, GOAL-P8: pages of base and province say first what can be done, of which year and until when."""

import datetime

import pytest
from django.urls import reverse
from django.utils import timezone

from portal.calendar import opening
from portal.models import CycleWindow, Extension, Step
from residents.openness import report_entry
from tests import factories
from tests.bases.desk import close, complete, reported, returned

pytestmark = pytest.mark.django_db
PAGES = [reverse("bases:desk"), reverse("bases:record-list", args=["intake"])]


def bands_of(client, address):
    answer = client.get(address)
    return answer.context["bands"], " ".join(answer.content.decode().split())


def test_after_the_report_what_is_left_is_named(
    base, cycle, base_officer, provincial_reviewer, national_officer, signed_in
):
    """Those returned until the end of the review, single people in their own time; by the openings of the acts."""
    back = returned(complete(base, cycle.year), base_officer, provincial_reviewer)
    alone, other = complete(base, cycle.year), complete(base, cycle.year)
    close(cycle, Step.RESIDENT_FILL, Step.BASE_FILL, Step.REPORT)
    until = timezone.now() + datetime.timedelta(days=3)
    Extension.objects.create(
        cycle=cycle, step=Step.REPORT, enrollment=alone, until=until, reason="病", granted_by=national_officer
    )
    ends = opening(cycle, Step.REVIEW, province_id=base.province_id).closes_at
    assert [report_entry(row).closes_at for row in (back, alone)] == [ends, until]
    assert not report_entry(other).is_open
    for address in PAGES:
        (band,), text = bands_of(signed_in(base_officer), address)
        assert (band.label, band.is_open, band.may_extend) == (f"{cycle.year}年招收信息", True, True)
        over, first, second = band.parts
        assert (over.closes_at, "已于" in over.words) == (None, True)
        assert (first.closes_at, "省级退回的 1 人" in first.words) == (ends, True)
        assert (second.closes_at, "的 1 人" in second.words) == (until, True)
        assert f'href="/base/extensions/new/?year={cycle.year}"' in text


def test_a_step_far_off_is_not_named_beside_an_open_one(base, cycle, base_officer, signed_in):
    """Next year's filling in is open, its report opens in ten months: nothing is asked for that yet."""
    close(cycle, *(Step.RESIDENT_FILL, Step.BASE_FILL, Step.REPORT, Step.REVIEW))
    ahead = factories.CycleFactory(year=cycle.year + 1)
    factories.open_windows(ahead, days_left=60)
    later = timezone.now() + datetime.timedelta(days=300)
    CycleWindow.objects.filter(cycle=ahead, step__in=[Step.REPORT, Step.REVIEW]).update(
        opens_at=later, closes_at=later + datetime.timedelta(days=30)
    )
    (band,), text = bands_of(signed_in(base_officer), PAGES[0])
    assert (band.year, band.is_open, band.may_extend) == (ahead.year, True, False)
    (part,) = band.parts
    assert part.closes_at == opening(ahead, Step.BASE_FILL, province_id=base.province_id).closes_at
    assert "“培训基地上报”将于" not in text
    # Nothing of the year open: then the next opening is the news.
    close(ahead, Step.RESIDENT_FILL, Step.BASE_FILL)
    (band,), text = bands_of(signed_in(base_officer), PAGES[0])
    assert (band.year, band.is_open) == (ahead.year, False)
    assert "“培训基地上报”将于" in text


def test_a_report_that_waits_is_not_among_those_left(base, cycle, base_officer, signed_in):
    reported(complete(base, cycle.year), base_officer)
    close(cycle, Step.RESIDENT_FILL, Step.BASE_FILL, Step.REPORT)
    (band,), _ = bands_of(signed_in(base_officer), PAGES[0])
    assert (band.is_open, len(band.parts)) == (False, 1)


def test_the_province_reads_of_which_year_and_no_year_far_off(base, cycle, provincial_reviewer, signed_in):
    ahead = factories.CycleFactory(year=cycle.year + 1)
    factories.open_windows(ahead, days_left=60)
    later = timezone.now() + datetime.timedelta(days=300)
    CycleWindow.objects.filter(cycle=ahead, step=Step.REVIEW).update(
        opens_at=later, closes_at=later + datetime.timedelta(days=30)
    )
    client = signed_in(provincial_reviewer)
    (only,) = client.get(reverse("review:queue")).context["deadlines"]
    assert only[0] == f"{cycle.year}年招收信息省级审核"
    close(cycle, *(Step.RESIDENT_FILL, Step.BASE_FILL, Step.REPORT, Step.REVIEW))
    answer = client.get(reverse("review:queue"))
    assert f"{ahead.year}年“省级审核”将于" in answer.content.decode()
