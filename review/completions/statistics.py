"""Statistics of received early completions, now or as of a past moment, and their list in the columns of 附件1
(BR-20; GOAL-N5, GOAL-N6, GOAL-N12)."""

from collections.abc import Generator, Mapping
from datetime import datetime

from django.db.models import Model, QuerySet
from django.db.models.functions import ExtractYear

from bases.models import Province, Specialty, TrainingBase
from portal.models import User
from portal.parameters import moment_of
from residents.codes import CODE_LISTS
from residents.models import Resident
from residents.rules import completion
from residents.words import in_words
from review.completions.services import accepted
from review.exports.sheets import ROWS_AT_ONCE, Sheet
from review.models import CompletionRecord
from review.statistics.cross_table import Dimension, until_words
from review.statistics.cross_table import in_words as in_words_of


def _named(model: type[Model], *order: str) -> dict[str, str]:
    return {str(pk): name for pk, name in model._default_manager.order_by(*order).values_list("pk", "name")}


DIMENSIONS = {
    dimension.key: dimension
    for dimension in (
        Dimension("province", "培训所在省份", "province_id", lambda: _named(Province, "pk")),
        Dimension("base", "培训基地", "base_id", lambda: _named(TrainingBase, "province_id", "code")),
        Dimension("specialty", "培训专业", "specialty_id", lambda: _named(Specialty, "pk")),
        Dimension("type", "人员类型", "trainee_type", lambda: CODE_LISTS["trainee_type"].items),
        Dimension("years", "核定的培训年限", "approved_years", lambda: {"1": "1 年", "2": "2 年"}),
        Dimension("end", "结束年份", "end_year", dict),
    )
}


def counted(
    user: User, filters: Mapping[str, str], as_of: datetime | None = None
) -> QuerySet[CompletionRecord]:
    """The early completions that count, of the provinces the user sees; `filters`: dimension key → value. Those that
    had been received at the moment `as_of`, where one is given (AM-50): what is received is never altered."""
    found = accepted(user).annotate(end_year=ExtractYear("actual_end_date"))
    if as_of:
        found = found.filter(batch__decided_at__lte=as_of)
    return found.filter(**{DIMENSIONS[key].column: value for key, value in filters.items()})


def list_sheet(user: User, asked: Mapping[str, str], *, unmasked: bool) -> Sheet:
    """Every early completion that `counted` finds, in the 13 columns of 附件1."""
    found = counted(user, *of_export(asked))
    widths = [max(14, len(header) + 6) for header in completion.HEADERS]
    people = Resident.objects.filter(id_number__in=found.values("id_number")).values_list("pk", flat=True)
    return Sheet(
        list(completion.HEADERS),
        widths,
        found.count,
        _rows(found, unmasked),
        people=people if unmasked else None,
    )


def of_export(asked: Mapping[str, str]) -> tuple[dict[str, str], datetime | None]:
    """What an export was asked: filters, and the moment if not that of the export."""
    filters = dict(asked)
    as_of = filters.pop("as_of", "")
    return filters, moment_of(as_of)


def list_in_words(asked: Mapping[str, str]) -> list[str]:
    filters, as_of = of_export(asked)
    return until_words(as_of) + in_words_of(filters, DIMENSIONS)


def _rows(found: QuerySet[CompletionRecord], unmasked: bool) -> Generator[list[str]]:
    for record in found.order_by("pk").iterator(chunk_size=ROWS_AT_ONCE):
        values = {field.name: getattr(record, field.name, None) for field in completion.FIELDS}
        values |= {
            "province": record.province_id,
            "training_base": record.base.name,
            "specialty": record.specialty_id,
        }
        yield [in_words(field, values[field.name], masked=not unmasked) for field in completion.FIELDS]
