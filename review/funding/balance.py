"""人数平衡 (F3): how the persons of a base came from those of the edition before (GOAL-N9).

The last edition + 新入 + 补录 + 转入 + 并入 + 复训 − 结业 − 退培 − 转出 − 并出 ± 更正 = this one. A person who went
without a fact that tells it stands in no column: he is the difference, which his base explains.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Case, CharField, Count, Exists, F, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.functions import Coalesce

from bases.models import Submission, Succession
from residents.models import Enrollment
from review.figures import Figure, FigureTable, Line
from review.models import BalanceNote, Edition, EditionPerson, Standing

OPENING, CLOSING, UNEXPLAINED = "opening", "closing", "unexplained"
CAME = {
    "new": "新入",
    "late": "补录",
    "in": "转入",
    "merged_in": "并入",
    "again": "复训",
    "fixed_in": "更正增",
}
LEFT = {"done": "结业", "left": "退培", "out": "转出", "merged_out": "并出", "fixed_out": "更正减"}
COLUMNS = {OPENING: "上一版", **CAME, **LEFT, CLOSING: "本版", UNEXPLAINED: "差额"}
_MEANT = (
    "上一版 + 新入 + 补录 + 转入 + 并入 + 复训 − 结业 − 退培 − 转出 − 并出 + 更正增 − 更正减 = 本版。"
    "新入：上一版截止日以后开始培训；补录：此前已开始、上一版未计；复训：由“结束”恢复；结业：转为“结束”；"
    "更正减：记录已删除、审核已撤销或开始时间改到截止日以后。没有任何记载而减少的人计入差额，由培训基地说明。"
)


def before(edition: Edition | None) -> Edition | None:
    """The edition frozen before this one, of whatever year; the newest where none is given."""
    found = Edition.objects.select_related("order").order_by("-frozen_at")
    return (found.filter(frozen_at__lt=edition.frozen_at) if edition else found).first()


@dataclass(frozen=True, slots=True)
class Balance:
    """Two sets of persons: those of the edition before, and `new` ones of an edition or a trial."""

    old: Edition
    new: QuerySet

    def people(self, kind: str) -> QuerySet:
        """Who stands in one column, each with `move`; of every base."""
        if kind in (OPENING, CLOSING):
            found = self._were if kind == OPENING else self.new.filter(standing=Standing.CURRENT)
            return found.annotate(move=Value(kind))
        return (self._came if kind in CAME else self._went).filter(move=kind)

    @property
    def _were(self) -> QuerySet:
        return EditionPerson.objects.filter(edition=self.old, standing=Standing.CURRENT)

    @property
    def _came(self) -> QuerySet:
        was = EditionPerson.objects.filter(edition=self.old, resident=OuterRef("resident"))
        here = was.filter(standing=Standing.CURRENT, base=OuterRef("base"))
        found = self.new.filter(~Exists(here), standing=Standing.CURRENT).annotate(
            was=Coalesce(Subquery(was.values("standing")[:1]), Value("")),
            was_at=Subquery(was.values("base")[:1]),
            was_record=Subquery(was.values("submission__enrollment")[:1]),
        )
        merged = Succession.objects.filter(
            base=OuterRef("was_at"), successor=OuterRef("base"), carried_out_at__isnull=False
        )
        return _moves(
            found,
            [
                When(Exists(merged), was=Standing.CURRENT, then=Value("merged_in")),
                When(was__in=[Standing.CURRENT, Standing.WAITING], then=Value("in")),
                When(was=Standing.ENDED, then=Value("again")),
                When(was=Standing.LEFT, was_record=F("submission__enrollment"), then=Value("fixed_in")),
                When(Q(was=Standing.LATER) | Q(started_on__gt=self.old.order.facts_on), then=Value("new")),
            ],
            "late",
        )

    @property
    def _went(self) -> QuerySet:
        now = self.new.filter(resident=OuterRef("resident"))
        here = now.filter(standing=Standing.CURRENT, base=OuterRef("base"))
        found = self._were.filter(~Exists(here)).annotate(
            now=Coalesce(Subquery(now.values("standing")[:1]), Value("")),
            now_at=Subquery(now.values("base")[:1]),
        )
        merged = Succession.objects.filter(
            base=OuterRef("base"), successor=OuterRef("now_at"), carried_out_at__isnull=False
        )
        # Whatever tells it, and whenever it was put down.
        deleted = Enrollment.objects.filter(pk=OuterRef("submission__enrollment"), deleted_at__isnull=False)
        revoked = Submission.objects.filter(pk=OuterRef("submission"), revoked_at__isnull=False)
        is_told = Exists(deleted) | Exists(revoked)
        return _moves(
            found,
            [
                When(Exists(merged), now=Standing.CURRENT, then=Value("merged_out")),
                When(now__in=[Standing.CURRENT, Standing.WAITING], then=Value("out")),
                When(now=Standing.ENDED, then=Value("done")),
                When(now=Standing.LEFT, then=Value("left")),
                When(Q(now=Standing.LATER) | Q(is_told), then=Value("fixed_out")),
            ],
            UNEXPLAINED,
        )

    def by_base(self, scope: dict[str, Any]) -> dict[int, Counter[str]]:
        """The columns of each base that has any; four queries. The difference is what does not add up."""
        counts: dict[int, Counter[str]] = {}
        sides = (self.people(OPENING), self._came, self._went, self.people(CLOSING))
        for side in sides:
            grouped = (
                side.filter(**scope).order_by().values_list("base_id", "move").annotate(number=Count("pk"))
            )
            for base, move, number in grouped:
                counts.setdefault(base, Counter())[move] += number
        for found in counts.values():
            found[UNEXPLAINED] = (
                found[OPENING]
                + sum(found[kind] for kind in CAME)
                - sum(found[kind] for kind in LEFT)
                - found[CLOSING]
            )
        return counts


def _moves(found: QuerySet, cases: list[When], otherwise: str) -> QuerySet:
    return found.annotate(move=Case(*cases, default=Value(otherwise), output_field=CharField()))


def table(counts: dict[int, Counter[str]], names: dict[int, str], address: str) -> FigureTable:
    """A line a base that has any, in the order of `names`; `address` is that of the people, ending in its query."""
    made = FigureTable("人数平衡表", ["培训基地", *COLUMNS.values()], key="balance", notes=[_MEANT])
    total: Counter[str] = Counter()
    for base, name in names.items():
        if base in counts:
            made.lines.append(_line(name, counts[base], f"{address}&base={base}"))
            total.update(counts[base])
    made.lines.append(_line("合计", total, address, is_total=True))
    return made


def _line(name: str, found: Counter[str], address: str, **more: Any) -> Line:
    figures = [Figure(found[key], f"{address}&kind={key}" if found[key] else "") for key in COLUMNS]
    return Line(name, figures, **more)


# --- what a base has to explain --------------------------------------------------------------------------------------


def differences(edition: Edition, scope: dict[str, Any]) -> dict[int, int]:
    """The bases within the scope whose numbers do not add up from the edition before to this one."""
    old = before(edition)
    if old is None:
        return {}
    found = Balance(old, EditionPerson.objects.filter(edition=edition)).by_base(scope)
    return {base: counts[UNEXPLAINED] for base, counts in found.items() if counts[UNEXPLAINED]}


def open_differences(edition: Edition, scope: dict[str, Any]) -> dict[int, int]:
    """Those that nobody has explained as they are."""
    found = differences(edition, scope)
    said = explained(edition, found)
    return {base: number for base, number in found.items() if said.get(base) != number}


def explained(edition: Edition, bases: Iterable[int]) -> dict[int, int]:
    """The difference that was explained last, by base."""
    notes = BalanceNote.objects.filter(edition=edition, base__in=list(bases)).order_by("pk")
    return dict(notes.values_list("base_id", "difference"))
