"""The comparison of two editions as a list to export: a line a person and field that differs."""

from collections.abc import Generator, Mapping
from itertools import islice
from typing import Any

from django.db.models import QuerySet

from portal.masking import mask
from portal.models import User
from residents.codes import CODE_LISTS
from review.editions.comparison import SIDES, compare, for_list, side, within
from review.exports.sheets import ROWS_AT_ONCE, Sheet
from review.models import Edition, EditionPerson

_HEADERS = {
    "变化": 10,
    "省份": 14,
    "培训基地": 30,
    "培训专业": 18,
    "招收年份": 10,
    "姓名": 12,
    "证件号": 22,
    "人员类型": 22,
    "项目": 28,
    "原值": 28,
    "新值": 28,
}


def difference_sheet(user: User, asked: Mapping[str, str], *, unmasked: bool) -> Sheet:
    """One side of the comparison, as the page of the same filters counts its persons."""
    old, new = (Edition.objects.get(pk=int(asked[name])) for name in ("old", "new"))
    filters = {"province_id": asked["province_id"]} if "province_id" in asked else {}
    found = side(old.pk, new.pk, asked["side"], within(user, filters))
    return Sheet(
        headers=list(_HEADERS),
        widths=list(_HEADERS.values()),
        count=found.count,
        rows=_rows(found, old, new, asked["side"], unmasked),
        people=found.order_by().values_list("resident", flat=True) if unmasked else None,
    )


def difference_words(asked: Mapping[str, str]) -> list[str]:
    """Which editions, which side."""
    old, new = (Edition.objects.get(pk=int(asked[name])) for name in ("old", "new"))
    return [f"{old} → {new}", SIDES[asked["side"]]]


def _rows(
    found: QuerySet[EditionPerson], old: Edition, new: Edition, which: str, unmasked: bool
) -> Generator[list]:
    people = for_list(found).order_by("pk").iterator(chunk_size=ROWS_AT_ONCE)
    while some := list(islice(people, ROWS_AT_ONCE // 10)):
        for each in compare(some, old, new, which, masked=not unmasked):
            person = each.person
            about: list[Any] = [
                SIDES[which],
                person.province.name,
                person.base.name,
                person.specialty.name,
                person.intake_year,
                person.full_name,
                person.id_number if unmasked else mask(person.id_number or ""),
                CODE_LISTS["trainee_type"].label(person.trainee_type),
            ]
            for difference in each.differences:
                yield [*about, difference.label, difference.old, difference.new]
