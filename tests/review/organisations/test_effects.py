"""GOAL-N1: who is reached by a change of the directory is shown before it is confirmed; a fault is told once."""

import io

import openpyxl
import pytest
from django.urls import reverse

from bases.models import SpecialtyBase
from portal.models import Message
from tests import factories
from tests.review.organisations.test_directory import ROW, client, confirm, faults, send, workbook  # noqa: F401

pytestmark = pytest.mark.django_db


@pytest.fixture
def held(base):
    """Four residents of one specialty, of the years 2020 and 2026; one of the latter is through."""
    held, _ = SpecialtyBase.objects.get_or_create(
        base=base, specialty_id="0100", defaults={"valid_from": 2014}
    )
    for year, fields in ((2020, {}), (2026, {}), (2026, {}), (2026, {"registered_at": "2026-11-01T00:00Z"})):
        factories.EnrollmentFactory(base=base, specialty_id="0100", intake_year=year, **fields)
    return held


def test_import_tells_what_it_does_to_whom(client, held, base):  # noqa: F811
    """A base with another name, a specialty that ends: each by name, with how many records stand there."""
    row = (base.province.name, base.code, "浙江医院", "", "", "内科", "", "2025")
    page = send(client, workbook([row]))
    told = [(each.subject, each.change, each.records, each.cut_off) for each in page.context["plan"].effects]
    assert told == [
        (base.name, "名称改为“浙江医院”", 4, 0),
        (f"{base.name} 内科", f"招收年份由 {held.valid_from} 起 改为 {held.valid_from} 至 2025", 4, 3),
    ]
    assert "将不能上报" in page.text
    confirm(client, page)
    base.refresh_from_db()
    assert base.name == "浙江医院"


def test_end_of_an_accreditation_is_shown_first(client, held, base):  # noqa: F811
    """The first POST shows whom it reaches, the second saves it."""
    url = reverse("review:accreditation", args=[base.pk, held.pk])
    asked = {"valid_from": held.valid_from, "valid_to": "2025"}
    shown = client.post(url, asked)
    assert [(each.records, each.cut_off) for each in shown.context["effects"]] == [(4, 3)]
    held.refresh_from_db()
    assert held.valid_to is None
    assert "effects" not in client.post(url, asked | {"again": "1"}).context
    assert client.post(url, asked | {"confirmed": "1"}).url == reverse("review:base", args=[base.pk])
    held.refresh_from_db()
    assert held.valid_to == 2025


def test_a_base_with_people_is_not_taken_out_of_use(client, held, base):  # noqa: F811
    """AM-46: people and waiting reviews go to a successor first; by page and by workbook, in the same words."""
    asked = {"province": base.province_id, "code": base.code, "name": base.name, "confirmed": "1"}
    page = client.post(reverse("review:base", args=[base.pk]), asked)
    said = page.context["form"].errors["is_active"][0]
    assert "还有 4 条未结束的培训记录" in said
    assert "并入或划转" in said
    row = (base.province.name, base.code, base.name, "", "停用", "", "", "")
    assert faults(send(client, workbook([row]))) == [("E2", said)]
    base.refresh_from_db()
    assert base.is_active


def test_a_closed_field_is_refused_and_not_left_out(client, held, base):  # noqa: F811
    """AM-46: what a form shows and does not take is never ignored under 已保存."""
    url = reverse("review:base", args=[base.pk])
    asked = {"province": "44", "code": base.code, "name": base.name, "is_active": "on"}
    page = client.post(url, asked)
    assert "并入或划转" in page.context["form"].errors["province"][0]
    url = reverse("review:accreditation", args=[base.pk, held.pk])
    page = client.post(url, {"specialty": "0300", "valid_from": "2014", "valid_to": "", "confirmed": "1"})
    assert "增加专业" in str(page.context["form"].errors)


def test_a_base_is_taken_out_of_use_only_confirmed(client, base):  # noqa: F811
    """The same for a single base on its page; what reaches nobody is saved at once."""
    url = reverse("review:base", args=[base.pk])
    asked = {"province": base.province_id, "code": base.code, "name": base.name}
    shown = client.post(url, asked)
    assert [(each.change, each.records) for each in shown.context["effects"]] == [("停用", 0)]
    base.refresh_from_db()
    assert base.is_active
    client.post(url, asked | {"confirmed": "1"})
    base.refresh_from_db()
    assert not base.is_active
    uscc = {"uscc": base.uscc, "is_active": "on"}
    client.post(url, asked | uscc)
    base.refresh_from_db()
    assert base.is_active


@pytest.mark.parametrize("by_file", [False, True])
def test_another_name_is_shown_first_and_told(
    client,  # noqa: F811
    base,
    base_officer,
    provincial_reviewer,
    django_capture_on_commit_callbacks,
    by_file,
):
    """By page and by workbook alike: whoever works for the base or its province learns of it."""
    url, former = reverse("review:base", args=[base.pk]), base.name
    asked = {"province": base.province_id, "code": base.code, "name": "浙江医院", "is_active": "on"}
    with django_capture_on_commit_callbacks(execute=True):
        if by_file:
            row = (base.province.name, base.code, "浙江医院", "", "", "内科", "", "")
            confirm(client, send(client, workbook([row])))
        else:
            (shown,) = client.post(url, asked).context["effects"]
            assert shown.change == "名称改为“浙江医院”"
            base.refresh_from_db()
            assert base.name == former
            client.post(url, asked | {"confirmed": "1"})
    base.refresh_from_db()
    assert base.name == "浙江医院"
    for person in (base_officer, provincial_reviewer):
        (told,) = Message.objects.filter(recipient=person, subject__contains="名称变更")
        assert f"“{former}”" in told.body


def test_a_cell_nobody_can_read_is_told_once(client):  # noqa: F811
    """GOAL-B4: a formula in an obligatory cell is one fault; a row of which nothing can be read is not lost."""
    book = openpyxl.load_workbook(io.BytesIO(workbook([ROW, ROW])))
    sheet = book.active
    rows = [row for row in sheet.iter_rows() if row[1].value == ROW[1]]
    rows[0][0].value = rows[0][2].value = "=1/0"
    for cell in rows[1]:
        cell.value = None
    rows[1][2].value = "#REF!"
    rows[1][2].data_type = "e"
    file = io.BytesIO()
    book.save(file)
    found = faults(send(client, file.getvalue()))
    assert len({cell for cell, _ in found}) == len(found)
    assert {cell for cell, words in found if "单元格是错误值" in words} == {"A2", "C2", "C3"}
