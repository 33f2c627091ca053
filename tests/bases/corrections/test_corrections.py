"""更正证件, the only way to alter an ID: BR-48, BR-70; PAIN-18."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import InternalError, transaction

from bases.corrections import services as corrections
from bases.models import CorrectionRequest
from portal.models import AuditEvent, Message
from portal.roles import Role
from residents.history import timeline
from residents.models import Resident
from residents.services.refusals import Refused
from residents.services.states import StateMoved
from tests import factories
from tests.bases.desk import page, told

PDF = b"%PDF-1.4 x"


@pytest.fixture
def number():
    return factories.id_number(male=False)


@pytest.fixture
def asked(enrollment, base_officer, number):
    values = {"id_type": "01", "id_number": number, "reason": "导入时录错"}
    return corrections.ask(enrollment, values=values, evidence=None, by=base_officer)


@pytest.fixture
def confirmed(asked, provincial_reviewer):
    corrections.confirm(asked.pk, by=provincial_reviewer)
    asked.refresh_from_db()
    return asked


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


def test_lock_holds_for_everything_else(enrollment):
    """BR-48: past the application, too."""
    with pytest.raises(InternalError), transaction.atomic():
        Resident.objects.filter(pk=enrollment.resident_id).update(id_number=factories.id_number())


def test_lock_is_closed_again_after_an_application(confirmed, national_officer, number):
    """The trigger is passed for one statement only."""
    corrections.apply(confirmed.pk, by=national_officer)
    with pytest.raises(InternalError), transaction.atomic():
        Resident.objects.filter(pk=confirmed.resident_id).update(id_number=factories.id_number())


def test_reported_record_shows_the_base_that_data_changed(confirmed, national_officer, enrollment):
    """AM-14."""
    type(enrollment).objects.filter(pk=enrollment.pk).update(report_status="1")
    corrections.apply(confirmed.pk, by=national_officer)
    enrollment.refresh_from_db()
    assert enrollment.has_unreported_update is True


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


def test_number_taken_meanwhile_is_not_applied(confirmed, national_officer, number):
    """PAIN-18: refused when the new number exists; nothing changes, the request still waits."""
    factories.ResidentFactory(id_number=number)
    with pytest.raises(StateMoved, match="另一个账号"):
        corrections.apply(confirmed.pk, by=national_officer)
    confirmed.refresh_from_db()
    assert confirmed.state == "cmda"
    assert confirmed.resident.id_number != number


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


def test_province_refuses_with_words(asked, signed_in, provincial_reviewer, base_officer):
    client, url = signed_in(provincial_reviewer), f"/review/corrections/{asked.pk}/refuse/"
    assert client.post(url, {}).status_code == 422
    client.post(url, {"refusal-comment": "与身份证不符"})
    asked.refresh_from_db()
    assert (asked.state, asked.comment) == ("refused", "与身份证不符")
    assert "与身份证不符" in page(signed_in(base_officer).get(f"/base/corrections/{asked.pk}/"))


def test_order_is_kept(asked, provincial_reviewer, national_officer, signed_in):
    """The association acts after the province only; neither twice."""
    signed_in(national_officer).post(f"/review/corrections/{asked.pk}/apply/", {})
    asked.refresh_from_db()
    assert asked.state == "province"
    corrections.confirm(asked.pk, by=provincial_reviewer)
    with pytest.raises(StateMoved):
        corrections.confirm(asked.pk, by=provincial_reviewer)
    with pytest.raises(StateMoved):
        corrections.refuse(asked.pk, by=provincial_reviewer, comment="改主意")


def test_read_only_reviewer_and_other_province(asked, signed_in, province, other_province_reviewer):
    viewer = factories.UserFactory(role=Role.PROVINCE)
    factories.grant(viewer, province, read_only=True)
    url = f"/review/corrections/{asked.pk}/"
    assert "核实并上报" not in page(signed_in(viewer).get(url))
    assert signed_in(viewer).post(f"{url}confirm/").status_code == 403
    assert signed_in(other_province_reviewer).get(url).status_code == 404
    assert signed_in(other_province_reviewer).post(f"{url}confirm/").status_code == 404
