"""What every page of a resident builds on: his living record, whether it is open, what it lacks, what was returned."""

from dataclasses import dataclass, field
from functools import cached_property

from django.db.models import QuerySet
from django.http import Http404
from django.urls import reverse

from portal.calendar import Opening
from portal.models import User
from portal.prepared import Asked, prepared
from residents.completeness import PERSONAL, Completeness, Missing, Section, completeness
from residents.models import Enrollment, PersonalReturn
from residents.models.enrollment import PersonalState
from residents.openness import personal_entry
from residents.places import REPEATED, living_names, split
from residents.rules import basic
from residents.services.personal import has_section
from residents.services.returns import open_returns
from residents.snapshot import with_blocks
from residents.words import place_in_words, row_in_words


def section_url(key: str) -> str:
    """The page of a section, by the key of residents.completeness."""
    if key in ("education", "training"):
        return reverse(f"residents:{key}")
    return reverse("residents:section", args=[key])


@dataclass(frozen=True, slots=True)
class Gap:
    """One missing field with the address where it is filled in (GOAL-R2); "" while nothing can be filled in."""

    label: str
    url: str


@dataclass(frozen=True, slots=True)
class Step:
    """One section in the navigation and on the first page: how full it is, what it lacks, what is wrong in it."""

    section: Section
    url: str
    gaps: list[Gap]
    returned: int = 0

    @property
    def key(self) -> str:
        return self.section.key


@dataclass(frozen=True, slots=True)
class Comment:
    """One open return in the resident's words: who (role only, GOAL-R7), when, what, and the field it is about."""

    pk: int
    section: str
    field: str
    row: str
    place: str
    url: str
    text: str
    at: object


@dataclass
class Desk:
    """The record a resident works on, with everything his pages say about it."""

    enrollment: Enrollment
    returns: list[PersonalReturn] = field(default_factory=list)

    @cached_property
    def entry(self) -> Opening:
        return personal_entry(self.enrollment)

    @cached_property
    def complete(self) -> Completeness:
        return completeness(self.enrollment, with_training=False)

    @cached_property
    def comments(self) -> list[Comment]:
        names = living_names(self.enrollment)
        return [_comment(each, names) for each in self.returns]

    @cached_property
    def steps(self) -> list[Step]:
        found = {section.key: section for section in self.complete.sections}
        counts = [comment.section for comment in self.comments]
        ids = [row.pk for row in self.enrollment.resident.levels_of_study]
        resident = self.enrollment.resident
        # What follows from the ID card comes by itself with the first save (GOAL-R6).
        told = basic.derived(resident.id_type, resident.id_number)
        steps = []
        for key in (key for key in PERSONAL if key in found):
            missing = [item for item in found[key].missing if key != "basic" or item.field not in told]
            gaps = _gaps(key, missing, ids)
            if not self.entry.is_open:
                gaps = [Gap(gap.label, "") for gap in gaps]
            steps.append(Step(found[key], section_url(key), gaps, counts.count(key)))
        return steps

    @property
    def personal_state(self) -> str:
        """个人信息状态 as the blocks are now: the stored one may be older than a new demand, such as 工作信息."""
        if self.returns:
            return PersonalState.RETURNED
        if self.complete.personal_is_complete:
            return PersonalState.COMPLETE
        is_empty = self.enrollment.personal_state == PersonalState.EMPTY
        return PersonalState.EMPTY if is_empty else PersonalState.FILLING

    def comments_at(self, section: str, row: int | None = None) -> list[Comment]:
        """The comments that a page of this section shows; of `row` in 学习经历 without those at other rows."""
        shown = [comment for comment in self.comments if comment.section in (section, "")]
        return [comment for comment in shown if row is None or comment.row in ("", str(row))]

    def next_url(self, section: str) -> str:
        """The section after this one; after the last the page on which all answers are checked (GOAL-R8)."""
        keys = [step.key for step in self.steps]
        position = keys.index(section) + 1
        return self.steps[position].url if position < len(keys) else reverse("residents:check")


@prepared
def _records() -> QuerySet[Enrollment]:
    records = Enrollment.objects.filter(resident__user=Asked("user"), deleted_at__isnull=True)
    return with_blocks(records).order_by("-pk")


def desk_of(user: User) -> Desk | None:
    """The desk of the signed-in resident: his living record, else the newest one, read-only; None without any."""
    found = _records.ask(user=user.pk)
    if not found:
        return None
    enrollment = next((record for record in found if record.is_live), found[0])
    return Desk(enrollment, open_returns(enrollment))


def required_desk(user: User, section: str | None = None) -> Desk:
    """As desk_of, for pages that make no sense without a record or without this section: 404 there."""
    desk = desk_of(user)
    if desk is None or (section is not None and not has_section(desk.enrollment, section)):
        raise Http404
    return desk


def _gaps(key: str, missing_fields: list[Missing], row_ids: list[int]) -> list[Gap]:
    gaps = []
    for missing in missing_fields:
        url = section_url(key)
        label = missing.label
        if key == "education":
            if missing.row is None:
                url = reverse("residents:education-add")
            else:
                url = reverse("residents:education-edit", args=[row_ids[missing.row]])
                label = f"第 {missing.row + 1} 条：{label}" if len(row_ids) > 1 else label
        gaps.append(Gap(label, f"{url}#{missing.fragment}"))
    return gaps


def _comment(returned: PersonalReturn, rows: dict[str, str]) -> Comment:
    path, row = split(returned.field)
    block, _, name = path.partition(".")
    # 手机号 belongs to the identity of a record and is edited with 基本信息.
    section = "basic" if block == "identity" else block
    place = place_in_words(path)
    url = section_url(section) if section in PERSONAL else ""
    if row in rows:
        place, url = row_in_words(path, rows[row]), reverse("residents:education-edit", args=[row])
    if url and name and (row in rows or section != REPEATED):
        url = f"{url}#id_{name}_box"
    return Comment(returned.pk, section, name, row, place, url, returned.comment, returned.returned_at)
