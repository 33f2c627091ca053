"""Where uploads and what the worker makes lie, on a disk of this machine."""

from contextlib import suppress
from typing import Any

from django.core.files import File
from django.core.files.storage import FileSystemStorage


class PrivateFiles(FileSystemStorage):
    """A file is there whole or not at all: what a full disk cut off is taken away again (TRUST-49)."""

    def _save(self, name: str, content: File[Any]) -> str:
        try:
            return super()._save(name, content)  # type: ignore[misc]
        except OSError:
            # Nobody else has this name: every file of ours is called by a number of its own.
            with suppress(OSError):
                self.delete(name)
            raise
