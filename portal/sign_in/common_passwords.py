"""The ten thousand commonest passwords are refused, in Chinese (TRUST-08)."""

from django.contrib.auth.password_validation import CommonPasswordValidator
from django.core.exceptions import ValidationError

from portal.models import User


class CommonPasswords(CommonPasswordValidator):
    """Django's list with our words: those of Django are translated as its translators find time."""

    def validate(self, password: str, user: User | None = None) -> None:
        if password.lower().strip() in self.passwords:
            raise ValidationError("这个密码太常见，很容易被猜到。请换一个。", code="password_too_common")

    def get_help_text(self) -> str:
        return "不能是常见的密码。"
