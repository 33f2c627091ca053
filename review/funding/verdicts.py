"""计入 or 不计: what the association's rules say of a person, and what is told of many (GOAL-N9).

One expression for pages, prints, workbooks and signatures, over an edition or a trial alike.
"""

import hashlib
import json
from datetime import date
from typing import Any

from django.db.models import Case, CharField, Count, Q, QuerySet, TextChoices, Value, When

from residents.rules.dates import add_years
from review.models import FundingRules, Standing


class Reason(TextChoices):
    """Why a person does not count; the first that holds."""

    ENDED = "E1", "已结束"
    WAITING = "E2", "转出待入"
    LEFT = "E3", "已退培"
    LATER = "E4", "截止日后入培"
    STATUS = "E5", "培训状态不计"
    TYPE = "E6", "人员类型不计"
    OVERRUN = "E7", "超过核定年限"


COUNTS = ""
COUNTED = "counted"
_OF_STANDING = {
    Standing.ENDED: Reason.ENDED,
    Standing.WAITING: Reason.WAITING,
    Standing.LEFT: Reason.LEFT,
    Standing.LATER: Reason.LATER,
}


def judged(found: QuerySet, rules: FundingRules, facts_on: date) -> QuerySet:
    """The persons with `reason`: why one does not count, "" where he does."""
    cases = [
        *(When(standing=standing, then=Value(reason)) for standing, reason in _OF_STANDING.items()),
        When(~Q(status__in=rules.statuses), then=Value(Reason.STATUS)),
        When(~Q(trainee_type__in=rules.trainee_types), then=Value(Reason.TYPE)),
    ]
    if not rules.counts_overrun:
        # He who began so many years before the day has had all of them.
        over = (Q(approved_years=years, started_on__lte=add_years(facts_on, -years)) for years in (1, 2, 3))
        cases += [When(each, then=Value(Reason.OVERRUN)) for each in over]
    return found.annotate(reason=Case(*cases, default=Value(COUNTS), output_field=CharField()))


def measures(rules: FundingRules) -> dict[str, tuple[str, Q]]:
    """What is counted of judged persons: its heading, and who is meant. Number and list are made from the same."""
    counts = Q(reason=COUNTS)
    return {
        "current": ("现有人员", Q(standing=Standing.CURRENT)),
        COUNTED: ("计入", counts),
        "shortage": ("其中紧缺专业", counts & Q(specialty__in=rules.shortage)),
        "rural": ("其中订单定向", counts & Q(is_rural_oriented=True)),
        "western": ("其中西部支援", counts & Q(is_western_support=True)),
        **{reason.value: (f"不计：{reason.label}", Q(reason=reason.value)) for reason in Reason},
    }


def counted_by(found: QuerySet, rules: FundingRules, *by: str) -> list[dict[str, Any]]:
    """The measures of judged persons by these columns, in their order; one query."""
    numbers = {key: Count("pk", filter=condition) for key, (_, condition) in measures(rules).items()}
    return list(found.order_by(*by).values(*by).annotate(**numbers))


def signed_counts(found: QuerySet, rules: FundingRules, facts_on: date) -> dict[str, int]:
    """What a unit signs of these persons: all, those who count, and the sum in yuan."""
    told = judged(found, rules, facts_on).aggregate(
        all=Count("pk"), counted=Count("pk", filter=Q(reason=COUNTS))
    )
    return {**told, "amount": told["counted"] * rules.amount}


def signed_sha256(found: QuerySet, rules: FundingRules, facts_on: date) -> str:
    """Of the rules, and of the digest and the verdict of each of these persons of an edition, in the order of their
    keys."""
    said = [rules.year, rules.number, rules.statuses, rules.trainee_types, rules.counts_overrun]
    said += [rules.shortage, rules.amount]
    whole = hashlib.sha256(json.dumps(said).encode())
    rows = judged(found, rules, facts_on).order_by("resident_id").values_list("digest", "reason")
    for digest, reason in rows.iterator(chunk_size=20_000):
        whole.update(bytes(digest) + reason.encode())
    return whole.hexdigest()
