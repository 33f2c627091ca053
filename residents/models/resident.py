"""住院医师: the person, whatever number of records he has."""

import pghistory
import pgtrigger
from django.conf import settings
from django.db import models
from django.utils import timezone


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

    The lock is a database trigger: only an accepted CorrectionRequest passes it (PAIN-18).
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
        triggers = [pgtrigger.ReadOnly(name="identity_is_locked", fields=["id_type", "id_number", "user"])]

    def __str__(self) -> str:
        return self.full_name
