"""The review workbench (GOAL-P10, GOAL-P11): machine checks beside the record, the person's other records, a decision
taken back, the clean ones apart."""

import datetime
import re

import pytest
from django.utils import timezone

from bases.models import Submission
from bases.report.services import report
from portal.models import AuditEvent
from residents.models import BasicInfo, Enrollment
from review.models import QualityFinding, QualityMark
from review.queue.filters import QueueFilter
from tests import factories

QUEUE = "/review/"
ODD = "emergency_mobile_is_own"


@pytest.fixture
def reviewer(provincial_reviewer, signed_in):
    return signed_in(provincial_reviewer)


@pytest.fixture
def waiting(base, cycle, base_officer):
    """Two records waiting: nothing to look at in the first, the family's number is the person's own in the second."""
    rows = []
    for _ in range(2):
        row = factories.EnrollmentFactory(base=base, intake_year=cycle.year)
        factories.fill_personal(row.resident)
        factories.fill_training(row)
        rows.append(row)
    BasicInfo.objects.filter(resident=rows[1].resident).update(emergency_mobile=rows[1].resident.mobile)
    ids = [row.pk for row in rows]
    assert report(ids, by=base_officer, declared=True).reported == ids
    return [Submission.objects.get(enrollment=pk) for pk in ids]


def page(response) -> str:
    return re.sub(r"\s+", " ", response.content.decode())


def listed(answer) -> set[int]:
    return {row.pk for row in answer.context["page"].rows}


def find(submission: Submission) -> QualityFinding:
    return QualityFinding.objects.create(
        kind="same_person",
        subject=f"e{submission.enrollment_id}",
        enrollment_id=submission.enrollment_id,
        base_id=submission.base_id,
        intake_year=submission.intake_year,
        detail="姓名和出生日期相同的另有 1 人。",
        fingerprint="x",
    )


def test_warnings_of_the_check_are_kept_with_the_report_and_told_with_their_meaning(reviewer, waiting):
    """GOAL-P10: what the machine found stands on the page, with words; the clean record says so too."""
    clean, odd = waiting
    assert ODD in odd.hints
    body = page(reviewer.get(f"/review/records/{odd.enrollment_id}/"))
    assert "系统核对" in body
    assert "紧急联系人" in body
    assert "项请看" in body
    assert "无提醒" in page(reviewer.get(f"/review/records/{clean.enrollment_id}/"))


def test_no_choice_of_the_hints_stands_twice(provincial_reviewer):
    """Two checks with one title are one choice, and it finds what either of them has said."""
    for group, said in QueueFilter(provincial_reviewer, {}).fields["hints"].choices:
        if isinstance(said, list):
            labels = [label for _, label in said]
            assert [each for each in labels if labels.count(each) > 1] == [], group


def test_queue_shows_clean_ones_apart_and_by_kind(reviewer, waiting):
    """GOAL-P11: 无提醒, 有提醒, by check; a finding of the quality list counts until it is marked 已核实."""
    clean, odd = waiting
    assert listed(reviewer.get(f"{QUEUE}?hints=none")) == {clean.pk}
    assert listed(reviewer.get(f"{QUEUE}?hints=some")) == {odd.pk}
    assert listed(reviewer.get(f"{QUEUE}?hints={ODD}")) == {odd.pk}

    finding = find(clean)
    assert listed(reviewer.get(f"{QUEUE}?hints=none")) == set()
    assert listed(reviewer.get(f"{QUEUE}?hints=quality:same_person")) == {clean.pk}
    QualityMark.objects.create(
        kind=finding.kind,
        subject=finding.subject,
        fingerprint=finding.fingerprint,
        reason="已核对两人证件",
        marked_by=clean.reported_by,
    )
    assert listed(reviewer.get(f"{QUEUE}?hints=none")) == {clean.pk}


def test_all_clean_ones_of_a_filter_are_approved_and_the_others_wait(reviewer, waiting):
    """GOAL-P11."""
    clean, odd = waiting
    order = {"act": "approve", "range": "all", "loaded_at": timezone.now().isoformat(), "confirmed": "1"}
    reviewer.post(f"{QUEUE}queue/bulk/?hints=none", order)

    assert Submission.objects.get(pk=clean.pk).outcome == "approved"
    assert Submission.objects.get(pk=odd.pk).outcome == "pending"


def test_what_was_reported_before_warnings_were_kept_is_not_without(reviewer, reported):
    earlier = reported(1)[0]
    assert earlier.hints is None
    assert listed(reviewer.get(f"{QUEUE}?hints=none")) == set()
    assert listed(reviewer.get(f"{QUEUE}?hints=some")) == {earlier.pk}


def decide(reviewer, submission: Submission, act: str = "approve", **more):
    sent = {"submission": submission.pk, "version": submission.version, **more}
    return reviewer.post(f"/review/records/{submission.enrollment_id}/{act}/", sent, follow=True)


def test_decision_is_taken_back_within_thirty_seconds(reviewer, waiting):
    """GOAL-P10: the next page tells of it and offers the way back; once."""
    clean, _ = waiting
    answer = decide(reviewer, clean)
    assert f"/review/records/{clean.enrollment_id}/take-back/" in page(answer)
    assert "take-back" not in page(reviewer.get(QUEUE))

    decide(reviewer, clean, "take-back")
    assert [
        row.outcome for row in Submission.objects.filter(enrollment=clean.enrollment_id).order_by("pk")
    ] == [
        "revoked",
        "pending",
    ]
    assert AuditEvent.objects.filter(action="revoke").count() == 1


def test_later_or_anothers_decision_is_not_taken_back_so(reviewer, waiting, base_officer):
    clean, _ = waiting
    decide(reviewer, clean)
    Submission.objects.filter(pk=clean.pk).update(decided_at=timezone.now() - datetime.timedelta(seconds=31))
    assert "30 秒内" in page(decide(reviewer, clean, "take-back"))
    Submission.objects.filter(pk=clean.pk).update(decided_at=timezone.now(), decided_by=base_officer)
    assert "30 秒内" in page(decide(reviewer, clean, "take-back"))
    assert Submission.objects.get(pk=clean.pk).outcome == "approved"


def test_other_records_of_the_person_are_named_and_only_ones_own_are_links(
    reviewer, waiting, other_base, other_province
):
    """AM-28: base, year and state may be known; the record itself only within the scope."""
    clean, _ = waiting
    person = clean.enrollment.resident
    elsewhere = factories.TrainingBaseFactory(province_id=other_province.pk)
    Enrollment.objects.filter(pk=clean.enrollment_id).update(status="5")
    rows = [
        factories.EnrollmentFactory(resident=person, base=where, intake_year=2019, status="5")
        for where in (other_base, elsewhere)
    ]
    body = page(reviewer.get(f"/review/records/{clean.enrollment_id}/"))

    assert f'href="/review/records/{rows[0].pk}/"' in body
    assert elsewhere.name in body
    assert f'href="/review/records/{rows[1].pk}/"' not in body


def test_one_key_decides_and_evidence_opens_beside(reviewer, waiting):
    """GOAL-P10: a, r, u, j; the letters are the person's choice."""
    clean, _ = waiting
    body = page(reviewer.get(f"/review/records/{clean.enrollment_id}/"))
    assert 'id="approve" data-key="a"' in body
    assert 'data-key="r"' in body
    assert "decision-bar" in body
