"""Handing out a stored scan or photo (TRUST-33, TRUST-37); whoever asks has been found to have the right to it."""

from django.core.files.storage import default_storage
from django.http import FileResponse, Http404

from residents.services.media import JPEG, PNG, SUFFIXES, content_type


def evidence_response(stored: str | None, label: str) -> FileResponse:
    """A stored file under a name people understand. Raises Http404 where nothing is there."""
    if not stored:
        raise Http404
    try:
        opened = default_storage.open(stored, "rb")
    except FileNotFoundError as lost:
        raise Http404 from lost
    kind = content_type(opened)
    # Images are shown in the page; anything else is handed over, never run in it.
    return FileResponse(
        opened,
        as_attachment=kind not in (JPEG, PNG),
        filename=f"{label}{SUFFIXES.get(kind or '', '')}",
        content_type=kind or "application/octet-stream",
    )
