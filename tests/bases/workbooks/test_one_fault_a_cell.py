"""A cell that cannot be read has its one fault, and makes none beside it (PAIN-02, PAIN-12)."""

import datetime

import pytest
from django.utils import timezone

from bases.workbooks.kinds import workbook_of
from portal.sheets.reading import Table
from portal.sheets.values import CellError, column_letter
from tests.bases.conftest import account_line
from tests.bases.workbooks.training_files import codes, edited, template, verdicts

pytestmark = pytest.mark.django_db

UNREADABLE = CellError("formula_error", "#N/A")
EXTENSION = {"培训状态": "延期", "变更原因": "结业考核未通过"}


def faults(batch, line: dict) -> list[str]:
    """The column of each error that the row has."""
    headers = [(column_letter(place), header) for place, header in enumerate(line)]
    table = Table("xlsx", "x", 1, headers, [(2, list(line.values()))], False, None)
    (row,) = workbook_of(batch).judge(batch, table)
    return [each["header"] for each in row.problems if not each["is_warning"]]


def lines_of(kind, request) -> tuple:
    """A batch, and one good row of it that changes something."""
    checked, send = request.getfixturevalue("checked"), request.getfixturevalue("send")
    if kind == "accounts":
        batch = checked([account_line()])
    else:
        base, rows = (
            request.getfixturevalue(name) for name in ("base", "rows" if kind == "intake" else "registered")
        )
        batch = send(template(rows, base, kind), module=kind)
    line = dict(batch.rows.get(sheet_row=2).raw)
    if kind != "accounts":
        line |= {"备注": "有改动"}
    if kind == "registry":
        until = timezone.localdate() + datetime.timedelta(days=1200)
        line |= EXTENSION | {"变更日期": timezone.localdate(), "延期至": until}
    return batch, line


@pytest.mark.parametrize("kind", ["accounts", "intake", "registry"])
def test_unreadable_cell_is_the_only_fault_of_its_row(kind, request):
    """In every column of every kind, in a row that is good but for it."""
    batch, line = lines_of(kind, request)
    assert faults(batch, line) == []
    for header in line:
        assert faults(batch, line | {header: UNREADABLE}) == [header]


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("病假", "可填：病假/产假等请假超限、"),
        ("病休", ""),
        ("其他", "“其他（延期）”"),
        ("结业考试未通过", "“结业考核未通过”"),
    ],
)
def test_reason_is_suggested_from_those_of_its_status(registered, base, send, value, words):
    """Following the advice is taken: no reason of another status is named."""
    today = timezone.localdate().isoformat()
    changes = {
        (1, "培训状态"): "延期",
        (1, "变更日期"): today,
        (1, "变更原因"): value,
        (1, "延期至"): "2030-08-31",
    }
    batch = send(edited(template(registered, base, "registry"), changes), module="registry")
    (fault,) = [each for each in batch.rows.get(sheet_row=2).problems if each["header"] == "变更原因"]
    assert words in fault["repair"]
    assert "病休" not in fault["repair"]


def test_unknown_status_is_told_alone(registered, base, send):
    changes = {(1, "培训状态"): "休学", (1, "变更原因"): "病休", (1, "变更日期"): "2026-01-05"}
    batch = send(edited(template(registered, base, "registry"), changes), module="registry")
    assert verdicts(batch)[0] == "refused"
    assert [header for header, _ in codes(batch)] == ["培训状态"]
