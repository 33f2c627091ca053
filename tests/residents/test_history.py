"""BR-63, GOAL-S3 and GOAL-R7: the history of a record in plain words, bulk statements included."""

import datetime

import pghistory
import pytest
from django.utils import timezone

from residents.history import timeline
from residents.models import BasicInfo, EducationRecord, Enrollment, Resident


@pytest.fixture
def changed(complete_enrollment, base_officer):
    """Three acts: the resident's own, a bulk statement of the base, and the deletion of a level of study."""
    resident = complete_enrollment.resident
    with pghistory.context(user=resident.user_id, role="resident", channel="page", address="10.1.2.3"):
        BasicInfo.objects.filter(resident=resident).update(
            marital_status="20", emergency_mobile="13700000002"
        )
    with pghistory.context(user=base_officer.pk, role="base", channel="import"):
        Enrollment.objects.filter(pk=complete_enrollment.pk).update(approved_years=2, reduction_reason="1")
    with pghistory.context(user=resident.user_id, role="resident", channel="page"):
        EducationRecord.objects.filter(resident=resident).delete()
    return complete_enrollment


def test_timeline_tells_old_and_new_in_words(changed):
    newest = {}
    # One test is one transaction with one time, so only the order within a block is certain here.
    for entry in timeline(changed, with_names=True):
        newest.setdefault(entry.block, entry)

    deleted, imported, own = (newest[block] for block in ("学习经历", "培训信息", "基本信息"))
    assert (deleted.act, deleted.changes) == ("删除", [])
    assert (imported.actor, imported.channel) == ("周晓兰", "表格导入")
    assert [(c.label, c.old, c.new) for c in imported.changes] == [
        ("核定的培训年限（年）", "3", "2"),
        ("减免原因", "", "专业学位硕士"),
    ]
    assert [(c.label, c.old, c.new) for c in own.changes] == [
        ("婚姻状况", "", "已婚"),
        ("紧急联系人手机", "13******001", "13******002"),
    ]


def test_timeline_hides_staff_names_from_the_resident(changed):
    """GOAL-R7: no staff names beyond policy."""
    entries = timeline(changed, with_names=False)

    assert {(entry.actor, entry.address) for entry in entries} == {("", "")}
    assert "培训基地" in {entry.role for entry in entries}


def test_timeline_query_count(changed, django_assert_num_queries):
    with django_assert_num_queries(8):
        timeline(changed, with_names=True)


def test_reason_of_a_corrected_name_is_told_to_staff(changed, base_officer):
    """AM-07: old and new name and the reason stand in the history."""
    with pghistory.context(user=base_officer.pk, role="base", channel="page", reason="户口簿更名"):
        Resident.objects.filter(pk=changed.resident_id).update(full_name="陈宇桐")

    (told,) = [entry for entry in timeline(changed, with_names=True) if entry.reason]
    assert (told.reason, [(c.label, c.old, c.new) for c in told.changes]) == (
        "户口簿更名",
        [("姓名", "陈雨桐", "陈宇桐")],
    )
    assert {entry.reason for entry in timeline(changed, with_names=False)} == {""}


def test_deletion_and_restoration_are_told_as_such(changed, base_officer):
    """GOAL-S3: in plain words, not as a date that appears and disappears."""
    record = Enrollment.objects.filter(pk=changed.pk)
    record.update(deleted_at=timezone.now(), deleted_by=base_officer, deleted_reason="重复录入")
    record.update(deleted_at=None, deleted_by=None, deleted_reason="")

    back, gone = [entry for entry in timeline(changed, with_names=True) if entry.block == "整条记录"]
    assert (gone.act, back.act) == ("删除（移入回收站）", "恢复")
    assert [(each.label, each.old, each.new) for each in gone.changes] == [("删除原因", "", "重复录入")]


def test_times_are_told_as_the_clock_shows_them(changed):
    """BR-24: Beijing time; the moment of the registration is no value eight hours off."""
    moment = datetime.datetime(2026, 9, 1, 18, 30, tzinfo=datetime.UTC)
    Enrollment.objects.filter(pk=changed.pk).update(registered_at=moment)

    told = [change.new for entry in timeline(changed, with_names=True) for change in entry.changes]
    assert "2026-09-02 02:30" in told
