"""Seeing full numbers (查看完整号码): who may, and for what purpose."""

from bases.scope import provinces_for
from portal.models import User
from portal.roles import Action, Role


def may_unmask(user: User) -> bool:
    """The association's staff, and those of a province who act for it: a read-only member sees masked numbers only."""
    return user.role == Role.CMDA or provinces_for(user, Action.REVIEW).exists()
