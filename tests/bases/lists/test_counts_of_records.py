"""How much a list or an act of records counts: 转换专业 leaves one person with two records, so 条 and never 人."""

import re

import pytest
from django.utils import timezone

from bases.records.specialty_change import change_specialty
from residents.models import Enrollment
from tests.bases.desk import approved, complete, page

pytestmark = pytest.mark.django_db

PEOPLE = re.compile(r"\d+ 人")


@pytest.fixture
def records(base, cycle, base_officer, provincial_reviewer) -> list[int]:
    """The two records of one person."""
    old = complete(base, cycle.year - 1)
    Enrollment.objects.filter(pk=old.pk).update(registered_at=timezone.now())
    old = approved(old, base_officer, provincial_reviewer)
    new = change_specialty(old.pk, "0700", effective_date=timezone.localdate(), note="", by=base_officer)
    return [old.pk, new.pk]


def test_what_counts_records_does_not_say_people(records, base_officer, provincial_reviewer, signed_in):
    desk, review = signed_in(base_officer), signed_in(provincial_reviewer)
    chosen = {"choice": records, "range": "chosen"}
    pages = {
        "list": desk.get("/base/records/registry/"),
        "record": desk.get(f"/base/records/{records[1]}/?module=registry"),
        "check": desk.get("/base/report/", chosen),
        "return": desk.get("/base/personal/return/", chosen),
        "review's list": review.get("/review/records/"),
    }
    texts = {name: re.sub(r"<[^>]+>", "", page(answer)) for name, answer in pages.items()}
    assert {name: PEOPLE.findall(text) for name, text in texts.items() if PEOPLE.search(text)} == {}
    assert "导出筛选结果全部 2 条" in texts["list"]
    assert "每条记录一行" in texts["list"]
    assert "共 2 条" in texts["record"]
    assert "导出 2 条" in texts["review's list"]
