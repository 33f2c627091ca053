"""The interface takes in recruitment results: GOAL-N3, GOAL-N4, BR-05 … BR-09, AM-01, AM-02; TRUST-30, TRUST-50."""

import datetime
import json
import uuid

import pytest
from django.db import transaction
from django.test import Client
from django.utils import timezone

from bases.models import Province, Submission
from bases.models.organisations import ReportingMode
from bases.report import services as reporting
from bases.report import withdrawal
from portal.models import Step, User
from portal.sign_in.services import issue_initial_code
from residents.models import BasicInfo, EducationRecord, Enrollment, Resident
from residents.openness import personal_entry
from residents.services.deletion import deletion_entry
from residents.services.states import StateMoved
from residents.services.training import save_training
from residents.snapshot import for_check, snapshot_of
from review.api import keys
from review.api.intake import take
from review.api.problems import Refusal
from review.decisions import services as decisions
from review.models import ApiClient, ApiDelivery
from tests import factories
from tests.portal.sign_in.entrances import activation
from tests.review.api.delivered import record

PATH = "/api/v1/recruitments"


@pytest.fixture
def key(make_key):
    return make_key()[1]


def post(key, records, *, idempotency_key=None, **more):
    body = json.dumps({"declared": True, "records": records, **more})
    return Client().post(
        PATH,
        body,
        content_type="application/json",
        headers={
            "Authorization": f"Bearer {key}",
            "Idempotency-Key": idempotency_key or str(uuid.uuid4()),
        },
    )


def outcomes(response):
    return [(each["status"], each["outcome"]) for each in response.json()["results"]]


def said(response, index=0):
    return [(each["field"], each["code"]) for each in response.json()["results"][index]["problems"]]


def test_good_record_becomes_account_record_and_waiting_submission(key, base, cycle, switched):
    """AM-02: data come by API and wait for the province; residents get accounts without a password."""
    sent = record(base, cycle.year, 1)
    response = post(key, [sent])
    assert (response.status_code, outcomes(response)) == (200, [(201, "accepted")])
    person = Resident.objects.get(id_number=sent["account"]["id_number"])
    enrollment = Enrollment.objects.get(resident=person)
    submission = Submission.objects.get(enrollment=enrollment)
    assert (
        enrollment.origin,
        enrollment.base,
        enrollment.report_status,
        enrollment.review_status,
        enrollment.personal_state,
        enrollment.training_complete,
        enrollment.registered_at,
    ) == ("api", base, "1", "1", "2", True, None)
    assert (submission.channel, submission.outcome, submission.declared_true) == ("api", "pending", True)
    assert submission.snapshot["basic"]["email"] == "chenyutong@example.com"
    assert submission.snapshot["education"][0]["school"] == "浙江大学"
    assert submission.snapshot["training"]["planned_end_date"] == f"{cycle.year + 3}-09-01"
    assert not person.user.has_usable_password()
    assert person.user.activated_at is None
    assert response.json()["results"][0]["reference"] == str(enrollment.pk)


def test_good_records_go_in_and_bad_ones_are_named(key, base, cycle, switched):
    """GOAL-N3, BR-36: the same messages as the form, at the field they belong to."""
    bad = record(base, cycle.year, 2, basic={"email": "没有"}, account={"id_number": "330106199503120015"})
    bad["education"][0]["level"] = "本科以上"
    bad["training"].pop("specialty")
    bad["basic"]["religion"] = "无"
    response = post(key, [record(base, cycle.year, 1), bad])
    assert outcomes(response) == [(201, "accepted"), (422, "refused")]
    assert sorted(said(response, 1)) == [
        ("account.id_number", "id_check_digit"),
        ("basic", "field_unknown"),
        ("basic.email", "email_format"),
        ("education", "education_without_bachelor"),
        ("education.0.level", "code_nearest"),
        ("training.specialty", "required"),
    ]
    assert response.json()["counts"] == {"accepted": 1, "refused": 1}
    assert Resident.objects.count() == 1


def test_all_or_nothing_writes_nothing_when_one_is_bad(key, base, cycle, switched):
    """GOAL-N3: a platform may ask for the batch as a whole."""
    bad = record(base, cycle.year, 2, basic={"email": ""})
    response = post(key, [record(base, cycle.year, 1), bad], all_or_nothing=True)
    assert outcomes(response) == [(424, "not_written"), (422, "refused")]
    assert (response.json()["written"], Resident.objects.count()) == (False, 0)


def test_dry_run_judges_and_writes_nothing(key, base, cycle, switched):
    """GOAL-N3: dry run."""
    response = post(key, [record(base, cycle.year, 1)], dry_run=True)
    assert outcomes(response) == [(201, "accepted")]
    assert (response.json()["written"], response.json()["dry_run"], Resident.objects.count()) == (
        False,
        True,
        0,
    )


def test_sandbox_key_writes_nothing_and_works_before_the_switch(make_key, province, base, cycle):
    """BR-06: the joint test precedes the switch; answers say that they are of the sandbox."""
    province.reporting_mode = ReportingMode.DIRECT
    province.save()
    _, sandbox = make_key(is_sandbox=True)
    response = post(sandbox, [record(base, cycle.year, 1)])
    assert outcomes(response) == [(201, "accepted")]
    assert (response.json()["sandbox"], response.json()["written"], Resident.objects.count()) == (
        True,
        False,
        0,
    )


def test_person_at_another_base_is_a_conflict_in_the_words_of_br_49(key, base, other_base, cycle, switched):
    """BR-49: base, year and status are told; the reference of a record in the own province is given."""
    known = factories.EnrollmentFactory(base=other_base, intake_year=cycle.year)
    own = {"id_number": known.resident.id_number, "full_name": known.resident.full_name}
    response = post(key, [record(base, cycle.year, 1, account=own)])
    found = response.json()["results"][0]
    assert (found["status"], found["reference"]) == (409, str(known.pk))
    text = f"此人已在“宁波市第一医院”（{cycle.year}年招收，培训状态：在培），不能重复导入。"
    assert ("account.id_number", text) in [(each["field"], each["text"]) for each in found["problems"]]


def test_person_of_another_province_leaks_no_reference(key, base, cycle, switched):
    """AM-28: no other personal data, no number of a record elsewhere."""
    elsewhere = factories.TrainingBaseFactory(province_id="44", name="广东省人民医院")
    known = factories.EnrollmentFactory(base=elsewhere, intake_year=cycle.year)
    response = post(key, [record(base, cycle.year, 1, account={"id_number": known.resident.id_number})])
    found = response.json()["results"][0]
    assert (found["status"], found["reference"]) == (409, None)
    assert known.resident.mobile not in response.content.decode()


def test_number_under_another_name_tells_nothing_of_its_owner(key, base, other_base, cycle, switched):
    """L21, AM-35: 409 with base, year and status only where the name matches."""
    known = factories.EnrollmentFactory(base=other_base, intake_year=cycle.year)
    own = {"id_number": known.resident.id_number, "full_name": "欧阳静"}
    response = post(key, [record(base, cycle.year, 1, account=own)])
    assert (outcomes(response), said(response)[-1][1]) == ([(409, "duplicate")], "identity_name_differs")
    assert response.json()["results"][0]["reference"] is None
    assert other_base.name not in response.content.decode()


def test_base_of_another_province_does_not_exist_for_the_key(key, cycle, switched):
    """TRUST-30: X's key on Y's data."""
    elsewhere = factories.TrainingBaseFactory(province_id="44")
    response = post(key, [record(elsewhere, cycle.year, 1)])
    assert outcomes(response) == [(422, "refused")]
    assert said(response) == [("training.training_base", "base_unknown")]
    assert Resident.objects.count() == 0


def test_same_person_twice_in_a_batch_goes_in_once(key, base, cycle, switched):
    sent = record(base, cycle.year, 1)
    response = post(key, [sent, sent])
    assert outcomes(response) == [(201, "accepted"), (409, "duplicate")]
    assert Enrollment.objects.count() == 1


def test_same_record_again_changes_nothing_and_a_correction_replaces_it(key, base, cycle, switched):
    """AM-14: a waiting submission is replaced by the corrected one; every record stands once."""
    sent = record(base, cycle.year, 1)
    first = post(key, [sent])
    assert outcomes(post(key, [sent])) == [(200, "unchanged")]
    sent["basic"]["email"] = "new@example.com"
    sent["education"].append(
        {
            "level": "4",
            "is_full_time": True,
            "is_enrolled": True,
            "school": "浙江大学",
            "major": "内科学",
            "degree_type": "1",
        }
        | {"expected_graduation": (timezone.localdate() + datetime.timedelta(days=300)).isoformat()}
    )
    again = post(key, [sent])
    assert outcomes(again) == [(200, "corrected")]
    assert again.json()["results"][0]["reference"] == first.json()["results"][0]["reference"]
    assert list(Submission.objects.order_by("number").values_list("number", "outcome")) == [
        (1, "withdrawn"),
        (2, "pending"),
    ]
    assert (BasicInfo.objects.get().email, EducationRecord.objects.count()) == ("new@example.com", 2)


def test_approved_record_cannot_be_changed_by_the_platform(key, base, cycle, switched, provincial_reviewer):
    """AM-02: approved rows enter the registry, where base and resident keep them."""
    sent = record(base, cycle.year, 1)
    reference = post(key, [sent]).json()["results"][0]["reference"]
    submission = Submission.objects.get()
    decisions.approve({submission.pk: submission.version}, by=provincial_reviewer)
    assert Enrollment.objects.get().registered_at is not None
    sent["basic"]["email"] = "new@example.com"
    found = post(key, [sent]).json()["results"][0]
    assert (found["status"], found["outcome"], found["reference"]) == (409, "duplicate", reference)
    assert BasicInfo.objects.get().email == "chenyutong@example.com"


def test_record_returned_by_the_province_is_corrected_by_the_platform(
    key, base, cycle, switched, provincial_reviewer
):
    """GOAL-N4: a late repetition of what was returned does not report it again; a correction does."""
    sent = record(base, cycle.year, 1)
    post(key, [sent])
    submission = Submission.objects.get()
    decisions.return_for_correction(
        {submission.pk: submission.version}, by=provincial_reviewer, comment="请核对邮箱。"
    )
    again = post(key, [sent])
    assert (outcomes(again), said(again)) == ([(200, "unchanged")], [("", "returned_unchanged")])
    sent["basic"]["email"] = "new@example.com"
    assert outcomes(post(key, [sent])) == [(200, "corrected")]
    assert Enrollment.objects.get().review_status == "1"


def test_record_begun_by_direct_entry_is_taken_over(key, complete_enrollment, base, cycle, switched):
    """BR-08: what a base left open at the switch is delivered by the platform; the person stands once."""
    person = complete_enrollment.resident
    account = {"id_number": person.id_number, "full_name": person.full_name, "mobile": person.mobile}
    response = post(key, [record(base, cycle.year, 1, account=account)])
    assert outcomes(response) == [(200, "corrected")]
    complete_enrollment.refresh_from_db()
    assert (complete_enrollment.origin, complete_enrollment.review_status) == ("api", "1")
    assert Enrollment.objects.count() == 1


def test_activated_account_keeps_the_number_its_owner_is_known_by(key, base, cycle, switched):
    """TRUST-30: a key of a province cannot take over an account by its mobile number."""
    known = factories.EnrollmentFactory(base=base, intake_year=cycle.year)
    account = {"id_number": known.resident.id_number, "full_name": known.resident.full_name}
    response = post(key, [record(base, cycle.year, 1, account=account)])
    assert ("account.mobile", "mobile_kept") in said(response)
    assert (
        Resident.objects.get().mobile
        == known.resident.mobile
        == User.objects.get(pk=known.resident.user_id).mobile
    )


def test_delivery_after_the_deadline_is_refused(key, base, cycle, switched):
    """BR-09: refused after the deadline, in words that name it."""
    now = timezone.now()
    factories.open_windows(
        cycle, **{Step.API_TRANSFER: (now - datetime.timedelta(days=9), now - datetime.timedelta(minutes=1))}
    )
    response = post(key, [record(base, cycle.year, 1)])
    assert (response.status_code, response.json()["code"]) == (403, "transfer_closed")
    assert "截止" in response.json()["detail"]
    assert (Resident.objects.count(), ApiDelivery.objects.count()) == (0, 0)


def test_repetition_gives_the_same_bytes_and_other_content_is_refused(key, base, cycle, switched):
    """GOAL-N4, TRUST-50: same key and body → same answer; other body → error."""
    sent, token = [record(base, cycle.year, 1)], str(uuid.uuid4())
    first = post(key, sent, idempotency_key=token)
    second = post(key, sent, idempotency_key=token)
    assert (first.content, first.status_code) == (second.content, second.status_code)
    assert (first.headers.get("Idempotent-Replayed"), second["Idempotent-Replayed"]) == (None, "true")
    other = post(key, [record(base, cycle.year, 2)], idempotency_key=token)
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_key_reused")
    assert Enrollment.objects.count() == 1


def test_stored_answer_is_kept_for_72_hours_and_forgotten_then(key, base, cycle, switched):
    """GOAL-N4: Idempotency-Key kept at least 72 hours."""
    sent, token = [record(base, cycle.year, 1)], str(uuid.uuid4())
    first = post(key, sent, idempotency_key=token)
    now = timezone.now()
    ApiDelivery.objects.update(received_at=now - datetime.timedelta(hours=71, minutes=59))
    assert post(key, sent, idempotency_key=token).content == first.content
    ApiDelivery.objects.update(received_at=now - datetime.timedelta(hours=72, minutes=1))
    assert outcomes(post(key, sent, idempotency_key=token)) == [(200, "unchanged")]


def test_rotated_key_recognises_the_repetition(make_key, base, cycle, national_officer):
    """GOAL-N4 across a rotation: the successor is the same platform."""
    client, old = make_key()
    sent, token = [record(base, cycle.year, 1)], str(uuid.uuid4())
    first = post(old, sent, idempotency_key=token)
    _, new = keys.rotate(client.pk, by=national_officer)
    assert post(new, sent, idempotency_key=token).content == first.content


def test_queries_do_not_grow_with_the_records(key, base, cycle, switched, django_assert_max_num_queries):
    """Set-wise; three records and thirty cost the same."""
    with django_assert_max_num_queries(95) as few:
        post(key, [record(base, cycle.year, number) for number in range(3)])
    with django_assert_max_num_queries(95) as many:
        post(key, [record(base, cycle.year, number) for number in range(10, 40)])
    assert abs(len(few) - len(many)) <= 4


def test_submission_holds_what_the_database_holds(key, base, cycle, switched):
    """BR-20: the snapshot is made of what was written, not read back; both are the same."""
    sent = record(base, cycle.year, 1, certificate={"passed_qualification_exam": True})
    sent["certificate"] |= {
        "exam_pass_date": f"{cycle.year - 1}-12",
        "has_qualification_cert": False,
        "score_report_type": "1",
    }
    assert outcomes(post(key, [sent])) == [(201, "accepted")]
    enrollment = for_check(Enrollment.objects).get()
    assert Submission.objects.get().snapshot == snapshot_of(enrollment)
    # The score report is a file, which its owner adds himself.
    assert enrollment.personal_state == "1"


def test_history_names_the_interface_and_the_key(make_key, base, cycle):
    """GOAL-S3: who wrote it, by which door."""
    client, key = make_key()
    post(key, [record(base, cycle.year, 1)])
    context = Enrollment.events.rel.related_model.objects.get().pgh_context.metadata
    account = User.objects.get(username="#api-33")
    assert (context["channel"], context["client"], context["user"]) == ("api", client.pk, account.pk)
    assert (account.is_active, account.has_usable_password()) == (False, False)


def test_delivered_records_are_decided_by_the_province_and_touched_by_nobody_else(
    key, base, cycle, switched, provincial_reviewer, base_officer, complete_enrollment
):
    """AM-01: after the switch a base edits, deletes, withdraws nothing; what it had reported is not decided."""
    Province.objects.update(reporting_mode=ReportingMode.DIRECT)
    reporting.report([complete_enrollment.pk], by=base_officer, declared=True)
    Province.objects.filter(pk=switched.pk).update(reporting_mode=ReportingMode.API)
    post(key, [record(base, cycle.year, 1)])
    delivered = Enrollment.objects.select_related("base__province").get(origin="api")
    with pytest.raises(StateMoved, match="已切换为接口传送"):
        save_training(delivered.pk, {"remark": "改"}, by=base_officer)
    with pytest.raises(StateMoved):
        withdrawal.withdraw(delivered.pk, by=base_officer)
    assert not deletion_entry(delivered).is_open
    assert not personal_entry(delivered).is_open
    choices = {row.pk: row.version for row in Submission.objects.filter(outcome="pending")}
    decision = decisions.approve(choices, by=provincial_reviewer)
    assert len(choices) == 2
    assert [row.enrollment_id for row in decision.decided] == [delivered.pk]


def test_switch_during_a_request_refuses_the_batch(key, base, cycle, switched):
    """BR-08: the mode counts when the batch is written, not when the key was looked at."""
    client = ApiClient.objects.select_related("province").get()
    switched.reporting_mode = ReportingMode.DIRECT
    switched.save()
    with pytest.raises(Refusal) as refused, transaction.atomic():
        take(client, [record(base, cycle.year, 1)], dry_run=False, whole=False)
    assert (refused.value.status, refused.value.code, Resident.objects.count()) == (403, "mode_closed", 0)


def test_person_free_to_train_again_keeps_account_number_and_files(key, base, other_base, cycle, switched):
    """AM-20, BR-76: only 退培 frees a person; the further record stands on his account, whose number stays his own."""
    known = factories.EnrollmentFactory(
        base=other_base, intake_year=cycle.year - 1, registered_at=timezone.now()
    )
    factories.fill_personal(known.resident)
    EducationRecord.objects.update(scan="evidence/2026/01/x")
    Enrollment.objects.filter(pk=known.pk).update(status="5")
    account = {"id_number": known.resident.id_number, "full_name": known.resident.full_name}
    sent = record(base, cycle.year, 1, account=account, basic={"email": "new@example.com"})
    response = post(key, [sent])
    assert outcomes(response) == [(201, "accepted")]
    assert said(response) == [("account.id_number", "account_reused"), ("account.mobile", "mobile_kept")]
    further = Enrollment.objects.get(base=base)
    assert (further.origin, further.review_status, further.personal_state, further.specialty_id) == (
        "api",
        "1",
        "2",
        "0100",
    )
    person = Resident.objects.get()
    assert (person.mobile, person.basic.email) == (known.resident.mobile, "new@example.com")
    assert EducationRecord.objects.get().scan.name == "evidence/2026/01/x"
    assert Submission.objects.get(enrollment=further).snapshot == snapshot_of(
        for_check(Enrollment.objects).get(pk=further.pk)
    )


def test_delivered_resident_activates_with_the_code_of_his_base(key, base, cycle, switched, base_officer):
    """AM-02, TRUST-59: the account holds personal data at once: a mobile number alone never opens it."""
    sent = record(base, cycle.year, 1)
    post(key, [sent])
    user = User.objects.get(username=sent["account"]["id_number"])
    Client().post("/activate/", activation(user))
    user.refresh_from_db()
    assert not user.is_activated
    code = issue_initial_code(user, by=base_officer)
    Client().post("/activate/", activation(user, mobile="", code=code))
    user.refresh_from_db()
    assert user.is_activated
