"""更正证件, the only way to alter an ID: BR-48, BR-70; PAIN-18."""

from dataclasses import replace

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import InternalError, transaction

from bases.corrections import services as corrections
from bases.models import CorrectionRequest
from portal.models import AuditEvent, Message
from residents.history import timeline
from residents.models import Enrollment, Resident
from residents.services.identity_correction import correct_identity
from residents.services.refusals import Refused
from residents.services.states import StateMoved
from residents.standing import AccountRow, Known, standings
from tests import factories
from tests.bases.desk import page, told

PDF = b"%PDF-1.4 x"


def told_to(user) -> int:
    return Message.objects.filter(recipient=user, kind="correction").count()


def test_the_whole_way(
    enrollment, signed_in, base_officer, provincial_reviewer, national_officer, resident, number
):
    """PAIN-18: base → province → association; then identity and login are new, the resident's sessions ended."""
    factories.fill_personal(enrollment.resident)
    password, at_home = resident.password, signed_in(resident)
    assert at_home.get("/resident/").status_code == 200
    form = {
        "id_type": "01",
        "id_number": f" {number.lower()} ",
        "reason": "导入时录错",
        "evidence": SimpleUploadedFile("../证.pdf", PDF),
    }
    base = signed_in(base_officer)
    assert "已提交" in told(base.post(f"/base/corrections/new/{enrollment.pk}/", form))
    asked = CorrectionRequest.objects.get()
    assert (asked.state, asked.new_id_number) == ("province", number)
    assert "证" not in asked.evidence.name
    assert b"".join(base.get(f"/base/corrections/{asked.pk}/file/").streaming_content) == PDF
    assert told_to(provincial_reviewer) == 1

    province = signed_in(provincial_reviewer)
    assert number not in page(province.get(f"/review/corrections/{asked.pk}/"))
    shown = province.post(f"/review/corrections/{asked.pk}/", {"act": "unmask", "purpose": "核对身份证原件"})
    assert number in page(shown)
    province.post(f"/review/corrections/{asked.pk}/confirm/", {"comment": "已核对原件"})
    assert told_to(national_officer) == 1

    signed_in(national_officer).post(f"/review/corrections/{asked.pk}/apply/", {})
    asked.refresh_from_db()
    assert (asked.state, asked.province_by, asked.decided_by) == (
        "done",
        provincial_reviewer,
        national_officer,
    )
    person = Resident.objects.select_related("user", "basic").get(pk=enrollment.resident_id)
    assert (person.id_number, person.user.username, person.user.password) == (number, number, password)
    # Told by the number: 17th digit even.
    assert person.basic.sex == "2"
    assert at_home.get("/resident/").status_code == 302
    assert told_to(base_officer) == told_to(resident) == 1
    assert set(
        AuditEvent.objects.filter(action__startswith="correction").values_list("action", flat=True)
    ) == {
        "correction_asked",
        "correction_confirmed",
        "correction_applied",
    }
    labels = {change.label for entry in timeline(enrollment, with_names=True) for change in entry.changes}
    assert "证件号" in labels


def test_a_corrected_number_still_leads_to_the_person(enrollment, other_base, national_officer, number):
    """AM-35: a base that still has the former number makes no second person; another name is another person, and so is
    everybody once somebody bears that number now."""
    person = enrollment.resident
    row = AccountRow(1, 2026, person.full_name, person.id_type, person.id_number, person.mobile)
    stranger = replace(row, row=2, full_name="欧阳倩倩")
    correct_identity(
        person.pk,
        old=(person.id_type, person.id_number),
        new=("01", number),
        by=national_officer,
        reason="导入时录错",
    )
    found = standings([row, stranger], base_id=enrollment.base_id)
    assert (found[1].known, found[1].resident_id) == (Known.HERE, person.pk)
    assert found[2].known is Known.NOBODY
    assert standings([row], base_id=other_base.pk)[1].known is Known.ELSEWHERE
    factories.ResidentFactory(full_name="欧阳倩倩", id_type=row.id_type, id_number=row.id_number)
    found = standings([row, stranger], base_id=other_base.pk)
    assert (found[1].known, found[2].known) == (Known.NAME_DIFFERS, Known.FREE)


def test_lock_holds_for_everything_else(enrollment):
    """BR-48: past the application, too."""
    with pytest.raises(InternalError), transaction.atomic():
        Resident.objects.filter(pk=enrollment.resident_id).update(id_number=factories.id_number())


@pytest.mark.parametrize("wrong", ["330102199803120020", "12345", ""])
def test_number_obeys_the_rules_of_import(enrollment, signed_in, base_officer, wrong):
    form = {"id_type": "01", "id_number": wrong, "reason": "录错"}
    answer = signed_in(base_officer).post(f"/base/corrections/new/{enrollment.pk}/", form)
    assert answer.status_code == 422
    assert not CorrectionRequest.objects.exists()


def test_same_or_foreign_number_is_refused(enrollment, base_officer, other_resident):
    for taken in (enrollment.resident.id_number, other_resident.username):
        values = {"id_type": "01", "id_number": taken, "reason": "录错"}
        with pytest.raises(Refused):
            corrections.ask(enrollment, values=values, evidence=None, by=base_officer)


def test_large_and_strange_files_are_refused(enrollment, base_officer, number):
    values = {"id_type": "01", "id_number": number, "reason": "录错"}
    for content in (b"MZ", PDF + b"x" * (10 * 1024 * 1024)):
        with pytest.raises(Refused):
            corrections.ask(
                enrollment, values=values, evidence=SimpleUploadedFile("a.pdf", content), by=base_officer
            )


def test_one_request_at_a_time(asked, enrollment, base_officer):
    values = {"id_type": "01", "id_number": factories.id_number(), "reason": "再次"}
    with pytest.raises(StateMoved):
        corrections.ask(enrollment, values=values, evidence=None, by=base_officer)


@pytest.fixture
def moved(base, other_base, cycle):
    """A person who has left `base` and trains at `other_base`: the former record and the present one."""
    former = factories.EnrollmentFactory(
        base=base, intake_year=cycle.year, status="5", registered_at="2026-01-01T00:00Z"
    )
    now = factories.EnrollmentFactory(base=other_base, intake_year=cycle.year, resident=former.resident)
    return former, now


def test_a_former_base_only_reports_a_doubt(
    moved, signed_in, base_officer, other_base_officer, provincial_reviewer, number
):
    """AM-47: "the present base (live enrollment) starts it or is asked; former bases can only report a doubt"."""
    former, now = moved
    values = {"id_type": "01", "id_number": number, "reason": "导入时录错"}
    with pytest.raises(StateMoved):
        corrections.ask(former, values=values, evidence=None, by=base_officer)
    client = signed_in(base_officer)
    shown = page(client.get(f"/base/corrections/new/{former.pk}/"))
    assert "反映证件疑问" in shown
    assert now.base.name not in shown
    sent = client.post(f"/base/corrections/new/{former.pk}/", values | {"text": "留存的复印件与登记的不同"})
    assert "已转给现在的培训基地" in told(sent)
    assert not CorrectionRequest.objects.exists()
    assert told_to(other_base_officer) == told_to(provincial_reviewer) == 1
    link = Message.objects.get(recipient=other_base_officer, kind="correction").link
    assert "申请更正证件" in page(signed_in(other_base_officer).get(link))
    assert corrections.ask(now, values=values, evidence=None, by=other_base_officer).base == now.base


def test_a_person_who_moved_since_is_not_corrected_for_his_former_base(
    asked, other_base, provincial_reviewer, national_officer
):
    """AM-47: whoever has him now is asked; the request is sent back with these words."""
    Enrollment.objects.filter(pk=asked.resident.enrollments.get().pk).update(status="5")
    factories.EnrollmentFactory(base=other_base, resident=asked.resident)
    with pytest.raises(StateMoved, match="退回这条申请"):
        corrections.confirm(asked.pk, by=provincial_reviewer)
    corrections.refuse(asked.pk, by=provincial_reviewer, comment="请由现基地申请")
