"""Waiting times and deadlines in words that Chinese readers use (GOAL-R2, GOAL-B16)."""

import datetime

import pytest
from django.utils import timezone

from portal.templatetags.portal_tags import days_since, time_left


@pytest.mark.parametrize(
    ("left", "words"),
    [
        ({"days": 38, "hours": 4}, "38 天"),
        ({"days": 3, "hours": 4, "minutes": 5}, "3 天 4 小时"),
        ({"days": 1, "minutes": 5}, "1 天"),
        ({"hours": 2, "minutes": 5}, "2 小时 5 分钟"),
        ({"minutes": 5}, "5 分钟"),
        ({"seconds": 5}, "不到 1 分钟"),
        ({"days": -1}, "不到 1 分钟"),
    ],
)
def test_time_left_is_told_in_days_and_never_in_bare_months(left, words):
    """The framework says "1 月"."""
    margin = datetime.timedelta(seconds=20)
    assert time_left(timezone.now() + datetime.timedelta(**left) + margin) == words


def test_days_since_takes_a_day_or_a_moment():
    ago = datetime.timedelta(days=40)
    assert (days_since(timezone.localdate() - ago), days_since(timezone.now() - ago), days_since(None)) == (
        40,
        40,
        0,
    )
