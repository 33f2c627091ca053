"""What one form page of a resident knows of itself: its section, its row, its address, its draft."""

from dataclasses import dataclass
from typing import Any

from residents.places import REPEATED
from residents.rules.education import MOST_ROWS
from residents.rules.fields import Field
from residents.services.personal import Block, own_fields, stored_values
from residents.views.desk import Comment, Desk


@dataclass(frozen=True, slots=True)
class Page:
    """One form page: whose section, which row (None while nothing is stored), where it posts and what it is called."""

    desk: Desk
    section: str
    row: Block | None
    url: str
    title: str

    @property
    def draft_key(self) -> str:
        """The name under which typed values are kept: one per record, section and row."""
        row = f":{self.row.pk if self.row else 'new'}" if self.section == "education" else ""
        return f"personal:{self.desk.enrollment.pk}:{self.section}{row}"

    @property
    def comments(self) -> list[Comment]:
        """The comments that stand on this page, on that of a row of 学习经历 without those at other rows."""
        row = self.row.pk if self.row else 0
        return self.desk.comments_at(self.section, row if self.section == REPEATED else None)

    @property
    def may_add_another(self) -> bool:
        """Whether a further row of 学习经历 may follow this one."""
        if self.section != REPEATED:
            return False
        rows = len(self.desk.enrollment.resident.levels_of_study) + (self.row is None)
        return rows < MOST_ROWS

    @property
    def version(self) -> int:
        return self.row.version if self.row else 0

    @property
    def fields(self) -> tuple[Field, ...]:
        return own_fields(self.desk.enrollment, self.section)

    @property
    def stored(self) -> dict[str, Any]:
        return stored_values(self.desk.enrollment, self.section, self.row)
