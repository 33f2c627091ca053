"""The history of one record in plain words: who changed what, when, from where (BR-63, GOAL-S3, GOAL-R7).

Read from the event tables that database triggers fill, so a bulk statement is in it too.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import models
from django.utils import timezone

from portal.histories import event_model
from portal.models import User
from portal.prepared import among, prepared
from portal.roles import Role
from residents.models import (
    BasicInfo,
    CertificateInfo,
    EducationRecord,
    Enrollment,
    Resident,
    WorkInfo,
)
from residents.models.enrollment import Deletion, PersonalState, ReportStatus, ReviewStatus, Status
from residents.models.merges import persons_of
from residents.words import BLOCKS, in_words

CHANNELS = {
    "page": "网页",
    "import": "表格导入",
    "api": "接口",
    "clock": "系统（到期锁定）",
    "demo": "演示数据",
    "migration": "历史数据迁移",
}
_FIELDS = {block.key: {item.name: item for item in block.fields} for block in BLOCKS}
_LABELS = {block.key: block.label for block in BLOCKS}
# Columns of an enrollment that are no field of the dictionary but record what happened to the record.
_STATES: dict[str, tuple[str, type[models.TextChoices] | None]] = {
    "status": ("培训状态", Status),
    "report_status": ("上报状态", ReportStatus),
    "review_status": ("审核状态", ReviewStatus),
    "personal_state": ("个人信息状态", PersonalState),
    "registered_at": ("纳入住院医师信息管理", None),
    "lapsed_at": ("锁定失效", None),
    "further_training_allowed_at": ("准许再次培训", None),
    "deleted_reason": ("删除原因", None),
    "deleted_as": ("删除类别", Deletion),
    "left_on": ("离开日期", None),
}


@dataclass(frozen=True, slots=True)
class Change:
    """One field of one event: old and new value in words."""

    label: str
    old: str
    new: str


@dataclass(slots=True)
class Entry:
    """What one person did to one block at one moment."""

    at: datetime
    block: str
    act: str
    actor: str
    role: str
    channel: str
    address: str
    # Why, where the act asks for it: a name corrected after the approval (AM-07).
    reason: str = ""
    # The import that wrote it or took it back, as the desk of its base numbers them.
    import_batch: int | None = None
    changes: list[Change] = field(default_factory=list)


def timeline(
    enrollment: Enrollment, *, with_names: bool, masked: bool = True, limit: int = 200
) -> list[Entry]:
    """Every change of the person's blocks and of this enrollment, newest first; a constant number of queries.

    `with_names`: staff see who acted by name; a resident sees the role only (GOAL-R7).
    """
    # Of two entries of one person both histories (AM-47).
    persons = persons_of(enrollment.resident_id)
    sources: list[tuple[str, list[Any]]] = [
        ("identity", _events.ask(Resident, keys=persons)),
        ("basic", _events.ask(BasicInfo, keys=persons)),
        ("education", _events.ask(EducationRecord, "resident_id", keys=persons)),
        ("work", _events.ask(WorkInfo, keys=persons)),
        ("certificate", _events.ask(CertificateInfo, keys=persons)),
        ("training", _events.ask(Enrollment, keys=[enrollment.pk])),
    ]
    found = [(event, key, old) for key, events in sources for event, old in _pairs(events)]
    found.sort(key=lambda item: (item[0].pgh_created_at, item[0].pgh_id), reverse=True)
    names = _names(event for event, _, _ in found)
    entries = (_entry(event, key, old, names, with_names, masked) for event, key, old in found)
    return [entry for entry in entries if entry.changes or entry.act != "修改"][:limit]


@prepared
def _events(model: type[models.Model], column: str = "pgh_obj_id") -> models.QuerySet:
    return (
        event_model(model)
        .objects.filter(among(column, "keys"))
        .select_related("pgh_context")
        .order_by("pgh_obj_id", "pgh_id")
    )


def _pairs(events: Iterable[Any]) -> Iterator[tuple[Any, Any]]:
    """Each event with the one before it of the same row."""
    before = None
    for event in events:
        yield event, before if before is not None and before.pgh_obj_id == event.pgh_obj_id else None
        before = event


def _metadata(event: Any) -> dict:
    return event.pgh_context.metadata if event.pgh_context else {}


def _names(events: Iterable[Any]) -> dict[int, str]:
    ids = {user for event in events if (user := _metadata(event).get("user")) is not None}
    return dict(User.objects.filter(pk__in=ids).values_list("pk", "full_name"))


def _entry(event: Any, key: str, old: Any, names: dict, with_names: bool, masked: bool) -> Entry:
    metadata = _metadata(event)
    role, batch = metadata.get("role", ""), metadata.get("batch")
    block, act = _act(event, key, old)
    return Entry(
        at=event.pgh_created_at,
        block=block,
        act=act,
        actor=names.get(metadata.get("user"), "系统") if with_names else "",
        role=Role(role).label if role else "系统",
        channel=CHANNELS.get(metadata.get("channel", ""), "系统"),
        address=metadata.get("address", "") if with_names else "",
        reason=metadata.get("reason", "") if with_names else "",
        # Other acts on many records bear a UUID.
        import_batch=batch if with_names and isinstance(batch, int) else None,
        changes=list(_changes(event, old, key, masked)) if event.pgh_label != "delete" else [],
    )


def _act(event: Any, key: str, old: Any) -> tuple[str, str]:
    """Block and act in words; to delete a record and to bring it back are changes of one column of it (GOAL-B11)."""
    if key == "training" and old is not None and (old.deleted_at is None) != (event.deleted_at is None):
        return "整条记录", "恢复" if event.deleted_at is None else "删除（移入回收站）"
    return _LABELS[key], {"insert": "新建", "update": "修改", "delete": "删除"}[event.pgh_label]


def _changes(event: Any, old: Any, key: str, masked: bool) -> Iterator[Change]:
    columns = {column.attname: column.name for column in event._meta.concrete_fields}
    for attname, name in columns.items():
        before, after = getattr(old, attname, None), getattr(event, attname)
        if (before or None) == (after or None) and type(before) is type(after):
            continue
        if name in _FIELDS[key]:
            item = _FIELDS[key][name]
            words = [in_words(item, value, masked=masked) for value in (before, after)]
            if words[0] == words[1] == "":
                continue
            yield Change(item.label, *words)
        elif key == "training" and name == "resident" and old is not None:
            yield Change("所属账号", "原账号", "另一账号（重复人员合并或撤销合并）")
        elif key == "training" and name in _STATES:
            label, choices = _STATES[name]
            words = [_state_in_words(value, choices) for value in (before, after)]
            if words[0] != words[1]:
                yield Change(label, *words)


def _state_in_words(value: Any, choices: type[models.TextChoices] | None) -> str:
    if value is None or value == "":
        return ""
    if choices is not None:
        return str(choices(value).label)
    return f"{timezone.localtime(value):%Y-%m-%d %H:%M}" if isinstance(value, datetime) else str(value)
