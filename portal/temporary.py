"""Temporary copies die with their process: each process that serves or works has a temporary folder of its own.

Copies of uploads hold personal data, and a killed process removes nothing. Its folder is locked as long as it lives, by
a lock that the system takes away with it; whoever starts next on this machine removes the folders nobody holds.
"""

import atexit
import fcntl
import os
import shutil
import tempfile
import time
from pathlib import Path

PREFIX = "portal-copies-"
# A folder that was made this moment is not locked yet.
YOUNG_SECONDS = 60


def take_own_folder() -> Path:
    """Let everything temporary of this process, and of those it starts, lie in a new folder; returns it."""
    place = Path(tempfile.gettempdir())
    remove_ownerless(place)
    folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=place))
    # Held until the process ends, however it ends.
    fcntl.flock(os.open(folder, os.O_RDONLY), fcntl.LOCK_EX)
    tempfile.tempdir = os.environ["TMPDIR"] = str(folder)
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def remove_ownerless(place: Path) -> int:
    """Remove the folders of processes that are gone; returns how many."""
    gone = 0
    for folder in place.glob(f"{PREFIX}*"):
        try:
            handle = os.open(folder, os.O_RDONLY | os.O_NOFOLLOW | os.O_DIRECTORY)
        except OSError:
            # Another's, or removed at this moment.
            continue
        try:
            if time.time() - os.fstat(handle).st_ctime < YOUNG_SECONDS:
                continue
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder, ignore_errors=True)
            gone += 1
        except BlockingIOError:
            continue
        finally:
            os.close(handle)
    return gone
