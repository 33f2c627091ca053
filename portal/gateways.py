"""Ways out of the portal for messages. MESSAGE_GATEWAY names one function by its dotted path.

A gateway takes the channel ("mail" or "sms"), the address and the text, and raises if it could not hand the text over.
An operator whose SMS platform takes neither mail nor `webhook` writes his own beside these. Three attributes of the
function are looked at: `channels`, what it can send (both where it has none), `try_out`, called without arguments by
`check --deploy`, which raises where nothing could be sent, and `delivers`, False where nothing leaves the portal.
"""

import hashlib
import hmac
import json
import logging
import time
import urllib.error
import urllib.request
from typing import Any

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


console.delivers = False  # type: ignore[attr-defined]


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
    """Connect to the mail server and sign in. Raises whatever stands in the way, ValueError where there is none."""
    module = settings.EMAIL_BACKEND.rpartition(".")[0]
    if module.startswith("django.core.mail.backends.") and not module.endswith(".smtp"):
        raise ValueError(f"EMAIL_BACKEND 为 {settings.EMAIL_BACKEND}，邮件不会发出")
    connection = get_connection()
    connection.open()
    connection.close()


mail.channels = ("mail",)  # type: ignore[attr-defined]
mail.try_out = try_mail  # type: ignore[attr-defined]


def webhook(channel: str, address: str, text: str) -> None:
    """Hand the text to the operator's own platform, as a signed POST to MESSAGE_WEBHOOK_URL.

    The body is JSON with type, channel, address and text. `X-Portal-Signature` is the hex HMAC-SHA256, keyed with
    MESSAGE_WEBHOOK_SECRET, of the seconds in `X-Portal-Timestamp`, a full stop and the body; who checks both refuses
    forged and repeated ones. Only an answer of 2xx is taken as handed over. Raises Silent where the platform had the
    text and fell silent, else what stood in the way.
    """
    _post({"type": "message", "channel": channel, "address": address, "text": text})


def try_webhook() -> None:
    """Ask the platform with a `type` of "ping", which sends nothing. Raises whatever stands in the way."""
    _post({"type": "ping"})


webhook.try_out = try_webhook  # type: ignore[attr-defined]


def _post(content: dict[str, Any]) -> None:
    url, secret = settings.MESSAGE_WEBHOOK_URL, settings.MESSAGE_WEBHOOK_SECRET
    if not url or not secret:
        raise ValueError("没有设置 MESSAGE_WEBHOOK_URL 或 MESSAGE_WEBHOOK_SECRET。")
    body, sent_at = json.dumps(content, ensure_ascii=False).encode(), str(int(time.time()))
    signature = hmac.new(secret.encode(), f"{sent_at}.".encode() + body, hashlib.sha256).hexdigest()
    headers = {
        "Content-Type": "application/json; charset=utf-8",
        "X-Portal-Timestamp": sent_at,
        "X-Portal-Signature": signature,
    }
    # Settings take https only, and this opener follows no answer that leads elsewhere with number and text.
    request = urllib.request.Request(url, body, headers, method="POST")
    try:
        with _opener.open(request, timeout=settings.EMAIL_TIMEOUT) as answer:
            answer.read(1024)
    except TimeoutError as error:
        raise Silent from error
    except urllib.error.HTTPError as refusal:
        refusal.close()
        raise


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


_opener = urllib.request.build_opener(_NoRedirect)


def channels() -> tuple[str, ...]:
    """What the operator's gateway can send; both where it does not say, or cannot be imported just now."""
    try:
        return tuple(getattr(import_string(settings.MESSAGE_GATEWAY), "channels", BOTH))
    except ImportError:
        return BOTH
