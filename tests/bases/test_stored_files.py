"""A file whose row was never written goes after a day; one that a row, the history or a report names stays."""

import datetime

from django.core.cache import cache
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils import timezone

from bases import stored_files
from residents.models import BasicInfo
from tests.bases.conftest import account_line
from tests.bases.desk import reported

DAY_AFTER = datetime.timedelta(hours=25)
FOLDERS = stored_files.BY_MONTH


def stored(folder: str) -> str:
    return default_storage.save(
        f"{folder}/{timezone.localdate():%Y/%m}/{len(FOLDERS)}-left", ContentFile(b"x")
    )


def sweep(now=None) -> int:
    cache.delete("stored-files-swept")
    return stored_files.sweep_files(now)


def test_what_nothing_names_goes_after_a_day_from_every_folder(upload):
    left = [stored(folder) for folder in FOLDERS]
    left += [default_storage.save(f"{folder}left", ContentFile(b"x")) for folder in stored_files.FLAT]
    kept = upload([account_line()]).file.name
    assert sweep() == 0
    assert sweep(timezone.now() + DAY_AFTER) == len(left)
    assert not any(default_storage.exists(name) for name in left)
    assert default_storage.exists(kept)
    # Once in some hours is enough.
    stored("imports")
    assert stored_files.sweep_files(timezone.now() + DAY_AFTER) == 0


def test_what_a_row_the_history_or_a_report_names_stays(complete_enrollment, base_officer):
    former, present, other = (stored("evidence") for _ in range(3))
    info = BasicInfo.objects.get(resident=complete_enrollment.resident)
    for name in (former, present):
        info.photo = name
        info.save()
    reported(complete_enrollment, base_officer)
    assert sweep(timezone.now() + DAY_AFTER) == 1
    assert [default_storage.exists(name) for name in (former, present, other)] == [True, True, False]
    # The report keeps its own where the history was purged.
    assert stored_files._reported({present, other}, timezone.now() - DAY_AFTER) == {present}
