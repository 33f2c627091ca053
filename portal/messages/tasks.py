"""What the worker does for 站内消息."""

from django_tasks import task

from portal.messages.sending import send_due
from portal.outside import LANE as OUTSIDE


@task(queue_name=OUTSIDE)
def send_due_messages() -> None:
    """Send the mails and SMS that are due. Twice is the same as once."""
    send_due()
