"""What the reviewing desk does to many records at once (portal/deeds.py). Read once at start (review/apps.py)."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.contrib.messages import SUCCESS, WARNING
from django.urls import reverse

from portal.deeds import ACTS, Outcome
from portal.models import User
from review.decisions import services as decisions


def _decide(by: User, asked: Mapping[str, Any], decided: decisions.Decision, word: str) -> Outcome:
    query = f"?{asked['query']}" if asked["query"] else ""
    outcome = Outcome(f"{reverse('review:batch', args=[decided.batch])}{query}")
    _count(outcome, decided, word)
    return outcome


def _count(outcome: Outcome, decided: decisions.Decision, word: str) -> None:
    if decided.decided:
        outcome.say(SUCCESS, f"{word} {len(decided.decided)} 条。")
    if decided.left_out:
        outcome.say(WARNING, f"{len(decided.left_out)} 条未作处理，原因列在结果中。")


def _approve(by: User, asked: dict[str, Any]) -> Outcome:
    return _decide(by, asked, decisions.approve(dict(asked["choices"]), by=by), "已审核通过")


def _return(by: User, asked: dict[str, Any]) -> Outcome:
    done = decisions.return_for_correction(
        dict(asked["choices"]),
        by=by,
        comment=asked["comment"],
        reason_codes=asked["reasons"],
        field_comments=asked["field_comments"],
    )
    return _decide(by, asked, done, "已退回修改")


def _revoke(by: User, asked: dict[str, Any]) -> Outcome:
    of = UUID(asked["batch"])
    done = decisions.revoke_batch(asked["submissions"], of, by=by, reason=asked["reason"])
    outcome = Outcome(reverse("review:batch", args=[of]))
    _count(outcome, done, "已撤销审核决定")
    return outcome


ACTS |= {
    "approve": ("批量审核通过", _approve),
    "return": ("批量退回修改", _return),
    "revoke": ("撤销批量审核", _revoke),
}
