"""Judging a row again in the page knows all that the check of the file knew (AM-39)."""

from datetime import date, datetime, time

import pytest

from bases.imports import row_fixing, worker
from bases.imports.worker import check_batch
from bases.workbooks.kinds import workbook_of
from portal.sheets.reading import Table
from portal.sheets.values import CellError, DamagedNumber, column_letter
from tests.bases.conftest import account_line
from tests.bases.workbooks.training_files import template
from tests.portal.sheets import corpus

pytestmark = pytest.mark.django_db

# What the corpus does not hold, because the reader does not care: serials, years, texts that look like either.
MORE = [
    42247,
    42247.5,
    20190901,
    2019,
    2019.9,
    0,
    False,
    "42247",
    "42247.0",
    "2019-09-01 ",
    " 　",
    "'42247",
    "清空",
    "\n两\n行\n",
    "一\r二",
    "长" * 600,
    date(2019, 9, 1),
    datetime(2019, 9, 1, 12),  # noqa: DTZ001
    time(12),
    DamagedNumber("1.10101E+17"),
    DamagedNumber("110101199001011000"),
    CellError("formula_error", "#N/A"),
    CellError("duration", "1 day, 6:00:00"),
]


def values_of_the_corpus() -> list:
    """Each value once that a cell of some file of the corpus holds."""
    found = {
        (type(value), repr(value)): value
        for case in corpus.ACCEPTED
        for _, values in case.rows
        for value in values
    }
    # What is seen in a merged cell becomes the row's own when it is sent with the row: so the refusal says.
    return [
        value for value in found.values() if not (isinstance(value, CellError) and value.kind == "merged")
    ]


def sent_unchanged(batch) -> dict:
    """What a browser sends of the correction page where nobody has typed."""
    posted, number = {}, 1
    while True:
        page = row_fixing.page_to_correct(batch, str(number))
        for line in page.object_list:
            for each in (*line.inputs, *line.other):
                posted[each.name] = _as_a_browser_sends(each)
        if not page.has_next():
            return posted
        number += 1


def _as_a_browser_sends(each) -> str:
    """A box of one line has no line ends; of several lines the first end, if it begins with one, is lost."""
    if not each.has_lines:
        return each.value.replace("\n", "").replace("\r", "")
    lines = each.value.replace("\r\n", "\n").replace("\r", "\n").removeprefix("\n")
    return lines.replace("\n", "\r\n")


@pytest.mark.parametrize("is_1904", [False, True])
@pytest.mark.parametrize("kind", ["accounts", "training"])
def test_saving_unchanged_gives_the_verdict_of_the_file(
    checked, send, registered, base, base_officer, monkeypatch, kind, is_1904
):
    """Every value of the corpus in every column, in both date systems: verdict, values and faults stay."""
    if kind == "accounts":
        batch = checked([account_line()])
    else:
        batch = send(template(registered, base, "registry"), module="registry")
    headers = workbook_of(batch).resource.headers()
    values = [*values_of_the_corpus(), *MORE, None]
    own = {}
    if kind == "training":
        person = registered[0].resident
        own = {"姓名": person.full_name, "证件类型": "居民身份证", "证件号": person.id_number}
    rows = [
        [own.get(header, values[(start + place) % len(values)]) for place, header in enumerate(headers)]
        for start in range(len(values))
    ]
    table = Table(
        kind="xlsx",
        sheet_name="名单",
        header_row=1,
        headers=[(column_letter(place), header) for place, header in enumerate(headers)],
        rows=list(enumerate(rows, 2)),
        is_1904=is_1904,
        template_version=None,
    )
    monkeypatch.setattr(worker, "read_batch", lambda batch: table)
    batch.rows.all().delete()
    batch.state = "uploaded"
    batch.save()
    check_batch(batch.pk)
    batch.refresh_from_db()

    told = ("sheet_row", "raw", "typed", "values", "verdict", "problems", "before", "enrollment_id")
    before = list(batch.rows.values(*told))
    texts = row_fixing.texts_of(batch, sent_unchanged(batch))
    outcome = row_fixing.correct(batch, texts, by=base_officer)
    assert outcome.judged == batch.rows.filter(verdict="refused").count() > len(values) * 0.8
    assert list(batch.rows.values(*told)) == before
