"""Dates in every form of docs/fields.md#formats. What could mean two days is refused, never guessed (PAIN-07)."""

import re
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Any

from dateutil.relativedelta import relativedelta

from residents.catalogue.catalogue import Invalid, Problem, invalid, problem
from residents.rules.text import clean_text, half_width

_DAY_0 = date(1899, 12, 30)
# Serials of 1930-01-01 to 2099-12-31. Smaller ones look like years or part of a number: refused.
_FIRST_SERIAL, _LAST_SERIAL = 10_959, 73_050
_FIRST_YEAR, _LAST_YEAR = 1900, 2100

_MIDNIGHT_OR_TIME = r"(?:[ T][0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?)?"
_WITH_SEPARATOR = re.compile(rf"([0-9]{{4}})([-/.])([0-9]{{1,2}})\2([0-9]{{1,2}}){_MIDNIGHT_OR_TIME}")
_IN_CHINESE = re.compile(rf"([0-9]{{4}})年([0-9]{{1,2}})月([0-9]{{1,2}})[日号]{_MIDNIGHT_OR_TIME}")
_EIGHT_DIGITS = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})")
_MONTH = re.compile(r"([0-9]{4})(?:[-/.]([0-9]{1,2})|年([0-9]{1,2})月?|([0-9]{2}))")
_SERIAL = re.compile(r"[0-9]{5}(?:\.[0-9]+)?")
_BLANKS_OF_A_DATE = re.compile(r" *([-/.年月]) *| +(?=[日号])")
# 9/1/2019, 01.09.19, 19-9-1, 19年9月1日: readable, but as several days.
_TWO_READINGS = re.compile(
    r"[0-9]{1,2}[-/.][0-9]{1,2}[-/.][0-9]{1,4}|[0-9]{2}年[0-9]{1,2}月[0-9]{1,2}[日号]?|[0-9]{6}"
)


def parse_date(raw: Any, *, allows_month: bool = False, is_1904: bool = False) -> date | None:
    """The day a cell, form or interface value means; None for nothing.

    Takes dates, serial numbers and texts. `allows_month` also takes year and month and gives the first of the month.
    In a 1904 workbook (`is_1904`) a bare serial is refused: without a date format it could be either system.
    Raises Invalid.
    """
    if raw is None:
        return None
    if isinstance(raw, datetime):
        return _in_range(raw.date(), raw)
    if isinstance(raw, date):
        return _in_range(raw, raw)
    if isinstance(raw, bool | time):
        raise invalid("date_format", value=raw)
    if isinstance(raw, int | float):
        return _from_number(raw, allows_month, is_1904)
    return _from_text(raw, allows_month, is_1904)


def _in_range(day: date, raw: Any) -> date:
    if not _FIRST_YEAR <= day.year < _LAST_YEAR:
        raise invalid("date_out_of_range", value=raw)
    return day


def _from_number(raw: float, allows_month: bool, is_1904: bool) -> date | None:
    if isinstance(raw, float):
        if raw.is_integer():
            raw = int(raw)
        # 2019.9 and 2019.10 are the same number as 2019.90 and 2019.1: the month is lost.
        elif _FIRST_YEAR <= raw < _LAST_YEAR:
            raise invalid("date_ambiguous", value=raw)
    if _FIRST_SERIAL <= raw < _LAST_SERIAL + 1:
        return _from_serial(raw, is_1904)
    if isinstance(raw, int) and raw >= 100_000:
        return _from_text(str(raw), allows_month, is_1904)
    raise invalid("date_ambiguous" if raw == raw and 0 < raw < _FIRST_SERIAL else "date_format", value=raw)


def _from_serial(serial: float, is_1904: bool) -> date:
    if is_1904:
        raise invalid("date_1904", value=serial)
    return _DAY_0 + timedelta(days=int(serial))


def _from_text(raw: str, allows_month: bool, is_1904: bool) -> date | None:
    text = clean_text(raw)
    if not text:
        return None
    result = _read(text, allows_month, is_1904)
    if isinstance(result, Problem):
        raise Invalid(result)
    return result


@lru_cache(maxsize=16384)
def _read(text: str, allows_month: bool, is_1904: bool) -> date | Problem:
    """A date text read, or why it cannot be; cached because a workbook repeats its few dates."""
    plain = _BLANKS_OF_A_DATE.sub(r"\1", half_width(text))
    for form, groups in ((_WITH_SEPARATOR, (1, 3, 4)), (_IN_CHINESE, (1, 2, 3)), (_EIGHT_DIGITS, (1, 2, 3))):
        if match := form.fullmatch(plain):
            return _day(text, *(int(match[group]) for group in groups))
    if match := _MONTH.fullmatch(plain):
        return _month(text, match, allows_month)
    if _SERIAL.fullmatch(plain) and _FIRST_SERIAL <= float(plain) < _LAST_SERIAL + 1:
        return problem("date_1904", value=text) if is_1904 else _from_serial(float(plain), is_1904)
    return problem("date_ambiguous" if _TWO_READINGS.fullmatch(plain) else "date_format", value=text)


def _day(text: str, year: int, month: int, day: int) -> date | Problem:
    if not _FIRST_YEAR <= year < _LAST_YEAR:
        return problem("date_out_of_range", value=text)
    try:
        return date(year, month, day)
    except ValueError:
        return problem("date_impossible", value=text)


def _month(text: str, match: re.Match, allows_month: bool) -> date | Problem:
    year, month = int(match[1]), int(match[2] or match[3] or match[4])
    # 201009 may be October 2010 or 9 October 2020; 201909 can only be a month.
    if match[4] and (
        not (_FIRST_YEAR <= year < _LAST_YEAR and 1 <= month <= 12) or 1 <= int(match[0][2:4]) <= 12
    ):
        return problem("date_ambiguous", value=text)
    if not allows_month:
        return problem("date_day_missing", value=text)
    return _day(text, year, month, 1)


def add_months(day: date, months: int) -> date:
    """The same day so many months later (or earlier); the last day of the month where it has no such day."""
    return day + relativedelta(months=months)


def add_years(day: date, years: int) -> date:
    """The same day so many years later; 28 February for a 29th that does not exist."""
    return add_months(day, 12 * years)


def years_between(start: date, end: date) -> int:
    """Completed years from one day to another, as an age is counted."""
    return end.year - start.year - ((end.month, end.day) < (start.month, start.day))
