"""住院医师: the person, whatever number of records he has."""

from typing import TYPE_CHECKING

import pghistory
import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django.utils import timezone

if TYPE_CHECKING:
    from residents.models.personal import EducationRecord

_UNLESS_CORRECTED = """
IF NEW.user_id = OLD.user_id AND EXISTS (
    SELECT FROM residents_identitycorrection c
    WHERE c.resident_id = OLD.id AND c.transaction = pg_current_xact_id()::text::bigint
    AND (c.old_id_type, c.old_id_number, c.id_type, c.id_number)
        = (OLD.id_type, OLD.id_number, NEW.id_type, NEW.id_number)
) THEN
    RETURN NEW;
END IF;
RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;
"""


@pghistory.track(
    pghistory.InsertEvent(),
    pghistory.UpdateEvent(),
    pghistory.DeleteEvent(),
    exclude=["name_key"],
    model_name="ResidentEvent",
)
class Resident(models.Model):
    """One person (住院医师), however many times he trains, identified by ID type and number together (AM-35).

    Both never change after creation (BR-48).

    The lock is a database trigger: only an IdentityCorrection passes it (PAIN-18).
    """

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.PROTECT, related_name="resident")
    id_type = models.CharField("证件类型", max_length=2)
    id_number = models.CharField("证件号", max_length=20)
    full_name = models.CharField("姓名", max_length=50)
    # Pinyin, lower case: no PostgreSQL wheel has ICU, so lists ordered by name order by this column.
    name_key = models.CharField(max_length=200, blank=True)
    mobile = models.CharField("手机号", max_length=11)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    version = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name = verbose_name_plural = "住院医师"
        constraints = [
            # The number first: people are looked up by it, whatever the type.
            models.UniqueConstraint(fields=["id_number", "id_type"], name="resident_identity_once"),
        ]
        # Whoever has no resident ID is looked for by name among those who have none (AM-36).
        indexes = [
            models.Index(
                fields=["full_name"], condition=~models.Q(id_type="01"), name="resident_without_resident_id"
            )
        ]
        triggers = [
            pgtrigger.Trigger(
                name="identity_is_locked",
                when=pgtrigger.Before,
                operation=pgtrigger.Update,
                condition=pgtrigger.AnyChange("id_type", "id_number", "user"),
                func=_UNLESS_CORRECTED,
            )
        ]

    def __str__(self) -> str:
        return self.full_name

    @property
    def levels_of_study(self) -> "list[EducationRecord]":
        """The rows of 学习经历 in the order in which every page and snapshot has them; no query if they are loaded."""
        return sorted(self.education_records.all(), key=lambda row: (row.level, row.pk))


class IdentityCorrection(models.Model):
    """That a locked ID type or number was altered, why and by whom: what the lock asks for, in the same transaction.

    Only the procedure `residents_correct_identity` writes it, which checks and alters in one step
    (migration 0023; PAIN-18, GOAL-S8).
    """

    written_by_database = True

    resident = models.ForeignKey(Resident, models.PROTECT, related_name="+")
    old_id_type = models.CharField(max_length=2)
    old_id_number = models.CharField(max_length=20)
    id_type = models.CharField(max_length=2)
    id_number = models.CharField(max_length=20)
    reason = models.TextField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", db_index=False)
    at = models.DateTimeField(db_default=Now())
    transaction = models.BigIntegerField()

    class Meta:
        verbose_name = verbose_name_plural = "证件更正"
        triggers = [pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)]

    def __str__(self) -> str:
        return f"{self.resident_id} {self.at:%Y-%m-%d}"
