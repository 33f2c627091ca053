"""Hundreds of equal faults are mended in a few clicks (GOAL-B21)."""

import pytest
from django.urls import reverse

from bases.imports import row_fixing
from tests.bases.conftest import account_line, counts

pytestmark = pytest.mark.django_db


@pytest.fixture
def batch(checked):
    """Thirty rows with an unknown type, one of them with a bad mobile number too; one with that alone; one good."""
    lines = [account_line(id_type="身分证") for _ in range(30)]
    lines[4]["mobile"] = "1"
    return checked([*lines, account_line(mobile="1"), account_line()])


def group_titles(batch) -> dict[str, str]:
    """Titles of the faults by header."""
    return {
        each["header"]: each["title"]
        for row in batch.rows.all()
        for each in row.problems
        if not each["is_warning"]
    }


def test_group_opens_its_rows(batch, signed_in, base_officer):
    """GOAL-B21: from the fault to its rows, in the list and in the table of corrections."""
    client, title = signed_in(base_officer), group_titles(batch)["手机号"]
    address = reverse("bases:import-batch", args=[batch.pk])
    page = client.get(address, {"fault": title})
    assert [line.row.sheet_row for line in page.context["page"]] == [6, 32]
    assert f"只列出“{title}”的行" in page.text
    page = client.get(reverse("bases:import-correct", args=[batch.pk]), {"fault": title})
    assert [line.row.sheet_row for line in page.context["page"]] == [6, 32]
    assert page.context["group"].columns == [("手机号", [])]


def test_one_value_for_all_rows_of_the_group(batch, signed_in, base_officer):
    """GOAL-B21: only these rows are judged again, and only in this column."""
    title = group_titles(batch)["证件类型"]
    untouched = list(batch.rows.filter(sheet_row__gt=31).values())
    numbers = list(batch.rows.filter(sheet_row__lte=31).values_list("raw__证件号", flat=True))
    answer = signed_in(base_officer).post(
        reverse("bases:import-correct-group", args=[batch.pk]),
        {"fault": title, "header": "证件类型", "text": "居民身份证"},
        follow=True,
    )
    batch.refresh_from_db()
    assert "已重新检查 30 行：29 行可以导入，1 行仍有误。" in answer.text
    assert counts(batch) == (32, 30, 0, 2)
    assert list(batch.rows.filter(sheet_row__gt=31).values()) == untouched
    assert list(batch.rows.filter(sheet_row__lte=31).values_list("raw__证件号", flat=True)) == numbers


@pytest.mark.parametrize(
    ("fault", "header"), [("", "证件类型"), ("没有这样的问题", "证件类型"), (None, "手机号"), (None, "")]
)
def test_nothing_else_is_touched(batch, base_officer, fault, header):
    title = group_titles(batch)["证件类型"] if fault is None else fault
    before = list(batch.rows.values("raw", "verdict", "corrected_at"))
    outcome = row_fixing.set_for_all(batch, title, header, "居民身份证", by=base_officer)
    assert outcome.judged == 0
    assert list(batch.rows.values("raw", "verdict", "corrected_at")) == before


def test_turning_the_page_stays_in_the_group(batch, signed_in, base_officer):
    """GOAL-B21: saving goes on among the rows with this fault."""
    title = group_titles(batch)["证件类型"]
    client, address = signed_in(base_officer), reverse("bases:import-correct", args=[batch.pk])
    page = client.get(address, {"fault": title}).context["page"]
    assert page.paginator.count == 30
    data = {each.name: each.value for line in page for each in (*line.inputs, *line.other)}
    answer = client.post(f"{address}?fault={title}", data | {"go": "next"})
    page = client.get(answer.url).context["page"]
    assert (page.paginator.count, page.number) == (30, 2)
