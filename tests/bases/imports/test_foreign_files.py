"""Lists as hospitals keep them: other headers, years in words, sums and notes below (GOAL-B20; PAIN-04 … PAIN-11)."""

import io
from datetime import date

import openpyxl
import pytest
from django.urls import reverse

from bases.imports import services as imports
from bases.imports.batch import BatchMoved
from bases.imports.worker import check_batch
from bases.workbooks.kinds import KINDS
from bases.workbooks.persons import without_others
from bases.workbooks.training_resource import RESOURCES
from portal.sheets.reading import SheetRefused, Table
from portal.sheets.values import column_letter
from residents.models.enrollment import Module
from review.completions.kind import COMPLETIONS
from review.exams.kind import RESULTS
from tests.bases.conftest import HEADERS, account_line, counts, problem_codes

pytestmark = pytest.mark.django_db


def sheet_of(*lines) -> bytes:
    book = openpyxl.Workbook()
    for line in lines:
        book.active.append(list(line))
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


@pytest.fixture
def person(cycle):
    """A function: one good line."""

    def line(**values) -> list:
        return list(account_line(intake_year=str(cycle.year), **values).values())

    return line


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        (HEADERS, "header"),
        (("招收年份（必填）", "*姓名", "证件类型", "证件号", "手 机 号"), "header"),
        ((None, "姓名", None, "证件号", None), "header"),
        (("合计：2人",), "below"),
        (("合 计", None, None, None, "2"), "below"),
        (("共 2 人",), "below"),
        (("填表人：秦某某", None, "审核人：秦某"), "below"),
        (("注：以上信息真实有效。填表人：王五  联系电话：0571-88888888",), "below"),
        (("填表人：王五", None, None, "2026-12-01"), "below"),
        (("制表日期", None, None, "2026年12月1日"), "below"),
        (("备注：无",), "below"),
        ((None, "审核人（签字）", None, None, "13800138000"), "below"),
        (("单位盖章：",), "below"),
        ((None, None, "居民身份证"), "drawn"),
        (("2026", None, "居民身份证"), "drawn"),
        (("2026",), "drawn"),
    ],
)
def test_line_that_is_nobody_is_told_once(checked, person, line, kind):
    """W6: no fault of five cells each; the remark names the rows."""
    batch = checked(sheet_of(HEADERS, person(), line, person(full_name="李四"), line))
    assert counts(batch) == (2, 2, 0, 0)
    (told,) = [each for each in batch.ignored_headers if each.get("nobody")]
    assert (told["nobody"], told["count"], told["rows"]) == (kind, 2, "3、5")


@pytest.mark.parametrize(
    "line",
    [
        (None, "总计", "居民身份证", "330106199503120014", None),
        (None, "姓名", "居民身份证", "1", "1"),
        (None, "张三", None, None, None),
        (None, None, None, None, "13800138000"),
        (None, None, "居民身份证", "1", None),
        ("合计表", "张三", "居民身份证", None, "13800138000"),
        ("2026", "备", None, None, None),
    ],
)
def test_line_that_may_be_somebody_keeps_its_faults(checked, person, line):
    batch = checked(sheet_of(HEADERS, person(), line))
    assert counts(batch) == (2, 1, 0, 1)


def test_list_drawn_sixty_rows_too_far_is_one_remark(checked, person, signed_in, base_officer):
    """W6."""
    batch = checked(sheet_of(HEADERS, person(), *[(None, None, "居民身份证")] * 60))
    assert (counts(batch), problem_codes(batch)) == ((1, 1, 0, 0), {})
    page = signed_in(base_officer).get(reverse("bases:import-batch", args=[batch.pk])).text
    assert "有 60 行（第 3–62 行）只填了“证件类型”，没有姓名和证件号，不是人员，没有读取。" in page


def test_file_of_nobody_is_refused(checked):
    batch = checked(sheet_of(HEADERS, ("合计：0人",)))
    assert (batch.state, batch.refusal["code"]) == ("refused", "no_rows")


def test_training_row_with_a_number_is_somebody():
    """Every kind of workbook passes the same rows over."""
    resource = RESOURCES[Module.INTAKE]
    headers = [("A", "姓名"), ("B", "证件类型"), ("C", "证件号"), ("D", "培训专业")]
    rows = [
        (2, ["张三", "居民身份证", "1", None]),
        (3, [None, None, None, "内科"]),
        (4, ["填表人：张三", None, None, None]),
    ]
    table = Table("xlsx", "x", 1, headers, rows, False, None)
    kept, told = without_others(table, resource)
    assert [number for number, _ in kept.rows] == [2]
    assert [each["nobody"] for each in told] == ["below", "drawn"]
    with pytest.raises(SheetRefused):
        without_others(Table("xlsx", "x", 1, headers, rows[1:], False, None), resource)


@pytest.mark.parametrize(
    "headers",
    [
        ("招收年度", "姓  名", "证件类别", "身份证号码", "联系电话"),
        ("招录年份", "学员姓名", "证件种类", "证件号码", "手机号码"),
        ("入培年份", "住院医师姓名", "身份证件类型", "身份证件号码", "移动电话"),
        ("招收年份", "姓名", "证件类型", "身份证号", "手机"),
    ],
)
def test_headers_that_mean_the_same_are_taken_and_told(checked, person, headers, signed_in, base_officer):
    """GOAL-B20, W7."""
    batch = checked(sheet_of(headers, person()))
    assert counts(batch) == (1, 1, 0, 0)
    page = signed_in(base_officer).get(reverse("bases:import-batch", args=[batch.pk])).text
    assert f"{'D'} 列“{headers[3]}”按“证件号”读取。" in page


def test_header_printed_again_is_known_by_the_file_s_own_words(checked, person, signed_in, base_officer):
    """W6 with W7: each printed page of a foreign list begins with its headers."""
    headers = ("招收年度", "姓  名", "身份证件类型", "身份证号码", "联系电话")
    batch = checked(sheet_of(headers, person(), headers, person(full_name="李四")))
    assert counts(batch) == (2, 2, 0, 0)
    page = signed_in(base_officer).get(reverse("bases:import-batch", args=[batch.pk])).text
    assert "第 3 行是重复的表头" in page


EVERY_RESOURCE = {
    workbook.resource.title: workbook.resource
    for kind in (*KINDS.values(), COMPLETIONS, RESULTS)
    for workbook in kind.workbooks.values()
}


@pytest.mark.parametrize("title", EVERY_RESOURCE)
@pytest.mark.parametrize("words", ["own", "synonym", "matched"])
def test_every_kind_of_workbook_knows_its_header_again(title, words):
    """GOAL-B20: also where its user has said which column is which."""
    resource = EVERY_RESOURCE[title]
    headers = resource.headers()
    synonyms = {header: word for word, header in resource.synonyms().items()}
    spelled = {
        "own": dict(zip(headers, headers, strict=True)),
        "synonym": {header: synonyms.get(header, header) for header in headers},
        "matched": {header: f"本院的{header}栏" for header in headers},
    }[words]
    lettered = [(column_letter(place), header) for place, header in enumerate(headers)]
    rows = [(2, ["张三"] * len(headers)), (3, list(spelled.values()))]
    renamed = [(letter, spelled[header], header) for letter, header in lettered if spelled[header] != header]
    table = Table("xlsx", "x", 1, lettered, rows, False, None, renamed=renamed)
    kept, told = without_others(table, resource)
    assert [number for number, _ in kept.rows] == [2]
    assert [(each["nobody"], each["rows"]) for each in told] == [("header", "3")]


def test_own_name_of_a_column_comes_before_another_word(checked, person):
    """W7: the landline beside the mobile number is a column of its own."""
    batch = checked(sheet_of([*HEADERS, "联系电话"], [*person(), "0571-88888888"]))
    assert counts(batch) == (1, 1, 0, 0)
    assert batch.ignored_headers == [{"column": "F", "header": "联系电话"}]


def test_two_other_words_for_one_column_are_ambiguous(checked, person):
    batch = checked(
        sheet_of(["招收年份", "姓名", "证件类型", "证件号", "联系电话", "手机"], [*person(), "1"])
    )
    assert batch.state == "refused"
    assert "“手机号”出现了 2 次（E、F 列）" in batch.refusal["text"]


@pytest.mark.parametrize(
    "year",
    ["{}", "{}年", "{}年度", "{}届", "{}级", "{} 年度 ", "{}.0", "{}年招收", 0, date],
)
def test_year_is_taken_where_it_is_unambiguous(checked, cycle, person, year):
    """W7."""
    line = person()
    if year is date:
        line[0] = date(cycle.year, 1, 1)
    else:
        line[0] = year.format(cycle.year) if year else cycle.year
    assert counts(checked(sheet_of(HEADERS, line))) == (1, 1, 0, 0)


@pytest.mark.parametrize("words", ["二〇{}", "二零{}", "二○{}", "二O{}"])
def test_year_in_chinese_digits_is_taken(checked, cycle, person, words):
    """W7."""
    line = person()
    line[0] = words.format("".join("〇一二三四五六七八九"[int(digit)] for digit in str(cycle.year)[2:]))
    assert counts(checked(sheet_of(HEADERS, line))) == (1, 1, 0, 0)


@pytest.mark.parametrize("year", ["26", "二六", "2026-2027", "今年", "2026上"])
def test_year_that_could_be_another_is_refused(checked, cycle, person, year):
    line = person()
    line[0] = year
    batch = checked(sheet_of(HEADERS, line))
    assert [code for code, _ in [(each[1], each[0]) for each in problem_codes(batch)[2]]]
    assert batch.rows_refused == 1


def test_unknown_headers_are_matched_once_and_remembered(checked, person, signed_in, base_officer):
    """GOAL-B20: the page offers what the cells look like; the next file of the base is read so at once."""
    foreign = ("入职届别", "姓名", "证照种类", "证照编码", "移动号")
    batch = checked(sheet_of(foreign, person(), person(full_name="李四")))
    assert batch.state == "refused"
    client, address = signed_in(base_officer), reverse("bases:import-batch", args=[batch.pk])
    page = client.get(address)
    guessed = {each.name: each.guess for each in page.context["matches"]}
    assert {each.header: each.guess for each in page.context["matches"]} == {
        "招收年份": "入职届别",
        "证件类型": "证照种类",
        "证件号": "证照编码",
        "手机号": "移动号",
    }
    number = batch.facts["columns"]["unknown"][2]["example"]
    assert "*" in number
    assert number in page.text

    client.post(reverse("bases:import-headers", args=[batch.pk]), guessed)
    check_batch(batch.pk)
    batch.refresh_from_db()
    assert counts(batch) == (2, 2, 0, 0)
    again = checked(sheet_of(foreign, person()))
    assert counts(again) == (1, 1, 0, 0)
    assert {"column": "E", "header": "移动号", "read_as": "手机号"} in again.ignored_headers


def test_what_one_base_matched_another_does_not_know(
    checked, person, base_officer, other_base_officer, other_base
):
    """GOAL-B20."""
    foreign = (*HEADERS[:4], "移动号")
    batch = checked(sheet_of(foreign, person()))
    imports.match_headers(batch, {"手机号": "移动号"}, by=base_officer)
    assert checked(sheet_of(foreign, person()), at=other_base, by=other_base_officer).state == "refused"
    assert checked(sheet_of(foreign, person())).state == "checked"


@pytest.mark.parametrize(
    "matched",
    [
        {},
        {"手机号": "移动号"},
        {"手机号": "移动号", "证件号": "移动号"},
        {"手机号": "姓名", "证件号": "移动号"},
    ],
)
def test_half_a_match_is_none(checked, person, base_officer, matched):
    batch = checked(sheet_of((*HEADERS[:3], "证照编码", "移动号"), person()))
    with pytest.raises(BatchMoved, match="各选一列"):
        imports.match_headers(batch, matched, by=base_officer)
    batch.refresh_from_db()
    assert (batch.state, batch.choices) == ("refused", {})


def test_own_header_is_not_taken_for_a_remembered_one(checked, person, base_officer):
    """GOAL-B20: a match is other words for a column, and never hides the column itself."""
    batch = checked(sheet_of((*HEADERS[:4], "移动号"), person()))
    imports.match_headers(batch, {"手机号": "移动号"}, by=base_officer)
    both = checked(sheet_of((*HEADERS, "移动号"), [*person(), "1"]))
    assert counts(both) == (1, 1, 0, 0)
