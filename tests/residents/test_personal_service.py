"""The only writer of a resident's own blocks (BR-41, BR-53, BR-55, BR-64, BR-78; AM-07, AM-14, AM-26; GOAL-R4, GOAL-R6;
PAIN-22, PAIN-24, PAIN-29)."""

import datetime

import pytest
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from bases.report.services import report
from portal.models import CycleWindow, Step, User
from residents.models import BasicInfo, CertificateInfo, EducationRecord, Enrollment, Resident
from residents.services.personal import (
    Closed,
    Conflict,
    delete_education,
    save_block,
    save_education,
)
from residents.services.refusals import EditConflict, Refused
from residents.snapshot import values_of
from tests import factories


def state(enrollment) -> str:
    return Enrollment.objects.get(pk=enrollment.pk).personal_state


def counts(model) -> int:
    return model.events.rel.related_model.objects.count()


# --- saving ----------------------------------------------------------------------------------------------------------


def test_incomplete_block_is_saved_and_the_base_sees_it_at_once(save, enrollment):
    """BR-53: no submit; 填写中 after the first save (docs/codes.md#states)."""
    result = save("basic", {"email": " ZhangSan@example.com "})

    assert set(result.changed) == {"email", "sex", "birth_date"}
    assert BasicInfo.objects.get().email == "ZhangSan@example.com"
    assert state(enrollment) == "1"


def test_complete_blocks_make_personal_info_complete(
    save, enrollment, resident, basic_values, education_values
):
    save("basic", basic_values)
    save_education(enrollment, None, education_values, by=resident)
    assert state(enrollment) == "1"
    save("certificate", {"passed_qualification_exam": "False"})
    assert state(enrollment) == "2"

    save("basic", {"email": ""})
    assert state(enrollment) == "1"


def test_id_card_tells_sex_and_birth_date_whatever_is_sent(save, resident):
    """GOAL-R6, PAIN-24."""
    number = resident.resident.id_number
    save("basic", {"sex": "2", "birth_date": "1970-01-01", "qq": "123456"})

    basic = BasicInfo.objects.get()
    assert (basic.sex, f"{basic.birth_date:%Y%m%d}") == ("1", number[6:14])


def test_passport_holder_types_sex_and_birth_date(base, cycle):
    person = factories.ResidentFactory(id_type="03", id_number="E12345678", full_name="ANNA LI")
    record = factories.EnrollmentFactory(resident=person, base=base, intake_year=cycle.year)

    save_block(record, "basic", {"sex": "2", "birth_date": "1994-02-03"}, by=person.user)

    basic = BasicInfo.objects.get()
    assert (basic.sex, basic.birth_date) == ("2", datetime.date(1994, 2, 3))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("full_name", "王五"),
        ("id_type", "03"),
        ("id_number", "E12345678"),
        ("role", "cmda"),
        ("base", "1"),
        ("status", "5"),
        ("review_status", "2"),
        ("resident", "1"),
        ("version", "99"),
    ],
)
def test_fields_the_resident_does_not_own_are_never_written(save, enrollment, name, value):
    """BR-48, BR-52; AM-07; PAIN-29; TRUST-26."""
    before = (Resident.objects.values().get(), Enrollment.objects.values().get(), User.objects.values().get())

    result = save("basic", {name: value})

    assert name not in result.changed
    after = (Resident.objects.values().get(), Enrollment.objects.values().get(), User.objects.values().get())
    ignored = {"personal_state", "personal_changed_at", "state_since"}
    assert [{k: v for k, v in row.items() if k not in ignored} for row in after] == [
        {k: v for k, v in row.items() if k not in ignored} for row in before
    ]


def test_mobile_is_one_for_person_and_account(save, resident):
    save("basic", {"mobile": "+86 139-1234-5678"})

    assert Resident.objects.get().mobile == "13912345678"
    assert User.objects.get(pk=resident.pk).mobile == "13912345678"


def test_blank_mobile_is_refused(save, resident):
    """The number proves who activates or resets the account."""
    with pytest.raises(Refused) as refusal:
        save("basic", {"mobile": " "})

    assert list(refusal.value.problems) == ["mobile"]
    assert not BasicInfo.objects.exists()


def test_wrong_values_are_refused_with_the_rules_words_and_nothing_is_written(save):
    with pytest.raises(Refused) as refusal:
        save("basic", {"email": "nobody", "qq": "12345", "postcode": "3100"})

    assert sorted(refusal.value.problems) == ["email", "postcode"]
    assert not BasicInfo.objects.exists()


def test_warnings_let_a_save_pass(save):
    """PAIN-25."""
    result = save("basic", {"mobile": "13700000001", "emergency_mobile": "13700000001"})

    assert [problem.code for problem in result.warnings["emergency_mobile"]] == ["emergency_mobile_is_own"]
    assert BasicInfo.objects.get().emergency_mobile == "13700000001"


@pytest.mark.parametrize(
    ("answers", "kept"),
    [
        ({"language_exam_type": "5"}, []),
        ({"language_exam_type": "4"}, ["language_cert_date", "language_cert_no", "language_other"]),
        (
            {"language_exam_type": "1", "english_level": "3"},
            ["english_level", "language_cert_date", "language_cert_no"],
        ),
        ({"language_exam_type": "1", "english_level": "1"}, ["english_level"]),
        ({"language_exam_type": ""}, []),
    ],
)
def test_fields_no_longer_asked_are_cleared(save, answers, kept):
    """docs/fields.md#basic: hidden and cleared, whatever a browser still sends."""
    sent = {
        "english_level": "2",
        "language_other": "日语N1",
        "language_cert_no": "N1A123456",
        "language_cert_date": "2018-12-01",
    }
    save("basic", {"language_exam_type": "1", "english_level": "2", "language_cert_no": "12345678"})

    save("basic", {**sent, **answers})

    basic = values_of(BasicInfo.objects.get(), "basic")
    assert sorted(name for name in sent if basic[name] is not None) == kept


def test_unreadable_value_is_no_fault_where_it_is_not_asked(save):
    """docs/fields.md#asked: hidden and cleared. The page hides the field, so its author could not see what is wrong."""
    save("certificate", {"passed_qualification_exam": "False", "license_no": "坏*", "exam_pass_date": "?"})

    stored = CertificateInfo.objects.get()
    assert (stored.passed_qualification_exam, stored.license_no, stored.exam_pass_date) == (False, "", None)


def test_not_passed_clears_the_whole_certificate_block(save):
    """docs/fields.md#certificate: 否 ⇒ all below cleared."""
    passed = {
        "passed_qualification_exam": "True",
        "exam_pass_date": "2019-08",
        "has_qualification_cert": "False",
        "score_report_type": "1",
    }
    save("certificate", passed)
    assert CertificateInfo.objects.get().exam_pass_date == datetime.date(2019, 8, 1)

    save("certificate", {**passed, "passed_qualification_exam": "False"})

    values = values_of(CertificateInfo.objects.get(), "certificate")
    assert {name: value for name, value in values.items() if value is not None} == {
        "passed_qualification_exam": False
    }


def test_save_without_change_writes_nothing(save, basic_values, enrollment):
    """PAIN-19."""
    save("basic", basic_values)
    before = (BasicInfo.objects.values().get(), Enrollment.objects.values().get(), counts(BasicInfo))

    result = save("basic", basic_values)

    assert result.changed == ()
    after = (BasicInfo.objects.values().get(), Enrollment.objects.values().get(), counts(BasicInfo))
    assert after == before


def test_save_leaves_the_version_of_the_record_to_the_base(save, enrollment):
    """BR-64: both work at the same time."""
    save("basic", {"email": "a@example.com"})

    assert Enrollment.objects.get(pk=enrollment.pk).version == enrollment.version


@pytest.mark.parametrize("who", ["base_officer", "other_resident", "national_officer"])
def test_nobody_but_the_person_writes_his_blocks(request, enrollment, who):
    """BR-41, docs/codes.md#rights."""
    with pytest.raises(PermissionDenied):
        save_block(enrollment, "basic", {"email": "a@example.com"}, by=request.getfixturevalue(who))

    assert not BasicInfo.objects.exists()


# --- two tabs --------------------------------------------------------------------------------------------------------


def test_second_tab_gets_both_values(save):
    """GOAL-R4: no silent overwrite."""
    save("basic", {"email": "first@example.com", "qq": "12345"})
    with pytest.raises(Conflict) as conflict:
        save("basic", {"email": "second@example.com", "qq": "12345"}, expected_version=0)

    assert conflict.value.fields == {"email": ("first@example.com", "second@example.com")}
    assert conflict.value.version == 1
    assert BasicInfo.objects.get().email == "first@example.com"


def test_second_tab_with_the_same_values_is_no_conflict(save, basic_values):
    save("basic", basic_values)

    assert save("basic", basic_values, expected_version=0).changed == ()


# --- windows ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def closing(enrollment):
    closes = timezone.now() + datetime.timedelta(hours=1)
    CycleWindow.objects.filter(step=Step.RESIDENT_FILL).update(closes_at=closes)
    return closes


@pytest.mark.parametrize(
    ("late", "in_grace"),
    [(datetime.timedelta(0), True), (datetime.timedelta(minutes=4, seconds=59), True)]
    + [(datetime.timedelta(minutes=5), False)],
)
def test_save_after_the_deadline_is_refused(save, closing, late, in_grace):
    """BR-55, AM-26."""
    with pytest.raises(Closed) as closed:
        save("basic", {"email": "late@example.com"}, now=closing + late)

    assert closed.value.opening.in_grace is in_grace
    assert not BasicInfo.objects.exists()


def test_save_in_the_last_second_is_taken(save, closing):
    save("basic", {"email": "just@example.com"}, now=closing - datetime.timedelta(seconds=1))

    assert BasicInfo.objects.get().email == "just@example.com"


def test_returned_record_stays_open_until_the_review_ends(save, enrollment, closing):
    """AM-03, PAIN-17."""
    Enrollment.objects.filter(pk=enrollment.pk).update(review_status="3")

    assert save("basic", {"email": "a@example.com"}, now=closing + datetime.timedelta(days=2)).changed


def test_registry_is_always_open(save, enrollment, closing):
    """BR-80."""
    Enrollment.objects.filter(pk=enrollment.pk).update(registered_at=timezone.now())

    assert save("basic", {"email": "a@example.com"}, now=closing + datetime.timedelta(days=200)).changed


def test_withdrawn_record_is_closed(save, enrollment):
    """AM-20: the old base keeps a read-only copy."""
    Enrollment.objects.filter(pk=enrollment.pk).update(status="5")

    with pytest.raises(Closed):
        save("basic", {"email": "a@example.com"})


# --- 上报 ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def reported(complete_enrollment, base_officer):
    report([complete_enrollment.pk], by=base_officer, declared=True)
    return Enrollment.objects.get(pk=complete_enrollment.pk)


def test_save_after_report_keeps_it_reported_and_shows_the_update(reported):
    """AM-14: 300,000 residents must not be able to empty the review queues."""
    save_block(reported, "basic", {"email": "new@example.com"}, by=reported.resident.user)

    now = Enrollment.objects.get(pk=reported.pk)
    assert (now.report_status, now.review_status, now.has_unreported_update) == ("1", "1", True)


def test_change_taken_back_is_no_unreported_update(reported):
    person = reported.resident.user
    save_block(reported, "basic", {"email": "new@example.com"}, by=person)
    save_block(reported, "basic", {"email": "chenyutong@example.com"}, by=person)

    assert Enrollment.objects.get(pk=reported.pk).has_unreported_update is False


def test_save_before_report_is_no_unreported_update(complete_enrollment):
    save_block(complete_enrollment, "basic", {"qq": "654321"}, by=complete_enrollment.resident.user)

    assert Enrollment.objects.get(pk=complete_enrollment.pk).has_unreported_update is False


# --- 学习经历 --------------------------------------------------------------------------------------------------------


def test_enrolled_level_follows_the_level(enrollment, resident):
    save_education(
        enrollment, None, {"level": "4", "is_enrolled": "True", "enrolled_level": "5"}, by=resident
    )
    row = EducationRecord.objects.get()
    assert row.enrolled_level == "4"

    save_education(enrollment, row.pk, {"is_enrolled": "False"}, by=resident)
    assert EducationRecord.objects.get().enrolled_level == ""


def test_finished_study_clears_and_enrolled_study_does_not_ask_for_certificates(
    enrollment, resident, education_values
):
    save_education(enrollment, None, {**education_values, "is_enrolled": "True"}, by=resident)

    values = values_of(EducationRecord.objects.get(), "education")
    cleared = ("graduation_date", "has_diploma", "diploma_no", "has_degree", "degree_code", "degree_no")
    assert [values[name] for name in cleared] == [None] * len(cleared)
    assert values["school"] == "浙江大学"


def test_same_level_twice_is_refused_but_a_second_bachelor_only_warned(
    enrollment, resident, education_values
):
    """docs/fields.md#education."""
    save_education(enrollment, None, education_values, by=resident)
    again = save_education(enrollment, None, {**education_values, "major": "口腔医学"}, by=resident)
    assert [problem.code for problem in again.warnings["level"]] == ["second_bachelor"]

    save_education(enrollment, None, {"level": "4"}, by=resident)
    with pytest.raises(Refused) as refusal:
        save_education(enrollment, None, {"level": "4", "school": "复旦大学"}, by=resident)
    assert list(refusal.value.problems) == ["level"]


def test_sixth_level_is_refused(enrollment, resident):
    for level in "12345":
        save_education(enrollment, None, {"level": level}, by=resident)
    with pytest.raises(Refused):
        save_education(enrollment, None, {"school": "浙江大学"}, by=resident)

    assert EducationRecord.objects.count() == 5


def test_row_of_somebody_else_does_not_exist(enrollment, resident, other_resident):
    theirs = EducationRecord.objects.create(resident=other_resident.resident, level="3")

    with pytest.raises(EducationRecord.DoesNotExist):
        save_education(enrollment, theirs.pk, {"level": "4"}, by=resident)
    with pytest.raises(EducationRecord.DoesNotExist):
        delete_education(enrollment, theirs.pk, by=resident)
    assert EducationRecord.objects.get().level == "3"


def test_deleted_row_stays_in_the_history(complete_enrollment):
    person = complete_enrollment.resident.user
    row = EducationRecord.objects.get()
    with pytest.raises(EditConflict):
        delete_education(complete_enrollment, row.pk, by=person, expected_version=row.version + 1)

    delete_education(complete_enrollment, row.pk, by=person, expected_version=row.version)

    events = EducationRecord.events.rel.related_model.objects.values_list("pgh_label", flat=True)
    assert sorted(events) == ["delete", "insert"]
    assert state(complete_enrollment) == "1"
