"""A revocation is shown as one, with who, when and why; nowhere as a report that nobody made (GOAL-P5)."""

import importlib
import re

import pgtrigger
import pytest
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from bases.models import Submission
from residents.models import Enrollment
from residents.snapshot import snapshot_of
from review.decisions.services import approve, return_for_correction, revoke
from review.queue import lists
from tests.database import as_owner
from tests.review.conftest import submit

pytestmark = pytest.mark.django_db


def decided(submission, by, kind: str) -> Submission:
    choice = {submission.pk: submission.version}
    if kind == "approved":
        approve(choice, by=by)
    else:
        return_for_correction(choice, by=by, comment="请核对。")
    return Submission.objects.get(pk=submission.pk)


def found(user, turn: str) -> list[int]:
    return list(lists.pending(user, {"turn": turn}).values_list("pk", flat=True))


def texts_of(signed_in, base_officer, reviewer, enrollment) -> dict[str, str]:
    """Every page that lists or shows the reports of the record, in text."""
    desk, review = signed_in(base_officer), signed_in(reviewer)
    pages = {
        "base's record": desk.get(reverse("bases:record", args=[enrollment.pk])),
        "review's record": review.get(reverse("review:record", args=[enrollment.pk])),
        "queue": review.get(reverse("review:queue")),
    }
    for each in enrollment.submissions.all():
        address = reverse("bases:submission", args=[enrollment.pk, each.number])
        pages[f"report {each.number}"] = desk.get(address)
    return {name: re.sub(r"\s+", " ", page.content.decode()) for name, page in pages.items()}


def test_a_revoked_first_report_is_still_the_first(signed_in, pending, base_officer, provincial_reviewer):
    again = revoke(decided(pending, provincial_reviewer, "approved"), by=provincial_reviewer, reason="点错了")
    assert (again.turn, again.is_put_back) == (1, True)
    assert found(provincial_reviewer, "again") == []
    assert found(provincial_reviewer, "first") == [again.pk]
    pages = texts_of(signed_in, base_officer, provincial_reviewer, pending.enrollment)
    assert {name for name, text in pages.items() if "第 2 次" in text} == set()
    assert "首次" in pages["queue"]
    assert "撤销审核后重新待审核" in pages["queue"]
    for name in ("base's record", "review's record", "report 1"):
        assert re.search(
            rf"已撤销“审核通过”（\d{{4}}-\d\d-\d\d \d\d:\d\d {provincial_reviewer.full_name}）：点错了",
            pages[name],
        ), name
    assert "撤销审核决定后，原上报内容重新待审核" in pages["report 2"]


def test_a_later_report_stays_a_later_one_and_the_next_goes_on_from_there(
    signed_in, complete_enrollment, base_officer, provincial_reviewer
):
    """However often decisions are revoked, the turns count what the base has sent."""
    content = snapshot_of(complete_enrollment)
    first = submit(complete_enrollment, base_officer, content=content)
    for _ in range(3):
        first = revoke(
            decided(first, provincial_reviewer, "returned"), by=provincial_reviewer, reason="看错了人"
        )
        assert (first.turn, found(provincial_reviewer, "again")) == (1, [])
    decided(first, provincial_reviewer, "returned")
    second = submit(Enrollment.objects.get(pk=complete_enrollment.pk), base_officer, content=content)
    assert (second.turn, second.number) == (2, 5)
    assert found(provincial_reviewer, "again") == [second.pk]
    assert found(provincial_reviewer, "untouched") == [second.pk]
    third = revoke(decided(second, provincial_reviewer, "returned"), by=provincial_reviewer, reason="误操作")
    assert (third.turn, found(provincial_reviewer, "again")) == (2, [third.pk])


def test_what_a_base_must_answer_after_a_revocation_says_that_it_is_one(
    signed_in, pending, base_officer, provincial_reviewer
):
    approved = decided(pending, provincial_reviewer, "approved")
    Enrollment.objects.filter(pk=pending.enrollment_id).update(report_status="0")
    assert revoke(approved, by=provincial_reviewer, reason="专业有误") is None
    page = signed_in(base_officer).get(reverse("bases:record", args=[pending.enrollment_id]))
    text = page.content.decode()
    assert "省级撤销审核决定" in text
    assert "专业有误" in text
    assert "省级退回修改意见" not in text


def test_a_report_that_lapsed_at_the_lock_waits_no_more(
    signed_in, pending, base_officer, provincial_reviewer
):
    Enrollment.objects.filter(pk=pending.enrollment_id).update(lapsed_at=timezone.now())
    pages = texts_of(signed_in, base_officer, provincial_reviewer, pending.enrollment)
    for name in ("base's record", "review's record"):
        assert "未审核，锁定失效" in pages[name], name


@pytest.mark.django_db(transaction=True)  # a migration works as the owner
def test_revocations_from_before_are_told_in_the_same_way(pending, base_officer, provincial_reviewer):
    """The migration: what stood in the comment becomes who, when and why, and no copy counts as a report."""
    first = decided(pending, provincial_reviewer, "approved")
    again = revoke(first, by=provincial_reviewer, reason="点错了")
    migration = importlib.import_module("bases.migrations.0023_revocations_so_far")
    with as_owner(), pgtrigger.ignore("bases.Submission:snapshot_is_frozen"):
        Submission.objects.filter(pk=first.pk).update(
            revoked_by=None,
            revoked_at=None,
            revocation_reason="",
            comment="请核对。\n已撤销“退回修改”（2026-01-02 03:04 周某）：点错了",
        )
        Submission.objects.filter(pk=again.pk).update(turn=1, is_put_back=False)
        decided(again, provincial_reviewer, "returned")
        later = submit(Enrollment.objects.get(pk=pending.enrollment_id), base_officer)
        Submission.objects.filter(pk=later.pk).update(turn=1)
        with connection.cursor() as cursor:
            for statement in (migration.REVOKED, migration.PUT_BACK, migration.TURNS):
                cursor.execute(statement)
    told = Submission.objects.get(pk=first.pk)
    assert (told.comment, told.revoked_by, told.revocation_reason) == (
        "请核对。",
        provincial_reviewer,
        "点错了",
    )
    turns = Submission.objects.order_by("number").values_list("turn", "is_put_back")
    assert list(turns) == [(1, False), (1, True), (2, False)]
