"""更正申请 of a 结束, base → province → association: AM-34, AM-25; BR-49."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction
from django.utils import timezone

from bases.corrections import services as corrections
from bases.models import CorrectionRequest, TransferRequest
from bases.records.services import change_status
from portal.models import AuditEvent, Message
from residents.history import timeline
from residents.models import Enrollment, StatusChange
from residents.services.refusals import Refused
from residents.services.states import StateMoved
from residents.services.status import allow_further_training
from review.statistics.cross_table import counted
from tests import factories
from tests.bases.desk import approved, complete, page, reported, told

CERTIFIED, FAILED = "1", "2"


@pytest.fixture
def ended(base, cycle, base_officer, provincial_reviewer):
    """A function: a person whose 结束 with this result is approved, at this base."""

    def make(result, where=base):
        record = complete(where, cycle.year - 1, registered_at=timezone.now())
        approved(record, base_officer, provincial_reviewer)
        Enrollment.objects.filter(pk=record.pk).update(status="4", report_status="0")
        StatusChange.objects.create(
            enrollment=record,
            from_status="1",
            to_status="4",
            reason=f"4{result}",
            effective_date=timezone.localdate(),
            ended_on=timezone.localdate(),
            ended_result=result,
        )
        record.refresh_from_db()
        return record

    return make


def asks(signed_in, officer, record, kind, **more) -> CorrectionRequest:
    form = {"kind": kind, "reason": "省卫健委批准", **more}
    answer = signed_in(officer).post(f"/base/corrections/end/{record.pk}/", form)
    assert "已提交" in told(answer)
    return CorrectionRequest.objects.get(enrollment=record)


def grants(signed_in, asked, reviewer, association) -> None:
    for desk, act in ((reviewer, "confirm"), (association, "apply")):
        shown = page(signed_in(desk).get(f"/review/corrections/{asked.pk}/"))
        assert f"/review/corrections/{asked.pk}/{act}/" in shown
        assert signed_in(desk).post(f"/review/corrections/{asked.pk}/{act}/", {}).status_code == 302
    asked.refresh_from_db()
    assert asked.state == "done"


def test_certified_goes_back_into_training(
    ended, signed_in, base_officer, provincial_reviewer, national_officer
):
    """AM-34: "结业并获证 → 在培 …: 更正申请 base → province → association"; it counts as 结束 until it is approved."""
    record = ended(CERTIFIED)
    approved(record, base_officer, provincial_reviewer)
    assert list(counted(national_officer, "ended", {})) == [record.approved_submission]
    scan = SimpleUploadedFile("../批文.pdf", b"%PDF-1.4 x")
    asked = asks(signed_in, base_officer, record, "reopen", evidence=scan)
    assert asked.state == "province"
    grants(signed_in, asked, provincial_reviewer, national_officer)
    record.refresh_from_db()
    assert (record.status, record.report_status, record.is_live) == ("1", "0", True)
    assert asked.reason in "".join(entry.reason or "" for entry in timeline(record, with_names=True))
    assert list(counted(national_officer, "ended", {})) == [record.approved_submission]
    approved(record, base_officer, provincial_reviewer)
    assert list(counted(national_officer, "current", {})) == [record.approved_submission]
    assert "恢复为“在培”" in page(signed_in(base_officer).get(f"/base/corrections/{asked.pk}/"))
    actions = set(AuditEvent.objects.filter(action__startswith="correction").values_list("action", flat=True))
    assert actions == {"correction_asked", "correction_confirmed", "correction_applied"}


def test_an_end_that_waits_for_review_is_withdrawn_by_it(
    ended, base_officer, provincial_reviewer, national_officer
):
    """BR-83, AM-15: what was reported is no longer what is so."""
    record = reported(ended(CERTIFIED), base_officer)
    asked = corrections.ask_about_end(record.pk, record.base, kind="reopen", reason="录错", by=base_officer)
    corrections.confirm(asked.pk, by=provincial_reviewer)
    corrections.apply(asked.pk, by=national_officer)
    assert record.submissions.order_by("-number").first().outcome == "withdrawn"


def test_finished_person_may_be_trained_again_where_he_was(
    ended, signed_in, base_officer, provincial_reviewer, national_officer
):
    """AM-34: "granting the second marks the 结束 record 不再占用, which is not live"; nobody withdraws him."""
    record = ended(CERTIFIED)
    grants(signed_in, asks(signed_in, base_officer, record, "again"), provincial_reviewer, national_officer)
    record.refresh_from_db()
    assert (record.status, record.is_live) == ("4", False)
    assert "不再占用" in page(signed_in(base_officer).get(f"/base/records/{record.pk}/"))
    new = factories.EnrollmentFactory(resident=record.resident, base=record.base, intake_year=2026)
    assert new.is_live
    # From here on only the database could bring two live records about, and it does not.
    with pytest.raises(Refused, match="不再占用此人"):
        change_status(record.pk, {"status": "1", "effective_date": timezone.localdate()}, by=base_officer)


def test_another_base_asks_by_request_for_transfer(
    ended, signed_in, other_base, other_base_officer, base_officer, provincial_reviewer, national_officer
):
    """AM-34, AM-25: no transfer, which his base could not grant, but an application; his base is told."""
    record = ended(CERTIFIED)
    person = record.resident
    details = {"id_type": "01", "id_number": person.id_number, "full_name": person.full_name}
    client = signed_in(other_base_officer)
    assert "申请再次培训" in page(client.post("/base/transfers/new/", {"act": "find", **details}))
    answer = client.post("/base/transfers/new/", {"act": "ask", "reason": "批准文号", **details})
    assert "已申请再次培训" in told(answer)
    assert not TransferRequest.objects.exists()
    asked = CorrectionRequest.objects.get(base=other_base, enrollment=record, kind="again")
    assert person.id_number not in page(client.get(f"/base/corrections/{asked.pk}/"))
    grants(signed_in, asked, provincial_reviewer, national_officer)
    record.refresh_from_db()
    assert not record.is_live
    assert Message.objects.filter(recipient=base_officer, subject__contains="已准许再次培训").exists()
    assert Message.objects.filter(recipient=other_base_officer, subject__contains="已准许再次培训").exists()


@pytest.mark.parametrize(
    ("status", "result", "offered"),
    [
        ("4", CERTIFIED, ["reopen", "again"]),
        ("4", FAILED, ["again"]),
        ("1", "", []),
        ("2", "", []),
        ("3", "", []),
        ("5", "", []),
    ],
)
def test_only_what_is_open_is_offered(status, result, offered, ended, signed_in, base_officer):
    """AM-34: after a failed or missed exam the base goes on by itself; what has not ended needs no application."""
    record = ended(result or FAILED)
    Enrollment.objects.filter(pk=record.pk).update(status="1")
    Enrollment.objects.filter(pk=record.pk).update(status=status)
    record.refresh_from_db()
    address = f"/base/corrections/end/{record.pk}/"
    client = signed_in(base_officer)
    assert (address in page(client.get(f"/base/records/{record.pk}/"))) == bool(offered)
    assert [each.value for each in corrections.kinds_open(record, record.base)] == offered
    for kind in {"reopen", "again"} - set(offered):
        answer = client.post(address, {"kind": kind, "reason": "x"})
        assert answer.status_code == (422 if offered else 302)
    assert not CorrectionRequest.objects.exists()


def test_another_base_never_reopens(ended, other_base, other_base_officer):
    record = ended(CERTIFIED)
    with pytest.raises(StateMoved):
        corrections.ask_about_end(record.pk, other_base, kind="reopen", reason="x", by=other_base_officer)


def test_one_application_at_a_time_and_a_refusal_reaches_the_base(
    ended, signed_in, base_officer, provincial_reviewer
):
    record = ended(CERTIFIED)
    asked = asks(signed_in, base_officer, record, "again")
    for kind in ("again", "reopen"):
        with pytest.raises(StateMoved, match="正在办理"):
            corrections.ask_about_end(record.pk, record.base, kind=kind, reason="x", by=base_officer)
    assert "正在办理" in told(signed_in(base_officer).get(f"/base/corrections/end/{record.pk}/"))
    refusal = {"refusal-comment": "没有批准文件"}
    signed_in(provincial_reviewer).post(f"/review/corrections/{asked.pk}/refuse/", refusal)
    asked.refresh_from_db()
    assert asked.state == "refused"
    assert Message.objects.filter(recipient=base_officer, subject__contains="未通过").exists()
    assert corrections.ask_about_end(record.pk, record.base, kind="again", reason="补", by=base_officer)


def test_granting_asks_again_what_the_record_is(ended, base_officer, provincial_reviewer, national_officer):
    """The state may have moved while the application went its way."""
    record = ended(FAILED)
    asked = corrections.ask_about_end(record.pk, record.base, kind="again", reason="x", by=base_officer)
    corrections.confirm(asked.pk, by=provincial_reviewer)
    change_status(record.pk, {"status": "1", "effective_date": timezone.localdate()}, by=base_officer)
    with pytest.raises(StateMoved):
        corrections.apply(asked.pk, by=national_officer)


@pytest.mark.parametrize("status", ["1", "2", "3"])
def test_only_an_end_can_be_set_aside(ended, national_officer, status):
    """AM-25: everybody else is let go by 退培; the database refuses it too."""
    record = ended(FAILED)
    Enrollment.objects.filter(pk=record.pk).update(status="1")
    Enrollment.objects.filter(pk=record.pk).update(status=status)
    with pytest.raises(StateMoved, match="结束"):
        allow_further_training(record.pk, reason="x", by=national_officer)
    with pytest.raises(IntegrityError), transaction.atomic():
        Enrollment.objects.filter(pk=record.pk).update(further_training_allowed_at=timezone.now())
