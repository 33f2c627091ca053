"""Statistics in pages and workbooks: every number opens its list; BR-59, BR-86; GOAL-P7, GOAL-N5; TRUST-39, TRUST-41,
TRUST-51."""

import io
import re
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import openpyxl
import pytest

from portal import replica
from portal.models import AuditEvent
from review.models import Export
from review.statistics.cross_table import BLANK, DIMENSIONS
from tests import factories
from tests.review.statistics.test_statistics import make_counted

# Said aloud: tests that look their visitors up by name would count as tests without a database.
pytestmark = pytest.mark.django_db

NUMBER = re.compile(r'<td class="num">\s*<a href="([^"]+)">(\d+)</a>')


def workbook(answer) -> openpyxl.Workbook:
    return openpyxl.load_workbook(io.BytesIO(b"".join(answer.streaming_content)))


@pytest.fixture
def counted_people(base, other_base, base_officer):
    """Seven people of two bases, three kinds and two statuses, one of them with a dangerous name."""
    kinds = [(base, "1", "1"), (base, "1", "1"), (base, "2", "1"), (base, "3", "2"), (base, "3", "1")]
    kinds += [(other_base, "1", "1"), (other_base, "3", "1")]
    found = []
    for place, (where, kind, status) in enumerate(kinds):
        name = '=HYPERLINK("http://x","点我")' if place == 0 else f"学员{place}"
        person = factories.ResidentFactory(full_name=name)
        enrollment = factories.EnrollmentFactory(resident=person, base=where, intake_year=2025)
        found.append(make_counted(where, base_officer, {"trainee_type": kind, "status": status}, enrollment))
    return found


def test_every_number_of_the_page_opens_exactly_that_many_records(national, counted_people):
    """GOAL-P7, followed as a reader would: each link of the table, cells and totals alike."""
    body = national.get("/review/statistics/?rows=base&columns=type").content.decode()
    links = [(link.replace("&amp;", "&"), int(number)) for link, number in NUMBER.findall(body)]
    assert sorted(number for _, number in links) == sorted([2, 1, 2, 5, 1, 1, 2, 3, 1, 3, 7])
    for link, number in links:
        page = national.get(link).context["page"]
        assert (page.count, len(page.rows)) == (number, number)


def test_filters_and_source_are_carried_into_the_lists(national, counted_people):
    body = national.get(
        "/review/statistics/?rows=base&columns=year&source=intake&status=1&type=1"
    ).content.decode()
    assert "人员类型：本单位住院医师；培训状态：在培" in body
    for link, number in NUMBER.findall(body):
        asked = parse_qs(urlsplit(link.replace("&amp;", "&")).query)
        assert (asked["source"], asked["status"], asked["type"]) == (["intake"], ["1"], ["1"])
        assert national.get(link.replace("&amp;", "&")).context["page"].count == int(number)


def test_the_moment_of_the_data_is_shown(national, counted_people):
    """GOAL-P7: date of data."""
    answer = national.get("/review/statistics/")
    moment = answer.context["table"].as_of.astimezone().strftime("%Y-%m-%d")
    assert f"数据时间 {moment}" in answer.content.decode()


@pytest.mark.parametrize(
    "query",
    [
        "rows=nonsense",
        "province=99",
        "base=x",
        "year=abc",
        "source=other",
        "type=%00",
        "years=-",
        "base=-",
        "rural=-",
    ],
)
def test_an_unknown_value_is_named_and_counts_nothing(national, counted_people, query):
    """A filter that cannot be read must not silently widen the number."""
    for path in ("/review/statistics/", "/review/statistics/records/"):
        answer = national.get(f"{path}?{query}")
        assert answer.status_code == 200
        assert "处需要修改" in answer.content.decode()
        assert "学员1" not in answer.content.decode()


@pytest.mark.parametrize("source", ["current", "intake"])
@pytest.mark.parametrize("key", sorted(set(DIMENSIONS) - {"year"}))
def test_missing_is_offered_only_where_it_has_a_table_and_a_list(national, counted_people, source, key):
    """GOAL-P7: whatever the page offers can be counted, and opens exactly that many records."""
    offered = dict(national.get("/review/statistics/").context["form"].fields[key].choices)
    assert (BLANK in offered) == DIMENSIONS[key].can_be_blank
    for value in set(offered) & {BLANK, "true", "3"}:
        query = {"source": source, key: value}
        table = national.get("/review/statistics/", query).context["table"]
        assert national.get("/review/statistics/records/", query).context["page"].count == table.total


def test_the_same_dimension_twice_becomes_a_table_of_two(national, counted_people):
    table = national.get("/review/statistics/?rows=year&columns=year").context["table"]
    assert (table.rows.key, table.columns.key, table.total) == ("year", "type", 7)


def test_a_province_cannot_ask_for_a_foreign_base(counted_people, other_province_reviewer, base, signed_in):
    """TRUST-24: not even its name is offered."""
    client = signed_in(other_province_reviewer)
    assert client.get("/review/statistics/").context["table"].total == 0
    answer = client.get(f"/review/statistics/records/?base={base.pk}")
    assert base.name not in answer.content.decode()
    assert "page" not in answer.context


def test_queries_do_not_grow_with_the_rows(
    national, counted_people, base, base_officer, django_assert_num_queries
):
    """Both pages also ask for the editions that can be chosen (GOAL-N7)."""
    for path, number in (
        ("/review/statistics/?rows=base&columns=type", 10),
        ("/review/statistics/records/", 11),
    ):
        national.get(path)
        with django_assert_num_queries(number):
            national.get(path)
        make_counted(base, base_officer, {})
        with django_assert_num_queries(number):
            national.get(path)


# --- workbooks -------------------------------------------------------------------------------------------------------


def test_the_list_has_every_record_of_its_filter_and_only_text_cells(national, counted_people):
    """GOAL-N5: same filter = same count. TRUST-39: a name that starts with "=" is text; TRUST-41: numbers are text."""
    count = national.get("/review/statistics/records/?type=1").context["page"].count
    book = workbook(national.post("/review/statistics/records/export/?type=1"))
    header, *rows = book.active.iter_rows()
    assert len(rows) == count == 3
    column = {cell.value: cell.column - 1 for cell in header}
    for row in rows:
        assert {cell.data_type for cell in row} <= {"s", "n", "d"}
        for label in ("姓名", "证件号", "手机号", "人员类型"):
            assert row[column[label]].data_type == "s"
        assert row[column["培训实际开始时间"]].data_type == "d"
    assert rows[0][column["姓名"]].value == '=HYPERLINK("http://x","点我")'
    assert Export.objects.get().rows == 3


def test_numbers_are_masked_unless_asked_for_with_a_purpose(national, national_officer, counted_people):
    """GOAL-N5, TRUST-51: purpose stated, export and audit line kept."""
    person = counted_people[1].enrollment.resident

    def numbers(**asked) -> list[tuple]:
        book = workbook(national.post("/review/statistics/records/export/", asked))
        return [(row[6], row[7]) for row in book.active.iter_rows(min_row=2, values_only=True)]

    assert (
        f"{person.id_number[:3]}***********{person.id_number[-4:]}",
        f"13******{person.mobile[-3:]}",
    ) in numbers()
    refused = national.post("/review/statistics/records/export/", {"unmasked": "on", "purpose": " "})
    assert refused.status_code == 302
    assert (person.id_number, person.mobile) in numbers(unmasked="on", purpose="中央财政经费测算")
    kept = Export.objects.order_by("pk").values_list("is_masked", "purpose", "rows", "requested_by")
    assert list(kept) == [
        (True, "", 7, national_officer.pk),
        (False, "中央财政经费测算", 7, national_officer.pk),
    ]
    assert AuditEvent.objects.filter(action="export").count() == 2
    assert person.id_number not in str(list(AuditEvent.objects.values_list("detail", flat=True)))


def test_a_read_only_reviewer_exports_masked_numbers_only(counted_people, province, signed_in):
    reader = factories.UserFactory(role="province")
    factories.grant(reader, province, read_only=True)
    client = signed_in(reader)
    assert client.post("/review/statistics/records/export/").status_code == 200
    asked = {"unmasked": "on", "purpose": "核对名单"}
    assert client.post("/review/statistics/records/export/", asked).status_code == 403
    assert list(Export.objects.values_list("is_masked", flat=True)) == [True]


def test_a_province_exports_its_own_people_only(counted_people, other_province_reviewer, signed_in):
    """TRUST-24."""
    client = signed_in(other_province_reviewer)
    book = workbook(client.post("/review/statistics/records/export/"))
    assert book.active.max_row == 1
    assert client.post("/review/statistics/records/export/?province=33").status_code == 302


def test_the_table_is_exported_with_totals_filters_and_moment(national, counted_people, base):
    answer = national.post("/review/statistics/export/?rows=base&columns=type&status=1")
    rows = [list(row) for row in workbook(answer).active.iter_rows(values_only=True)]
    assert rows[0][0] == "培训基地＼人员类型"
    assert rows[0][-2:] == ["合计", "结束"]
    assert [base.name, 2, 1, 1, 4, 0] in rows
    assert ["合计", 3, 1, 2, 6, 0] in rows
    assert ["转出待入", 0, 0, 0, 0, None] in rows
    notes = [row[0] for row in rows[5:]]
    assert "统计口径：现有人员" in notes
    assert "培训状态：在培" in notes
    assert any(str(note).startswith("数据时间：") for note in notes)


def test_list_holds_text_and_no_formula(national, counted_people):
    """TRUST-39: a spreadsheet program runs nothing and shows what was stored."""
    sheet = workbook(national.post("/review/statistics/records/export/")).active
    cells = [cell for row in sheet.iter_rows() for cell in row if cell.value is not None]
    assert '=HYPERLINK("http://x","点我")' in [cell.value for cell in cells if cell.data_type == "s"]
    assert "f" not in {cell.data_type for cell in cells}
    assert sheet.max_row == 8


@pytest.mark.parametrize("visitor", ["base_officer", "resident"])
def test_others_have_no_statistics(request, signed_in, visitor):
    client = signed_in(request.getfixturevalue(visitor))
    for path in ("statistics/", "statistics/records/"):
        assert client.get(f"/review/{path}").status_code == 403
    for path in ("statistics/export/", "statistics/records/export/"):
        assert client.post(f"/review/{path}").status_code == 403
    assert Export.objects.count() == 0


@pytest.mark.parametrize(
    ("query", "column"), [("rows=type&columns=type", "招收年份"), ("rows=year&columns=year", "人员类型")]
)
def test_one_dimension_asked_twice_is_told(national, counted_people, query, column):
    """GOAL-P7: what is shown in place of what was asked is said."""
    assert f"列已换成“{column}”" in national.get(f"/review/statistics/?{query}").content.decode()
    assert "列已换成" not in national.get("/review/statistics/?rows=type&columns=year").content.decode()
    assert "列已换成" not in national.get("/review/statistics/").content.decode()


@pytest.mark.parametrize(
    "address",
    [
        "/review/statistics/",
        "/review/statistics/records/",
        "/review/statistics/returns/",
        "/review/completions/statistics/",
        "/review/national/",
    ],
)
def test_a_page_read_from_a_replica_says_up_to_when_it_is_complete(
    national, counted_people, cycle, monkeypatch, address
):
    assert "数据截至" not in national.get(address).text
    moment = datetime(2026, 12, 1, 9, 30, 15, tzinfo=UTC)
    # The figure still comes from the only database of a test.
    monkeypatch.setattr(replica, "read", lambda question, until=None: (question(), moment))
    text = national.get(address).text
    assert "数据截至 2026-12-01 17:30:15，此后的变化没有计入" in text
    assert "数据时间" not in text


def test_what_was_frozen_is_never_read_from_a_replica(national, counted_people, freeze, monkeypatch):
    edition = freeze()
    monkeypatch.setattr(replica, "read", None)
    page = national.get(f"/review/statistics/?edition={edition.pk}")
    assert (page.status_code, page.context["form"].chosen_edition) == (200, edition)
