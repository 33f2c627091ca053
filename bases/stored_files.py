"""Stored files that no row names: what a process left that died, or an act that was rolled back, goes by the clock."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.apps import apps
from django.core.cache import cache
from django.core.files.storage import default_storage
from django.db import connection, models
from django.utils import timezone

from bases.models import Submission
from portal.backups import stored_files

# A file is written before its row: a younger one may still get its own.
SWEEP_HOURS = 24
EVERY_SECONDS = 6 * 3600
# Files lie by month below these; what is older was swept then.
BY_MONTH = ("imports", "exports", "evidence", "deeds")
FLAT = ("corrections/", "switches/", "samples/", "notices/")


def sweep_files(now: datetime | None = None) -> int:
    """For the clock: delete what nothing names, neither a row of today, nor one of the history, nor the content of a
    report; returns how many."""
    if not cache.add("stored-files-swept", True, EVERY_SECONDS):
        return 0
    now = now or timezone.now()
    since = _two_months(now)
    folders = [f"{each}/{month:%Y/%m}/" for each in BY_MONTH for month in since]
    before = now - timedelta(hours=SWEEP_HOURS)
    old = {name for name in _names([*folders, *FLAT]) if default_storage.get_modified_time(name) < before}
    nobodys = old - _named(old) if old else old
    nobodys -= _reported(nobodys, since[0]) if nobodys else set()
    for name in nobodys:
        default_storage.delete(name)
    return len(nobodys)


def _two_months(now: datetime) -> tuple[datetime, datetime]:
    """The beginnings of the last month and of this one."""
    this = timezone.localtime(now).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return (this - timedelta(days=1)).replace(day=1), this


def _names(folders: list[str]) -> Iterator[str]:
    for folder in folders:
        yield from stored_files(folder)


def _named(names: set[str]) -> set[str]:
    """Those that any row of any table names, the history's included."""
    found: set[str] = set()
    for model in apps.get_models():
        for field in model._meta.concrete_fields:
            if isinstance(field, models.FileField) and not model._meta.proxy:
                rows = model._base_manager.filter(**{f"{field.attname}__in": names - found})
                found.update(map(str, rows.values_list(field.attname, flat=True).distinct()))
    return found


def _reported(names: set[str], since: datetime) -> set[str]:
    """Those that the content of a report names; it outlives the history. Only reports since then can."""
    table = connection.ops.quote_name(Submission._meta.db_table)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT name FROM unnest(%s) AS name WHERE EXISTS ("
            f"SELECT FROM {table} WHERE reported_at >= %s AND snapshot::text LIKE '%%' || name || '%%')",  # nosec B608 # names of models
            [sorted(names), since],
        )
        return {name for (name,) in cursor.fetchall()}
