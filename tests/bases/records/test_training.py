"""培训信息, 培训状态, 姓名 as the base writes them: BR-32, BR-56, BR-81, BR-82; AM-07, AM-24, AM-26; PAIN-16, PAIN-19,
PAIN-29; TRUST-36, TRUST-43."""

import datetime

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from bases.models import SpecialtyBase
from bases.records.services import change_status, correct_name, save_training
from portal.models import FormDraft, Step, User
from residents.models import Enrollment, Resident, StatusChange
from residents.services.refusals import EditConflict, Refused
from residents.services.states import StateMoved
from residents.services.training import EDITABLE
from tests import factories
from tests.bases.desk import approved, close, complete, page, reported, state, told

pytestmark = pytest.mark.django_db

FULL = {
    "specialty": "0200",
    "trainee_type": "2",
    "is_fresh_graduate": "True",
    "is_rural_oriented": "False",
    "approved_years": "3",
    "sponsor_name": "台州市第一人民医院",
    "sponsor_uscc": "12330000470051726F",
    "sponsor_is_military": "False",
    "at_partner_unit": "False",
    "is_western_support": "False",
}


@pytest.fixture
def record(enrollment) -> Enrollment:
    return enrollment


def start(record: Enrollment) -> str:
    return f"{record.intake_year}-09-01"


# --- 培训信息 ---------------------------------------------------------------------------------------------------------


def test_save_raw_values_of_the_form_stores_them_clean(record, base_officer):
    """BR-29, BR-56."""
    change, unreported = save_training(
        record.pk, FULL | {"actual_start_date": start(record)}, by=base_officer
    )
    record.refresh_from_db()
    assert record.specialty_id == "0200"
    assert record.actual_start_date == datetime.date(record.intake_year, 9, 1)
    assert (record.sponsor_name, record.sponsor_is_military) == ("台州市第一人民医院", False)
    assert record.is_fresh_graduate is True
    assert record.training_complete is True
    assert change.fields["specialty"] == (None, "0200")
    assert unreported is False


def test_save_part_of_the_fields_is_kept_and_incomplete(record, base_officer):
    """A base may save what it knows; only 上报 needs all (BR-46)."""
    save_training(record.pk, {"trainee_type": "3"}, by=base_officer)
    record.refresh_from_db()
    assert (record.trainee_type, record.training_complete) == ("3", False)


def test_save_computes_the_planned_end_until_it_is_typed(record, base_officer):
    """docs/fields.md#training: start + approved years, and editable."""
    years = {"approved_years": "3", "actual_start_date": start(record)}
    save_training(record.pk, years | {"planned_end_date": ""}, by=base_officer)
    record.refresh_from_db()
    computed = datetime.date(record.intake_year + 3, 9, 1)
    assert record.planned_end_date == computed
    again = {"approved_years": "2", "reduction_reason": "1", "planned_end_date": computed.isoformat()}
    save_training(record.pk, again, by=base_officer)
    record.refresh_from_db()
    assert record.planned_end_date == datetime.date(record.intake_year + 2, 9, 1)
    typed = datetime.date(record.intake_year + 2, 12, 31)
    save_training(record.pk, {"planned_end_date": typed.isoformat()}, by=base_officer)
    save_training(record.pk, {"approved_years": "3", "planned_end_date": typed.isoformat()}, by=base_officer)
    record.refresh_from_db()
    assert record.planned_end_date == typed


def test_save_clears_what_is_no_longer_asked(record, base_officer):
    """docs/fields.md#asked: hidden and cleared."""
    save_training(record.pk, FULL, by=base_officer)
    change, _ = save_training(record.pk, {"trainee_type": "3"}, by=base_officer)
    record.refresh_from_db()
    assert (record.sponsor_name, record.sponsor_uscc, record.sponsor_is_military) == ("", "", None)
    assert change.fields["sponsor_name"] == ("台州市第一人民医院", None)


@pytest.mark.parametrize(
    ("values", "field", "code"),
    [
        ({"specialty": "0300"}, "specialty", "specialty_not_accredited"),
        ({"approved_years": "4"}, "approved_years", "number_range"),
        ({"trainee_type": "单位人"}, "trainee_type", "code_ambiguous"),
        ({"actual_start_date": "2019-2-30"}, "actual_start_date", "date_impossible"),
        (
            {"is_western_support": "True", "ws_from_province": "33"},
            "ws_from_province",
            "western_support_same_province",
        ),
    ],
)
def test_save_what_the_rules_forbid_writes_nothing(record, base_officer, values, field, code):
    """GOAL-S2, docs/architecture.md#three-doors: the rules' own words, whichever door the value came through."""
    with pytest.raises(Refused) as refused:
        save_training(record.pk, values | {"remark": "其余内容"}, by=base_officer)
    assert [problem.code for problem in refused.value.problems[field]] == [code]
    record.refresh_from_db()
    assert (record.remark, record.version) == ("", 0)


def test_save_specialty_of_an_expired_accreditation_is_refused(record, base, base_officer):
    """GOAL-B1: only what the base was accredited for in that intake year."""
    SpecialtyBase.objects.filter(base=base, specialty="0200").update(valid_to=record.intake_year - 1)
    with pytest.raises(Refused):
        save_training(record.pk, {"specialty": "0200"}, by=base_officer)


def test_save_locked_and_foreign_fields_are_ignored(record, base_officer, other_base):
    """BR-56, PAIN-29, TRUST-26: nobody writes them, whatever is sent."""
    before = Enrollment.objects.values().get(pk=record.pk)
    hostile = {
        "intake_year": "2014",
        "training_base": other_base.name,
        "base": other_base.pk,
        "province": "44",
        "program_type": "9",
        "review_status": "2",
        "report_status": "1",
        "status": "5",
        "id_number": "110101199003070011",
        "training_complete": True,
        "registered_at": "2019-01-01",
    }
    change, _ = save_training(record.pk, hostile, by=base_officer)
    assert change.fields == {}
    assert Enrollment.objects.values().get(pk=record.pk) == before


def test_only_fields_of_the_base_are_editable():
    """GOAL-S2: the matrix of owners is the rules' own."""
    assert {"intake_year", "province", "training_base", "program_type"}.isdisjoint(
        field.name for field in EDITABLE
    )


def test_save_another_specialty_in_the_registry_is_refused(
    complete_enrollment, base_officer, provincial_reviewer
):
    """BR-81, PAIN-16."""
    record = approved(complete_enrollment, base_officer, provincial_reviewer)
    with pytest.raises(Refused) as refused:
        save_training(record.pk, {"specialty": "0200"}, by=base_officer)
    assert [problem.code for problem in refused.value.problems["specialty"]] == ["specialty_locked"]
    assert state(record) == ("1", "2")


def test_save_of_an_older_form_is_a_conflict(record, base_officer):
    """TRUST-43: the second of two tabs overwrites nothing silently."""
    save_training(record.pk, {"remark": "甲"}, by=base_officer, expected_version=0)
    with pytest.raises(EditConflict):
        save_training(record.pk, {"remark": "乙"}, by=base_officer, expected_version=0)
    record.refresh_from_db()
    assert record.remark == "甲"
    # The same content from the older tab is no conflict: there is nothing to lose.
    change, _ = save_training(record.pk, {"remark": "甲"}, by=base_officer, expected_version=0)
    assert not change


@pytest.mark.parametrize(
    ("form", "sent"),
    [("training", {"remark": "迟到"}), ("name", {"full_name": "陈雨彤", "reason": "录错"})],
)
def test_form_in_the_grace_is_kept_as_a_draft_and_later_refused(
    record, signed_in, base_officer, cycle, form, sent
):
    """AM-26, AM-37: five minutes after the deadline the content is kept beside the locked record, not in it, and can be
    taken up again where more time is given."""
    client, url = signed_in(base_officer), f"/base/records/{record.pk}/{form}/"
    before = list(Enrollment.objects.values()), list(Resident.objects.values())
    close(cycle, Step.BASE_FILL, ago=datetime.timedelta(minutes=4, seconds=30))
    assert "已存为草稿" in told(client.post(url, sent | {"version": "0"}))
    assert (list(Enrollment.objects.values()), list(Resident.objects.values())) == before
    draft = FormDraft.objects.get()
    assert {name: draft.data[name] for name in sent} == {name: [text] for name, text in sent.items()}

    close(cycle, Step.BASE_FILL, ago=datetime.timedelta(minutes=5, seconds=1))
    client.post(url, dict.fromkeys(sent, "太迟"))
    assert FormDraft.objects.get().data == draft.data

    close(cycle, Step.BASE_FILL, ago=-datetime.timedelta(hours=1))
    assert "恢复" in page(client.get(url))
    assert list(sent.values())[0] in page(client.get(url + "?draft=1"))
    client.post(url, sent | {"version": str(record.version)})
    assert not FormDraft.objects.exists()


def test_save_in_an_api_province_is_refused_in_the_intake_only(
    complete_enrollment, base_officer, provincial_reviewer, province
):
    """BR-08, AM-01."""
    registered = approved(complete_enrollment, base_officer, provincial_reviewer)
    recruit = factories.EnrollmentFactory(base=registered.base, intake_year=registered.intake_year)
    province.reporting_mode = "2"
    province.save()
    with pytest.raises(StateMoved, match="接口传送"):
        save_training(recruit.pk, {"remark": "x"}, by=base_officer)
    assert save_training(registered.pk, {"remark": "x"}, by=base_officer)[0]


def test_reduction_proof_is_judged_by_its_bytes(record, base_officer):
    """TRUST-36; docs/fields.md#training."""
    reduced = {"approved_years": "2", "reduction_reason": "1"}
    fake = SimpleUploadedFile("证明.pdf", b"MZ\x90\x00 program", content_type="application/pdf")
    with pytest.raises(Refused) as refused:
        save_training(record.pk, reduced | {"reduction_proof": fake}, by=base_officer)
    assert [problem.code for problem in refused.value.problems["reduction_proof"]] == ["file_kind"]
    true = SimpleUploadedFile("../../证明.pdf", b"%PDF-1.7 proof", content_type="application/pdf")
    save_training(record.pk, reduced | {"reduction_proof": true}, by=base_officer)
    record.refresh_from_db()
    with record.reduction_proof.open() as kept:
        assert kept.read() == b"%PDF-1.7 proof"
    assert "证明" not in record.reduction_proof.name
    save_training(record.pk, {"remark": "证明保留"}, by=base_officer)
    name = record.reduction_proof.name
    record.refresh_from_db()
    assert record.reduction_proof.name == name


# --- 培训状态 ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def registered(base, cycle, base_officer, provincial_reviewer) -> Enrollment:
    """An approved record of last year's cohort, in training for a good year."""
    return complete_of_last_year(base, cycle, base_officer, provincial_reviewer)


def complete_of_last_year(base, cycle, base_officer, provincial_reviewer) -> Enrollment:
    late = complete(base, cycle.year - 1, origin="late", registered_at=datetime.datetime.now(datetime.UTC))
    return approved(late, base_officer, provincial_reviewer)


def suspend(record: Enrollment, **values) -> dict:
    day = record.actual_start_date + datetime.timedelta(days=100)
    return {
        "status": "3",
        "effective_date": day,
        "reason": "31",
        "suspended_from": day,
        "expected_resume": day + datetime.timedelta(days=60),
        **values,
    }


def test_change_status_writes_the_row_and_the_record(registered, base_officer):
    """BR-32, docs/fields.md#status; the change un-reports (docs/codes.md#status)."""
    values = suspend(registered)
    change, unreported = change_status(registered.pk, values, by=base_officer)
    registered.refresh_from_db()
    assert (registered.status, registered.status_since) == ("3", values["effective_date"])
    assert registered.expected_resume == values["expected_resume"]
    assert (change.from_status, change.to_status, change.reason, change.changed_by) == (
        "1",
        "3",
        "31",
        base_officer,
    )
    assert unreported is True
    assert state(registered) == ("0", "2")


def test_return_to_training_needs_only_the_date(registered, base_officer):
    """BR-82: 暂停 back to 在培 needs no reason; the record forgets the expected resumption."""
    change_status(registered.pk, suspend(registered), by=base_officer)
    day = registered.actual_start_date + datetime.timedelta(days=150)
    change_status(registered.pk, {"status": "1", "effective_date": day}, by=base_officer)
    registered.refresh_from_db()
    assert (registered.status, registered.expected_resume) == ("1", None)
    assert registered.status_changes.count() == 2


@pytest.mark.parametrize(
    ("values", "field", "code"),
    [
        ({"reason": None}, "reason", "required"),
        ({"expected_resume": None}, "expected_resume", "required"),
        ({"reason": "11"}, "reason", "reason_of_other_status"),
        ({"effective_date": datetime.date(2000, 1, 1)}, "effective_date", "before_start"),
        ({"reason": "39", "reason_note": ""}, "reason_note", "required"),
    ],
)
def test_incomplete_or_wrong_change_is_refused(registered, base_officer, values, field, code):
    """docs/fields.md#status: a change is complete or it is not saved."""
    with pytest.raises(Refused) as refused:
        change_status(registered.pk, suspend(registered, **values), by=base_officer)
    assert code in [problem.code for problem in refused.value.problems[field]]
    assert StatusChange.objects.count() == 0


def test_withdrawal_of_an_ended_training_is_refused(registered, base_officer):
    """AM-25, AM-34, docs/codes.md#status."""
    day = registered.actual_start_date + datetime.timedelta(days=120)
    ended = {"status": "4", "effective_date": day, "reason": "41", "ended_on": day, "ended_result": "1"}
    change_status(registered.pk, ended, by=base_officer)
    leave = {
        "status": "5",
        "effective_date": day,
        "reason": "13",
        "withdrawal_kind": "1",
        "destination": "其他医院",
    }
    with pytest.raises(Refused) as refused:
        change_status(registered.pk, leave, by=base_officer)
    assert [problem.code for problem in refused.value.problems["status"]] == ["status_certified"]


def test_reopening_a_person_who_trains_elsewhere_is_refused(registered, other_base, base_officer):
    """docs/codes.md#status: 退培 → 在培 only without a newer live record anywhere."""
    day = registered.actual_start_date + datetime.timedelta(days=10)
    leave = {"status": "5", "effective_date": day, "reason": "11", "destination": other_base.name}
    change_status(registered.pk, leave, by=base_officer)
    factories.EnrollmentFactory(
        resident=registered.resident, base=other_base, intake_year=registered.intake_year
    )
    with pytest.raises(Refused) as refused:
        change_status(
            registered.pk, {"status": "1", "effective_date": day, "reason_note": "误操作"}, by=base_officer
        )
    assert [problem.code for problem in refused.value.problems["status"]] == ["reopen_blocked"]


def test_details_of_a_withdrawal_can_be_corrected(registered, base_officer):
    """AM-10: after the person has gone, only the details can be corrected; the first row stays."""
    day = registered.actual_start_date + datetime.timedelta(days=10)
    leave = {
        "status": "5",
        "effective_date": day,
        "reason": "13",
        "withdrawal_kind": "1",
        "destination": "外省",
    }
    change_status(registered.pk, leave, by=base_officer)
    change, _ = change_status(registered.pk, leave | {"withdrawal_kind": "2"}, by=base_officer)
    assert (change.from_status, change.to_status, change.withdrawal_kind) == ("5", "5", "2")
    assert registered.status_changes.count() == 2
    assert change_status(registered.pk, leave | {"withdrawal_kind": "2"}, by=base_officer) == (None, False)


def test_change_of_status_in_the_intake_is_refused(complete_enrollment, base_officer):
    """docs/fields.md#status: registry only."""
    with pytest.raises(StateMoved):
        change_status(complete_enrollment.pk, suspend(complete_enrollment), by=base_officer)


def test_change_of_status_from_an_older_page_is_a_conflict(registered, base_officer):
    """TRUST-43."""
    registered.refresh_from_db()
    version = registered.version
    save_training(registered.pk, {"remark": "x"}, by=base_officer)
    with pytest.raises(EditConflict):
        change_status(registered.pk, suspend(registered), by=base_officer, expected_version=version)


# --- 姓名 -------------------------------------------------------------------------------------------------------------


def test_correct_name_before_the_first_approval_needs_no_reason(record, base_officer):
    """AM-07; PAIN-08: the dot becomes U+00B7; one name for person, account and lists."""
    change, _ = correct_name(record.pk, " 古丽米热•艾比布力 ", by=base_officer)
    record.resident.refresh_from_db()
    assert change.fields["full_name"] == ("陈雨桐", "古丽米热·艾比布力")
    assert record.resident.full_name == "古丽米热·艾比布力"
    assert record.resident.name_key.startswith("gu li mi re")
    assert User.objects.get(pk=record.resident.user_id).full_name == "古丽米热·艾比布力"


def test_correct_name_after_the_approval_needs_a_reason_and_un_reports(
    complete_enrollment, base_officer, provincial_reviewer
):
    """AM-07: old name, new name and reason in the history."""
    record = approved(complete_enrollment, base_officer, provincial_reviewer)
    with pytest.raises(Refused, match="更正姓名须填写理由"):
        correct_name(record.pk, "陈宇桐", by=base_officer)
    _, unreported = correct_name(record.pk, "陈宇桐", by=base_officer, reason="户口簿更名")
    assert unreported is True
    names = list(record.resident.events.order_by("pgh_id").values_list("full_name", flat=True))
    assert names == ["陈雨桐", "陈宇桐"]
    assert record.resident.events.latest("pgh_id").pgh_context.metadata["reason"] == "户口簿更名"


def test_correct_name_of_a_reported_recruit_is_refused(complete_enrollment, base_officer):
    """AM-15: read-only after 上报."""
    record = reported(complete_enrollment, base_officer)
    with pytest.raises(StateMoved):
        correct_name(record.pk, "陈宇桐", by=base_officer)


@pytest.mark.parametrize("name", ["", "张", "张3", "=cmd()"])
def test_correct_name_to_an_impossible_one_is_refused(record, base_officer, name):
    """docs/fields.md#formats."""
    with pytest.raises(Refused):
        correct_name(record.pk, name, by=base_officer)


def test_who_left_with_gaps_can_be_filled_in_and_reported(base, base_officer, cycle, signed_in):
    """AM-10: the province sees every 退培; what its report needs may be filled in until it is there, and no longer."""
    year = cycle.year - 1
    record = factories.EnrollmentFactory(
        base=base, intake_year=year, origin="late", registered_at=timezone.now()
    )
    leave = {
        "status": "5",
        "effective_date": timezone.localdate(),
        "reason": "13",
        "withdrawal_kind": "1",
        "destination": "辞职",
    }
    change_status(record.pk, leave, by=base_officer)
    desk, form = signed_in(base_officer), f"/base/records/{record.pk}/training/"
    assert form in page(desk.get(f"/base/records/{record.pk}/"))
    days = {"actual_start_date": f"{year}-09-01", "planned_end_date": f"{year + 3}-09-01"}
    save_training(record.pk, FULL | days, by=base_officer)
    assert form not in page(desk.get(f"/base/records/{record.pk}/"))
    assert reported(Enrollment.objects.get(pk=record.pk), base_officer).report_status == "1"
