"""The hook for the site's virus scanner: nothing is scanned unless UPLOAD_SCANNER names a function (TRUST-34)."""

import logging
from typing import IO

from django.conf import settings
from django.utils.module_loading import import_string

from portal import outside

log = logging.getLogger(__name__)
NOT_SCANNED = "安全检查程序暂时没有应答，文件没有保存。"
NOT_SCANNED_REPAIR = "请过几分钟重新上传；多次出现的，请联系技术支持。"


class NotScanned(Exception):
    """The scanner could not say in time; an unscanned file is never taken for a clean one."""


def finding(file: IO[bytes]) -> str | None:
    """What the scanner found in an uploaded file, None where it is clean or no scanner is set.

    The function takes the open file and answers with a name of what it found, or None; where it raises or is silent
    for SCANNER_SECONDS, this raises NotScanned.
    """
    if not settings.UPLOAD_SCANNER:
        return None
    file.seek(0)
    try:
        return outside.call(import_string(settings.UPLOAD_SCANNER), file, seconds=settings.SCANNER_SECONDS)
    except Exception as error:  # somebody else's code may fail in any way
        log.error("The scanner of uploads failed: %s: %s", type(error).__name__, error)
        raise NotScanned from error
    finally:
        file.seek(0)
