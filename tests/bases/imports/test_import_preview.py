"""The preview of an import says what would be stored and what else would then be asked (GOAL-B3, GOAL-B4)."""

import re

import pytest
from django.urls import reverse

from tests.bases.conftest import account_line
from tests.bases.workbooks.training_files import edited, template, verdicts

pytestmark = pytest.mark.django_db


def test_preview_shows_what_would_be_stored_and_what_the_file_says(signed_in, base_officer, checked):
    """GOAL-B3: an alias or another writing is shown as it will stand in the record; what is wrong stays as it was
    typed."""
    batch = checked(
        [
            account_line(id_type="身份证", full_name="古丽米热.艾比布力", mobile="+86 138-0013-8000"),
            account_line(id_type="身份证", mobile="1"),
        ]
    )
    page = signed_in(base_officer).get(reverse("bases:import-batch", args=[batch.pk]))
    bad, good = ({each.header: each for each in line.cells} for line in page.context["page"])
    assert (good["证件类型"].text, good["证件类型"].typed) == ("居民身份证", "身份证")
    assert good["姓名"].text == "古丽米热·艾比布力"
    assert (good["手机号"].text, good["手机号"].typed) == ("13******000", "")
    assert (bad["手机号"].text, bad["手机号"].level) == ("1", "error")
    assert re.search('居民身份证\\s+<span class="muted">（文件中为“身份证”）</span>', page.text)


def test_field_that_becomes_required_through_another_is_told(rows, base, send):
    """GOAL-B4: the row may be imported, but 人员类型 now asks for its unit; untouched rows are told nothing."""
    batch = send(edited(template(rows, base), {(1, "人员类型"): "外单位委托培养住院医师", (2, "备注"): "x"}))
    assert verdicts(batch) == ["update", "update", "unchanged"]
    told = [each for each in batch.rows.get(sheet_row=2).problems if each["code"] == "asked_now"]
    assert [each["header"] for each in told] == [
        "委派（送出）单位",
        "委派单位统一信用代码",
        "委派单位是否军队医院",
    ]
    assert told[0]["is_warning"]
    assert told[0]["text"] == ("“人员类型”为“外单位委托培养住院医师”时须填写“委派（送出）单位”，现在为空。")
    assert [each["code"] for each in batch.rows.get(sheet_row=3).problems] == []


def test_name_that_is_stored_otherwise_is_told(signed_in, checked, base_officer):
    """GOAL-B3, PAIN-08: blanks that only made the list even are gone, and the page says what the file holds."""
    batch = checked([account_line(full_name="李　　四"), account_line(full_name="王 小 明")])
    page = signed_in(base_officer).get(reverse("bases:import-batch", args=[batch.pk])).text
    assert [row.values["full_name"] for row in batch.rows.all()] == ["李四", "王小明"]
    assert "（文件中为“李　　四”）" in page
    assert "（文件中为“王 小 明”）" in page
