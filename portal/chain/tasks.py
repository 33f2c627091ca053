"""What the clock and the worker do by themselves: audit and history compared with their seals, and who is told."""

import logging
from datetime import date, datetime, timedelta

from django.core.cache import cache
from django.utils import timezone
from django_tasks import task

from portal.chain.standing import comparisons, last_sound, last_whole
from portal.chain.verification import Report, verify
from portal.lanes import LONG
from portal.messages import services as messages
from portal.models import User
from portal.roles import Role

EVERY = timedelta(hours=1)
# When nobody uploads: a whole comparison keeps a worker for some minutes.
NIGHT = timedelta(hours=3)
MOST_NAMED = 5
logger = logging.getLogger(__name__)


# After everything that somebody waits for.
@task(queue_name=LONG, priority=-50)
def compare_history() -> None:
    """What the worker is handed."""
    compare()


def compare_when_due() -> None:
    """A chore of the clock, once an hour: have the worker do what would hold up the clock's other chores."""
    if cache.add("portal.chain.compared", True, EVERY.total_seconds()):
        compare_history.enqueue()


def compare() -> Report:
    """Once a day everything, in between what was sealed since the last comparison that held (GOAL-S8).

    A finding is told to the association and the auditors, once a day while it lasts.
    """
    events = comparisons()
    whole, sound = last_whole(events), last_sound(events)
    since = sound.detail.get("to", 0) if sound else 0
    if whole is None or _night_of(whole.at) < _night_of(timezone.now()):
        since = 0
    report = verify(since=since)
    if report.findings:
        _tell(report)
    return report


def _night_of(moment: datetime) -> date:
    return (timezone.localtime(moment) - NIGHT).date()


def _tell(report: Report) -> None:
    logger.error("History is not as sealed: %s findings, first: %s", len(report.findings), report.findings[0])
    messages.send(
        list(User.objects.filter(role__in=[Role.CMDA, Role.AUDITOR], is_active=True)),
        kind="history_broken",
        subject=f"操作记录和历史与封存不符 {len(report.findings)} 项",
        body="".join(report.findings[:MOST_NAMED])
        + "请立即联系运维人员：不要先行修复，运行 verify_history 查看全部不符之处，按安全事件处理。",
        link="/review/audit/",
        key=f"history:{timezone.localdate():%Y%m%d}",
    )
