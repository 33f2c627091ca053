"""A file whose row was never written goes after a day; one that a row names, or may still name, stays."""

import datetime

from django.core.cache import cache
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils import timezone

from bases.imports import forgetting
from tests.bases.conftest import account_line


def test_what_no_row_names_goes_after_a_day(upload):
    batch = upload([account_line()])
    left = default_storage.save("imports/2026/01/left", ContentFile(b"x"))
    evidence = default_storage.save("evidence/2026/01/kept", ContentFile(b"x"))
    cache.delete("imports-swept")
    assert forgetting.sweep_files() == 0
    cache.delete("imports-swept")
    tomorrow = timezone.now() + datetime.timedelta(hours=25)
    assert forgetting.sweep_files(tomorrow) == 1
    assert not default_storage.exists(left)
    assert default_storage.exists(evidence)
    assert default_storage.exists(batch.file.name)
