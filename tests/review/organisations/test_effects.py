"""GOAL-N1: who is reached by a change of the directory is shown before it is confirmed; a fault is told once."""

import io

import openpyxl
import pytest
from django.urls import reverse

from bases.models import SpecialtyBase
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
    """A base that is closed, a specialty that ends: each by name, with how many records stand there."""
    row = (base.province.name, base.code, base.name, "", "停用", "内科", "", "2025")
    page = send(client, workbook([row]))
    told = [(each.subject, each.change, each.records, each.cut_off) for each in page.context["plan"].effects]
    assert told == [
        (base.name, "停用", 4, 0),
        (f"{base.name} 内科", f"招收年份由 {held.valid_from} 起 改为 {held.valid_from} 至 2025", 4, 2),
    ]
    assert "将不能上报" in page.text
    base.refresh_from_db()
    assert base.is_active
    confirm(client, page)
    base.refresh_from_db()
    assert not base.is_active


def test_end_of_an_accreditation_is_shown_first(client, held, base):  # noqa: F811
    """The first POST shows whom it reaches, the second saves it."""
    url = reverse("review:accreditation", args=[base.pk, held.pk])
    asked = {"valid_from": held.valid_from, "valid_to": "2025"}
    shown = client.post(url, asked)
    assert [(each.records, each.cut_off) for each in shown.context["effects"]] == [(4, 2)]
    held.refresh_from_db()
    assert held.valid_to is None
    assert "effects" not in client.post(url, asked | {"again": "1"}).context
    assert client.post(url, asked | {"confirmed": "1"}).url == reverse("review:base", args=[base.pk])
    held.refresh_from_db()
    assert held.valid_to == 2025


def test_a_base_is_taken_out_of_use_only_confirmed(client, held, base):  # noqa: F811
    """The same for a single base on its page; other changes are saved at once."""
    url = reverse("review:base", args=[base.pk])
    asked = {"province": base.province_id, "code": base.code, "name": base.name}
    shown = client.post(url, asked)
    assert [(each.change, each.records) for each in shown.context["effects"]] == [("停用", 4)]
    base.refresh_from_db()
    assert base.is_active
    client.post(url, asked | {"confirmed": "1"})
    base.refresh_from_db()
    assert not base.is_active
    client.post(url, asked | {"name": "浙江医院", "is_active": "on"})
    base.refresh_from_db()
    assert (base.is_active, base.name) == (True, "浙江医院")


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
