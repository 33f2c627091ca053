"""The association's rules by versions, and what a base says of a difference (GOAL-N9)."""

from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Max

from bases.models import TrainingBase
from portal import audit
from portal.models import User
from residents.services.states import StateMoved
from review.models import BalanceNote, Edition, FundingRules


def rules_of(year: int) -> FundingRules | None:
    """The newest version of the year, else of the last year before it that has any."""
    return FundingRules.objects.filter(year__lte=year).order_by("-year", "-number").first()


def save_rules(values: dict[str, Any], *, by: User) -> FundingRules:
    """The next version of a year's rules. Raises StateMoved where a colleague was first."""
    year = values["year"]
    number = 1 + (FundingRules.objects.filter(year=year).aggregate(last=Max("number"))["last"] or 0)
    try:
        with transaction.atomic():
            rules = FundingRules.objects.create(number=number, made_by=by, **values)
            audit.record("funding_rules", by=by, target=rules, year=year, number=number, reason=rules.basis)
    except IntegrityError as race:
        raise StateMoved("同事刚刚保存了新的一版口径，请核对后再保存。") from race
    return rules


def explain(edition: Edition, base: TrainingBase, *, difference: int, text: str, by: User) -> BalanceNote:
    """差额说明: what the base says of the persons whose going no fact tells."""
    with transaction.atomic():
        note = BalanceNote.objects.create(edition=edition, base=base, difference=difference, text=text, by=by)
        audit.record("balance_explained", by=by, target=edition, unit=base.name, text=text)
    return note
