"""Seeing full numbers (查看完整号码): who may, and for what purpose."""

from django import forms

from bases.scope import provinces_for
from portal.models import User
from portal.roles import Action, Role


class UnmaskForm(forms.Form):
    """The purpose for which someone asks to see numbers in full (TRUST-51)."""

    purpose = forms.CharField(
        label="查看用途",
        min_length=4,
        max_length=200,
        error_messages={
            "required": "请填写查看完整号码的用途。",
            "min_length": "请把用途写清楚，至少 4 个字。",
        },
    )


def may_unmask(user: User) -> bool:
    """The association's staff, and those of a province who act for it: a read-only member sees masked numbers only."""
    return user.role == Role.CMDA or provinces_for(user, Action.REVIEW).exists()
