"""Limits on signing in (TRUST-05 … TRUST-07): each try is written down before any password is hashed.

Own code, because django-axes counts after the hash: fifty tries at once all pass its check. Here a short advisory lock
makes the count exact, and it is released before the slow hash begins.

A browser that has signed in to an account before (portal/sign_in/devices.py) is counted by itself: whatever strangers
do to the account, or colleagues at the same address to others, its owner comes in with it.
"""

import hashlib
import ipaddress
from datetime import datetime, timedelta

from django.core.cache import cache
from django.db import connection, transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from portal.limits import TooMany, clock_time
from portal.models import SignInAttempt

PERIOD, DAY = timedelta(minutes=15), timedelta(days=1)
# Wrong tries for one account from one address or known device; nobody can lock a colleague out from elsewhere.
TRIES_PER_ACCOUNT_AND_ADDRESS = 5
# Wrong tries for one account from all addresses that it was never signed in to from.
TRIES_PER_ACCOUNT, TRIES_PER_ACCOUNT_A_DAY = 30, 100
# Accounts that failed from one address: one password tried on many numbers. Successes cost nothing, since a whole
# hospital may share an address.
FAILED_ACCOUNTS_PER_ADDRESS = 30


class Limited(TooMany):
    """One try too many. The words are the same for every account, known or not (TRUST-02)."""

    def __init__(self, until: datetime):
        super().__init__(f"短时间内尝试过多，请在 {clock_time(until)} 以后再试。", until)


def _key(account: str) -> str:
    return hashlib.sha256(account.encode()).hexdigest()


def origin(address: str) -> str:
    """What is counted as one address: of IPv6 the network of 64 bits, whose 2^64 addresses are one subscriber's."""
    found = ipaddress.ip_address(address)
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped:
            return str(found.ipv4_mapped)
        return str(ipaddress.ip_network((found, 64), strict=False).network_address)
    return str(found)


def begin(account: str, address: str, device: str = "") -> SignInAttempt:
    """Note one try for a normalised account name, counted as failed until `succeed`. Raises Limited.

    An unknown account is counted like a known one, so the limit reveals nothing. `device` is the known browser of this
    account's owner.
    """
    key, place = _key(account), origin(address)
    with transaction.atomic():
        with connection.cursor() as cursor:
            # The address first in every transaction, so that two of them cannot wait for each other.
            cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [f"address {place}"])
            cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [f"account {key}"])
        until = _device_obstacle(key, device) if device else _obstacle(key, place)
        if until is not None:
            raise Limited(until)
        return SignInAttempt.objects.create(account=key, address=place, device=device)


def succeed(attempt: SignInAttempt) -> None:
    """The try was right: it no longer counts, nor do the same person's wrong ones before it from this address."""
    attempt.succeeded = True
    attempt.save(update_fields=["succeeded"])


def is_first_refusal(account: str, address: str) -> bool:
    """Whether this account has not been refused yet from this address in this period: reason for one line of the log,
    where a line for each try would let a stranger fill it."""
    # The cache's keys are stored, too: the hash, no number in clear.
    name = f"refused {_key(account)} {origin(address)}".replace(" ", "_")
    return cache.add(name, True, PERIOD.total_seconds())


def failures(account: str) -> int:
    """Wrong tries for this account within the days that tries are kept."""
    return SignInAttempt.objects.filter(account=_key(account), succeeded=False).count()


def forgive(account: str) -> None:
    """Count none of the wrong tries so far: somebody has made sure of the person."""
    SignInAttempt.objects.filter(account=_key(account), succeeded=False).update(succeeded=True)


def limited_until(*accounts: str) -> datetime | None:
    """Until when somewhere a try for these accounts is refused, for those who help; None if nowhere."""
    keys, now = [_key(each) for each in accounts], timezone.now()
    tries = SignInAttempt.objects.filter(account__in=keys, succeeded=False, at__gte=now - PERIOD).order_by(
        "at"
    )
    found: dict[tuple[str, str, str], list[datetime]] = {}
    for key, address, device, at in tries.values_list("account", "address", "device", "at"):
        found.setdefault((key, address, device), []).append(at)
        found.setdefault((key, "", ""), []).append(at)
    ends = [
        times[0] + PERIOD
        for (_, address, _), times in found.items()
        if len(times) >= (TRIES_PER_ACCOUNT_AND_ADDRESS if address else TRIES_PER_ACCOUNT)
    ]
    return max(ends, default=None)


def _device_obstacle(key: str, device: str) -> datetime | None:
    return _too_many(_own(SignInAttempt.objects.filter(account=key, device=device)))


def _obstacle(key: str, place: str) -> datetime | None:
    """Until when this account may not be tried from here; None where it may now."""
    strange = SignInAttempt.objects.filter(device="")
    here = strange.filter(address=place)
    # Before anything else, and for accounts that are known here too: the guess is spread over them.
    until = _sprayed(here)
    if until is None:
        until = _too_many(_own(here.filter(account=key)))
    if until is not None or SignInAttempt.objects.filter(account=key, address=place, succeeded=True).exists():
        return until
    now = timezone.now()
    for most, within in ((TRIES_PER_ACCOUNT, PERIOD), (TRIES_PER_ACCOUNT_A_DAY, DAY)):
        tries = strange.filter(account=key, succeeded=False, at__gte=now - within).order_by("at")
        times = list(tries.values_list("at", flat=True)[:most])
        if len(times) >= most:
            return times[0] + within
    return None


def _own(tries: QuerySet[SignInAttempt]) -> list[datetime]:
    """The wrong tries of this period since the last right one, the oldest first."""
    recent = tries.filter(at__gte=timezone.now() - PERIOD)
    last = recent.filter(succeeded=True).order_by("-at").first()
    wrong = recent.filter(succeeded=False)
    if last:
        wrong = wrong.filter(at__gt=last.at)
    return list(wrong.order_by("at").values_list("at", flat=True))


def _too_many(times: list[datetime]) -> datetime | None:
    return times[0] + PERIOD if len(times) >= TRIES_PER_ACCOUNT_AND_ADDRESS else None


def _sprayed(here: QuerySet[SignInAttempt]) -> datetime | None:
    recent = here.filter(at__gte=timezone.now() - PERIOD)
    # An account that mistyped and then signed in is a colleague, not a victim of spraying.
    later_success = recent.filter(account=OuterRef("account"), succeeded=True, at__gt=OuterRef("at"))
    failed = recent.filter(~Exists(later_success), succeeded=False)
    if failed.values("account").distinct().count() < FAILED_ACCOUNTS_PER_ADDRESS:
        return None
    oldest = failed.order_by("at").values_list("at", flat=True).first()
    return (oldest or timezone.now()) + PERIOD
