"""A resident who has an account and no password yet."""

import pytest


@pytest.fixture
def newcomer(enrollment):
    """An imported, not yet activated resident: no password at all."""
    user = enrollment.resident.user
    user.set_unusable_password()
    user.activated_at = None
    user.save()
    return user
