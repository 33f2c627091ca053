"""Dates in every form of docs/fields.md#formats (PAIN-07)."""

from calendar import monthrange
from datetime import date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from residents.catalogue.catalogue import Invalid
from residents.rules.dates import add_months, add_years, parse_date, years_between

DAY = date(2019, 9, 1)


@pytest.mark.parametrize(
    "raw",
    [
        DAY,
        datetime.fromisoformat("2019-09-01 12:30"),
        "2019-9-1",
        "2019-09-01",
        "2019/09/01",
        "2019.9.1",
        "20190901",
        20190901,
        20190901.0,
        "2019年9月1日",
        "2019 年 9 月 1 日",
        "2019年09月01号",
        "２０１９－０９－０１",
        " 2019-09-01\u00a0",
        "2019-09-01 00:00:00",
        "2019-09-01T00:00:00",
        43709,
        43709.0,
        43709.5,
        "43709",
    ],
)
def test_every_form_of_a_day_is_read(raw):
    assert parse_date(raw) == DAY


@pytest.mark.parametrize("raw", ["2019-9", "2019/09", "2019.9", "2019年9月", "201909", 201909])
def test_month_is_read_where_the_field_allows_it(raw):
    assert parse_date(raw, allows_month=True) == DAY


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        ("2019-9", "date_day_missing"),
        ("2019年9月", "date_day_missing"),
        (201909, "date_day_missing"),
        ("2019-02-29", "date_impossible"),
        ("2019-13-01", "date_impossible"),
        ("20191301", "date_impossible"),
        ("1/9/2019", "date_ambiguous"),
        ("09-01-19", "date_ambiguous"),
        ("19.9.1", "date_ambiguous"),
        ("19年9月1日", "date_ambiguous"),
        ("190901", "date_ambiguous"),
        ("201009", "date_ambiguous"),
        (2019, "date_ambiguous"),
        (2019.9, "date_ambiguous"),
        (1, "date_ambiguous"),
        ("2019-9/1", "date_format"),
        ("去年", "date_format"),
        ("2019-08-31T16:00:00Z", "date_format"),
        (True, "date_format"),
        (time(9, 0), "date_format"),
        (-5, "date_format"),
        (float("nan"), "date_format"),
        (float("inf"), "date_format"),
        (10**30, "date_format"),
        ("1899-12-31", "date_out_of_range"),
        ("2100-01-01", "date_out_of_range"),
        (date(1, 1, 1), "date_out_of_range"),
        ("2019-09\x00-01", "control_character"),
    ],
)
def test_what_is_no_day_or_two_days_is_refused(raw, code):
    """PAIN-07: ambiguous ones fail."""
    with pytest.raises(Invalid) as refusal:
        parse_date(raw)
    assert refusal.value.problem.code == code


def test_lost_month_of_a_number_is_refused_even_for_months():
    """Excel keeps 2019.10 as 2019.1: October and January are one number."""
    with pytest.raises(Invalid) as refusal:
        parse_date(2019.1, allows_month=True)
    assert refusal.value.problem.code == "date_ambiguous"


@pytest.mark.parametrize("raw", [42247, 42247.0, "42247"])
def test_bare_serial_of_a_1904_workbook_is_refused(raw):
    """TRUST-34: an error, never a date four years off."""
    with pytest.raises(Invalid) as refusal:
        parse_date(raw, is_1904=True)
    assert refusal.value.problem.code == "date_1904"


def test_dates_and_texts_of_a_1904_workbook_are_read():
    assert parse_date(datetime.fromisoformat("2019-09-01"), is_1904=True) == DAY
    assert parse_date("2019-09-01", is_1904=True) == DAY


@pytest.mark.parametrize("raw", [None, "", "  ", "\u3000"])
def test_blank_is_no_date(raw):
    assert parse_date(raw) is None


@given(st.dates(date(1930, 1, 1), date(2099, 12, 31)))
def test_serial_and_texts_of_one_day_agree(day):
    serial = (day - date(1899, 12, 30)).days
    texts = [f"{day:%Y-%m-%d}", f"{day.year}.{day.month}.{day.day}", f"{day:%Y%m%d}", f"{day:%Y年%m月%d日}"]
    assert {parse_date(form) for form in (serial, float(serial), str(serial), *texts)} == {day}


@given(st.one_of(st.text(), st.integers(), st.floats()))
def test_anything_is_read_or_refused(raw):
    try:
        day = parse_date(raw)
    except Invalid:
        return
    assert day is None or 1900 <= day.year < 2100


def test_months_and_years_are_added_to_the_same_day_or_the_last():
    assert add_months(date(2019, 8, 31), 6) == date(2020, 2, 29)
    assert add_months(date(2019, 1, 31), -2) == date(2018, 11, 30)
    assert add_years(date(2016, 2, 29), 3) == date(2019, 2, 28)
    assert add_years(date(2016, 9, 1), 3) == date(2019, 9, 1)


@given(st.dates(date(1930, 1, 1), date(2099, 12, 31)), st.integers(-360, 360))
def test_sum_of_months_is_the_day_or_the_last_of_its_month(day, months):
    total = day.year * 12 + day.month - 1 + months
    found = add_months(day, months)
    assert found.year * 12 + found.month - 1 == total
    assert found.day == min(day.day, monthrange(found.year, found.month)[1])


def test_years_between_counts_birthdays():
    assert years_between(date(2000, 9, 2), date(2019, 9, 1)) == 18
    assert years_between(date(2000, 9, 1), date(2019, 9, 1)) == 19
    assert years_between(DAY, DAY + timedelta(days=1)) == 0
