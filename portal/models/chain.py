"""The seals over audit and history."""

from django.contrib.postgres.fields import ArrayField
from django.db import models


class SealedBatch(models.Model):
    """One link of the chain: every row of audit and history whose transaction lies in [low, high), or what was done
    with history itself. Only functions of the tables' owner write it (portal/chain)."""

    class Kind(models.TextChoices):
        ROWS = "rows", "封存"
        PURGE = "purge", "到期清理"
        RECOVERY = "recovery", "恢复"

    written_by_database = True

    number = models.BigIntegerField(primary_key=True)
    kind = models.CharField(max_length=10, choices=Kind)
    sealed_at = models.DateTimeField()
    low = models.BigIntegerField()
    high = models.BigIntegerField()
    # What is added to transaction numbers, which begin anew in another server.
    shift = models.BigIntegerField()
    rows = models.BigIntegerField()
    detail = models.JSONField()
    previous = models.BinaryField()
    root = models.BinaryField()

    class Meta:
        verbose_name = verbose_name_plural = "历史封存"

    def __str__(self) -> str:
        return f"{self.number} {self.kind}"


class SealedRows(models.Model):
    """Hashes of some rows of one table in a batch, in their order: leaves of 32 bytes, one after the other."""

    written_by_database = True

    batch = models.ForeignKey(SealedBatch, models.PROTECT, related_name="parts")
    table = models.CharField(max_length=63)
    part = models.IntegerField()
    columns = ArrayField(models.TextField())
    keys = ArrayField(models.TextField())
    leaves = models.BinaryField()
    root = models.BinaryField()

    class Meta:
        verbose_name = verbose_name_plural = "封存的行"

    def __str__(self) -> str:
        return f"{self.batch_id} {self.table} {self.part}"
