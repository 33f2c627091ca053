"""The page in which refused rows are corrected: lists, whole numbers, turning the page (GOAL-B7)."""

import pytest
from django.urls import reverse

from tests.bases.conftest import account_line
from tests.bases.imports.test_row_fixing import posted
from tests.bases.workbooks.training_files import edited, template

pytestmark = pytest.mark.django_db


def test_column_with_a_list_is_chosen_from_it_and_keeps_what_stood_there(signed_in, base_officer, checked):
    """GOAL-B7: a code is not typed; a word that is on no list is still shown as it came; the ID number is seen
    whole."""
    batch = checked([account_line(id_type="身份", mobile="1"), account_line(mobile="1")])
    page = signed_in(base_officer).get(reverse("bases:import-correct", args=[batch.pk]))
    first, second = page.context["page"].object_list
    by_header = {each.header: each for each in first.inputs}
    assert by_header["证件类型"].words[:2] == ["身份", "居民身份证"]
    assert by_header["证件号"].is_long
    assert not by_header["手机号"].words
    assert '<option value="身份" selected>身份</option>' in page.text
    assert '<option value="居民身份证" selected>居民身份证</option>' in page.text
    assert [each.words[0] for each in second.inputs if each.header == "证件类型"] == ["居民身份证"]


def test_turning_the_page_saves_what_was_typed(signed_in, base_officer, checked):
    """GOAL-B7: no row is skipped or lost, though the good rows leave the list."""
    batch = checked([account_line(mobile="1") for _ in range(52)])
    client, address = signed_in(base_officer), reverse("bases:import-correct", args=[batch.pk])
    rows = {row.sheet_row: row.raw for row in batch.rows.all()}

    def send(numbers, go, page, **typed):
        data = {"go": go}
        for number in numbers:
            data |= posted(batch, number, rows[number] | typed)
        return client.post(f"{address}?page={page}", data).url

    assert "保存并到下一页" in client.get(address).text
    assert send(range(2, 27), "next", 1) == f"{address}?page=2"
    assert send(range(27, 52), "next", 2, 手机号="13900000001") == f"{address}?page=2"
    assert batch.rows.filter(verdict="refused").count() == 27
    assert send([52, 53], "previous", 2, 姓名="司马相如") == f"{address}?page=1"
    assert batch.rows.filter(raw__姓名="司马相如", verdict="refused").count() == 2
    assert [line.row.sheet_row for line in client.get(f"{address}?page=2").context["page"]] == [52, 53]


def test_text_of_several_lines_keeps_them(rows, base, send, signed_in, base_officer):
    """GOAL-B7: an input of one line would join them without a word."""
    changes = {(1, "备注"): "门诊\n二组", (1, "核定的培训年限（年）"): "7"}
    batch = send(edited(template(rows, base), changes))
    client, address = signed_in(base_officer), reverse("bases:import-correct", args=[batch.pk])
    assert ">门诊\n二组</textarea>" in client.get(address).text
    typed = batch.rows.get(sheet_row=2).raw | {"备注": "门诊\r\n二组", "核定的培训年限（年）": "3"}
    client.post(address, posted(batch, 2, typed))
    assert batch.rows.get(sheet_row=2).raw["备注"] == "门诊\n二组"
