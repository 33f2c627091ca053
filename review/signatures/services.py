"""Who may sign which part of an edition, or its funding, when, and what has changed since (GOAL-N7, GOAL-N9).

A province signs after all of its bases, the association after all provinces. What was signed stays signed: a change
goes into the next edition and is signed there.
"""

import hashlib
from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Count, Exists, F, OuterRef, QuerySet
from django.utils import timezone

from bases.models import CountedPerson, TrainingBase
from bases.scope import base_ids, province_codes_for
from portal import audit
from portal.characters import number_of
from portal.models import User
from portal.roles import Action, Role
from residents.services.states import StateMoved
from review.editions.comparison import identity
from review.funding.balance import open_differences
from review.funding.services import rules_of
from review.funding.verdicts import signed_counts, signed_sha256
from review.models import Edition, EditionPerson, FundingRules, Signature, Standing

Level = Signature.Level
NATION = "0"
_COUNTED = ("current", "ended", "waiting")


@dataclass(frozen=True, slots=True)
class Part:
    """One unit's part of an edition: of a base, a province, or the nation; of its funding where there are rules."""

    edition: Edition
    level: str
    unit: str
    rules: FundingRules | None = None

    @property
    def what(self) -> str:
        """What is signed, in words."""
        return f"经费核算（{self.rules}）" if self.rules else "年度版"

    @property
    def query(self) -> str:
        """As the addresses of its pages say it."""
        return f"?rules={self.rules.pk}" if self.rules else ""

    @property
    def narrowed(self) -> dict[str, Any]:
        """As filters of EditionPerson."""
        if self.level == Level.NATION:
            return {}
        return {f"{self.level}_id": self.unit}

    @property
    def name(self) -> str:
        """As the unit was called on the day of the edition."""
        if self.level == Level.NATION:
            return "全国"
        return self.edition.names[self.level].get(self.unit, "封版以后新增的单位")

    def people(self) -> QuerySet[EditionPerson]:
        return EditionPerson.objects.filter(edition=self.edition, **self.narrowed)

    def counts(self) -> dict[str, int]:
        if self.rules:
            return signed_counts(self.people(), self.rules, self.edition.order.facts_on)
        found = self.people().order_by().values_list("standing").annotate(number=Count("pk"))
        return dict(found.order_by("standing"))

    def sha256(self) -> str:
        """Of the digests of its persons, in the order of their keys; of funding, of rules and verdicts as well."""
        if self.rules:
            return signed_sha256(self.people(), self.rules, self.edition.order.facts_on)
        whole = hashlib.sha256()
        digests = self.people().order_by("resident_id").values_list("digest", flat=True)
        for digest in digests.iterator(chunk_size=20_000):
            whole.update(bytes(digest))
        return whole.hexdigest()


def part_for(
    user: User, edition: Edition, level: str, unit: str, rules: FundingRules | None = None
) -> Part | None:
    """The part, where this person may look at it. Funding is signed by bases and provinces."""
    if level == Level.BASE:
        number = number_of(unit)
        known = number is not None and (
            TrainingBase.objects.filter(pk=number).exists()
            if user.role == Role.CMDA
            else number in base_ids(user, Action.VIEW)
        )
    elif level == Level.PROVINCE:
        known = unit in province_codes_for(user, Action.VIEW)
    else:
        known = level == Level.NATION and unit == NATION and user.role == Role.CMDA and rules is None
    return Part(edition, level, unit, rules) if known else None


def own_parts(user: User, edition: Edition, rules: FundingRules | None = None) -> list[Part]:
    """What this person's organisations sign of an edition, or of its funding."""
    if user.role == Role.CMDA:
        return [] if rules else [Part(edition, Level.NATION, NATION)]
    if user.role == Role.PROVINCE:
        codes = province_codes_for(user, Action.VIEW)
        return [Part(edition, Level.PROVINCE, code, rules) for code in codes]
    return [Part(edition, Level.BASE, str(pk), rules) for pk in base_ids(user, Action.VIEW)]


def may_sign(user: User, part: Part) -> bool:
    """Whether it is this person's to sign, whenever it can be."""
    if part.level == Level.BASE:
        return user.role == Role.BASE and int(part.unit) in base_ids(user, Action.REPORT)
    if part.level == Level.PROVINCE:
        return user.role == Role.PROVINCE and part.unit in province_codes_for(user, Action.REVIEW)
    return user.role == Role.CMDA


def parts_below(part: Part) -> list[Part]:
    """Whose signatures come first: those that have anybody in the edition."""
    if part.level == Level.BASE:
        return []
    level = Level.PROVINCE if part.level == Level.NATION else Level.BASE
    units = part.people().order_by().values_list(f"{level.value}_id", flat=True).distinct()
    return [Part(part.edition, level, str(unit), part.rules) for unit in sorted(units)]


def figures(part: Part, counts: dict[str, int]) -> list[tuple[str, int]]:
    """What is counted of a part, with its words."""
    if part.rules:
        words = {"all": "全部人员", "counted": "计入人数", "amount": "金额（元，测算，非拨付）"}
        return [(word, counts[key]) for key, word in words.items()]
    return [(each.label, counts.get(each.value, 0)) for each in Standing]


def words_on(parts: list[Part]) -> dict[tuple[str, str], Signature]:
    """The last word on each of these parts, by level and unit."""
    if not parts:
        return {}
    found = Signature.objects.filter(
        edition=parts[0].edition,
        rules=parts[0].rules,
        level__in={each.level for each in parts},
        unit__in=[each.unit for each in parts],
    ).select_related("by")
    return {(each.level, each.unit): each for each in found.order_by("pk")}


def lock(part: Part) -> str:
    """Why this part can not be signed now, in words; "" where it can."""
    edition, ordered = part.edition, part.edition.order
    word = words_on([part]).get((part.level, part.unit))
    if word and word.is_signed:
        at = f"{timezone.localtime(word.at):%Y-%m-%d %H:%M}"
        return f"已签署：{word.by.full_name} {at}。此后的更正进入下一版，在下一版中签署。"
    newer = Edition.objects.filter(year=edition.year, number__gt=edition.number).order_by("-number").first()
    if newer:
        return f"已封版：本年度已有第 {newer.number} 版，请签署新版。"
    if ordered.sign_until and timezone.localdate() > ordered.sign_until:
        return f"过期：签署截止日为 {ordered.sign_until:%Y-%m-%d}，请联系中国医师协会。"
    if not part.people().exists():
        return "本版中没有本单位的人，不用签署。"
    if part.rules and (reason := _funding_lock(part)):
        return reason
    below = parts_below(part)
    words = words_on(below)
    open_ones = [
        each for each in below if not ((word := words.get((each.level, each.unit))) and word.is_signed)
    ]
    if open_ones:
        names = "、".join(each.name for each in open_ones[:5])
        more = f"等 {len(open_ones)} 个单位" if len(open_ones) > 5 else ""
        return f"等待下级签署：{names}{more}。"
    return ""


def newer_rules(part: Part) -> FundingRules | None:
    """The rules that have taken the place of those by which the funding of a part is told; None where none have."""
    newest = rules_of(part.edition.year) if part.rules else None
    return newest if newest != part.rules else None


def _funding_lock(part: Part) -> str:
    """Why the funding of a part can not be signed now: by newer rules, or before its differences are explained."""
    if newer := newer_rules(part):
        return f"口径已更新为{newer}，请按新口径签署。"
    if found := open_differences(part.edition, part.narrowed):
        return f"有 {len(found)} 个培训基地的人数平衡差额尚未说明，请先由培训基地在“经费核算”的“人数平衡”中说明。"
    return ""


def sign(part: Part, *, by: User) -> Signature:
    """Sign a part. Raises StateMoved with the reason where it is locked."""
    return _say(part, by=by, is_signed=True)


def refuse(part: Part, *, reason: str, by: User) -> Signature:
    """Say why a part is not signed; it can be signed later. Raises StateMoved with the reason where it is locked."""
    return _say(part, by=by, is_signed=False, reason=reason)


def _say(part: Part, *, by: User, is_signed: bool, reason: str = "") -> Signature:
    with transaction.atomic():
        if locked := lock(part):
            raise StateMoved(locked)
        try:
            with transaction.atomic():
                word = Signature.objects.create(
                    edition=part.edition,
                    rules=part.rules,
                    level=part.level,
                    unit=part.unit,
                    is_signed=is_signed,
                    reason=reason,
                    counts=part.counts(),
                    sha256=part.sha256(),
                    by=by,
                )
        except IntegrityError as race:
            raise StateMoved("同事刚刚已经签署。") from race
        audit.record(
            "edition_signed" if is_signed else "edition_refused",
            by=by,
            target=part.edition,
            title=part.what,
            unit=part.name,
            sha256=word.sha256,
            reason=reason,
        )
    return word


def changed_since(part: Part) -> tuple[QuerySet[CountedPerson], QuerySet[EditionPerson]]:
    """What counts now otherwise than in this part: persons with newer information or new here, and persons who count
    here no more. It goes into the next edition."""
    unit = {f"submission__{name}": value for name, value in part.narrowed.items()}
    same = part.people().filter(resident=OuterRef("resident"), submission=OuterRef("submission"))
    now = CountedPerson.objects.filter(source__in=_COUNTED, **unit)
    changed = now.filter(~Exists(same)).annotate(
        was_here=Exists(part.people().filter(resident=OuterRef("resident"), standing__in=_COUNTED)),
        full_name=identity("full_name"),
        id_number=identity("id_number"),
        decided_at=F("submission__decided_at"),
    )
    gone = part.people().filter(~Exists(now.filter(resident=OuterRef("resident"))), standing__in=_COUNTED)
    return changed, gone
