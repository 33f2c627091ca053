"""Of whom the tables of 经费核算 tell: of an edition, or of what is approved now as of a day (试算)."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone

from bases.scope import base_ids, bases_in_view
from portal.models import User
from portal.roles import Action, Role
from review.editions import comparison, standing
from review.funding.verdicts import judged
from review.models import Edition, EditionPerson, FundingRules, TrialPerson


@dataclass(frozen=True, slots=True)
class Basis:
    """An edition or, without one, a trial: the facts of a day as approved until a moment, of one province or of the
    bases of whoever asks."""

    rules: FundingRules
    facts_on: date
    taken_at: datetime
    edition: Edition | None = None
    province: str = ""

    @property
    def asked(self) -> dict[str, str]:
        """As addresses say it."""
        rules = {"rules": str(self.rules.pk)}
        if self.edition:
            return {"edition": str(self.edition.pk), **rules}
        told = {"edition": "", "day": self.facts_on.isoformat(), "taken_at": self.taken_at.isoformat()}
        return told | ({"province": self.province} if self.province else {}) | rules

    @property
    def in_words(self) -> list[str]:
        """Where the figures come from, for headings, prints and files."""
        taken = f"入库截点 {timezone.localtime(self.taken_at):%Y-%m-%d %H:%M:%S}"
        edition = self.edition
        what = [str(edition), f"SHA-256 {edition.sha256[:12]}…"] if edition else ["试算（未封版）"]
        return [*what, f"截止日 {self.facts_on:%Y-%m-%d}", taken, f"本平台口径：{self.rules}"]

    @contextmanager
    def everybody(self, user: User) -> Iterator[QuerySet]:
        """The persons, whosever they are: of a trial those of its bases, wherever they stand now."""
        if self.edition:
            yield EditionPerson.objects.filter(edition=self.edition)
            return
        bases = bases_in_view(user)
        if self.province:
            bases = bases.filter(province=self.province)
        with standing.on_trial(self.taken_at, self.facts_on, list(bases.values_list("pk", flat=True))):
            yield TrialPerson.objects.all()

    @contextmanager
    def people(self, user: User) -> Iterator[QuerySet]:
        """The judged persons whom this user may see, of a trial those of its province; each once."""
        with self.everybody(user) as found:
            yield judged(found.filter(**self.scope(user)), self.rules, self.facts_on)

    def scope(self, user: User) -> dict[str, Any]:
        """As filters of persons."""
        narrowed = {"province_id": self.province} if self.province and not self.edition else {}
        if user.role == Role.BASE:
            return narrowed | {"base_id__in": base_ids(user, Action.VIEW)}
        return comparison.within(user, narrowed)
