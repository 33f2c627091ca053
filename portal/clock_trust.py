"""Whether the clock's time can be believed: a wrong clock must not lapse a nation.

Every round compares the wall clock with the machine's own counting (which no setting of the time moves), with the
database's clock and with the last round. After a jump, a long stop or a difference, what cannot be taken back waits
until the association has confirmed the time.
"""

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from django.db import connection, transaction
from django.utils import timezone

from portal import audit
from portal.messages import services as messages
from portal.models import ClockState, User
from portal.roles import Role

# A machine that is kept in time differs by far less; leap smearing and slow answers by less too.
MOST_SECONDS = 60
# After so long without a round somebody should look before everything that fell due meanwhile happens at once.
LONG_STOP = timedelta(days=1)
_BOOT = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True, slots=True)
class Reading:
    """The three clocks at one moment."""

    wall: datetime
    monotonic: float
    boot: str
    database: datetime


def read() -> Reading:
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        database = cursor.fetchone()[0]
    boot = _BOOT.read_text().strip() if _BOOT.exists() else ""
    return Reading(datetime.fromtimestamp(time.time(), UTC), time.monotonic(), boot, database)


def why_doubted(before: ClockState | None, now: Reading) -> str:
    """What is wrong with the time, in words; "" where nothing is."""
    apart = (now.wall - now.database).total_seconds()
    if abs(apart) > MOST_SECONDS:
        return f"定时处理所在机器的时间与数据库相差 {_span(apart)}。"
    if before is None:
        return ""
    passed = (now.wall - before.round_at).total_seconds()
    if before.boot and before.boot == now.boot:
        jumped = passed - (now.monotonic - before.monotonic)
        if abs(jumped) > MOST_SECONDS:
            return f"机器的时间在两轮之间{'向前' if jumped > 0 else '向后'}跳了 {_span(jumped)}。"
    if passed < -MOST_SECONDS:
        return f"机器的时间比上一轮早 {_span(passed)}。"
    if passed > LONG_STOP.total_seconds():
        return f"定时处理停止了 {_span(passed)}。"
    return ""


def _span(seconds: float) -> str:
    minutes = abs(seconds) / 60
    for size, word in ((1440, "天"), (60, "小时"), (1, "分钟")):
        if minutes >= size:
            return f"{minutes / size:.1f} {word}".replace(".0 ", " ")
    return f"{abs(seconds):.0f} 秒"


def is_trusted(now: Reading | None = None) -> bool:
    """For the clock, once a round: note the time, and say whether what cannot be taken back may happen."""
    now = now or read()
    with transaction.atomic():
        state = ClockState.objects.select_for_update().filter(pk=1).first()
        doubt = why_doubted(state, now)
        values = {"round_at": now.wall, "monotonic": now.monotonic, "boot": now.boot}
        if doubt and not (state and state.doubt):
            # The database's time: the wall clock is what is doubted.
            values |= {"doubt": doubt, "doubted_at": now.database, "confirmed_at": None, "confirmed_by": None}
            _tell(doubt)
        state, _ = ClockState.objects.update_or_create(pk=1, defaults=values)
    return not state.doubt


def _tell(doubt: str) -> None:
    audit.record("clock_doubted", by=None, doubt=doubt)
    messages.send(
        list(User.objects.filter(role=Role.CMDA, is_active=True)),
        kind="clock_doubted",
        subject="平台时间有疑问，不能撤回的定时操作已暂停",
        body=f"{doubt}招收锁定、切换生效、到期删除和截止提醒在确认前不执行。"
        "请核对“运行状况”中显示的时间：正确的，点“确认时间正确”；不正确的，请运维人员校正后再确认。",
        link="/review/running/",
    )


def confirm(*, by: User) -> bool:
    """The association has looked at the time: what waited happens in the next round. False where nothing waited."""
    with transaction.atomic():
        state = ClockState.objects.select_for_update().filter(pk=1).exclude(doubt="").first()
        if state is None:
            return False
        audit.record("clock_confirmed", by=by, doubt=state.doubt)
        state.doubt, state.confirmed_at, state.confirmed_by = "", timezone.now(), by
        state.save(update_fields=["doubt", "confirmed_at", "confirmed_by"])
    return True
