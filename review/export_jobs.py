"""The task of an export under the name it had before it moved into its room: what was queued by the version before is
stored with it, and still runs. To go with the release after."""

from review.exports.jobs import make_export

__all__ = ["make_export"]
