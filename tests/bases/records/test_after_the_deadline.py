"""After a deadline a page names only ways that are open to its reader now (AM-31; BR-39, BR-45, BR-82)."""

import pytest
from django.urls import reverse

from portal.models import Step
from residents.models import Enrollment
from tests.bases.desk import approved, close, complete, page, reported

pytestmark = pytest.mark.django_db


def test_a_waiting_report_that_cannot_be_taken_back_names_the_province(desk, base, cycle, base_officer):
    record = reported(complete(base, cycle.year), base_officer)
    address = reverse("bases:record", args=[record.pk])
    assert "请先“撤回上报”" in page(desk.get(address))
    close(cycle, Step.BASE_FILL, Step.RESIDENT_FILL, Step.REPORT)
    late = page(desk.get(address))
    assert "请先“撤回上报”" not in late
    assert "请联系省级退回" in late
    deletion = page(desk.get(reverse("bases:account-delete", args=[record.pk])))
    assert "请先“撤回上报”" not in deletion


def test_whoever_cannot_answer_is_told_before_an_opinion_is_written(
    desk, base, cycle, base_officer, provincial_reviewer
):
    """GOAL-B14: of two chosen one is in the registry, which is always open; alone the other leaves nothing to write."""
    closed = complete(base, cycle.year)
    still_open = approved(complete(base, cycle.year), base_officer, provincial_reviewer)
    close(cycle, Step.BASE_FILL, Step.RESIDENT_FILL, Step.REPORT)
    address = reverse("bases:return-personal")
    both = page(desk.get(address, {"choice": [closed.pk, still_open.pk]}))
    assert "以下 1 条现在不能退回" in both
    assert "退回 1 条记录的个人信息" in both
    assert f'name="ids" value="{still_open.pk}"' in both
    alone = page(desk.get(address, {"choice": closed.pk}))
    assert closed.resident.full_name in alone
    assert 'name="ids"' not in alone


def test_a_training_workbook_says_what_it_still_can_do(desk, base, cycle):
    address = reverse("bases:import-upload", args=["training", "intake"])
    assert "现在只能更新省级退回的" not in page(desk.get(address))
    close(cycle, Step.BASE_FILL)
    late = page(desk.get(address))
    assert "现在只能更新省级退回的" in late
    assert reverse("bases:extensions") in late


@pytest.mark.parametrize(("status", "is_offered"), [("1", True), ("4", False)])
def test_a_status_page_names_only_what_it_offers(
    desk, base, cycle, base_officer, provincial_reviewer, status, is_offered
):
    record = approved(complete(base, cycle.year), base_officer, provincial_reviewer)
    Enrollment.objects.filter(pk=record.pk).update(status=status)
    shown = page(desk.get(reverse("bases:status-edit", args=[record.pk])))
    assert ("请选“退培”" in shown) is is_offered
