"""docs/states.md: every state of the house and who moves it, drawn from the transition tables; `make docs` writes it.

Where the program has a table of moves (培训状态 in residents/rules/status.py, the outcome of a 上报 in its trigger),
the drawing is made from it. Elsewhere each service says for itself from which state it moves: here stand its moves, and
`strays` compares them with what the source writes, so that neither can grow alone.
"""

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pgtrigger

from bases.models import (
    CorrectionRequest,
    ExtensionRequest,
    IdentityCheck,
    ImportBatch,
    Submission,
    TransferRequest,
)
from portal.models import Delivery, Job
from residents.models.enrollment import PersonalState, Status
from residents.rules.status import TRANSITIONS
from review.models import CompletionBatch, ModeSwitchApplication

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "states.md"
NOTHING = "[*]"
# Calls that set a state given to them, and the columns that hold one.
_SETTERS = {"move", "_decide", "_done", "close", "finish", "_close"}
_COLUMNS = {"state", "outcome"}
_ENUMS = {"State", "Outcome"}


@dataclass(frozen=True, slots=True)
class Move:
    """One arrow: names of the enum's members ("" for nothing before), the function that makes it, what happens."""

    old: str
    new: str
    by: str
    words: str


@dataclass(frozen=True, slots=True)
class Machine:
    """One drawing; `modules` are searched for moves that it lacks."""

    title: str
    states: Any
    moves: tuple[Move, ...]
    about: str = ""
    modules: tuple[str, ...] = field(default=())


# Nobody gave these a function of their own: the field's default.
_BORN = "by default"

_UNREPORTED, _WAITING = "未上报 · —", "已上报 · 待审核"
_APPROVED, _CHANGED, _RETURNED = "已上报 · 审核通过", "未上报 · 审核通过", "未上报 · 退回修改"


def _moves(text: str) -> tuple[Move, ...]:
    """Lines of `OLD -> NEW | function | words`; `_` is nothing."""
    found = []
    for line in text.strip().splitlines():
        arrow, by, words = (part.strip() for part in line.split("|"))
        old, new = (part.strip() for part in arrow.split("->"))
        found.append(Move("" if old == "_" else old, new, by, words))
    return tuple(found)


def _of_status() -> tuple[Move, ...]:
    names = {"effective_date": "变更日期", "reason": "变更原因", "reason_note": "原因说明"}
    found = []
    for (old, new), how in TRANSITIONS.items():
        if old is None:
            by, words = "residents/services/accounts.py::create_accounts", "导入、接口接收或转入"
        else:
            by = "residents/services/status.py::change_status"
            words = "须填" + "、".join(names[each] for each in how.needs)
        found.append(Move(Status(old).name if old else "", Status(new).name, by, words))
    return tuple(found)


def _of_outcome() -> tuple[tuple[str, str], ...]:
    """The moves that the trigger of the table lets pass."""
    [guard] = [each for each in Submission._meta.triggers if isinstance(each, pgtrigger.FSM)]
    return tuple(
        (Submission.Outcome(old).name, Submission.Outcome(new).name) for old, new in guard.transitions
    )


_OUTCOME_BY = {
    ("PENDING", "APPROVED"): ("review/decisions/services.py::approve", "审核通过"),
    ("PENDING", "RETURNED"): ("review/decisions/services.py::return_for_correction", "退回修改，须有意见"),
    ("PENDING", "WITHDRAWN"): ("bases/report/services.py::close_waiting", "撤回上报，或由新的上报代替"),
    ("APPROVED", "REVOKED"): ("review/decisions/services.py::_write_revocation", "撤销审核"),
    ("RETURNED", "REVOKED"): ("review/decisions/services.py::_write_revocation", "撤销退回"),
}


def machines() -> tuple[Machine, ...]:
    return (
        Machine(
            "培训状态",
            Status,
            _of_status(),
            "Drawn from `TRANSITIONS` in `residents/rules/status.py`; the trigger `status_transitions` in "
            "`residents/models/enrollment.py` refuses all else; out of 结束 only without 结业并获证 (AM-34).",
        ),
        Machine(
            "上报状态 and 审核状态",
            None,
            (
                Move("", _UNREPORTED, _BORN, "新的培训记录"),
                Move(_UNREPORTED, _WAITING, "residents/services/states.py::mark_reported_many", "上报"),
                Move(
                    _RETURNED, _WAITING, "residents/services/states.py::mark_reported_many", "修改后再次上报"
                ),
                Move(
                    _CHANGED, _WAITING, "residents/services/states.py::mark_reported_many", "变更后再次上报"
                ),
                Move(
                    _APPROVED,
                    _WAITING,
                    "residents/services/states.py::mark_reported_many",
                    "住院医师更新后再次上报",
                ),
                Move(_WAITING, _UNREPORTED, "residents/services/states.py::mark_unreported_many", "撤回上报"),
                Move(
                    _WAITING,
                    _RETURNED,
                    "residents/services/states.py::mark_unreported_many",
                    "撤回退回后的再次上报",
                ),
                Move(
                    _WAITING,
                    _CHANGED,
                    "residents/services/states.py::mark_unreported_many",
                    "撤回通过后的再次上报",
                ),
                Move(
                    _APPROVED,
                    _CHANGED,
                    "residents/services/states.py::mark_unreported_many",
                    "基地在住院医师信息管理中修改",
                ),
                Move(_WAITING, _APPROVED, "residents/services/states.py::mark_approved_many", "审核通过"),
                Move(_WAITING, _RETURNED, "residents/services/states.py::mark_returned_many", "退回修改"),
                Move(
                    _APPROVED,
                    _WAITING,
                    "residents/services/states.py::mark_decision_revoked",
                    "撤销审核，内容未变",
                ),
                Move(
                    _CHANGED,
                    _RETURNED,
                    "residents/services/states.py::mark_decision_revoked",
                    "撤销审核，内容已变",
                ),
                Move(
                    _RETURNED,
                    _WAITING,
                    "residents/services/states.py::mark_decision_revoked",
                    "撤销退回，内容未变",
                ),
                Move(
                    _APPROVED,
                    _WAITING,
                    "residents/services/states.py::mark_decisions_revoked_many",
                    "整批撤销审核，内容未变",
                ),
                Move(
                    _RETURNED,
                    _WAITING,
                    "residents/services/states.py::mark_decisions_revoked_many",
                    "整批撤销退回，内容未变",
                ),
            ),
            "The two columns of a record together. 待审核 without 已上报 is refused by a constraint.",
            modules=("residents/services/states.py",),
        ),
        Machine(
            "One 上报",
            Submission.Outcome,
            (
                Move("", "PENDING", _BORN, "上报"),
                Move("", "PENDING", "review/decisions/services.py::_copy", "撤销审核，内容未变"),
                Move("", "PENDING", "review/successions/services.py::_copy", "待审核的随基地并入或划转"),
                Move("", "APPROVED", "review/successions/services.py::_copy", "计入统计的随基地并入或划转"),
                *(Move(old, new, *_OUTCOME_BY[old, new]) for old, new in _of_outcome()),
                Move("APPROVED", "REVOKED", "review/decisions/services.py::revoke_batch", "整批撤销审核"),
                Move("RETURNED", "REVOKED", "review/decisions/services.py::revoke_batch", "整批撤销退回"),
            ),
            "Drawn from the trigger `outcome_moves_forward` in `bases/models/submissions.py`: what was decided never "
            "waits again.",
            modules=(
                "bases/report/services.py",
                "review/decisions/services.py",
                "review/successions/services.py",
            ),
        ),
        Machine(
            "个人信息状态",
            PersonalState,
            _moves("""
                _ -> EMPTY | by default | 新的培训记录
                EMPTY -> FILLING | residents/services/returns.py::settle_states | 住院医师保存
                FILLING -> COMPLETE | residents/services/returns.py::settle_states | 必填项已齐
                COMPLETE -> FILLING | residents/services/returns.py::settle_states | 所问有变化
                FILLING -> RETURNED | residents/services/returns.py::settle_states | 退回住院医师
                COMPLETE -> RETURNED | residents/services/returns.py::settle_states | 退回住院医师
                RETURNED -> COMPLETE | residents/services/returns.py::settle_states | 意见都已答复
                RETURNED -> FILLING | residents/services/returns.py::settle_states | 意见都已答复，尚有缺项
            """),
            "Never set by hand: one function reads the blocks and the open comments and writes what they say.",
        ),
        Machine(
            "Import",
            ImportBatch.State,
            _moves("""
                _ -> UPLOADED | by default | 上传
                UPLOADED -> CHECKING | bases/imports/worker.py::check_batch | 开始检查
                CHECKING -> CHECKED | bases/imports/worker.py::_keep_verdicts | 检查完毕
                CHECKING -> REFUSED | bases/imports/worker.py::_refuse | 文件不能读
                UPLOADED -> REFUSED | bases/imports/worker.py::begin | 处理它的程序多次中断
                CHECKING -> REFUSED | bases/imports/worker.py::begin | 处理它的程序多次中断
                CHECKED -> UPLOADED | bases/imports/services.py::_read_again | 另选工作表、行或列，重新读取
                REFUSED -> UPLOADED | bases/imports/services.py::_read_again | 另选工作表、行或列，重新读取
                UPLOADED -> CANCELLED | bases/imports/services.py::cancel | 取消
                CHECKING -> CANCELLED | bases/imports/services.py::cancel | 取消
                CHECKED -> CANCELLED | bases/imports/services.py::cancel | 取消
                CHECKED -> APPLYING | bases/imports/services.py::confirm | 确认导入
                APPLIED -> APPLYING | bases/imports/services.py::confirm | 再次导入改正的行
                APPLYING -> APPLIED | bases/imports/worker.py::_apply | 已写入
                APPLYING -> CHECKED | bases/imports/worker.py::_unwritten | 没有写入，等待再次确认
                APPLYING -> APPLIED | bases/imports/worker.py::_unwritten | 第二次没有写入，第一次的保留
                APPLYING -> CANCELLED | bases/imports/services.py::cancel | 取消
                APPLYING -> APPLIED | bases/imports/services.py::cancel | 放弃第二次，第一次的保留
                APPLIED -> UNDONE | bases/imports/undo/services.py::_undo | 撤销导入
            """),
            modules=(
                "bases/imports/worker.py",
                "bases/imports/services.py",
                "bases/imports/row_fixing.py",
                "bases/imports/undo/",
            ),
        ),
        Machine(
            "报送方式切换 (附件2)",
            ModeSwitchApplication.State,
            _moves("""
                _ -> DRAFT | by default | 填写
                DRAFT -> WAITING | review/switches/services.py::submit | 提交
                DRAFT -> WITHDRAWN | review/switches/services.py::withdraw | 撤回
                WAITING -> WITHDRAWN | review/switches/services.py::withdraw | 撤回
                WAITING -> CONFIRMED | review/switches/services.py::confirm | 确认：改为接口传送
                WAITING -> SCHEDULED | review/switches/services.py::confirm | 确认：按申请切换时间
                SCHEDULED -> CONFIRMED | review/switches/services.py::carry_out_due | 到期生效：改为接口传送
                SCHEDULED -> REVERSED | review/switches/services.py::reverse_switch | 生效前撤销
                WAITING -> REFUSED | review/switches/services.py::refuse | 驳回
                CONFIRMED -> REVERSED | review/switches/services.py::reverse_switch | 撤销切换：恢复直接填报
            """),
            modules=("review/switches/",),
        ),
        Machine(
            "提前结业补报 (附件1)",
            CompletionBatch.State,
            _moves("""
                _ -> UPLOADED | by default | 上传
                UPLOADED -> SENT | review/completions/workbook.py::apply | 确认导入即提交
                SENT -> SENT | review/completions/workbook.py::apply | 补交改正的行
                SENT -> ACCEPTED | review/completions/services.py::accept | 接收
                SENT -> RETURNED | review/completions/services.py::send_back | 退回
                SENT -> WITHDRAWN | review/completions/services.py::withdraw | 撤回
            """),
            modules=("review/completions/",),
        ),
        Machine(
            "转出请求",
            TransferRequest.State,
            _moves("""
                _ -> OPEN | by default | 请求转出
                OPEN -> RELEASED | bases/transfer_requests.py::settle | 记录不再占用此人
                OPEN -> REFUSED | bases/transfers/services.py::refuse | 不同意
                OPEN -> CANCELLED | bases/transfers/services.py::cancel | 撤回
                OPEN -> CANCELLED | review/successions/services.py::_hand_over_requests | 随请求基地并入
            """),
            modules=("bases/transfer_requests.py", "bases/transfers/", "review/successions/services.py"),
        ),
        Machine(
            "更正证件",
            CorrectionRequest.State,
            _moves("""
                _ -> WITH_PROVINCE | by default | 申请
                WITH_PROVINCE -> WITH_CMDA | bases/corrections/services.py::confirm | 省级核实
                WITH_PROVINCE -> REFUSED | bases/corrections/services.py::refuse | 省级不同意
                WITH_CMDA -> REFUSED | bases/corrections/services.py::refuse | 协会不同意
                WITH_CMDA -> DONE | bases/corrections/services.py::apply | 更正
            """),
            modules=("bases/corrections/", "review/corrections/"),
        ),
        Machine(
            "身份核实",
            IdentityCheck.State,
            _moves("""
                _ -> WITH_PROVINCE | by default | 提交核实
                WITH_PROVINCE -> WITH_CMDA | bases/identity_checks/services.py::confirm | 省级核实
                WITH_PROVINCE -> REFUSED | bases/identity_checks/services.py::refuse | 省级退回
                WITH_CMDA -> REFUSED | bases/identity_checks/services.py::refuse | 协会退回
                WITH_CMDA -> CORRECTED | bases/identity_checks/services.py::correct_known | 是同一人
                WITH_CMDA -> FREED | bases/identity_checks/services.py::free | 不是同一人
            """),
            modules=("bases/identity_checks/", "review/identity_checks/"),
        ),
        Machine(
            "申请延长填报时间",
            ExtensionRequest.State,
            _moves("""
                _ -> WITH_PROVINCE | bases/extensions/services.py::ask | 申请
                _ -> WITH_CMDA | bases/extensions/services.py::ask | 申请的时间超出省级审核截止
                WITH_PROVINCE -> GRANTED | review/extensions/services.py::grant | 同意
                WITH_CMDA -> GRANTED | review/extensions/services.py::grant | 同意
                WITH_PROVINCE -> REFUSED | review/extensions/services.py::refuse | 不同意
                WITH_CMDA -> REFUSED | review/extensions/services.py::refuse | 不同意
                WITH_PROVINCE -> WITHDRAWN | bases/extensions/services.py::withdraw | 撤回
                WITH_CMDA -> WITHDRAWN | bases/extensions/services.py::withdraw | 撤回
            """),
            modules=("bases/extensions/", "review/extensions/"),
        ),
        Machine(
            "Mail and SMS",
            Delivery.State,
            _moves("""
                _ -> WAITING | by default | 有消息要发
                WAITING -> SENDING | portal/messages/sending.py::_claim | 交给通道
                SENDING -> SENT | portal/messages/sending.py::_hand_over | 通道已接受
                SENDING -> LOGGED | portal/messages/sending.py::_hand_over | 没有接通，只写日志
                SENDING -> WAITING | portal/messages/sending.py::_write_refusal | 通道拒绝，稍后再试
                SENDING -> FAILED | portal/messages/sending.py::_write_refusal | 多次被拒
                SENDING -> UNKNOWN | portal/messages/deliveries.py::look_after | 发送中断，不再重复
                FAILED -> WAITING | portal/messages/deliveries.py::send_again | 协会重发
            """),
            modules=("portal/messages/sending.py", "portal/messages/deliveries.py"),
        ),
        Machine(
            "Job of the worker",
            Job.State,
            _moves("""
                _ -> WAITING | by default | 排队
                WAITING -> RUNNING | portal/jobs.py::take | 开始
                RUNNING -> RUNNING | portal/jobs.py::take | 失去的工作从头再来
                RUNNING -> DONE | review/exports/jobs.py::make | 完成
                RUNNING -> FAILED | portal/jobs.py::fail | 出错
                FAILED -> WAITING | portal/jobs.py::repeat | 重试
                RUNNING -> CANCELLED | review/exports/jobs.py::make | 中途取消
                WAITING -> CANCELLED | portal/jobs.py::cancel | 取消
                WAITING -> CANCELLED | portal/jobs.py::take | 开始前已取消
                RUNNING -> WAITING | portal/jobs.py::abandoned | 工作进程失去联系，重新排队
                RUNNING -> FAILED | portal/jobs.py::abandoned | 多次重来仍未完成
            """),
            modules=("portal/jobs.py", "review/exports/jobs.py"),
        ),
    )


# --- the page ---------------------------------------------------------------------------------------------------------


HEAD = """# States

What can become of a record, a 上报, an import, a request, and which function makes it so. Written by `make docs` from
the transition tables (`tests/docs/states.py`), never by hand. 批次状态 of a cycle is not stored: `cycle_state` in
`portal/calendar.py` reads it from the windows.
"""


def page() -> str:
    return "\n".join([HEAD, *(part for machine in machines() for part in _drawn(machine))])


def _drawn(machine: Machine) -> Iterator[str]:
    yield f"## {machine.title}\n"
    if machine.about:
        yield f"{machine.about}\n"
    names = {"": NOTHING}
    yield "```mermaid\nstateDiagram-v2"
    for each in _states(machine):
        names[each] = f"s{len(names)}"
        yield f'    state "{_word(machine, each)}" as {names[each]}'
    for move in machine.moves:
        yield f"    {names[move.old]} --> {names[move.new]}: {move.words}"
    yield "```\n\n| From | To | How | In |\n| --- | --- | --- | --- |"
    for move in machine.moves:
        old, new = (_word(machine, each) if each else "nothing" for each in (move.old, move.new))
        yield f"| {old} | {new} | {move.words} | {move.by if move.by == _BORN else f'`{move.by}`'} |"
    yield ""


def _states(machine: Machine) -> list[str]:
    """In the order of the enum, or in that in which the moves reach them."""
    return machine.states.names if machine.states else list(dict.fromkeys(move.new for move in machine.moves))


def _word(machine: Machine, name: str) -> str:
    return str(machine.states[name].label) if machine.states else name


# --- the comparison with the source -----------------------------------------------------------------------------------


def strays() -> list[str]:
    """Moves that only the source or only this table knows, and states that nothing leads to."""
    found = []
    for machine in machines():
        unreached = set(_states(machine)) - {move.new for move in machine.moves}
        found += [f"{machine.title}: nothing leads to {each}" for each in sorted(unreached)]
        declared = {(move.by, move.new) for move in machine.moves if move.by != _BORN}
        found += [f"{machine.title}: {by} is not there" for by, _ in sorted(declared) if not _is_function(by)]
        if machine.states and machine.modules:
            written = {
                each for module in machine.modules for each in _written(module, set(machine.states.names))
            }
            found += [
                f"{machine.title}: {by} writes {new}, not drawn" for by, new in sorted(written - declared)
            ]
            found += [f"{machine.title}: {by} does not write {new}" for by, new in sorted(declared - written)]
        elif machine.modules:
            drawn = {by.split("::")[1] for by, _ in declared}
            found += [
                f"{machine.title}: {name} of {module} is not drawn"
                for module in machine.modules
                for name in sorted(_marking(module) - drawn)
            ]
    return found


def _is_function(by: str) -> bool:
    path, name = by.split("::")
    return (ROOT / path).is_file() and any(each.name == name for each in _functions(ROOT / path))


def _written(module: str, names: set[str]) -> Iterator[tuple[str, str]]:
    """(function, state) for each state that a function of these modules sets or answers to one that sets it."""
    paths = sorted((ROOT / module).rglob("*.py")) if module.endswith("/") else [ROOT / module]
    for path in paths:
        for function in _functions(path):
            for name in _set_in(function):
                if name in names:
                    yield f"{path.relative_to(ROOT).as_posix()}::{function.name}", name


def _set_in(function: ast.FunctionDef) -> Iterator[str]:
    for node in ast.walk(function):
        match node:
            case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)) if name in _SETTERS:
                values = [*node.args, *(each.value for each in node.keywords)]
            case ast.Call(func=ast.Attribute(attr="update" | "create")):
                values = [each.value for each in node.keywords if each.arg in _COLUMNS]
            case ast.Assign() if any(
                isinstance(each, ast.Attribute) and each.attr in _COLUMNS
                for target in node.targets
                for each in ast.walk(target)
            ):
                values = [node.value]
            case ast.Return(value=ast.IfExp() as value) if function.name == "_unwritten":
                values = [value]
            case _:
                continue
        yield from (name for value in values for name in _named(value))


def _named(value: ast.AST) -> Iterator[str]:
    """Members of an enum of states in an expression, whatever decides between them left out."""
    match value:
        case ast.IfExp():
            yield from _named(value.body)
            yield from _named(value.orelse)
        case ast.Tuple():
            for each in value.elts:
                yield from _named(each)
        case ast.Attribute(value=ast.Name(id=enum) | ast.Attribute(attr=enum), attr=name) if enum in _ENUMS:
            yield name


def _marking(module: str) -> set[str]:
    return {each.name for each in _functions(ROOT / module) if each.name.startswith("mark_")}


def _functions(path: Path) -> list[ast.FunctionDef]:
    return [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.FunctionDef)]


def main() -> int:
    PAGE.write_text(page())
    faults = strays()
    sys.stdout.write("\n".join([*faults, f"{len(machines())} drawings; {len(faults)} faults"]) + "\n")
    return 1 if faults else 0
