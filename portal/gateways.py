"""Ways out of the portal for messages. MESSAGE_GATEWAY names one function by its dotted path.

A gateway takes the channel ("mail" or "sms"), the address and the text, and raises if it could not hand the text over.
An operator with an SMS contract writes his own beside these. Two attributes of the function are looked at: `channels`,
what it can send (both where it has none), and `try_out`, called without arguments by `check --deploy`, which raises
where nothing could be sent.
"""

import logging

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.utils.module_loading import import_string

from portal.masking import mask
from portal.outside import Silent

BOTH = ("mail", "sms")
SUBJECT = "住院医师信息采集平台：您有新消息"
log = logging.getLogger(__name__)


def console(channel: str, address: str, text: str) -> None:
    """Write the text to the log in place of sending it, the address masked; for trying out and for tests."""
    log.info("%s to %s: %s", channel, mask(address), text)


def mail(channel: str, address: str, text: str) -> None:
    """Send by mail through Django's mail settings.

    Raises ValueError for any other channel, Silent where the server fell silent once it had the mail, else what the
    server or the line answered.
    """
    if channel != "mail":
        raise ValueError("没有短信通道。")
    connection = get_connection()
    connection.open()
    try:
        EmailMessage(SUBJECT, text, None, [address], connection=connection).send()
    except TimeoutError as error:
        raise Silent from error
    finally:
        connection.close()


def try_mail() -> None:
    """Connect to the mail server and sign in. Raises whatever stands in the way."""
    connection = get_connection()
    connection.open()
    connection.close()


mail.channels = ("mail",)  # type: ignore[attr-defined]
mail.try_out = try_mail  # type: ignore[attr-defined]


def channels() -> tuple[str, ...]:
    """What the operator's gateway can send; both where it does not say, or cannot be imported just now."""
    try:
        return tuple(getattr(import_string(settings.MESSAGE_GATEWAY), "channels", BOTH))
    except ImportError:
        return BOTH
