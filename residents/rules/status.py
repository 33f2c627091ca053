"""培训状态: which changes are possible, what each needs, and the fields of one change (docs/fields.md#status,
docs/codes.md#status).

Context: `today`, `current_status` (None for a new enrollment), `current_reason`, `last_change_date`,
`actual_start_date`, `planned_end_date`, `extended_until`, `intake_year`, `approved_years`, `is_certified` (结束 with
结业并获证), `is_set_aside` (结束, and a further training granted), `has_pending_extension`, `has_newer_live_enrollment`
and `module`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from residents.catalogue.catalogue import Problem, Verbatim
from residents.codes.training import (
    ENDED,
    ENDED_RESULT,
    EXTENDED,
    IN_TRAINING,
    INTAKE,
    OTHER_REASONS,
    REASON,
    REASONS_OF_STATUS,
    STATUS,
    SUSPENDED,
    TRANSFER_REASONS,
    WITHDRAWN,
    offered_reasons,
)
from residents.rules import scans
from residents.rules.fields import Field, Narrowed, Problems, add, missing_fields, without_empty
from residents.rules.training import latest_end_year


@dataclass(frozen=True, slots=True)
class Transition:
    """What a change of status needs beyond the fields of the new status (BR-26)."""

    needs: tuple[str, ...] = ("effective_date",)


_CHANGE = Transition(("effective_date", "reason"))
_RETURN = Transition()
# (from, to); a new enrollment comes from None. What is not here is impossible (docs/codes.md#status).
TRANSITIONS: dict[tuple[str | None, str], Transition] = {
    (None, IN_TRAINING): Transition(()),
    (IN_TRAINING, EXTENDED): _CHANGE,
    (IN_TRAINING, SUSPENDED): _CHANGE,
    (IN_TRAINING, ENDED): _CHANGE,
    (IN_TRAINING, WITHDRAWN): _CHANGE,
    (EXTENDED, IN_TRAINING): _RETURN,
    (SUSPENDED, IN_TRAINING): _RETURN,
    # Both only after a failed or missed exam, see `_judge_transition` (AM-34).
    (ENDED, IN_TRAINING): _RETURN,
    (ENDED, EXTENDED): _CHANGE,
    (EXTENDED, SUSPENDED): _CHANGE,
    (SUSPENDED, EXTENDED): _CHANGE,
    (EXTENDED, ENDED): _CHANGE,
    (SUSPENDED, ENDED): _CHANGE,
    (EXTENDED, WITHDRAWN): _CHANGE,
    (SUSPENDED, WITHDRAWN): _CHANGE,
    (WITHDRAWN, IN_TRAINING): Transition(("effective_date", "reason_note")),
}


class _NoTransfer(tuple):
    """No reason yet, and every reason of 退培 but a transfer, as the list is when it is asked."""

    def __iter__(self) -> Iterator[str | None]:
        return iter((None, *(code for code in REASONS_OF_STATUS[WITHDRAWN] if code not in TRANSFER_REASONS)))

    def __contains__(self, reason: object) -> bool:
        return any(reason == each for each in self)


# 结业考核未通过, 未取得执业医师资格: why a finished training may go on as 延期 (AM-34).
REASONS_AFTER_END = ("23", "24")
_RESULT_OF_REASON = {"41": "1", "42": "2", "43": "3"}
_EXTENSION, _SUSPENSION = (("status", (EXTENDED,)),), (("status", (SUSPENDED,)),)
_END, _WITHDRAWAL = (("status", (ENDED,)),), (("status", (WITHDRAWN,)),)

FIELDS: tuple[Field, ...] = (
    Field("status", "培训状态", "code", codes="status", required=True, owner="base"),
    Field("effective_date", "变更日期", "date", required=True, owner="base"),
    Field(
        "reason",
        "变更原因",
        "code",
        codes="reason",
        required=True,
        asked=(("status", (EXTENDED, SUSPENDED, ENDED, WITHDRAWN)),),
        owner="base",
        suggested=Narrowed("status", REASONS_OF_STATUS),
    ),
    Field(
        "reason_note",
        "原因说明",
        "text",
        max_length=500,
        required=True,
        needed=(("reason", OTHER_REASONS),),
        owner="base",
        keeps_lines=True,
        example="家庭原因，本人申请",
    ),
    Field(
        "withdrawal_kind",
        "退培类型",
        "code",
        codes="withdrawal_kind",
        required=True,
        asked=(*_WITHDRAWAL, ("reason", _NoTransfer())),
        owner="base",
    ),
    Field(
        "destination",
        "学员去向",
        "text",
        max_length=100,
        required=True,
        asked=_WITHDRAWAL,
        owner="base",
        help="转换基地或专业的，填写转入的培训基地和专业。",
        example="某某医院内科",
    ),
    Field("extended_until", "延期至", "date", required=True, asked=_EXTENSION, owner="base"),
    Field("suspended_from", "暂停起始日期", "date", required=True, asked=_SUSPENSION, owner="base"),
    Field("expected_resume", "预计恢复日期", "date", required=True, asked=_SUSPENSION, owner="base"),
    Field("ended_on", "结束日期", "date", required=True, asked=_END, owner="base"),
    Field("ended_result", "结业结果", "code", codes="ended_result", required=True, asked=_END, owner="base"),
    Field("attachment", "证明材料", "file", owner="base", help=scans.HELP),
)
# The status columns of the registry's template (BR-35).
TEMPLATE_FIELDS: tuple[Field, ...] = tuple(field for field in FIELDS if field.kind != "file")


def targets(current: str | None) -> tuple[str, ...]:
    """The statuses that may follow the current one, in code order; of one record `offered` tells."""
    return tuple(sorted(new for old, new in TRANSITIONS if old == current))


def offered(context: Mapping[str, Any]) -> tuple[str, ...]:
    """The statuses to which this record may be changed now, in code order: those that `problems` lets pass."""
    current = context.get("current_status")
    return tuple(new for new in targets(current) if why_not(new, context) is None)


def why_not(status: str, context: Mapping[str, Any]) -> Problem | None:
    """What stands against changing this record to another status, whatever the change says besides."""
    found: Problems = {}
    _judge_transition(status, context, found)
    return next(iter(found.get("status", [])), None)


def is_reason_offered(current: str | None, status: str, reason: str) -> bool:
    """Whether this reason may lead from the current status to another (AM-34)."""
    return (current, status) != (ENDED, EXTENDED) or reason in REASONS_AFTER_END


def problems(values: Mapping[str, Any], context: Mapping[str, Any]) -> Problems:
    """Errors and warnings of one change; naming the current status again is no change and no fault."""
    found: Problems = {}
    values = without_empty(values)
    status = values.get("status")
    if status is None:
        return found
    if status != context.get("current_status"):
        _judge_transition(status, context, found)
    _judge_reason(status, values, context, found)
    _judge_effective_date(values, context, found)
    if status == EXTENDED:
        _judge_extension(values, context, found)
    if status == SUSPENDED:
        _judge_suspension(values, found)
    if status == ENDED:
        _judge_end(values, context, found)
    return found


def _judge_transition(status: str, context: Mapping[str, Any], found: Problems) -> None:
    current = context.get("current_status")
    if context.get("module") == INTAKE and current is not None:
        add(found, "status", "status_in_intake")
        return
    if context.get("is_set_aside"):
        add(found, "status", "status_set_aside", to=STATUS.label(status))
    elif context.get("is_certified"):
        add(found, "status", "status_certified", to=STATUS.label(status))
    elif current == WITHDRAWN and context.get("has_newer_live_enrollment"):
        # Whatever else it may not become: 在培 is no step on the way either.
        add(found, "status", "reopen_blocked", to=STATUS.label(status))
    elif (current, status) not in TRANSITIONS:
        code = "withdraw_after_end" if (current, status) == (ENDED, WITHDRAWN) else "status_transition"
        add(found, "status", code, **{"from": STATUS.label(current) or "未入培", "to": STATUS.label(status)})


def _judge_reason(
    status: str, values: Mapping[str, Any], context: Mapping[str, Any], found: Problems
) -> None:
    reason = values.get("reason")
    if reason is None:
        return
    if reason not in REASONS_OF_STATUS[status]:
        words = {"value": REASON.label(reason), "status": STATUS.label(status)}
        add(found, "reason", "reason_of_other_status", **words)
    elif reason not in REASON.offered and reason != context.get("current_reason"):
        options = Verbatim("、".join(offered_reasons(status).values()))
        add(
            found,
            "reason",
            "code_withdrawn",
            value=REASON.label(reason),
            list=REASON.title,
            options=options,
        )
    elif not is_reason_offered(context.get("current_status"), status, reason):
        options = Verbatim("、".join(f"“{REASON.label(each)}”" for each in REASONS_AFTER_END))
        add(found, "reason", "reason_after_end", value=REASON.label(reason), options=options)


def _judge_effective_date(values: Mapping[str, Any], context: Mapping[str, Any], found: Problems) -> None:
    day, today = values.get("effective_date"), context.get("today")
    if day is None:
        return
    if today is not None and day > today:
        add(found, "effective_date", "date_in_future")
    start, last = context.get("actual_start_date"), context.get("last_change_date")
    if start is not None and day < start:
        add(found, "effective_date", "before_start", start=start)
    elif last is not None and day < last:
        add(found, "effective_date", "before_last_change", last=last)


def _judge_extension(values: Mapping[str, Any], context: Mapping[str, Any], found: Problems) -> None:
    until, planned = values.get("extended_until"), context.get("planned_end_date")
    # An untouched row of a template repeats the running extension: that is not a new one.
    is_new = context.get("current_status") != EXTENDED or until != context.get("extended_until")
    if is_new and context.get("has_pending_extension"):
        add(found, "status", "extension_pending")
    if until is None:
        return
    if planned is not None and until <= planned:
        add(found, "extended_until", "extension_too_short", planned=planned)
    if context.get("intake_year") and context.get("approved_years"):
        last = latest_end_year(context["intake_year"], context["approved_years"])
        if until.year > last:
            add(found, "extended_until", "end_too_late", last=last)


def _judge_suspension(values: Mapping[str, Any], found: Problems) -> None:
    begins, resumes = values.get("suspended_from"), values.get("expected_resume")
    if begins is not None and resumes is not None and resumes <= begins:
        add(found, "expected_resume", "resume_before_suspension")


def _judge_end(values: Mapping[str, Any], context: Mapping[str, Any], found: Problems) -> None:
    ended, today, start = values.get("ended_on"), context.get("today"), context.get("actual_start_date")
    if ended is not None and today is not None and ended > today:
        add(found, "ended_on", "date_in_future")
    if ended is not None and start is not None and ended < start:
        add(found, "ended_on", "before_start", start=start)
    expected = _RESULT_OF_REASON.get(values.get("reason") or "")
    if expected is not None and values.get("ended_result") not in (None, expected):
        labels = {
            "reason": REASON.label(values["reason"]),
            "value": ENDED_RESULT.label(values["ended_result"]),
        }
        add(found, "ended_result", "ended_result_unusual", **labels)


def missing(values: Mapping[str, Any], context: Mapping[str, Any]) -> list[str]:
    """Fields the change still needs: those of the new status and those of the transition.

    Naming the current status again, as every untouched row of a template does, needs nothing.
    """
    status = values.get("status")
    if status is not None and status == context.get("current_status"):
        return []
    transition = TRANSITIONS.get((context.get("current_status"), status)) if status is not None else None
    needed = missing_fields(FIELDS, values, context)
    if transition is not None and not transition.needs:
        needed = [name for name in needed if name != "effective_date"]
    extra = transition.needs if transition is not None else ()
    return needed + [name for name in extra if values.get(name) in (None, "") and name not in needed]
