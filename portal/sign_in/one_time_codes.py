"""Codes that are printed, typed once and stored hashed: initial passwords and recovery codes, like K7PM-3XWQ."""

import re
import secrets
import unicodedata

from django.contrib.auth.hashers import make_password

# Nothing that is read wrongly from paper: no 0 O 1 I L.
ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
LENGTH = 8
SHAPE = re.compile(rf"[{ALPHABET}]{{4}}-[{ALPHABET}]{{4}}", re.IGNORECASE)


def new() -> str:
    letters = "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))
    return f"{letters[:4]}-{letters[4:]}"


def letters(typed: str) -> str:
    """What was typed as it is hashed: without blanks and hyphens, upper case, full-width characters narrow."""
    return re.sub(r"[\s-]", "", unicodedata.normalize("NFKC", typed)).upper()


def hashed(code: str) -> str:
    return make_password(letters(code))
