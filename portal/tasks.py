"""A task under the name it had before it moved into its room: what was queued by the version before is stored with it,
and still runs. To go with the release after."""

from portal.messages.tasks import send_due_messages

__all__ = ["send_due_messages"]
