"""二次验证: a person's authenticator and recovery codes."""

from django.db import models
from django.utils import timezone

from portal.models.people import User


class SecondFactor(models.Model):
    """The authenticator of one member of staff (TRUST-14): its encrypted key, and the last time step it was used in.

    A row exists only after the person has typed a code of it. Its history is the audit log: one kept by triggers
    would keep the keys of authenticators that are gone.
    """

    user = models.OneToOneField(User, models.CASCADE, related_name="second_factor")
    sealed_key = models.TextField()
    # A code is good once: the next one must be of a later step.
    last_step = models.BigIntegerField()
    made_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = verbose_name_plural = "二次验证"

    def __str__(self) -> str:
        return f"{self.user_id}"


class RecoveryCode(models.Model):
    """One of the printed codes that stand in for the authenticator, each once. Hashed like a password, so that they
    also help where the key of the installation was lost."""

    factor = models.ForeignKey(SecondFactor, models.CASCADE, related_name="recovery_codes")
    code_hash = models.CharField(max_length=128)
    used_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = verbose_name_plural = "恢复码"

    def __str__(self) -> str:
        return f"{self.factor_id} {'used' if self.used_at else 'unused'}"
