"""Tasks under the names they had before they moved into their rooms: what was queued by the version before is stored
with these, and still runs. To go with the release after."""

from bases.deadlines.tasks import tell_of_window
from bases.imports.tasks import work_on_batch

__all__ = ["tell_of_window", "work_on_batch"]
