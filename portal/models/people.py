"""账号: everybody who may sign in, and the tries to do so."""

from collections.abc import Iterator
from typing import Any

import pghistory
import pgtrigger
from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models
from django.db.models import Q
from django.utils import timezone

from portal.roles import Role


class UserManager(BaseUserManager["User"]):
    """Creates people who cannot sign in until they activate: there is no default password anywhere."""

    def create_user(self, username: str, *, role: str, password: str | None = None, **fields: Any) -> "User":
        user = self.model(username=username, role=role, **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user


@pghistory.track(
    pghistory.InsertEvent(),
    pghistory.UpdateEvent(),
    pghistory.DeleteEvent(),
    fields=[
        "username",
        "role",
        "full_name",
        "mobile",
        "email",
        "is_active",
        "activated_at",
        "activation_failures",
    ],
    model_name="UserEvent",
)
class User(AbstractBaseUser, PermissionsMixin):
    """One person who may sign in. A resident's username is the normalised ID number (BR-28), followed by "#" and
    the ID type where another account has the number already (AM-35); staff have their own.

    A new account has an unusable password and `activated_at` empty (未激活). 000000 is not a password: it is the word
    that leads to the activation page (BR-44, AM-09).
    """

    # What the reader of a list of staff may do with this person, where the list has put it (review/staff).
    is_manageable: bool
    is_resettable: bool
    may_have_code: bool
    has_expired_code: bool
    # What bases/scope.py has found of his rights in this request; None outside of one, where each question is asked.
    looked_up: dict[tuple, Any] | None = None

    username = models.CharField("账号", max_length=40, unique=True)
    role = models.CharField("角色", max_length=10, choices=Role.choices)
    full_name = models.CharField("姓名", max_length=50)
    mobile = models.CharField("手机号", max_length=20, blank=True)
    email = models.EmailField("电子邮箱", max_length=100, blank=True)
    is_active = models.BooleanField("启用", default=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    activated_at = models.DateTimeField("激活时间", null=True, blank=True)
    activated_from = models.GenericIPAddressField("激活地址", null=True, blank=True)
    # At the fifth wrong mobile number only the base can release the account; it loses nothing, the account is empty.
    activation_failures = models.PositiveSmallIntegerField(default=0)
    # The base has looked at the person: the mobile number is enough once more.
    activation_released_at = models.DateTimeField(null=True, blank=True)
    # Random one-time initial password: hashed, shown once as a printed slip, single use.
    initial_code_hash = models.CharField(max_length=128, blank=True)
    initial_code_expires_at = models.DateTimeField(null=True, blank=True)
    password_changed_at = models.DateTimeField(null=True, blank=True)
    # What was ended by this moment stays ended, whatever becomes of the account (TRUST-22).
    sessions_ended_at = models.DateTimeField(null=True, blank=True)
    password_reset_at = models.DateTimeField(null=True, blank=True)
    password_reset_seen = models.BooleanField(default=True)
    # Since when there is a SecondFactor; here as well, so that every request knows without a query.
    second_factor_at = models.DateTimeField(null=True, blank=True)
    # Single letters as keys of the review pages; who speaks to the computer turns them off (WCAG 2.1.4).
    letter_keys = models.BooleanField(default=True, db_default=True)
    privacy_accepted_version = models.CharField(max_length=20, blank=True)
    privacy_accepted_at = models.DateTimeField(null=True, blank=True)

    # Begins the name of an account that acts for a machine (a province's interface): no name that is typed has it.
    MACHINE = "#"

    USERNAME_FIELD = "username"
    objects = UserManager()

    class Meta:
        verbose_name = verbose_name_plural = "用户"
        constraints = [
            models.CheckConstraint(condition=Q(role__in=Role.values), name="user_role_known"),
            models.CheckConstraint(
                condition=~Q(username__startswith="#") | Q(is_active=False), name="machine_never_signs_in"
            ),
        ]
        triggers = [
            # Accounts are disabled by many statements, some of them set-wise; enabled again, no session revives, and
            # no row saved from an older reading forgets the end.
            pgtrigger.Trigger(
                name="disabled_ends_sessions",
                when=pgtrigger.Before,
                operation=pgtrigger.Update,
                func=(
                    "NEW.sessions_ended_at := CASE WHEN OLD.is_active AND NOT NEW.is_active THEN clock_timestamp()"
                    " ELSE GREATEST(NEW.sessions_ended_at, OLD.sessions_ended_at) END; RETURN NEW;"
                ),
            )
        ]

    def __str__(self) -> str:
        return self.full_name or self.username

    @property
    def is_activated(self) -> bool:
        return self.activated_at is not None

    @property
    def is_machine(self) -> bool:
        return self.username.startswith(self.MACHINE)

    @property
    def lacks_second_factor(self) -> bool:
        """Whether what asks for a second factor must still be refused to this person (TRUST-14)."""
        return settings.SECOND_FACTOR_REQUIRED and self.second_factor_at is None

    def get_session_auth_hash(self) -> str:
        """Part of every session: a new password, a second factor set up or taken away, or an account disabled ends all
        others at once and for good."""
        return self._with_ends(super().get_session_auth_hash())

    def get_session_auth_fallback_hash(self) -> Iterator[str]:
        return map(self._with_ends, super().get_session_auth_fallback_hash())

    def _with_ends(self, auth_hash: str) -> str:
        moments = [self.second_factor_at, self.sessions_ended_at]
        # Without such an end as the versions before had it: an upgrade signs nobody out.
        while moments and moments[-1] is None:
            moments.pop()
        return " ".join([auth_hash, *(str(each.timestamp()) if each else "-" for each in moments)])


class SignInAttempt(models.Model):
    """One try to sign in or activate, written before any password is hashed, so that fifty at once all count.

    `address` of IPv6 is the subscriber's network (portal/sign_in/throttle.py). Kept for some months: the address of a
    right try is one where the account is known.

    `account` is the normalised login name as typed (hashed: a log of mistyped ID numbers would be personal data).
    """

    account = models.CharField(max_length=64)
    address = models.GenericIPAddressField()
    # The known browser of the account's owner, counted by itself (portal/sign_in/devices.py).
    device = models.CharField(max_length=16, blank=True)
    succeeded = models.BooleanField(default=False)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes = [
            models.Index(fields=["account", "-at"], name="attempt_by_account"),
            models.Index(fields=["address", "-at"], name="attempt_by_address"),
        ]

    def __str__(self) -> str:
        return f"{self.address} {self.at:%Y-%m-%d %H:%M:%S}"
