"""Becoming able to sign in: activation, one-time codes, reset, change of one's own password (BR-44, BR-51, AM-09).

000000 is not a password: no hash of it exists. An account without a password opens with proof of who one is, and the
own new password is set in the same step.
"""

import secrets
import time
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth import authenticate, login
from django.contrib.auth.hashers import check_password, make_password
from django.contrib.auth.password_validation import validate_password
from django.db import transaction
from django.db.models import F, Q
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.module_loading import import_string

from portal import audit
from portal.masking import mask
from portal.messages import services as messages
from portal.middleware import client_address
from portal.models import SignInAttempt, User
from portal.roles import Role
from portal.shared_logins import SHARED_LOGIN
from portal.sign_in import devices, one_time_codes, second_factor, throttle

INITIAL_WORD = "000000"
MOBILE_TRIES = 5
CODE_DAYS = 90
PRIVACY_VERSION = "2026-01"
RESET_WORDS = "您的登录密码已由管理人员重置。如果不是您要求的，请立即联系上级管理人员。"
BACKEND = "django.contrib.auth.backends.ModelBackend"


class SignInRefused(Exception):
    """Account, password, mobile number or code do not fit: one answer for all. Too many tries are throttle.Limited,
    which knows accounts that exist from those that do not as little."""


class MobileClosed(SignInRefused):
    """This account has met as many wrong mobile numbers as there are tries, whether it exists or not."""


def login_name(raw: str, *, is_resident: bool) -> str:
    """The stored account name of what was typed; staff accounts are lower case, ID numbers upper case (PAIN-11)."""
    name = import_string(settings.LOGIN_NAME_NORMALISER)(raw)
    return name if is_resident else name.lower()


class KindNeeded(Exception):
    """Several residents have this number under different ID types: the entrance asks for the type (AM-35)."""


def account_of(request: HttpRequest, raw: str, *, is_resident: bool, kind: str = "") -> str:
    """The account that was meant: the name that was typed, for residents who share a number the one of this ID type.

    Raises KindNeeded where it takes the type to tell, throttle.Limited for too many such questions.
    """
    name = login_name(raw, is_resident=is_resident)
    if not is_resident:
        return name
    bearers = User.objects.filter(Q(username=name) | Q(username__startswith=f"{name}{SHARED_LOGIN}"))
    names = set(bearers.filter(role=Role.RESIDENT, is_active=True).values_list("username", flat=True))
    if len(names) < 2:
        return next(iter(names), name)
    if not kind:
        # That two people share a number is for those who know one of them.
        throttle.begin(f"kind {name}", client_address(request), devices.known(request, name))
        raise KindNeeded
    beside = f"{name}{SHARED_LOGIN}{kind}"
    return beside if beside in names else name


def sign_in(request: HttpRequest, *, account: str, password: str, is_resident: bool) -> bool:
    """Sign a person in at his entrance; False where his second factor is still to be asked for.

    Raises SignInRefused, throttle.Limited; every failure takes one hash and is counted.
    """
    attempt = _begin("sign_in", account, account, request)
    user = authenticate(request, username=account, password=password)
    if user is None or (user.role == Role.RESIDENT) != is_resident:
        tried = User.objects.filter(username=account).first()
        audit.record(
            "sign_in", by=None, target=tried, request=request, result="refused", account=mask(account)
        )
        raise SignInRefused
    throttle.succeed(attempt)
    return _let_in(request, user)


def _begin(action: str, what: str, account: str, request: HttpRequest) -> SignInAttempt:
    """Count a try; too many leave one line a period, account and address: a stranger cannot fill the log (TRUST-55)."""
    try:
        return throttle.begin(what, client_address(request), devices.known(request, account))
    except throttle.Limited:
        _note_too_many(action, account, request)
        raise


def _note_too_many(action: str, account: str, request: HttpRequest) -> None:
    if throttle.is_first_refusal(f"{action} {account}", client_address(request)):
        tried = User.objects.filter(username=account).first()
        audit.record(action, by=None, target=tried, request=request, result="limited", account=mask(account))


def _let_in(request: HttpRequest, user: User) -> bool:
    if user.second_factor_at:
        second_factor.wait_for_code(request, user)
        # Who gives up here knew the password: the owner's administrators should see it.
        audit.record("sign_in", by=None, target=user, request=request, result="waiting")
        return False
    _begin_session(request, user)
    audit.record("sign_in", by=user, request=request)
    return True


def _begin_session(request: HttpRequest, user: User) -> None:
    """From here on its absolute end is counted (portal.middleware.session_limits)."""
    login(request, user, backend=BACKEND)
    request.session["began_at"] = int(time.time())
    devices.remember(request, user.username)


def sign_in_with_code(request: HttpRequest, user: User, typed: str) -> None:
    """The second step, for the one whose code the session waits for. Raises second_factor.CodeRefused."""
    proof = second_factor.prove(request, user, typed)
    second_factor.stop_waiting(request)
    _begin_session(request, user)
    audit.record("sign_in", by=user, request=request, proof=proof)


def activate(
    request: HttpRequest, *, account: str, mobile: str, code: str, new_password: str, is_resident: bool
) -> bool:
    """Give a not yet activated account its own password and sign it in (GOAL-R1); False as for `sign_in`.

    Proof is the one-time code, or, for a resident's still empty account, the mobile number on file. Each is counted by
    itself: five wrong mobile numbers close that way until the base opens it again, and take nothing from the holder of
    a code. Raises SignInRefused, throttle.Limited, or ValidationError for a weak password once the proof was right.
    """
    kind = "slip" if code else "mobile"
    attempt = _begin("activate", f"{kind} {account}", account, request)
    with transaction.atomic():
        user = User.objects.select_for_update().filter(username=account).first()
        is_proven = _is_proven(user, mobile=mobile, code=code, is_resident=is_resident)
        proven = user if is_proven else None
        if proven is not None:
            validate_password(new_password, proven)
            _set_activated(proven, new_password, client_address(request))
            audit.record("activate", by=proven, target=proven, request=request)
    if proven is None:
        if kind == "mobile" and user is not None and not user.is_activated:
            User.objects.filter(pk=user.pk, activation_failures__lt=MOBILE_TRIES).update(
                activation_failures=F("activation_failures") + 1
            )
        audit.record("activate", by=None, target=user, request=request, result="refused")
        is_closed = kind == "mobile" and throttle.failures(f"mobile {account}") >= MOBILE_TRIES
        raise MobileClosed if is_closed else SignInRefused
    throttle.succeed(attempt)
    return _let_in(request, proven)


def _is_proven(user: User | None, *, mobile: str, code: str, is_resident: bool) -> bool:
    """Exactly one slow hash whatever the account is, so the time gives nothing away."""
    stored = user.initial_code_hash if user is not None else ""
    code_fits = check_password(one_time_codes.letters(code), stored or _DUMMY_HASH) and bool(stored)
    if user is None or user.is_activated or not user.is_active or (user.role == Role.RESIDENT) != is_resident:
        return False
    if code_fits:
        return user.initial_code_expires_at is not None and user.initial_code_expires_at > timezone.now()
    if code or user.activation_failures >= MOBILE_TRIES:
        return False
    mobile_fits = bool(mobile) and secrets.compare_digest(mobile.encode(), user.mobile.encode())
    return mobile_fits and is_resident and import_string(settings.MOBILE_ACTIVATION_POLICY)(user)


_DUMMY_HASH = make_password(secrets.token_urlsafe(16))


def _set_activated(user: User, password: str, address: str) -> None:
    now = timezone.now()
    user.set_password(password)
    user.activated_at = user.password_changed_at = user.privacy_accepted_at = now
    user.activated_from = address
    user.privacy_accepted_version = PRIVACY_VERSION
    user.initial_code_hash, user.initial_code_expires_at = "", None
    user.activation_failures, user.activation_released_at = 0, None
    user.save()


def change_password(request: HttpRequest, user: User, new_password: str) -> None:
    """Set one's own new password: every other session ends, this one goes on."""
    user.set_password(new_password)
    user.password_changed_at = timezone.now()
    with transaction.atomic():
        user.save(update_fields=["password", "password_changed_at"])
        audit.record("password_change", by=user, target=user, request=request)
    login(request, user, backend=BACKEND)


def reset_to_activation(
    user: User, *, by: User | None, request: HttpRequest | None = None, **detail: str
) -> None:
    """Put an account back to 未激活 (BR-51): no password, all sessions end; nobody learns or chooses a password."""
    now = timezone.now()
    user.set_unusable_password()
    user.activated_at, user.password_reset_at, user.password_reset_seen = None, now, False
    user.initial_code_hash, user.initial_code_expires_at = "", None
    user.activation_failures, user.activation_released_at = 0, None
    with transaction.atomic():
        user.save()
        _forgive(user)
        audit.record("password_reset", by=by, target=user, request=request, **detail)
        # A resident is told at his next sign-in, a colleague also where he reads his messages: it may not be he who
        # asked for it.
        if user.role != Role.RESIDENT:
            messages.send(
                [user], kind="password_reset", subject=RESET_WORDS, link=reverse("portal:password-change")
            )


def _forgive(user: User) -> None:
    for kind in ("", "mobile ", "slip "):
        throttle.forgive(f"{kind}{user.username}")


def limited_until(user: User) -> datetime | None:
    """Until when somebody meets a limit at this account, for those whom its owner asks for help."""
    return throttle.limited_until(*(f"{kind}{user.username}" for kind in ("", "mobile ", "slip ", "code ")))


def prove_password(request: HttpRequest, user: User, typed: str) -> bool:
    """Whether this is the person's own password, asked for again; counted like signing in. Raises throttle.Limited."""
    attempt = _begin("password_change", f"password {user.username}", user.username, request)
    if not user.check_password(typed):
        return False
    throttle.succeed(attempt)
    return True


def issue_initial_code(user: User, *, by: User | None, request: HttpRequest | None = None) -> str:
    """A random one-time initial password, shown once: stored hashed, good for 90 days and one activation.

    Raises ValueError for an account that is already activated: reset it first.
    """
    if user.is_activated:
        raise ValueError("账号已激活，请先重置。")
    code = one_time_codes.new()
    user.initial_code_hash = one_time_codes.hashed(code)
    user.initial_code_expires_at = timezone.now() + timedelta(days=CODE_DAYS)
    user.activation_failures = 0
    with transaction.atomic():
        user.save(update_fields=["initial_code_hash", "initial_code_expires_at", "activation_failures"])
        audit.record("initial_code", by=by, target=user, request=request)
    return code


def reset_by_operator(user: User, *, reason: str) -> str:
    """For a lost password that no colleague may reset: back to 未激活, all sessions end; returns the one-time code.

    The reason is in the audit log, and the other accounts of the association are told.
    """
    with transaction.atomic():
        user = User.objects.select_for_update().get(pk=user.pk)
        reset_to_activation(user, by=None, reason=reason)
        code = issue_initial_code(user, by=None)
        others = User.objects.filter(role=Role.CMDA, is_active=True).exclude(pk=user.pk)
        messages.send(
            list(others),
            kind="second_factor",
            subject=f"账号 {user.username} 的密码已由运维人员重置",
            body=f"理由：{reason}。如不知情，请立即联系运营者，并在“操作记录”中核对。",
        )
    return code


def release_activation(user: User, *, by: User, request: HttpRequest | None = None) -> None:
    """The base has made sure who this is: five new tries, and the mobile number on file is enough once."""
    user.activation_failures, user.activation_released_at = 0, timezone.now()
    with transaction.atomic():
        user.save(update_fields=["activation_failures", "activation_released_at"])
        _forgive(user)
        audit.record("activation_release", by=by, target=user, request=request)


def note_reset_seen(user: User) -> None:
    """The person has been told that his password was reset (TRUST-10)."""
    User.objects.filter(pk=user.pk).update(password_reset_seen=True)


def set_letter_keys(user: User, wanted: bool) -> None:
    """Whether the review pages take this person's single-letter keys (WCAG 2.1.4)."""
    User.objects.filter(pk=user.pk).update(letter_keys=wanted)
