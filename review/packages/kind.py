"""The package as a kind of export: it passes the same gate as full numbers, is made by the worker and expires."""

from collections.abc import Generator, Iterator, Mapping

from portal.models import User
from review.editions.comparison import within
from review.exports.sheets import Sheet
from review.models import Edition, EditionPerson, Export
from review.packages import archive


def edition_of(asked: Mapping[str, str]) -> Edition:
    return Edition.objects.select_related("order__supersedes").get(pk=int(asked["edition"]))


def sheet(user: User, asked: Mapping[str, str], *, unmasked: bool) -> Sheet:
    """Whom a package with persons is about: for the count, and for the record of whose numbers left."""
    found = EditionPerson.objects.filter(edition=int(asked["edition"]), **within(user, {}))
    return Sheet(
        headers=[],
        widths=[],
        count=found.count,
        rows=_no_rows(),
        people=found.order_by().values_list("resident", flat=True) if unmasked else None,
    )


def content(export: Export, *, unmasked: bool) -> Iterator[bytes]:
    """The bytes of the zip."""
    return archive.stream(
        edition_of(export.filters), with_persons=unmasked, with_photos="photos" in export.filters
    )


def words(asked: Mapping[str, str]) -> list[str]:
    return [str(edition_of(asked)), *(["含照片"] if "photos" in asked else [])]


def _no_rows() -> Generator[list]:
    """The archive reads its own."""
    yield from ()
