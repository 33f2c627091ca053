"""What a base takes home: its lists as seen, all that was collected, 信息采集表 on paper (GOAL-B19; TRUST-51)."""

import io

import openpyxl
import pytest
from django.urls import reverse

from portal import deeds
from portal.models import AuditEvent, Deed
from residents.models import Disclosure
from tests import factories
from tests.bases.desk import complete, page, told

pytestmark = pytest.mark.django_db
LIST = "/base/records/intake/"


@pytest.fixture
def three(base, cycle):
    return [complete(base, cycle.year) for _ in range(3)]


def rows_of(answer):
    content = b"".join(answer.streaming_content) if answer.streaming else answer.content
    return [list(row) for row in openpyxl.load_workbook(io.BytesIO(content)).active.values]


def export(client, query="", **form):
    return client.post(f"{LIST}export/?{query}", {"what": "list", **form})


def test_the_file_is_the_list_as_seen(desk, three, base, cycle):
    """Filter, order and chosen columns; numbers masked as on the page."""
    factories.EnrollmentFactory(base=base, intake_year=cycle.year)
    query = "stage=ready&columns=number&columns=mobile&columns=years"
    shown = desk.get(f"{LIST}?{query}")
    listed = [row.resident.full_name for row in shown.context["page"]]
    head, *lines = rows_of(export(desk, query))
    assert head == ["姓名", "证件号", "手机号", "核定年限"]
    assert [line[0] for line in lines] == listed
    for line, record in zip(lines, reversed(three), strict=True):
        assert line[1] != record.resident.id_number
        assert line[1][-4:] == record.resident.id_number[-4:]
        assert line[1] in page(shown)
        assert line[2] in page(shown)
    assert head[1:] == [column.label for column in shown.context["columns"]]


def test_default_columns_say_what_the_page_says(desk, three):
    head, *lines = rows_of(export(desk))
    assert len(lines) == 3
    line = dict(zip(head, lines[0], strict=True))
    assert (line["培训专业"], line["个人信息"], line["培训信息"], line["审核"]) == (
        "内科",
        "已完整",
        "已完整",
        "未审核",
    )


def test_full_numbers_leave_for_a_purpose_only(desk, three):
    assert "用途" in told(export(desk, unmasked="on")) or "目的" in told(export(desk, unmasked="on"))
    assert not Disclosure.objects.exists()
    head, *lines = rows_of(export(desk, unmasked="on", purpose="核对身份证原件"))
    assert {line[head.index("证件号")] for line in lines} == {each.resident.id_number for each in three}
    event = AuditEvent.objects.get(action="export", detail__masked=False)
    assert event.detail["purpose"] == "核对身份证原件"
    assert sorted(Disclosure.objects.get(event=event).residents) == sorted(each.resident_id for each in three)


def test_all_that_was_collected_one_line_a_person(desk, three):
    head, *lines = rows_of(export(desk, what="full"))
    values = [dict(zip(head, line, strict=True)) for line in lines]
    assert len(values) == 3
    assert all(each["基本信息：有效的电子邮箱地址"] for each in values)
    numbers = {each.resident.id_number for each in three}
    assert not numbers & {str(cell) for line in lines for cell in line}


def test_many_are_written_by_the_worker(desk, three, monkeypatch, base_officer, signed_in):
    monkeypatch.setattr(deeds, "MOST_AT_ONCE", 2)
    answer = export(desk, what="full", unmasked="on", purpose="存档备查用")
    deed = Deed.objects.get()
    assert answer.headers["Location"] == reverse("portal:deed", args=[deed.pk])
    deeds.do(deed.job_id)
    deed.refresh_from_db()
    assert not AuditEvent.objects.filter(action="export").exists()
    assert len(rows_of(desk.get(deed.link))) == 4
    assert AuditEvent.objects.get(action="export").detail["purpose"] == "存档备查用"
    other = factories.UserFactory()
    factories.grant(other, three[0].base)
    assert signed_in(other).get(deed.link).status_code == 404


def test_who_only_looks_exports_masked(signed_in, base, three):
    reader = factories.UserFactory()
    factories.grant(reader, base, read_only=True)
    client = signed_in(reader)
    assert len(rows_of(export(client))) == 4
    assert export(client, unmasked="on", purpose="核对身份证原件").status_code == 403


def test_sheets_of_many_to_sign(desk, three, base, cycle):
    """Masked; for a purpose in full; of another base's people nothing."""
    foreign = factories.EnrollmentFactory(intake_year=cycle.year)
    address = reverse("bases:record-sheets")
    query = {"choice": [each.pk for each in [*three, foreign]]}
    shown = desk.get(address, query)
    assert len(shown.context["sheets"]) == 3
    assert page(shown).count("本人签名") == 3
    assert not [each for each in three if each.resident.id_number in page(shown)]
    full = desk.post(f"{address}?choice={three[0].pk}", {"purpose": "打印签字存档"})
    assert three[0].resident.id_number in page(full)
    assert AuditEvent.objects.get(action="unmask").detail["purpose"] == "打印签字存档"
    assert "请选择" in told(desk.get(address))
