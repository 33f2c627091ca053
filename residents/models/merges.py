"""重复人员合并: that one person stood on the platform as two, and which of them stays (AM-47)."""

from datetime import datetime, timedelta

import pghistory
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils import timezone

# For so long the association may take a merger back.
REVERSIBLE_FOR = timedelta(days=30)


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent())
class PersonMerge(models.Model):
    """All records of `merged` are those of `kept`, until it is undone; both rows of Resident stay, with their blocks
    and their history. Whoever is looked for under the type and number of `merged` is `kept` (residents/standing.py).

    Only the procedures `residents_merge_persons` and `residents_part_persons` write it, which check and move in one
    step: it is what the lock of a record's person asks for, in the same transaction (migration 0027; TRUST-55). It
    changes once, when it is undone; so its events are sealed, not its rows.
    """

    written_by_database = True

    kept = models.ForeignKey("residents.Resident", models.PROTECT, related_name="merges")
    merged = models.ForeignKey("residents.Resident", models.PROTECT, related_name="merged_by", db_index=False)
    # What moved, and which approved originals count no more because the kept person has one of that year.
    records = ArrayField(models.BigIntegerField())
    originals = models.JSONField(default=dict)
    # Whether the account that was closed had been open.
    had_access = models.BooleanField()
    reason = models.TextField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", db_index=False)
    at = models.DateTimeField()
    transaction = models.BigIntegerField()
    undone_reason = models.TextField(blank=True)
    undone_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", db_index=False
    )
    undone_at = models.DateTimeField(null=True)
    undone_transaction = models.BigIntegerField(null=True)

    class Meta:
        verbose_name = verbose_name_plural = "重复人员合并"
        ordering = ["-at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["merged"], condition=Q(undone_at__isnull=True), name="merged_into_one_person"
            ),
            models.CheckConstraint(condition=~Q(kept=models.F("merged")), name="merged_with_another"),
        ]

    def __str__(self) -> str:
        return f"{self.merged_id} → {self.kept_id}"

    @property
    def reversible_until(self) -> datetime:
        return self.at + REVERSIBLE_FOR

    @property
    def is_reversible(self) -> bool:
        """Whether its time is not over; what else stands in the way is asked of residents.services.merging."""
        return self.undone_at is None and timezone.now() < self.reversible_until


def persons_of(resident_id: int) -> list[int]:
    """The person and whoever was merged into him: the keys under which his history stands."""
    merged = PersonMerge.objects.filter(kept=resident_id, undone_at=None)
    return [resident_id, *merged.values_list("merged", flat=True)]
