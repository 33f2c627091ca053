"""BR-46, BR-57, GOAL-R2: what is missing, and the snapshot that 上报 freezes."""

import json

import pytest

from residents.completeness import completeness
from residents.models import CertificateInfo, EducationRecord, Enrollment
from residents.snapshot import snapshot_of


def reload(enrollment):
    return Enrollment.objects.get(pk=enrollment.pk)


def test_fresh_account_lacks_everything(enrollment):
    found = completeness(enrollment)

    assert [section.percent for section in found.sections] == [55, 0, 0, 11]
    assert "国籍及地区" in [item.label for item in found.section("basic").missing]
    assert [item.label for item in found.section("education").missing] == ["本科学习经历"]
    assert not found.is_complete


def test_complete_record_lacks_nothing(complete_enrollment):
    """BR-03."""
    found = completeness(reload(complete_enrollment))

    assert [(section.key, section.missing, section.errors) for section in found.sections] == [
        ("basic", [], []),
        ("education", [], []),
        ("certificate", [], []),
        ("training", [], []),
    ]
    assert found.is_complete


def test_missing_certificate_number_is_named(complete_enrollment):
    CertificateInfo.objects.update(passed_qualification_exam=True, has_qualification_cert=True)

    labels = [item.label for item in completeness(reload(complete_enrollment)).section("certificate").missing]

    assert "医师资格证书编码" in labels


def test_work_info_is_asked_in_the_registry_only(complete_enrollment):
    """AM-06."""
    complete_enrollment.trainee_type = "1"
    assert completeness(complete_enrollment).personal_is_complete
    complete_enrollment.registered_at = complete_enrollment.created_at
    assert [item.label for item in completeness(complete_enrollment).section("work").missing][:1] == [
        "工作单位名称"
    ]


def test_snapshot_is_plain_json_and_complete(complete_enrollment):
    """BR-20."""
    snapshot = snapshot_of(reload(complete_enrollment))

    assert json.loads(json.dumps(snapshot)) == snapshot
    assert list(snapshot) == ["identity", "basic", "education", "work", "certificate", "training", "status"]
    assert snapshot["identity"]["full_name"] == "陈雨桐"
    assert snapshot["education"][0]["graduation_date"] == "2019-06-30"
    assert snapshot["training"]["specialty"] == "0100"
    assert snapshot["status"]["status"] == "1"


@pytest.mark.parametrize("count", [1, 3])
def test_completeness_of_loaded_records_makes_no_query(complete_enrollment, django_assert_num_queries, count):
    for _ in range(count - 1):
        EducationRecord.objects.create(resident=complete_enrollment.resident, level="4")
    loaded = (
        Enrollment.objects.select_related(
            "resident__basic", "resident__work", "resident__certificate", "base", "specialty"
        )
        .prefetch_related("resident__education_records", "status_changes")
        .get()
    )
    with django_assert_num_queries(0):
        completeness(loaded)
        snapshot_of(loaded)
