"""Ways out of the portal for messages. MESSAGE_GATEWAY names one function by its dotted path.

A gateway takes the channel ("mail" or "sms"), the address and the text, and raises if it could not hand the text over.
An operator with an SMS contract writes his own beside these.
"""

import logging

from django.core.mail import send_mail

from portal.masking import mask

log = logging.getLogger(__name__)


def console(channel: str, address: str, text: str) -> None:
    """Write the text to the log in place of sending it, the address masked; for trying out and for tests."""
    log.info("%s to %s: %s", channel, mask(address), text)


def mail(channel: str, address: str, text: str) -> None:
    """Send by mail through Django's mail settings. Raises ValueError for any other channel."""
    if channel != "mail":
        raise ValueError("没有短信通道。")
    send_mail("住院医师信息采集平台：您有新消息", text, None, [address])
