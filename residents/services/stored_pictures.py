"""Pictures stored by a version that kept them as they came: put upright and stripped of place and camera where they
lie, since snapshots name them (PAIN-28, BR-20).

A file is replaced under its name. Its new bytes are stored beside it first, so that whoever is interrupted loses
nothing: the next run goes on from there, and what is stripped already is left alone.
"""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from PIL import Image

from portal import audit
from residents.services.images import MOST_PIXELS, Unreadable, rewritten, size_of
from residents.services.media import PICTURES, content_type
from residents.services.uploads import PHOTO_MAX_BYTES, SCAN_MAX_BYTES

# Where people's pictures lie: `upload_to` of every field that takes one.
FOLDERS = ("evidence", "corrections", "switches", "samples")
_NEW = ".new"
# What Pillow tells of a picture beside its pixels; a density says nothing about anybody.
_TELLING = frozenset(
    {"exif", "xmp", "XML:com.adobe.xmp", "photoshop", "comment", "gps", "Raw profile type exif"}
)


@dataclass(slots=True)
class Stripped:
    """How many pictures there are, how many were written anew, and the names of those that cannot be read."""

    seen: int = 0
    changed: int = 0
    unreadable: list[str] | None = None


def strip_stored_pictures() -> Stripped:
    """Every stored picture without metadata; one line in the audit log (BR-21)."""
    found, broken = Stripped(), []
    for name in _names():
        with default_storage.open(name) as file:
            kind = content_type(file)
            if kind not in PICTURES:
                continue
            found.seen += 1
            try:
                content = _without_metadata(file, kind)
            except Unreadable:
                broken.append(name)
                continue
        if content is not None:
            _replace(name, content)
            found.changed += 1
    found.unreadable = broken
    audit.record("pictures_stripped", by=None, seen=found.seen, changed=found.changed, unreadable=len(broken))
    return found


def _names() -> Iterator[str]:
    waiting = list(FOLDERS)
    while waiting:
        folder = waiting.pop()
        try:
            folders, files = default_storage.listdir(folder)
        except FileNotFoundError:
            continue
        waiting += [f"{folder}/{each}" for each in folders]
        # What an interrupted run has left comes first.
        for each in sorted(files, key=lambda name: not name.endswith(_NEW)):
            name = f"{folder}/{each}"
            if each.endswith(_NEW):
                # An earlier run was interrupted between storing this and removing what it replaces.
                whole = name.removesuffix(_NEW)
                if not default_storage.exists(whole):
                    with default_storage.open(name) as file:
                        default_storage.save(whole, ContentFile(file.read()))
                default_storage.delete(name)
                if whole.rpartition("/")[2] not in files:
                    yield whole
            else:
                yield name


def _without_metadata(file: IO[bytes], kind: str) -> bytes | None:
    """The picture's new bytes; None where it tells nothing but itself. Raises Unreadable."""
    if size_of(file, kind).pixels > MOST_PIXELS:
        raise Unreadable
    with Image.open(io.BytesIO(file.read())) as image:
        tells = bool(_TELLING & image.info.keys()) or bool(image.getexif())
    file.seek(0)
    if not tells:
        return None
    size = len(file.read())
    return rewritten(file, kind, PHOTO_MAX_BYTES if size <= PHOTO_MAX_BYTES else SCAN_MAX_BYTES)


def _replace(name: str, content: bytes) -> None:
    default_storage.save(f"{name}{_NEW}", ContentFile(content))
    default_storage.delete(name)
    default_storage.save(name, ContentFile(content))
    default_storage.delete(f"{name}{_NEW}")
