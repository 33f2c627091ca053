"""The hook for the site's virus scanner: nothing is scanned unless UPLOAD_SCANNER names a function (TRUST-34)."""

from typing import IO

from django.conf import settings
from django.utils.module_loading import import_string


def finding(file: IO[bytes]) -> str | None:
    """What the scanner found in an uploaded file, None where it is clean or no scanner is set.

    The function takes the open file and answers with a name of what it found, or None; it raises where it cannot
    say, and the upload fails with it: an unscanned file is never taken for a clean one.
    """
    if not settings.UPLOAD_SCANNER:
        return None
    file.seek(0)
    try:
        return import_string(settings.UPLOAD_SCANNER)(file)
    finally:
        file.seek(0)
