"""The page of one record and the decisions taken on it: BR-58, BR-62, BR-63; GOAL-P2, GOAL-P4, GOAL-P5; TRUST-25,
TRUST-28, TRUST-51, TRUST-52."""

import re

import pghistory
import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from bases.models import Submission
from portal.models import AuditEvent, Message
from residents.models import BasicInfo, Enrollment, StatusChange
from residents.snapshot import snapshot_of
from review.decisions.services import approve
from tests import factories
from tests.review.conftest import submit

# Said aloud: tests that look their visitors up by name would count as tests without a database.
pytestmark = pytest.mark.django_db


@pytest.fixture
def reviewer(provincial_reviewer, signed_in):
    return signed_in(provincial_reviewer)


def address(enrollment, act: str = "") -> str:
    return f"/review/records/{enrollment.pk}/{act}"


def seen(submission: Submission, **more) -> dict:
    return {"submission": submission.pk, "version": submission.version, **more}


def outcome(submission: Submission) -> str:
    return Submission.objects.get(pk=submission.pk).outcome


def test_the_difference_to_the_last_approval_comes_first(
    reviewer, pending, base_officer, provincial_reviewer
):
    """GOAL-P2: only what changed, old and new in words, before the whole snapshot."""
    approve({pending.pk: 0}, by=provincial_reviewer)
    submit(Enrollment.objects.get(pk=pending.enrollment_id), base_officer, training={"approved_years": 2})
    answer = reviewer.get(address(pending.enrollment))
    found = [(change.label, change.old, change.new) for change in answer.context["page"].changes]
    assert found == [("核定的培训年限（年）", "3", "2")]
    body = answer.content.decode()
    assert body.index("与上次审核通过相比") < body.index("<dt>证件号")


def test_a_first_report_has_nothing_to_compare_with(reviewer, pending):
    page = reviewer.get(address(pending.enrollment)).context["page"]
    assert (page.compared_with, page.changes, page.may_review) == (None, [], True)


def test_a_revoked_approval_is_not_compared_with(reviewer, pending, provincial_reviewer):
    """The last approved snapshot, not the last decided one."""
    approve({pending.pk: 0}, by=provincial_reviewer)
    reviewer.post(address(pending.enrollment, "revoke/"), seen(pending, reason="误操作"))
    page = reviewer.get(address(pending.enrollment)).context["page"]
    assert (page.shown.number, page.compared_with, page.may_review) == (2, None, True)


def test_an_unreported_record_is_shown_read_only(reviewer, complete_enrollment):
    """BR-58."""
    answer = reviewer.get(address(complete_enrollment))
    page = answer.context["page"]
    assert (page.shown, page.may_review, page.may_revoke) == (None, False, False)
    assert "浙江大学" in answer.content.decode()
    assert "审核通过</button>" not in answer.content.decode()


def test_approval_leads_to_the_next_record_of_the_filtered_queue(reviewer, reported):
    """GOAL-P1: next and previous; the filter stays in the address."""
    first = reported(1, days_ago=5)[0]
    reported(1, days_ago=4, specialty_id="0200")
    third = reported(1, days_ago=3)[0]
    page = reviewer.get(f"{address(first.enrollment)}?specialty=0100").context["page"]
    assert (page.before, page.after) == (None, third.enrollment_id)
    answer = reviewer.post(f"{address(first.enrollment, 'approve/')}?specialty=0100", seen(first))
    assert answer["Location"] == f"/review/records/{third.enrollment_id}/?specialty=0100"
    answer = reviewer.post(f"{address(third.enrollment, 'approve/')}?specialty=0100", seen(third))
    assert answer["Location"] == "/review/?specialty=0100"
    assert (outcome(first), outcome(third)) == ("approved", "approved")


def test_return_with_reasons_and_remarks_on_fields(reviewer, pending, base_officer):
    """GOAL-P4, BR-47: the base reads all of it and is told by a message that leads to the record."""
    answer = reviewer.post(
        address(pending.enrollment, "return/"),
        seen(
            pending,
            comment="请核对。",
            reasons=["06", "07"],
            field_1="training.actual_start_date",
            remark_1="合同写 8 月 20 日",
        ),
    )
    assert answer.status_code == 302
    pending.refresh_from_db()
    assert (pending.outcome, pending.comment, pending.reason_codes) == ("returned", "请核对。", ["06", "07"])
    assert pending.field_comments == {"training.actual_start_date": "合同写 8 月 20 日"}
    body = reviewer.get(address(pending.enrollment)).content.decode()
    assert "核定培训年限或减免依据有误；培训起止时间有误" in body
    assert "培训信息：培训实际开始时间：合同写 8 月 20 日" in body
    message = Message.objects.get(recipient=base_officer)
    assert message.link == f"/base/records/{pending.enrollment_id}/"


@pytest.mark.parametrize(
    ("typed", "faults"),
    [
        ({"comment": "", "reasons": ["07"]}, ["comment"]),
        ({"comment": "x" * 1001, "reasons": ["07"]}, ["comment"]),
        ({"comment": "请核对"}, ["reasons"]),
        ({"comment": "请核对", "reasons": [""]}, ["reasons"]),
        ({"comment": "请核对", "reasons": ["77"]}, ["reasons"]),
        ({"comment": "请核对", "reasons": ["07"], "field_1": "training.remark"}, ["remark_1"]),
        ({"comment": "请核对", "reasons": ["07"], "remark_1": "缺少"}, ["field_1"]),
        (
            {"comment": "请核对", "reasons": ["07"], "field_1": "training.status", "remark_1": "x"},
            ["field_1"],
        ),
    ],
)
def test_a_faulty_return_says_where_and_keeps_what_was_typed(reviewer, pending, typed, faults):
    answer = reviewer.post(address(pending.enrollment, "return/"), seen(pending, **typed))
    assert (answer.status_code, list(answer.context["return_form"].errors)) == (200, faults)
    assert outcome(pending) == "pending"
    assert answer.context["return_form"]["comment"].value() == typed["comment"]


@pytest.mark.parametrize("version", ["1", "", "x", "-1"])
def test_a_stale_page_decides_nothing_and_says_so(reviewer, pending, version):
    """TRUST-46: approval binds to what the reviewer saw."""
    sent = {"submission": pending.pk, "version": version}
    answer = reviewer.post(address(pending.enrollment, "approve/"), sent, follow=True)
    assert "列表打开后该记录已有变化" in answer.content.decode()
    assert outcome(pending) == "pending"


def test_a_decision_on_a_submission_replaced_meanwhile_decides_nothing(reviewer, pending, base_officer):
    """AM-15: withdrawn and reported again between the reviewer's look and his click."""
    Submission.objects.filter(pk=pending.pk).update(
        outcome="withdrawn", decided_by=base_officer, decided_at=pending.reported_at, version=1
    )
    again = submit(pending.enrollment, base_officer)
    answer = reviewer.post(address(pending.enrollment, "approve/"), seen(pending), follow=True)
    assert "已撤回上报" in answer.content.decode()
    assert outcome(again) == "pending"


@pytest.mark.parametrize(
    ("visitor", "look", "act"),
    [
        ("provincial_reviewer", 200, 302),
        ("reading_reviewer", 200, 403),
        ("other_province_reviewer", 404, 404),
        ("national_officer", 200, 403),
        ("base_officer", 403, 403),
        ("resident", 403, 403),
    ],
)
def test_who_may_look_and_who_may_act(request, signed_in, pending, province, visitor, look, act):
    """TRUST-23, TRUST-25: 404 outside scope, 403 where one may look but not act."""
    if visitor == "reading_reviewer":
        user = factories.UserFactory(role="province")
        factories.grant(user, province, read_only=True)
    else:
        user = request.getfixturevalue(visitor)
    client = signed_in(user)
    assert client.get(address(pending.enrollment)).status_code == look
    refused = {
        client.post(address(pending.enrollment, "return/"), seen(pending)).status_code,
        client.post(address(pending.enrollment, "revoke/"), seen(pending, reason="误操作")).status_code,
    }
    assert refused == ({200, 302} if act == 302 else {act})
    assert client.post(address(pending.enrollment, "approve/"), seen(pending)).status_code == act
    assert outcome(pending) == ("approved" if act == 302 else "pending")


def test_a_missing_record_and_a_foreign_one_look_the_same(pending, other_province_reviewer, signed_in):
    """TRUST-25: compare the bodies."""
    client = signed_in(other_province_reviewer)
    foreign, missing = client.get(address(pending.enrollment)), client.get("/review/records/999999999/")
    assert foreign.status_code == missing.status_code == 404

    def body(answer) -> str:
        # The CSRF token and the clock differ from answer to answer.
        return re.sub(r"[A-Za-z0-9]{64}|<time.*?</time>", "", answer.content.decode())

    assert body(foreign) == body(missing)


def test_a_submission_of_another_record_cannot_be_decided_here(reviewer, reported):
    first, second = reported(2)
    assert reviewer.post(address(first.enrollment, "approve/"), seen(second)).status_code == 404
    assert (outcome(first), outcome(second)) == ("pending", "pending")


def test_numbers_are_masked_until_a_purpose_is_given(reviewer, pending):
    """TRUST-51: right + reason + log, for that answer only; TRUST-52: the log holds no number."""
    person = pending.enrollment.resident
    url = address(pending.enrollment)
    assert person.id_number not in reviewer.get(url).content.decode()
    refused = reviewer.post(url, {"act": "unmask", "purpose": ""})
    assert person.id_number not in refused.content.decode()
    shown = reviewer.post(url, {"act": "unmask", "purpose": "核对退培证明"})
    assert person.id_number in shown.content.decode()
    assert person.mobile in shown.content.decode()
    assert person.id_number not in reviewer.get(url).content.decode()
    event = AuditEvent.objects.get(action="unmask")
    assert (event.target_id, event.detail) == (str(pending.enrollment_id), {"purpose": "核对退培证明"})


def test_a_read_only_reviewer_sees_no_full_number(pending, province, signed_in):
    reader = factories.UserFactory(role="province")
    factories.grant(reader, province, read_only=True)
    answer = signed_in(reader).post(address(pending.enrollment), {"act": "unmask", "purpose": "核对材料"})
    assert answer.status_code == 403
    assert AuditEvent.objects.filter(action="unmask").count() == 0


def test_status_and_update_history_are_visible(reviewer, pending, base_officer):
    """BR-63: all updated information."""
    StatusChange.objects.create(enrollment=pending.enrollment, to_status="1", changed_by=base_officer)
    page = reviewer.get(address(pending.enrollment)).context["page"]
    assert [change.get_to_status_display() for change in page.status_changes] == ["在培"]
    assert "审核状态" in {change.label for entry in page.history for change in entry.changes}


@pytest.mark.parametrize("times", [1, 3])
def test_the_page_costs_the_same_with_one_and_three_submissions(
    reviewer, pending, base_officer, provincial_reviewer, times, django_assert_num_queries
):
    last = pending
    for _ in range(times):
        approve({last.pk: 0}, by=provincial_reviewer)
        last = submit(Enrollment.objects.get(pk=pending.enrollment_id), base_officer)
    reviewer.get(address(pending.enrollment))
    with django_assert_num_queries(25):
        reviewer.get(address(pending.enrollment))


def test_evidence_opens_for_those_who_may_see_numbers_and_each_look_is_logged(
    reviewer, pending, province, signed_in, other_province_reviewer
):
    """TRUST-33, TRUST-51: a scan of a certificate shows the whole number."""
    stored = default_storage.save("evidence/2026/11/x", ContentFile(b"%PDF-1.4 proof"))
    content = pending.snapshot | {"training": pending.snapshot["training"] | {"reduction_proof": stored}}
    Submission.objects.filter(pk=pending.pk).update(
        outcome="withdrawn", decided_by=pending.reported_by, decided_at=pending.reported_at
    )
    submit(pending.enrollment, pending.reported_by, content=content)
    url = address(pending.enrollment, "files/training/reduction_proof/0/")
    assert url in reviewer.get(address(pending.enrollment)).content.decode()
    answer = reviewer.get(url)
    assert b"".join(answer.streaming_content) == b"%PDF-1.4 proof"
    assert "attachment" in answer["Content-Disposition"]
    assert AuditEvent.objects.get(action="file").detail["file"] == "training.reduction_proof"
    reader = factories.UserFactory(role="province")
    factories.grant(reader, province, read_only=True)
    assert signed_in(reader).get(url).status_code == 403
    assert signed_in(other_province_reviewer).get(url).status_code == 404
    assert reviewer.get(address(pending.enrollment, "files/training/remark/0/")).status_code == 404


def test_each_change_tells_who_wrote_it_and_through_which_channel(
    reviewer, complete_enrollment, base_officer, provincial_reviewer
):
    """GOAL-P2: source page, Excel or API; a change nobody's event explains says so."""
    record = Enrollment.objects.get(pk=complete_enrollment.pk)
    first = submit(record, base_officer, content=snapshot_of(record))
    approve({first.pk: 0}, by=provincial_reviewer)
    resident = complete_enrollment.resident
    with pghistory.context(user=resident.user_id, role="resident", channel="page"):
        BasicInfo.objects.filter(resident=resident).update(email="new@example.com")
    with pghistory.context(user=base_officer.pk, role="base", channel="import"):
        Enrollment.objects.filter(pk=record.pk).update(approved_years=2)
    again = snapshot_of(Enrollment.objects.get(pk=record.pk))
    again["training"]["remark"] = "未经记录"
    submit(Enrollment.objects.get(pk=record.pk), base_officer, days_ago=-0.001, content=again)
    page = reviewer.get(address(record)).context["page"]
    found = {
        change.path: source and (source.actor, source.role, source.channel)
        for change, source in page.changes_with_sources
    }
    assert found == {
        "basic.email": (resident.full_name, "住院医师", "网页"),
        "training.approved_years": (base_officer.full_name, "培训基地", "表格导入"),
        "training.remark": None,
    }


def test_a_revocation_and_its_reason_are_visible_to_the_base(
    reviewer, pending, base_officer, provincial_reviewer, signed_in
):
    """GOAL-P5: on the record's page, and by a message that leads there."""
    approve({pending.pk: 0}, by=provincial_reviewer)
    pending.refresh_from_db()
    reviewer.post(address(pending.enrollment, "revoke/"), seen(pending, reason="退培材料不全"))
    body = signed_in(base_officer).get(f"/base/records/{pending.enrollment_id}/").content.decode()
    assert "审核已撤销" in body
    assert "退培材料不全" in body
    told = Message.objects.get(recipient=base_officer, kind="revoked")
    assert (told.link, "退培材料不全" in told.body) == (f"/base/records/{pending.enrollment_id}/", True)
