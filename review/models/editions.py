"""封版: what counted at a moment, frozen for good, and what was done with it (GOAL-N7).

Nothing here is ever changed or removed: the runtime role needs INSERT and SELECT only.
"""

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone


def kept(name: str = "append_only") -> pgtrigger.Protect:
    return pgtrigger.Protect(name=name, operation=pgtrigger.Update | pgtrigger.Delete)


class Standing(models.TextChoices):
    """Where a person stands in an edition, each in one place (AM-32, AM-50). The first three are those of the
    statistics."""

    CURRENT = "current", "现有人员"
    ENDED = "ended", "结束"
    WAITING = "waiting", "转出待入"
    LEFT = "left", "退培"
    LATER = "later", "截止日后入培"


class EditionOrder(models.Model):
    """What was asked to be frozen: the facts of which day (截止日), as approved until which moment (入库截点)."""

    class Kind(models.TextChoices):
        FIRST = "first", "初版"
        REVISION = "revision", "定期修订"
        CORRECTION = "correction", "更正"

    year = models.PositiveSmallIntegerField("年度")
    kind = models.CharField("类型", max_length=10, choices=Kind)
    facts_on = models.DateField("截止日")
    taken_at = models.DateTimeField("入库截点")
    supersedes = models.ForeignKey(
        "review.Edition", models.PROTECT, null=True, blank=True, related_name="superseded_by"
    )
    reason = models.CharField("原因", max_length=500, blank=True)
    # The last day on which it can be signed.
    sign_until = models.DateField("签署截止日", null=True, blank=True)
    job = models.OneToOneField("portal.Job", models.PROTECT, related_name="edition_order")
    ordered_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    ordered_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = verbose_name_plural = "封版任务"
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind="first", supersedes__isnull=True)
                | (~Q(kind="first") & Q(supersedes__isnull=False) & ~Q(reason="")),
                name="edition_revision_says_of_what_and_why",
            )
        ]
        triggers = [kept()]

    def __str__(self) -> str:
        return f"{self.year} {self.get_kind_display()}"


class Edition(models.Model):
    """年度版: a finished order, written when all its persons are; from then on none can be added.

    `sha256` is that of the canonical form, which review/editions/canonical.py defines.
    """

    # 现有人员 within what the reader may see, where the register has put it.
    shown_count: int

    order = models.OneToOneField(EditionOrder, models.PROTECT, primary_key=True, related_name="edition")
    year = models.PositiveSmallIntegerField("年度")
    number = models.PositiveSmallIntegerField("版次")
    persons = models.PositiveIntegerField("人数")
    # {"current": …, "ended": …, …}
    counts = models.JSONField()
    # {"due": …, "reported": …}: bases
    bases = models.JSONField()
    # Names as they were: {"province": {code: name}, "base": {key: name}, …}
    names = models.JSONField()
    # {"rules": …, "lists": {list: digest}}
    versions = models.JSONField()
    sha256 = models.CharField("SHA-256", max_length=64)
    frozen_at = models.DateTimeField("封版时间", default=timezone.now)

    class Meta:
        verbose_name = verbose_name_plural = "年度版"
        ordering = ["-year", "-number"]
        constraints = [models.UniqueConstraint(fields=["year", "number"], name="edition_number_once")]
        triggers = [kept()]

    def __str__(self) -> str:
        return f"{self.year} 年度第 {self.number} 版"


class PersonOfADay(models.Model):
    """The approved submission that stands for a person, and what the statistics split by, as it was on a day. The
    columns are named as those of Submission.

    References are not checked by the database, as those of ApprovedCount: what they lead to is never deleted.
    """

    resident = models.ForeignKey(
        "residents.Resident", models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    submission = models.ForeignKey(
        "bases.Submission", models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    standing = models.CharField(max_length=7, choices=Standing)
    province = models.ForeignKey(
        "bases.Province", models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    base = models.ForeignKey(
        "bases.TrainingBase", models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    specialty = models.ForeignKey(
        "bases.Specialty", models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    intake_year = models.PositiveSmallIntegerField()
    trainee_type = models.CharField(max_length=1)
    status = models.CharField(max_length=1)
    approved_years = models.PositiveSmallIntegerField()
    sex = models.CharField(max_length=1)
    highest_education = models.CharField(max_length=1, blank=True)
    highest_degree = models.CharField(max_length=3, blank=True)
    is_fresh_graduate = models.BooleanField()
    is_rural_oriented = models.BooleanField()
    is_western_support = models.BooleanField()
    started_on = models.DateField(null=True)
    planned_end = models.DateField(null=True)
    status_since = models.DateField(null=True)
    status_reason = models.CharField(max_length=2, blank=True)
    origin = models.CharField(max_length=10)

    class Meta:
        abstract = True


class TrialPerson(PersonOfADay):
    """Who would stand where, were it frozen now (试算): lives for one transaction, in review/editions/standing.py."""

    class Meta:
        managed = False
        db_table = "review_trialperson"

    def __str__(self) -> str:
        return str(self.resident_id)


class EditionPerson(PersonOfADay):
    """One person of an edition."""

    edition = models.ForeignKey(
        Edition, models.PROTECT, related_name="people", db_constraint=False, db_index=False
    )
    digest = models.BinaryField(max_length=32)

    class Meta:
        verbose_name = verbose_name_plural = "年度版人员"
        indexes = [models.Index(fields=["edition", "base"], name="edition_person_by_base")]
        constraints = [models.UniqueConstraint(fields=["edition", "resident"], name="edition_person_once")]
        triggers = [
            kept(),
            pgtrigger.Trigger(
                name="edition_is_closed",
                level=pgtrigger.Statement,
                when=pgtrigger.After,
                operation=pgtrigger.Insert,
                referencing=pgtrigger.Referencing(new="new_rows"),
                func="""
                    IF EXISTS (SELECT FROM review_edition WHERE order_id IN (SELECT edition_id FROM new_rows)) THEN
                        RAISE EXCEPTION 'An edition takes no more persons.';
                    END IF;
                    RETURN NULL;
                """,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.edition_id} {self.resident_id}"


class EditionCount(models.Model):
    """So many persons of one kind in an edition: what the statistics ask instead of the persons."""

    edition = models.ForeignKey(Edition, models.PROTECT, related_name="kept_counts")
    standing = models.CharField(max_length=7, choices=Standing)
    province = models.ForeignKey("bases.Province", models.PROTECT, related_name="+", db_index=False)
    specialty = models.ForeignKey("bases.Specialty", models.PROTECT, related_name="+", db_index=False)
    intake_year = models.PositiveSmallIntegerField()
    trainee_type = models.CharField(max_length=1)
    status = models.CharField(max_length=1)
    number = models.IntegerField()

    class Meta:
        verbose_name = verbose_name_plural = "年度版统计数"
        triggers = [kept()]

    def __str__(self) -> str:
        return f"{self.edition_id} {self.standing} {self.number}"


class Erratum(models.Model):
    """勘误: what was found to be wrong in an edition. The edition stays as it is; what is right stands in the next."""

    edition = models.ForeignKey(Edition, models.PROTECT, related_name="errata")
    text = models.CharField("勘误内容", max_length=500)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = verbose_name_plural = "勘误"
        ordering = ["pk"]
        triggers = [kept()]

    def __str__(self) -> str:
        return self.text


class EditionCheck(models.Model):
    """复算: an edition computed again, from its frozen rows and from the records as of its 入库截点."""

    edition = models.ForeignKey(Edition, models.PROTECT, related_name="checks")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)
    frozen_sha256 = models.CharField(max_length=64)
    records_sha256 = models.CharField(max_length=64)
    # Persons whose frozen row is not what its digest says, and who come out otherwise from the records; the first ones.
    differing = models.JSONField(default=dict)

    class Meta:
        verbose_name = verbose_name_plural = "年度版复算"
        ordering = ["-pk"]
        triggers = [kept()]

    def __str__(self) -> str:
        return f"{self.edition_id} {self.at:%Y-%m-%d %H:%M}"

    @property
    def frozen_agrees(self) -> bool:
        return self.frozen_sha256 == self.edition.sha256

    @property
    def records_agree(self) -> bool:
        return self.records_sha256 == self.edition.sha256


class Signature(models.Model):
    """签署: a unit's word on its part of an edition: what it signed, by counts and SHA-256, or why it refused.

    The last word of a unit counts; once signed there is no other.
    """

    class Level(models.TextChoices):
        BASE = "base", "培训基地"
        PROVINCE = "province", "省级"
        NATION = "nation", "中国医师协会"

    edition = models.ForeignKey(Edition, models.PROTECT, related_name="signatures")
    # Of its funding by these rules (GOAL-N9); of the persons alone where there are none.
    rules = models.ForeignKey("review.FundingRules", models.PROTECT, null=True, related_name="+")
    level = models.CharField(max_length=8, choices=Level)
    # The key of the base or of the province; "0" of the nation.
    unit = models.CharField(max_length=12)
    is_signed = models.BooleanField()
    reason = models.CharField("不予签署的理由", max_length=500, blank=True)
    counts = models.JSONField()
    sha256 = models.CharField(max_length=64)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = verbose_name_plural = "签署"
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["edition", "level", "unit"],
                condition=Q(is_signed=True, rules__isnull=True),
                name="part_of_an_edition_signed_once",
            ),
            models.UniqueConstraint(
                fields=["edition", "rules", "level", "unit"],
                condition=Q(is_signed=True, rules__isnull=False),
                name="funding_of_a_part_signed_once",
            ),
            models.CheckConstraint(
                condition=Q(is_signed=True) | ~Q(reason=""), name="refused_signature_says_why"
            ),
        ]
        triggers = [kept()]

    def __str__(self) -> str:
        return f"{self.edition_id} {self.level} {self.unit}"
