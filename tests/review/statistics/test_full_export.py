"""完整采集信息: all that was collected of approved records as a file (GOAL-N5, GOAL-P7; TRUST-39, TRUST-51)."""

import datetime
import io

import openpyxl
import pytest

from residents.models import EducationRecord
from residents.words import BLOCKS
from review.exports import jobs as exports
from review.models import Export
from tests.bases.desk import approved, complete

pytestmark = pytest.mark.django_db
ADDRESS = "/review/statistics/records/export/"


@pytest.fixture
def person(base, cycle, base_officer, provincial_reviewer):
    """An approved recruit with two bachelor studies and one that is nobody's word for a formula."""
    enrollment = complete(base, cycle.year)
    EducationRecord.objects.create(
        resident=enrollment.resident,
        level="3",
        is_full_time=True,
        is_enrolled=False,
        school="=1+1",
        major="口腔医学",
        graduation_date=datetime.date(2021, 6, 30),
        education_code="21",
        has_diploma=False,
        has_degree=False,
    )
    return approved(enrollment, base_officer, provincial_reviewer)


def line_of(answer) -> dict:
    content = b"".join(answer.streaming_content)
    header, *lines = openpyxl.load_workbook(io.BytesIO(content)).active.iter_rows(values_only=True)
    assert len(set(header)) == len(header)
    (line,) = lines
    return dict(zip(header, line, strict=True))


def test_every_field_of_the_dictionary_is_a_column(signed_in, national_officer, person):
    answer = signed_in(national_officer).post(ADDRESS, {"kind": "records_in_full"})
    line = line_of(answer)

    for block in BLOCKS:
        place = "本科" if block.key == "education" else block.label
        labels = {field.label for field in block.fields}
        missing = {label for label in labels if f"{place}：{label}" not in line}
        # The level heads its columns; 省份 and 培训基地 stand first.
        assert len(missing) == {"education": 1, "training": 2}.get(block.key, 0), missing
    assert line["培训基地"] == person.base.name
    assert line["培训信息：核定的培训年限（年）"] == 3
    assert line["培训信息：培训实际开始时间"] == datetime.datetime(person.intake_year, 9, 1)  # noqa: DTZ001
    assert line["基本信息：国籍及地区"] == "中国"
    assert line["本科：毕业（在读）院校"] == "浙江大学；=1+1"
    assert line["硕士：毕业（在读）院校"] is None


@pytest.mark.parametrize("in_full", [False, True])
def test_numbers_are_masked_unless_asked_for_with_a_purpose(signed_in, national_officer, person, in_full):
    """TRUST-51."""
    asked = {"unmasked": "on", "purpose": "核对发证名单"} if in_full else {}
    line = line_of(signed_in(national_officer).post(ADDRESS, {"kind": "records_in_full", **asked}))

    number = person.resident.id_number
    assert (line["身份信息：证件号"] == number) is in_full
    assert ("13700000001" in line.values()) is in_full
    assert Export.objects.get().is_masked is not in_full


def test_file_has_as_many_lines_as_the_number(signed_in, national_officer, person):
    """GOAL-P7: same filter, same count."""
    client = signed_in(national_officer)
    number = client.get("/review/statistics/records/?type=3").context["page"].count
    line_of(client.post(f"{ADDRESS}?type=3", {"kind": "records_in_full"}))
    empty = client.post(f"{ADDRESS}?type=1", {"kind": "records_in_full", "file_format": "csv"})

    assert number == 1
    assert b"".join(empty.streaming_content).count(b"\n") == 1
    assert [export.rows for export in Export.objects.order_by("pk")] == [1, 0]


def test_long_file_is_the_workers(monkeypatch, settings, national_officer, person):
    settings.TASKS = {"default": {"BACKEND": "django_tasks.backends.dummy.DummyBackend", "QUEUES": []}}
    monkeypatch.setattr(exports, "MOST_IN_FULL_AT_ONCE", 0)
    export = exports.ask(national_officer, "records_in_full", {"source": "current"})
    exports.make(export.job_id)
    export.refresh_from_db()

    with export.file.open() as file:
        book = openpyxl.load_workbook(io.BytesIO(file.read()))
    assert (export.rows, book.active.max_row, book.sheetnames) == (1, 2, ["完整采集信息"])


def test_province_gets_its_own_only(signed_in, other_province_reviewer, person):
    """TRUST-24."""
    answer = signed_in(other_province_reviewer).post(ADDRESS, {"kind": "records_in_full"})

    assert openpyxl.load_workbook(io.BytesIO(b"".join(answer.streaming_content))).active.max_row == 1


def test_the_list_of_all_residents_leads_to_the_complete_export(signed_in, national_officer, enrollment):
    """GOAL-N5: who looks for all that was collected finds it from the list of all residents."""
    client = signed_in(national_officer)
    page = client.get("/review/records/").text
    assert 'href="/review/statistics/records/?source=current"' in page
    assert "records_in_full" in client.get("/review/statistics/records/?source=current").text
