"""What the person's own record holds, for 我的全部信息 (GOAL-R9)."""

from collections.abc import Iterable, Mapping
from typing import Any

from portal.masking import mask
from portal.models import User
from portal.own_copy import Part, Row, row
from residents.history import timeline
from residents.models import (
    Enrollment,
    PersonalReturn,
    PersonMerge,
    Resident,
    SectionConfirmation,
    StatusChange,
)
from residents.places import living_names, split
from residents.rules.fields import Field
from residents.services.disclosures import looks_at
from residents.snapshot import FIELDS, personal_values, values_of, with_blocks
from residents.words import BLOCKS, in_words, place_in_words, row_in_words

_LABELS = {block.key: block.label for block in BLOCKS}
_PERSONAL = ("basic", "education", "work", "certificate")


def record(user: User) -> list[Part]:
    """Identity, the personal blocks, every 培训记录 with its states, returns, confirmations, changes and looks."""
    resident = Resident.objects.get(user=user)
    records = list(with_blocks(Enrollment.objects.filter(resident=resident)).order_by("pk"))
    values = personal_values(records[0].resident if records else resident)
    return [
        Part("身份信息", [_identity(resident)]),
        *(Part(_LABELS[key], _rows(key, values[key])) for key in _PERSONAL),
        Part("培训记录", [_training(each) for each in records]),
        Part("培训状态的变更", _status_changes(resident)),
        Part("退回个人信息的意见", _returns(records)),
        Part("年度信息无变化的确认", _confirmations(resident)),
        Part("重复人员合并", _merges(resident)),
        Part("修改记录", _changes(records)),
        Part("完整号码的查看和提供", _looks(resident)),
    ]


def _identity(resident: Resident) -> Row:
    known = {name: getattr(resident, name) for name in ("full_name", "id_type", "id_number", "mobile")}
    return {**_in_row(FIELDS["identity"], known), **row(建立时间=resident.created_at)}


def _rows(key: str, values: Mapping[str, Any] | list[dict[str, Any]]) -> list[Row]:
    rows = values if isinstance(values, list) else [values]
    return [found for each in rows if (found := _in_row(FIELDS[key], each))]


def _in_row(fields: Iterable[Field], values: Mapping[str, Any]) -> Row:
    found = {item.label: in_words(item, values.get(item.name), masked=False) for item in fields}
    return {label: words for label, words in found.items() if words}


def _training(enrollment: Enrollment) -> Row:
    return {
        **_in_row(FIELDS["training"], values_of(enrollment, "training")),
        **row(
            招收年份=enrollment.intake_year,
            来源=enrollment.get_origin_display(),
            培训状态=enrollment.get_status_display(),
            上报状态=enrollment.get_report_status_display(),
            审核状态=enrollment.get_review_status_display(),
            导入时间=enrollment.created_at,
            纳入住院医师信息管理的时间=enrollment.registered_at,
            锁定失效时间=enrollment.lapsed_at,
            删除时间=enrollment.deleted_at,
            删除原因=enrollment.deleted_reason,
            离开日期=enrollment.left_on,
        ),
    }


def _status_changes(resident: Resident) -> list[Row]:
    changes = StatusChange.objects.filter(enrollment__resident=resident).order_by("pk")
    return [
        {
            **row(登记时间=change.changed_at, 撤销上一次变更="是" if change.takes_back_id else ""),
            **_in_row(FIELDS["status"], _of_change(change)),
        }
        for change in changes
    ]


def _of_change(change: StatusChange) -> dict[str, Any]:
    return {**values_of(change, "status"), "status": change.to_status}


def _returns(records: list[Enrollment]) -> list[Row]:
    found = PersonalReturn.objects.filter(enrollment__in=records).order_by("pk")
    names = {key: words for each in records for key, words in living_names(each).items()}
    return [
        row(
            退回时间=each.returned_at,
            位置=_place(each.field, names),
            意见=each.comment,
            答复时间=each.answered_at,
            无需修改的理由=each.no_change_reason,
            复核时间=each.reviewed_at,
        )
        for each in found
    ]


def _place(place: str, names: Mapping[str, str]) -> str:
    path, at = split(place)
    return row_in_words(path, names[at]) if at in names else place_in_words(path)


def _confirmations(resident: Resident) -> list[Row]:
    found = SectionConfirmation.objects.filter(resident=resident).select_related("cycle").order_by("pk")
    return [
        row(年度=each.cycle.year, 部分=_LABELS[each.section], 确认时间=each.confirmed_at) for each in found
    ]


def _merges(resident: Resident) -> list[Row]:
    """Whose records became his, and those of them that went again; what was filled in there is among the changes."""
    found = PersonMerge.objects.filter(kept=resident).select_related("merged").order_by("pk")
    return [
        {
            **_in_row(
                FIELDS["identity"], {"full_name": each.merged.full_name, "id_type": each.merged.id_type}
            ),
            **row(
                证件号=mask(each.merged.id_number),
                合并时间=each.at,
                转入的培训记录=len(each.records),
                理由=each.reason,
                撤销时间=each.undone_at,
                撤销理由=each.undone_reason,
            ),
        }
        for each in found
    ]


def _changes(records: list[Enrollment]) -> list[Row]:
    """The blocks of the person once, what befell each record with it; by role and without names (GOAL-R7)."""
    found: dict[tuple[Any, ...], Row] = {}
    for enrollment in records:
        for entry in timeline(enrollment, with_names=False, masked=False, limit=100_000):
            words = "；".join(
                f"{each.label}：{each.old or '空'} → {each.new or '空'}" for each in entry.changes
            )
            key = (entry.at, entry.block, entry.act, words)
            found[key] = row(
                时间=entry.at,
                角色=entry.role,
                方式=entry.channel,
                内容=f"{entry.act}{entry.block}",
                变化=words,
            )
    return [found[key] for key in sorted(found, reverse=True)]


def _looks(resident: Resident) -> list[Row]:
    return [
        row(时间=look.at, 查看人=look.role, 方式=look.way, 目的=look.purpose) for look in looks_at(resident)
    ]
