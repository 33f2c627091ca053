"""Handing out the evidence of a record: scans and photos that its blocks name (TRUST-33, TRUST-37)."""

from collections.abc import Mapping
from typing import Any

from django.core.files.storage import default_storage
from django.http import FileResponse, Http404

from residents.services.uploads import JPEG, PNG, SUFFIXES, content_type
from residents.words import BLOCKS

_LABELS = {
    (block.key, field.name): field.label for block in BLOCKS for field in block.fields if field.kind == "file"
}


def file_response(snapshot: Mapping[str, Any], block: str, name: str, row: int) -> FileResponse:
    """The file that the snapshot names at this field; `row` counts the levels of study and is 0 elsewhere.

    The name comes from the record, never from the address. Raises Http404 where nothing is there.
    """
    content = snapshot.get(block)
    rows = content if isinstance(content, list) else [content or {}]
    stored = rows[row].get(name) if (block, name) in _LABELS and row < len(rows) else None
    return evidence_response(stored or "", _LABELS.get((block, name), ""))


def evidence_response(stored: str | None, label: str) -> FileResponse:
    """A stored file under a name people understand. Raises Http404 where nothing is there."""
    if not stored:
        raise Http404
    try:
        opened = default_storage.open(stored, "rb")
    except FileNotFoundError as lost:
        raise Http404 from lost
    kind = content_type(opened)
    # Images are displayed in the page; anything else is handed over, never run in it.
    return FileResponse(
        opened,
        as_attachment=kind not in (JPEG, PNG),
        filename=f"{label}{SUFFIXES.get(kind or '', '')}",
        content_type=kind or "application/octet-stream",
    )
