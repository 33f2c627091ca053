"""Which module takes a person now, and that no refusal points to a door that is closed (AM-31, AM-48; BR-56, BR-69)."""

from datetime import timedelta

import pytest
from django.utils import timezone

from bases.imports import services as imports
from bases.imports.worker import apply_batch
from portal.calendar import INTAKE_STEPS
from portal.models import Extension, Step
from residents.models import Enrollment, StatusChange
from residents.services.deletion import delete_enrollment, restoring_entry
from residents.services.lock import carry_out_locks, locks_at
from tests import factories
from tests.bases.conftest import account_line, counts, problem_codes
from tests.bases.desk import approved, close, complete

pytestmark = pytest.mark.django_db


def line_of(record, **values):
    person = record.resident
    return account_line(full_name=person.full_name, id_number=person.id_number, **values)


def withdrawn(record, reason="11"):
    Enrollment.objects.filter(pk=record.pk).update(status="5")
    StatusChange.objects.create(
        enrollment=record,
        from_status="1",
        to_status="5",
        reason=reason,
        effective_date=timezone.localdate(),
        destination="其他培训基地",
        withdrawal_kind="" if reason in ("11", "12") else "1",
    )
    return record


def lock_now(cycle):
    close(cycle, *INTAKE_STEPS)
    carry_out_locks()


def codes(batch):
    return {code for found in problem_codes(batch).values() for _, code in found}


def test_lapsed_recruit_of_this_year_is_taken_by_the_registry_at_once(imported, other_base, base, cycle):
    """AM-31 (a), L13, L14: any base adds him after the lock; account and personal info are kept (AM-05, AM-20)."""
    lapsed = factories.EnrollmentFactory(base=other_base, intake_year=cycle.year)
    factories.fill_personal(lapsed.resident)
    lock_now(cycle)
    batch = imported([line_of(lapsed)], module="registry")
    assert counts(batch) == (1, 1, 0, 0)
    new = Enrollment.objects.get(base=base)
    assert (new.resident, new.intake_year, new.module) == (lapsed.resident, cycle.year, "registry")
    assert new.personal_state == "2"


def test_person_never_imported_is_taken_by_the_registry_after_the_lock(imported, cycle):
    """AM-31 (a): whoever was forgotten."""
    lock_now(cycle)
    assert counts(imported([account_line()], module="registry")) == (1, 1, 0, 0)


def test_between_import_and_lock_the_refusal_names_the_day_the_registry_opens(checked, base, cycle):
    """AM-31: the registry opens at the lock of this base, and the message says when."""
    close(cycle, Step.RESIDENT_FILL, Step.BASE_FILL, Step.REPORT)
    batch = checked([account_line()], module="registry")
    assert problem_codes(batch) == {2: [("A2", "intake_year_before_lock")]}
    locks = timezone.localtime(locks_at(cycle, province_id=base.province_id, base_id=base.pk))
    text = batch.rows.get().problems[0]["text"] + batch.rows.get().problems[0]["repair"]
    assert text.count(f"{locks.year}年{locks.month}月{locks.day}日 {locks:%H:%M}") == 2
    assert "招收信息管理”" not in text.replace("住院医师信息管理", "")


def test_while_import_is_open_the_refusal_leads_to_the_intake_which_takes_him(checked, imported):
    """AM-31: the message's way is walked and succeeds."""
    line = account_line()
    assert codes(checked([line], module="registry")) == {"intake_year_still_open"}
    assert counts(imported([line], module="intake")) == (1, 1, 0, 0)


def test_before_the_intake_opens_the_refusal_names_its_day(checked, cycle):
    soon = timezone.now() + timedelta(days=3)
    factories.open_windows(cycle, base_fill=(soon, soon + timedelta(days=9)))
    batch = checked([account_line()], module="registry")
    assert codes(batch) == {"intake_year_not_open_yet"}
    day = timezone.localtime(soon)
    assert f"{day.month}月{day.day}日" in batch.rows.get().problems[0]["repair"]


def test_base_of_an_api_province_is_told_the_day_and_never_sent_to_the_closed_intake(checked, base, cycle):
    """AM-31 with BR-08: direct entry is closed there, so only the registry's day helps."""
    base.province.reporting_mode = "2"
    base.province.save()
    assert codes(checked([account_line()], module="registry")) == {"intake_year_before_lock"}


def test_extension_of_one_base_keeps_its_registry_closed_and_no_other(
    checked, base, other_base, cycle, base_officer
):
    """AM-31: locked for this base, however long others are open."""
    close(cycle, *INTAKE_STEPS)
    Extension.objects.create(
        cycle=cycle,
        step=Step.BASE_FILL,
        base=other_base,
        until=timezone.now() + timedelta(days=2),
        reason="系统故障",
        granted_by=base_officer,
    )
    assert codes(checked([account_line()], module="registry")) == set()
    at_other = checked([account_line()], module="registry", at=other_base)
    assert codes(at_other) == {"intake_year_still_open"}


def test_lock_moment_is_that_of_the_lapse(base, cycle, enrollment):
    """AM-31, AM-05: the registry opens when the recruits lapse, not a moment sooner or later."""
    moment = locks_at(cycle, province_id=base.province_id, base_id=base.pk)
    carry_out_locks(moment - timedelta(seconds=1))
    enrollment.refresh_from_db()
    assert enrollment.lapsed_at is None
    carry_out_locks(moment)
    enrollment.refresh_from_db()
    assert enrollment.lapsed_at is not None


@pytest.mark.parametrize("reason", ["11", "13"])
def test_approved_recruit_who_left_is_the_registrys_whatever_became_of_him(
    checked, imported, base, other_base, cycle, other_base_officer, provincial_reviewer, reason
):
    """AM-31 (b), L3: his original stands in 招收原始信息 once; every intake refuses, every registry takes."""
    record = approved(complete(other_base, cycle.year), other_base_officer, provincial_reviewer)
    withdrawn(record, reason)
    refused = checked([line_of(record)], module="intake")
    assert counts(refused) == (1, 0, 0, 1)
    assert codes(refused) >= {"year_of_transfer" if reason == "11" else "intake_original_exists"}
    assert "住院医师信息管理" in refused.rows.get().problems[0]["repair"]
    taken = imported([line_of(record)], module="registry")
    assert counts(taken) == (1, 1, 0, 0)
    assert Enrollment.objects.get(base=base).intake_year == cycle.year


def test_approved_recruit_deleted_as_wrong_is_the_registrys(
    checked, imported, base, cycle, base_officer, provincial_reviewer
):
    """L16, AM-31 (b): deleted with an approval behind it."""
    record = approved(complete(base, cycle.year), base_officer, provincial_reviewer)
    Enrollment.objects.filter(pk=record.pk).update(deleted_at=timezone.now(), deleted_reason="重复录入")
    assert codes(checked([line_of(record)], module="intake")) >= {"intake_original_exists"}
    assert counts(imported([line_of(record)], module="registry")) == (1, 1, 0, 0)


def test_living_approved_recruit_is_only_said_to_be_here(
    checked, base, cycle, base_officer, provincial_reviewer
):
    """AM-11, GOAL-B10: the same list again changes nothing, in either module."""
    record = approved(complete(base, cycle.year), base_officer, provincial_reviewer)
    for module in ("intake", "registry"):
        batch = checked([line_of(record, mobile=record.resident.mobile)], module=module)
        assert counts(batch) == (1, 0, 1, 0)


def test_approval_and_withdrawal_between_check_and_import_are_seen(
    checked, base, other_base, cycle, other_base_officer, provincial_reviewer, base_officer
):
    """AM-31 with AM-27: the intake refuses in the transaction that writes, not only in the preview."""
    record = complete(other_base, cycle.year)
    Enrollment.objects.filter(pk=record.pk).update(deleted_at=timezone.now(), deleted_reason="录错")
    batch = checked([line_of(record)], module="intake")
    assert counts(batch) == (1, 1, 0, 0)
    Enrollment.objects.filter(pk=record.pk).update(deleted_at=None, deleted_reason="")
    withdrawn(approved(record, other_base_officer, provincial_reviewer), "13")
    imports.confirm(batch, mode="good_rows", by=base_officer)
    apply_batch(batch.pk)
    batch.refresh_from_db()
    assert counts(batch) == (1, 0, 0, 1)
    assert "intake_original_exists" in codes(batch)


@pytest.mark.parametrize("reason", ["11", "12"])
@pytest.mark.parametrize("written", [2, 0])
def test_transfer_keeps_the_first_intake_year(checked, imported, base, other_base, cycle, reason, written):
    """AM-48, L20: a resident of two years ago does not become a recruit of this year, whatever year the file says."""
    old = withdrawn(factories.EnrollmentFactory(base=other_base, intake_year=cycle.year - 2), reason)
    refused = checked([line_of(old)], module="intake")
    assert codes(refused) >= {"year_of_transfer"}
    assert counts(refused) == (1, 0, 0, 1)
    batch = imported([line_of(old, intake_year=str(cycle.year - written))], module="registry")
    assert counts(batch) == (1, 1, 0, 0)
    assert ("year_kept" in codes(batch)) == (written == 0)
    new = Enrollment.objects.get(base=base)
    assert (new.intake_year, new.origin) == (cycle.year - 2, "transfer")


def test_dropout_of_an_earlier_year_may_be_recruited_again(imported, base, other_base, cycle):
    """AM-48 speaks of changes of base and specialty only: who left for good begins anew."""
    old = withdrawn(factories.EnrollmentFactory(base=other_base, intake_year=cycle.year - 2), "13")
    assert counts(imported([line_of(old)], module="intake")) == (1, 1, 0, 0)
    assert Enrollment.objects.get(base=base).intake_year == cycle.year


@pytest.mark.parametrize("is_active", [True, False])
def test_closed_import_page_names_the_registry_only_where_it_takes_somebody(desk, base, cycle, is_active):
    """AM-31, AM-46: a base out of use is not sent on to a page that refuses it, nor told to upload "above"."""
    close(cycle, Step.BASE_FILL)
    type(base).objects.filter(pk=base.pk).update(is_active=is_active)
    text = desk.get("/base/imports/accounts/intake/").content.decode()
    assert ("漏报的住院医师可以随时在" in text) is is_active
    assert "在上面上传" not in text
    if is_active:
        assert f"2014 年至 {cycle.year - 1} 年" in text


@pytest.mark.parametrize("is_active", [True, False])
def test_record_deleted_too_long_ago_is_sent_to_the_registry_only_where_it_takes_him(
    base, cycle, enrollment, base_officer, is_active
):
    """AM-31, AM-46."""
    delete_enrollment(enrollment.pk, by=base_officer, reason="证件号录错")
    lock_now(cycle)
    type(base).objects.filter(pk=base.pk).update(is_active=is_active)
    reason = restoring_entry(Enrollment.objects.get(pk=enrollment.pk)).reason
    assert ("中补录" in reason) is is_active
