"""Training bases by the words by which papers and programs name them (附件1, legacy rosters, interface)."""

from collections.abc import Collection

from django.db.models import Q

from bases.models import TrainingBase
from portal.histories import event_model


def bases_named(words: Collection[str] | None = None) -> dict[str, list[TrainingBase]]:
    """The bases by code, name and former name, of these words or of all; three queries.

    Papers of earlier years are right to hold the name of their time. Whoever bears a name now stands alone for it in
    his province.
    """
    bases, events = TrainingBase.objects.select_related("province"), event_model(TrainingBase).objects.all()
    current = bases if words is None else bases.filter(Q(name__in=words) | Q(code__in=words))
    found: dict[str, list[TrainingBase]] = {}
    for base in current:
        for word in {base.code, base.name}:
            found.setdefault(word, []).append(base)
    had = (events if words is None else events.filter(name__in=words)).order_by()
    names = set(had.values_list("name", "pgh_obj_id"))
    known = bases.in_bulk({pk for _, pk in names})
    taken = {(word, base.province_id) for word, some in found.items() for base in some}
    for name, pk in sorted(names):
        former = known.get(pk)
        if former is not None and (name, former.province_id) not in taken:
            found.setdefault(name, []).append(former)
    return found
