"""The only writer of the association's changes of code lists and number shapes, and what brings them into each process.

The rules stay without a database: the lists they ask take over what stands in the tables. A process that has saved does
so at once, every other one at its next request or task, CODE_LISTS_SECONDS after it looked last.
"""

import logging
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from portal.models import User
from residents.codes import CODE_LISTS
from residents.codes.code_list import Change, CodeList
from residents.codes.number_shapes import MOST_DIGITS, NUMBER_SHAPES, Shape
from residents.codes.training import OTHER_REASONS, TRANSFER_REASONS
from residents.models import CodeEntry, NumberShape
from residents.rules.text import clean_text
from residents.services.refusals import EditConflict

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Editable:
    """A list of medium trust (docs/codes.md#edited). `fixed`: codes on which rules hang: renamed, never withdrawn.
    `heads`: what the first character of a code means. `only`: where no code is added, those that may be renamed."""

    lists: tuple[str, ...]
    fixed: frozenset[str] = frozenset()
    heads: tuple[tuple[str, str], ...] = ()
    only: frozenset[str] = frozenset()

    def may_rename(self, code: str) -> bool:
        return not self.only or code in self.only

    @property
    def may_add(self) -> bool:
        return not self.only


EDITABLE: dict[str, Editable] = {
    "reason": Editable(
        ("reason",),
        # Transfers, the reasons that need a note, and those that tell the result of the completion exam.
        frozenset((*TRANSFER_REASONS, *OTHER_REASONS, "41", "42", "43")),
        (("1", "退培"), ("2", "延期"), ("3", "暂停"), ("4", "结束")),
    ),
    "qualification_level": Editable(("qualification_level",)),
    # 执业类别 has the same codes (docs/fields.md#certificate); 执业范围 follow the first digit.
    "qualification_class": Editable(
        ("qualification_class", "practice_class"),
        frozenset(("20", "30")),
        (("1", "临床"), ("2", "口腔"), ("3", "公共卫生"), ("4", "中医")),
    ),
    # The code of the Corps is a key and stands in certificate numbers: only its names change.
    "province": Editable(("province", "hukou_province"), frozenset(("66",)), (), frozenset(("66",))),
}


class ListRefused(ValueError):
    """A change of a list that would break it; `faults` has a sentence by name of the form's field."""

    def __init__(self, faults: Mapping[str, str]):
        super().__init__("".join(faults.values()))
        self.faults = faults


# --- into the process ------------------------------------------------------------------------------------------------

_looked_at: float | None = None
_taken: tuple[Any, Any] = ((), ())


def refresh(**_: Any) -> None:
    """Look for changes of others, at most every CODE_LISTS_SECONDS (0: never); for signals and long commands."""
    global _looked_at
    now = time.monotonic()
    if not settings.CODE_LISTS_SECONDS or (
        _looked_at is not None and now - _looked_at < settings.CODE_LISTS_SECONDS
    ):
        return
    _looked_at = now
    try:
        load()
    except DatabaseError:
        # The page itself tells of a database that is away; until it is back the last known lists hold.
        logger.warning("code lists could not be read", exc_info=True)


def load() -> None:
    """Read the tables, a few dozen rows, and take over what differs from what this process has; two queries."""
    rows = CodeEntry.objects.values_list("list_name", "code", "label", "is_offered", "synonyms")
    entries = tuple(
        (name, Change(code, label, is_offered, tuple(synonyms)))
        for name, code, label, is_offered, synonyms in rows
    )
    accepted = NumberShape.objects.filter(is_accepted=True)
    shapes = tuple(
        (field, Shape(tuple(lengths), has_letters, prefix))
        for field, lengths, has_letters, prefix in accepted.values_list(
            "field", "lengths", "has_letters", "prefix"
        )
    )
    take_over(entries, shapes)


def take_over(entries: Iterable[tuple[str, Change]] = (), shapes: Iterable[tuple[str, Shape]] = ()) -> None:
    """Give the lists these changes, and none where none is told."""
    global _taken
    told = (tuple(entries), tuple(shapes))
    if told == _taken:
        return
    for name, editable in EDITABLE.items():
        for each in editable.lists:
            CODE_LISTS[each].take_over(change for of, change in told[0] if of == name)
    for field, listed in NUMBER_SHAPES.items():
        listed.take_over(shape for of, shape in told[1] if of == field)
    _taken = told


# --- writing ---------------------------------------------------------------------------------------------------------


def save_code(
    name: str,
    code: str,
    values: Mapping[str, Any],
    *,
    by: User,
    expected_version: int | None,
) -> CodeEntry:
    """Change or add (`expected_version` None) one code: `label`, `synonyms` (a list), `is_offered`, `reason`.

    `expected_version` is 0 for a built-in code that nobody has changed. Raises ListRefused, or EditConflict where
    somebody was faster. A former name is still understood.
    """
    with transaction.atomic():
        _one_at_a_time()
        load()
        held = CodeEntry.objects.filter(list_name=name, code=code).first()
        if expected_version is not None and expected_version != (held.version if held else 0):
            raise EditConflict
        listed = CODE_LISTS[EDITABLE[name].lists[0]]
        synonyms = _synonyms(listed, code, values)
        _refuse_faults(name, code, {**values, "synonyms": synonyms}, is_new=expected_version is None)
        entry = held or CodeEntry(list_name=name, code=code, version=0)
        entry.label, entry.synonyms, entry.is_offered = values["label"], synonyms, values["is_offered"]
        _sign(entry, values["reason"], by)
    load()
    return entry


def _synonyms(listed: CodeList, code: str, values: Mapping[str, Any]) -> list[str]:
    """Those given, with the name until now: workbooks filled in before the change hold it."""
    former = [] if code not in listed.items else [listed.items[code]]
    given = dict.fromkeys([*values["synonyms"], *former])
    return [text for text in given if text != values["label"]]


def _refuse_faults(name: str, code: str, values: Mapping[str, Any], *, is_new: bool) -> None:
    editable, listed = EDITABLE[name], CODE_LISTS[EDITABLE[name].lists[0]]
    faults: dict[str, str] = {}
    if is_new:
        if fault := _fault_of_new_code(editable, listed, code):
            faults["code"] = fault
    elif code not in listed.items or not editable.may_rename(code):
        faults["code"] = "这个代码不能修改。"
    if fault := _fault_of_spelling(listed, code, values["label"]):
        faults["label"] = fault
    for text in values["synonyms"]:
        if fault := _fault_of_spelling(listed, code, text):
            faults["synonyms"] = fault
    if not values["is_offered"]:
        if code in editable.fixed:
            faults["is_offered"] = "系统的检查规则使用这个代码，可以改名称，不能停用。"
        elif not (listed.offered.keys() - {code}):
            faults["is_offered"] = "至少要保留一个可选的代码。"
    if faults:
        raise ListRefused(faults)


def _fault_of_new_code(editable: Editable, listed: CodeList, code: str) -> str | None:
    heads = dict(editable.heads)
    if not editable.may_add:
        return "这张代码表不能增加代码。"
    if len(code) != listed.width or not (code.isascii() and code.isalnum() and code == code.upper()):
        return f"代码是{listed.width}位数字或大写字母。"
    if heads and code[0] not in heads:
        return "第一位只能是" + "、".join(f"{head}（{word}）" for head, word in editable.heads) + "。"
    if code in listed.items or listed.meant_by(code) is not None:
        return f"代码“{code}”已经存在。"
    return None


def _fault_of_spelling(listed: CodeList, code: str, text: str) -> str | None:
    """A name in a workbook's drop-down list must be a plain text, and mean one code."""
    if clean_text(text) != text or "\n" in text or not text[:1].isalnum():
        return f"“{text}”要以文字或数字开头，不能换行。"
    meant = listed.meant_by(text)
    if meant == "":
        return f"“{text}”含义不明确，不能使用。"
    if meant is not None and meant != code:
        return f"“{text}”已经是“{meant} {listed.label(meant)}”的名称、代码或同义词。"
    return None


def add_shape(field: str, shape: Shape, *, reason: str, by: User) -> NumberShape:
    """Take numbers of one more shape without a warning. Raises ListRefused for one that stands already."""
    with transaction.atomic():
        _one_at_a_time()
        known = NumberShape.objects.filter(
            field=field, lengths=list(shape.lengths), has_letters=shape.has_letters, prefix=shape.prefix
        )
        if shape in NUMBER_SHAPES[field].built_in or known.exists():
            raise ListRefused({"lengths": "这种形式已经在列表中；已停用的请恢复。"})
        if not shape.lengths or max(shape.lengths) > MOST_DIGITS or min(shape.lengths) <= len(shape.prefix):
            raise ListRefused({"lengths": f"位数要大于开头的位数，最多{MOST_DIGITS}位。"})
        entry = NumberShape(
            field=field,
            lengths=list(shape.lengths),
            has_letters=shape.has_letters,
            prefix=shape.prefix,
            version=0,
        )
        _sign(entry, reason, by)
    load()
    return entry


def accept_shape(
    entry_id: int, *, is_accepted: bool, reason: str, by: User, expected_version: int
) -> NumberShape:
    """Withdraw an added shape, or restore it. Raises EditConflict where somebody was faster."""
    with transaction.atomic():
        entry = NumberShape.objects.select_for_update().get(pk=entry_id)
        if entry.version != expected_version:
            raise EditConflict
        entry.is_accepted = is_accepted
        _sign(entry, reason, by)
    load()
    return entry


def _sign(entry: CodeEntry | NumberShape, reason: str, by: User) -> None:
    entry.reason, entry.changed_by, entry.changed_at = reason, by, timezone.now()
    entry.version += 1
    entry.save()


def _one_at_a_time() -> None:
    """Two editors might each add a name that the other's code has."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('code lists'))")
