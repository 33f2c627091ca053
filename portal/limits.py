"""Limits on what one person or organisation may ask for within a time; whoever meets one is told until when."""

from datetime import datetime

from django.utils import timezone


class TooMany(Exception):
    """One request too many within the time; `words` say why and until when. The page answers 429."""

    def __init__(self, words: str, until: datetime):
        super().__init__(words)
        self.until = until

    @property
    def seconds(self) -> int:
        return max(1, int((self.until - timezone.now()).total_seconds()))


def clock_time(moment: datetime) -> str:
    """A moment of today or tomorrow as it is said: 14:05, 明日 08:00."""
    local, today = timezone.localtime(moment), timezone.localdate()
    return f"{local:%H:%M}" if local.date() == today else f"{local:%-m月%-d日 %H:%M}"
