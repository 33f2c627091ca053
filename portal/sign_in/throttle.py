"""Limits on signing in (TRUST-05): each try is written down before any password is hashed.

Own code, because django-axes counts after the hash: fifty tries at once all pass its check. Here a short advisory lock
makes the count exact, and it is released before the slow hash begins.
"""

import hashlib
from datetime import datetime, timedelta

from django.core.cache import cache
from django.db import connection, transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from portal.models import SignInAttempt

PERIOD = timedelta(minutes=15)
# Wrong tries for one account from one address; nobody can lock a colleague out from elsewhere with them.
TRIES_PER_ACCOUNT_AND_ADDRESS = 5
# Wrong tries for one account from all addresses: beyond, an address that never signed in to it gets one per period.
TRIES_PER_ACCOUNT = 30
# Accounts that failed from one address: one password tried on many numbers. Successes cost nothing, since a whole
# hospital may share an address.
FAILED_ACCOUNTS_PER_ADDRESS = 30


def _key(account: str) -> str:
    return hashlib.sha256(account.encode()).hexdigest()


def begin(account: str, address: str) -> SignInAttempt | None:
    """Note one try for a normalised account name, counted as failed until `succeed`; None if it is one too many.

    An unknown account is counted like a known one, so the limit reveals nothing.
    """
    key, since = _key(account), timezone.now() - PERIOD
    with transaction.atomic():
        with connection.cursor() as cursor:
            # The address first in every transaction, so that two of them cannot wait for each other.
            cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [f"address {address}"])
            cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [f"account {key}"])
        if not _may_try(key, address, since):
            return None
        return SignInAttempt.objects.create(account=key, address=address)


def succeed(attempt: SignInAttempt) -> None:
    """The try was right: it no longer counts, nor do the same person's wrong ones before it from this address."""
    attempt.succeeded = True
    attempt.save(update_fields=["succeeded"])


def is_first_refusal(account: str, address: str) -> bool:
    """Whether this account has not been refused yet from this address in this period: reason for one line of the log,
    where a line for each try would let a stranger fill it."""
    # The cache's keys are stored, too: the hash, no number in clear.
    return cache.add(f"refused {_key(account)} {address}".replace(" ", "_"), True, PERIOD.total_seconds())


def _may_try(key: str, address: str, since: datetime) -> bool:
    recent = SignInAttempt.objects.filter(at__gte=since)
    last_success = recent.filter(account=key, address=address, succeeded=True).order_by("-at").first()
    own = recent.filter(account=key, address=address, succeeded=False)
    if last_success:
        own = own.filter(at__gt=last_success.at)
    own_failures = own.count()
    if own_failures >= TRIES_PER_ACCOUNT_AND_ADDRESS:
        return False
    is_known_here = SignInAttempt.objects.filter(account=key, address=address, succeeded=True).exists()
    if is_known_here:
        return True
    all_failures = recent.filter(account=key, succeeded=False).count()
    if all_failures >= TRIES_PER_ACCOUNT and own_failures >= 1:
        return False
    # An account that mistyped and then signed in is a colleague, not a victim of spraying.
    later_success = recent.filter(
        account=OuterRef("account"), address=address, succeeded=True, at__gt=OuterRef("at")
    )
    failed = recent.filter(~Exists(later_success), address=address, succeeded=False).exclude(account=key)
    return failed.values("account").distinct().count() < FAILED_ACCOUNTS_PER_ADDRESS
