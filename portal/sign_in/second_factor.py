"""The second factor of staff (TRUST-14): setting it up, using a code once, recovery codes, resetting a lost one.

The algorithm is RFC 6238 by pyotp. What it leaves to its caller is here: keys encrypted at rest, a code good once
however many try it at the same moment, a step of drift, few tries.
"""

import base64
import time

import pyotp
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.hashers import check_password
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from portal import audit
from portal.messages import services as messages
from portal.middleware import client_address
from portal.models import RecoveryCode, SecondFactor, User
from portal.roles import Role
from portal.sign_in import devices, one_time_codes, throttle

# Staff; a resident's account reaches nobody's data but his own.
ROLES = (Role.BASE, Role.PROVINCE, Role.CMDA, Role.AUDITOR)
ISSUER = "住院医师信息采集平台"
STEP_SECONDS = 30
# A clock may be wrong by one step to either side.
DRIFT = 1
RECOVERY_CODES = 10
# How long the password is good for while the code is looked for.
WAIT_SECONDS = 600
_WAITING, _NEW_KEY = "second_step", "second_factor_key"


class SecondFactorNeeded(PermissionDenied):
    """This act is only for people with a second factor; `portal.access.allow` leads to the page where it is set up."""


class CodeRefused(Exception):
    """The code does not fit, or was used before."""


class PasswordWrong(Exception):
    """The own password, asked for again before the account is changed."""


def demand(user: User) -> None:
    """Raises SecondFactorNeeded where the settings require a second factor and this person has none."""
    if user.lacks_second_factor:
        raise SecondFactorNeeded


# --- signing in ------------------------------------------------------------------------------------------------------


def wait_for_code(request: HttpRequest, user: User) -> None:
    """The password was right: remember for some minutes whose code is waited for. Nobody is signed in by this, nor
    any longer: a colleague who left this browser open is out."""
    request.session.flush()
    stamp = {"user": user.pk, "hash": user.get_session_auth_hash(), "at": int(time.time())}
    request.session[_WAITING] = stamp


def waiting(request: HttpRequest) -> User | None:
    """Whose code this session waits for; nobody once the time is over or password or factor have changed."""
    stamp = request.session.get(_WAITING)
    if not stamp or int(time.time()) - stamp["at"] > WAIT_SECONDS:
        return None
    user = User.objects.filter(pk=stamp["user"], is_active=True, second_factor_at__isnull=False).first()
    return user if user and constant_time_compare(stamp["hash"], user.get_session_auth_hash()) else None


def stop_waiting(request: HttpRequest) -> None:
    request.session.pop(_WAITING, None)


def prove(request: HttpRequest, user: User, typed: str) -> str:
    """Use up a code of the authenticator or a recovery code; which of them it was ("code", "recovery").

    Raises CodeRefused, throttle.Limited. Every try is counted before it is looked at, and every refusal is in the audit
    log.
    """
    account = f"code {user.username}"
    try:
        attempt = throttle.begin(account, client_address(request), devices.known(request, user.username))
    except throttle.Limited:
        if throttle.is_first_refusal(account, client_address(request)):
            audit.record("second_factor_code", by=None, target=user, request=request, result="limited")
        raise
    with transaction.atomic():
        proof = _use(user, typed)
        if proof == "recovery":
            audit.record("recovery_code", by=user, target=user, request=request)
            _notify(user, "您的一个恢复码已被使用。如果不是您本人，请立即修改密码并联系上级管理人员。")
    if proof is None:
        audit.record("second_factor_code", by=None, target=user, request=request, result="refused")
        raise CodeRefused
    throttle.succeed(attempt)
    return proof


def _use(user: User, typed: str) -> str | None:
    typed = one_time_codes.letters(typed)
    # The lock makes the second of two that show the same code see the first one's step.
    factor = SecondFactor.objects.select_for_update().filter(user=user).first()
    if factor is None:
        return None
    key = unseal(factor.sealed_key)
    step = _step_of(key, typed, after=factor.last_step) if key else None
    if key and step is not None:
        # Sealed anew, so that a changed SECRET_KEY is the only one needed after a while.
        factor.last_step, factor.sealed_key = step, seal(key)
        factor.save(update_fields=["last_step", "sealed_key"])
        return "code"
    return "recovery" if _use_recovery_code(factor, typed) else None


def _step_of(key: str, typed: str, *, after: int = 0) -> int | None:
    """The time step whose code this is, of those that are near now and later than `after`."""
    now = int(time.time()) // STEP_SECONDS
    for step in range(now - DRIFT, now + DRIFT + 1):
        if step > after and constant_time_compare(pyotp.TOTP(key).generate_otp(step), typed):
            return step
    return None


def _use_recovery_code(factor: SecondFactor, typed: str) -> bool:
    if len(typed) != one_time_codes.LENGTH:
        return False
    for code in factor.recovery_codes.filter(used_at__isnull=True):
        if check_password(typed, code.code_hash):
            RecoveryCode.objects.filter(pk=code.pk).update(used_at=timezone.now())
            return True
    return False


# --- setting up ------------------------------------------------------------------------------------------------------


def key_to_set_up(request: HttpRequest) -> str:
    """The key that this session is setting up; made at the first call, and encrypted, since sessions are backed up."""
    key = unseal(request.session.get(_NEW_KEY, ""))
    if key is None:
        key = pyotp.random_base32()
        request.session[_NEW_KEY] = seal(key)
    return key


def address_of(user: User, key: str) -> str:
    """What the QR code says to an authenticator."""
    return pyotp.TOTP(key).provisioning_uri(name=user.username, issuer_name=ISSUER)


def set_up(request: HttpRequest, user: User, *, password: str, typed: str) -> list[str]:
    """Give this person the factor whose code was typed; his recovery codes, to be shown once.

    Every other session of his ends. Raises PasswordWrong, CodeRefused or throttle.Limited.
    """
    device = devices.known(request, user.username)
    attempt = throttle.begin(f"code {user.username}", client_address(request), device)
    if not user.check_password(password):
        raise PasswordWrong
    key = key_to_set_up(request)
    step = _step_of(key, one_time_codes.letters(typed))
    if step is None:
        raise CodeRefused
    throttle.succeed(attempt)
    with transaction.atomic():
        # The lock lets one of two set-ups at once win.
        user = User.objects.select_for_update().get(pk=user.pk)
        if user.second_factor_at:
            raise CodeRefused
        factor = SecondFactor.objects.create(user=user, sealed_key=seal(key), last_step=step)
        codes = _make_recovery_codes(factor)
        _stamp(request, user, factor)
        audit.record("second_factor_on", by=user, target=user, request=request)
    request.session.pop(_NEW_KEY, None)
    _notify(user, "您的账号已启用二次验证。")
    return codes


def renew_recovery_codes(request: HttpRequest, user: User, typed: str) -> list[str]:
    """Ten new recovery codes in place of the old ones. Raises CodeRefused."""
    prove(request, user, typed)
    with transaction.atomic():
        factor = SecondFactor.objects.select_for_update().get(user=user)
        codes = _make_recovery_codes(factor)
        audit.record("recovery_codes", by=user, target=user, request=request)
    return codes


def remove(request: HttpRequest, user: User, typed: str) -> None:
    """Take one's own factor away, with a code of it. Raises CodeRefused."""
    prove(request, user, typed)
    with transaction.atomic():
        SecondFactor.objects.filter(user=user).delete()
        _stamp(request, user, None)
        audit.record("second_factor_off", by=user, target=user, request=request)
    _notify(user, "您的账号已停用二次验证。")


def reset(user: User, *, by: User | None, reason: str, request: HttpRequest | None = None) -> None:
    """Take a lost factor away: all sessions end, the person is notified, the reason is in the audit log.

    Whether `by` may is the caller's question; nobody (None) is the operator at the command line.
    """
    with transaction.atomic():
        user = User.objects.select_for_update().get(pk=user.pk)
        SecondFactor.objects.filter(user=user).delete()
        _stamp(None, user, None)
        audit.record("second_factor_reset", by=by, target=user, request=request, reason=reason)
    _notify(user, "您的二次验证已由管理人员重置，请重新设置。如果不是您要求的，请立即联系上级管理人员。")


def recovery_codes_left(user: User) -> int:
    return RecoveryCode.objects.filter(factor__user=user, used_at__isnull=True).count()


def _make_recovery_codes(factor: SecondFactor) -> list[str]:
    codes = [one_time_codes.new() for _ in range(RECOVERY_CODES)]
    factor.recovery_codes.all().delete()
    RecoveryCode.objects.bulk_create(
        RecoveryCode(factor=factor, code_hash=one_time_codes.hashed(code)) for code in codes
    )
    return codes


def _stamp(request: HttpRequest | None, user: User, factor: SecondFactor | None) -> None:
    """Note on the user since when he has a factor, which ends his sessions; that of `request` goes on."""
    user.second_factor_at = factor.made_at if factor else None
    user.save(update_fields=["second_factor_at"])
    if request:
        request.user = user
        update_session_auth_hash(request, user)


def _notify(user: User, words: str) -> None:
    messages.send([user], kind="second_factor", subject=words, link=reverse("portal:second-factor"))


# --- the key at rest -------------------------------------------------------------------------------------------------


def seal(key: str) -> str:
    return _seals().encrypt(key.encode()).decode()


def unseal(sealed: str) -> str | None:
    """The key; None where it was sealed under a SECRET_KEY that is neither in use nor among the fallbacks."""
    try:
        return _seals().decrypt(sealed.encode()).decode()
    except InvalidToken:
        return None


def _seals() -> MultiFernet:
    """The first seals, all unseal."""
    secrets = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    return MultiFernet([Fernet(_derived(secret)) for secret in secrets])


def _derived(secret: str) -> bytes:
    derivation = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"portal.second_factor")
    return base64.urlsafe_b64encode(derivation.derive(secret.encode()))
