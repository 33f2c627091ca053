"""核对信息, 信息采集表 and 全部信息无变化 (GOAL-R8, GOAL-R5)."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from residents.models import BasicInfo, EducationRecord, Enrollment
from residents.rules.identity import RESIDENT_ID
from residents.services.personal import save_block
from residents.snapshot import FIELDS, education_rows, personal_values
from residents.words import in_words

CHECK, SHEET = "/resident/check/", "/resident/sheet/"


@pytest.fixture
def person(complete_enrollment, signed_in):
    """A resident whose record is complete, signed in."""
    return signed_in(complete_enrollment.resident.user)


def page(response) -> str:
    return re.sub(r"\s+", " ", response.content.decode())


@pytest.mark.parametrize("address", [CHECK, SHEET])
def test_every_stored_answer_stands_on_the_page_in_full(person, complete_enrollment, address):
    """GOAL-R8: no field of a personal block is left out, the person's own numbers are not masked."""
    body = page(person.get(address))
    values = personal_values(complete_enrollment.resident)
    blocks = [("basic", values["basic"]), ("certificate", values["certificate"])]
    blocks += [("education", row) for row in education_rows(complete_enrollment.resident)]
    shown = 0
    for key, row in blocks:
        for item in FIELDS[key]:
            if words := in_words(item, row.get(item.name), masked=False):
                assert f"<dt>{item.label}</dt>" in body, item.label
                assert item.kind == "file" or words in body, item.label
                shown += 1

    assert shown > 20
    assert complete_enrollment.resident.id_type == RESIDENT_ID
    assert complete_enrollment.resident.id_number in body


def test_what_is_missing_stands_at_its_place_with_the_way_to_fill_it_in(person, complete_enrollment):
    BasicInfo.objects.update(emergency_name="")
    level = EducationRecord.objects.get()
    EducationRecord.objects.update(diploma_no="")
    body = page(person.get(CHECK))

    assert '/resident/section/basic/#id_emergency_name_box"> 填写' in body
    assert f'/resident/education/{level.pk}/#id_diploma_no_box"> 填写' in body
    assert "个人信息已填写完整" not in body


def test_closed_record_offers_no_change(person, complete_enrollment):
    Enrollment.objects.update(lapsed_at=timezone.now())
    body = page(person.get(CHECK))

    assert "现在不能填写" in body or "个人信息已填写完整" in body
    assert "#id_emergency_name_box" not in body


def test_steps_lead_from_section_to_section_to_the_check(person):
    """下一步 everywhere, 学习经历 too; after the last section all answers are checked."""
    assert 'href="/resident/section/certificate/">下一步' in page(person.get("/resident/education/"))
    version = person.get("/resident/section/certificate/").context["version"]
    sent = {"version": version, "next": "1", "passed_qualification_exam": "False"}

    assert person.post("/resident/section/certificate/", sent).url == CHECK


def test_everything_is_confirmed_in_one_act_once_a_year(person, complete_enrollment, cycle):
    """GOAL-R5, GOAL-R8."""
    assert person.post("/resident/check/confirm/").status_code == 404
    Enrollment.objects.update(registered_at=timezone.now())
    save_block(Enrollment.objects.get(), "work", {"title": "3"}, by=complete_enrollment.resident.user)
    assert f"{cycle.year} 年度全部信息无变化" in page(person.get(CHECK))

    person.post("/resident/check/confirm/")
    confirmed = complete_enrollment.resident.confirmations.order_by("section")
    assert [each.section for each in confirmed] == ["basic", "certificate", "education", "work"]
    assert "年度全部信息无变化" not in page(person.get(CHECK))
    person.post("/resident/check/confirm/")
    assert complete_enrollment.resident.confirmations.count() == 4


def test_nothing_is_confirmed_where_one_section_is_incomplete(person, complete_enrollment):
    """All or none."""
    Enrollment.objects.update(registered_at=timezone.now())
    BasicInfo.objects.update(emergency_name="")

    answer = person.post("/resident/check/confirm/", follow=True)
    assert "还有缺项" in page(answer)
    assert not complete_enrollment.resident.confirmations.exists()


@pytest.mark.parametrize("address", [CHECK, SHEET])
def test_pages_need_the_same_queries_for_one_and_three_levels(person, complete_enrollment, queries, address):
    person.get(address)
    with queries() as one:
        person.get(address)
    for level in ("4", "5"):
        EducationRecord.objects.create(resident=complete_enrollment.resident, level=level)
    with queries() as three:
        person.get(address)

    assert len(three) == len(one) <= 20


@pytest.fixture
def queries():
    return lambda: CaptureQueriesContext(connection)
