"""A report that nobody could review: its intake still takes reports while the province's review is over (AM-03)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from portal.calendar import last_moment
from residents.models import Enrollment
from residents.openness import Times, review_entry


@dataclass(frozen=True, slots=True)
class Unreviewed:
    """How many records are so, why, and when the first of them lapses."""

    number: int
    reason: str
    locks: datetime | None

    @property
    def in_words(self) -> str:
        end = f"，到 {last_moment(self.locks)} 没有审核通过的锁定失效" if self.locks else ""
        return f"{self.reason}上报的 {self.number} 条招收信息在重新开放审核以前无人审核{end}。"


def unreviewed(enrollments: Iterable[Enrollment]) -> Unreviewed | None:
    """Of these records, reported now, those that the province could not decide on; three queries, however many.

    Expects `base__province` to be loaded.
    """
    enrollments = list(enrollments)
    times, shut = Times(enrollments), []
    for row in enrollments:
        entry = review_entry(row, times)
        if not entry.is_open:
            shut.append((entry.reason, times.locks_at(row)))
    if not shut:
        return None
    return Unreviewed(len(shut), shut[0][0], min((end for _, end in shut if end), default=None))
