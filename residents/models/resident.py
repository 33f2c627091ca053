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
    """One person (住院医师), however many times he trains. ID type and number never change after creation (BR-48).

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
            models.UniqueConstraint(fields=["id_type", "id_number"], name="resident_identity_once"),
            # The number is the sign-in name, so it is unique whatever the type.
            models.UniqueConstraint(fields=["id_number"], name="resident_id_number_once"),
        ]
        triggers = [pgtrigger.ReadOnly(name="identity_is_locked", fields=["id_type", "id_number", "user"])]

    def __str__(self) -> str:
        return self.full_name
