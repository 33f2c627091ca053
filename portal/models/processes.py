"""Signs of life of the processes, and what the clock knows of time."""

from django.conf import settings
from django.db import models
from django.db.models import Q


class ProcessSign(models.Model):
    """One worker or clock that runs, or ran until `seen_at`; times are the database's, whatever the machine says."""

    name = models.CharField(max_length=64, unique=True)
    kind = models.CharField(max_length=10)
    started_at = models.DateTimeField()
    seen_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["kind", "-seen_at"], name="process_by_kind")]

    def __str__(self) -> str:
        return self.name


class ClockState(models.Model):
    """The last round of the clock in wall time and in the machine's own counting, and whether its time is doubted.

    One row. While `doubt` says something, nothing happens that cannot be taken back.
    """

    round_at = models.DateTimeField()
    # Seconds since the machine's start, meaningful only while `boot` is the same.
    monotonic = models.FloatField()
    boot = models.CharField(max_length=40)
    doubt = models.CharField(max_length=200, blank=True)
    doubted_at = models.DateTimeField(null=True)
    confirmed_at = models.DateTimeField(null=True)
    confirmed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(pk=1), name="clock_state_one_row")]

    def __str__(self) -> str:
        return self.doubt or f"{self.round_at:%Y-%m-%d %H:%M:%S}"
