"""Tasks under the names they had before they moved into their rooms: what was queued by the version before is stored
with these, and still runs. To go with the release after."""

from review.funnel.tasks import recount_nation
from review.quality.tasks import recheck_quality

__all__ = ["recheck_quality", "recount_nation"]
