"""Handing out the evidence of a record: scans and photos that its blocks name (TRUST-33, TRUST-37)."""

from collections.abc import Mapping
from typing import Any

from django.http import FileResponse

from residents.downloads import evidence_response
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
