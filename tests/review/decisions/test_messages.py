"""Every decision reaches the right people and leads to the record (GOAL-S4)."""

import pytest
from django.urls import reverse

from bases.models import Submission
from bases.report.services import report
from portal.models import AuditEvent, Message
from residents.models import Enrollment
from residents.services.returns import return_personal
from review.decisions import messages as notifications
from review.decisions.services import approve, return_for_correction, revoke
from tests import factories


@pytest.fixture
def reported(base, cycle, base_officer):
    """A function: so many complete recruits of `base`, reported; their submissions."""

    def make(number: int = 1) -> list[Submission]:
        records = []
        for _ in range(number):
            record = factories.EnrollmentFactory(base=base, intake_year=cycle.year)
            factories.fill_personal(record.resident)
            factories.fill_training(record)
            records.append(record.pk)
        assert report(records, by=base_officer, declared=True).refused == []
        return list(Submission.objects.filter(enrollment__in=records).order_by("pk"))

    return make


def versions(submissions) -> dict[int, int]:
    return {each.pk: each.version for each in submissions}


def box() -> set[tuple[str, str, str]]:
    return set(Message.objects.values_list("recipient__username", "subject", "link"))


def test_return_reaches_the_staff_of_the_base_and_leads_to_the_record(
    reported, base, base_officer, other_base_officer, provincial_reviewer
):
    colleague, left = factories.UserFactory(), factories.UserFactory(is_active=False)
    factories.grant(colleague, base, read_only=True)
    factories.grant(left, base)
    (submission,) = reported()

    return_for_correction(versions([submission]), by=provincial_reviewer, comment="请核对。")

    link = reverse("bases:record", args=[submission.enrollment_id])
    assert box() == {(user.username, "省级审核：陈雨桐退回修改", link) for user in (base_officer, colleague)}
    assert set(Message.objects.values_list("body", flat=True)) == {"退回修改意见：请核对。"}


def test_approval_reaches_the_base_and_the_residents(reported, base_officer, provincial_reviewer, signed_in):
    """One message a base and batch, which opens exactly these, and one for each resident."""
    submissions = reported(3)
    others = reported(1)

    approve(versions(submissions), by=provincial_reviewer)

    residents = {each.enrollment.resident.user.username for each in submissions}
    assert box() == {
        (
            base_officer.username,
            "省级审核：陈雨桐等 3 人审核通过",
            f"{reverse('bases:record-list', args=['intake'])}?year=all&told={AuditEvent.objects.latest('pk').pk}",
        )
    } | {(name, "您的信息已通过省级审核", reverse("residents:home")) for name in residents}
    assert Message.objects.count() == 4
    told = Message.objects.get(recipient=base_officer)
    shown = signed_in(base_officer).get(told.link).context["page"].object_list
    assert {each.pk for each in shown} == {each.enrollment_id for each in submissions}
    assert others[0].enrollment_id not in {each.pk for each in shown}


def test_decision_taken_back_reaches_the_base_and_the_resident(reported, base_officer, provincial_reviewer):
    (submission,) = reported()
    approve(versions([submission]), by=provincial_reviewer)
    Message.objects.all().delete()

    revoke(Submission.objects.get(), by=provincial_reviewer, reason="证书存疑")

    record = Enrollment.objects.get()
    assert box() == {
        (
            base_officer.username,
            "省级审核：陈雨桐审核决定已撤销",
            reverse("bases:record", args=[record.pk]),
        ),
        (
            record.resident.user.username,
            "省级撤销了对您信息的审核决定，请以首页显示的状态为准",
            reverse("residents:home"),
        ),
    }


def test_return_to_the_resident_reaches_him_alone(enrollment, base_officer):
    """BR-45."""
    return_personal(enrollment, {"": ("", "请补充紧急联系人。")}, by=base_officer)
    assert box() == {
        (
            enrollment.resident.user.username,
            "培训基地退回了您的个人信息，请修改后保存",
            reverse("residents:home"),
        )
    }


@pytest.mark.parametrize("number", [1, 3])
def test_messages_of_a_batch_cost_the_same_for_any_number(
    reported, provincial_reviewer, django_assert_num_queries, number
):
    """PAIN-21: twelve queries tell base and residents: staff, then settings, messages, addresses, deliveries for each;
    two find the secretaries of the departments, one the residents' own addresses for mail."""
    submissions = Submission.objects.filter(pk__in=[each.pk for each in reported(number)])
    decided = list(submissions.select_related("enrollment__resident__user"))
    with django_assert_num_queries(13):
        notifications.approved(decided)
