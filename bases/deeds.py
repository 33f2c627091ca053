"""What a base does to many records at once (portal/deeds.py). Read once at start (bases/apps.py)."""

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib.messages import ERROR, INFO, SUCCESS, WARNING
from django.core.exceptions import PermissionDenied
from django.http import QueryDict
from django.urls import reverse

from bases.accounts.services import AccountState
from bases.imports import row_fixing
from bases.imports.access import batch_for
from bases.imports.batch import BatchMoved
from bases.imports.undo import restore, services
from bases.models import TrainingBase
from bases.personal.reminders import remind as send_reminder
from bases.personal.returns import return_many
from bases.records import export
from bases.report import checklist
from bases.report.services import report
from bases.report.unreviewed import unreviewed
from bases.scope import bases_for, enrollments_for
from bases.workbooks.kinds import KINDS, filled_template
from portal.deeds import ACTS, Outcome
from portal.models import User
from portal.roles import Action
from residents.models import Enrollment
from residents.services.states import StateMoved
from residents.snapshot import for_check

REFUSED_NAMED = 5


def _own(by: User, asked: dict[str, Any], action: Action) -> list[int]:
    """The records that this person may still do it with."""
    return list(enrollments_for(by, action).filter(pk__in=asked["ids"]).values_list("pk", flat=True))


def _some(texts: list[str]) -> str:
    more = f"等 {len(texts)} 条" if len(texts) > REFUSED_NAMED else ""
    return f"{'　'.join(texts[:REFUSED_NAMED])}{more}"


def _report(by: User, asked: dict[str, Any]) -> Outcome:
    result = report(_own(by, asked, Action.REPORT), by=by, declared=True, untouched=asked["untouched"])
    outcome = Outcome(asked["back"])
    if result.reported:
        outcome.say(SUCCESS, f"已上报 {len(result.reported)} 条，等待省级审核。")
        rows = Enrollment.objects.filter(pk__in=result.reported).select_related("base__province")
        if shut := unreviewed(rows):
            outcome.say(WARNING, shut.in_words)
    if result.already:
        outcome.say(INFO, f"{len(result.already)} 条此前已经上报，没有重复上报。")
    if result.refused:
        found = Enrollment.objects.filter(pk__in=[pk for pk, _ in result.refused])
        names = dict(found.values_list("pk", "resident__full_name"))
        told = [f"{names.get(pk, '')}：{reason}" for pk, reason in result.refused]
        outcome.say(ERROR, f"未能上报：{_some(told)}")
    if not outcome.said:
        outcome.say(WARNING, "没有选中可以上报的记录。")
    return outcome


def _check(by: User, asked: dict[str, Any]) -> Outcome:
    own = enrollments_for(by, Action.REPORT).filter(pk__in=asked["ids"])
    found = checklist.findings(for_check(own).order_by("pk"))
    page = urlencode({"check": asked["deed"], "next": asked["back"]})
    outcome = Outcome(f"{reverse('bases:report')}?{page}", found=found.as_json())
    outcome.say(SUCCESS, f"检查完成：{found.in_words}。")
    return outcome


def _fill_template(by: User, asked: dict[str, Any]) -> Outcome:
    kind, outcome = KINDS[asked["kind"]], Outcome(reverse("bases:template-file", args=[asked["deed"]]))
    own = enrollments_for(by, kind.action).filter(pk__in=asked["ids"])
    base = TrainingBase.objects.get(pk=asked["base"])
    outcome.file = filled_template(kind, own, base=base, module=asked["module"], cycle_year=asked["year"])
    people = list(own.values_list("resident_id", flat=True))
    outcome.found = {name: asked[name] for name in ("kind", "module", "year", "base")} | {"people": people}
    outcome.say(SUCCESS, f"{kind.template_title}已生成，共 {len(people)} 条，请在 7 天内下载。")
    return outcome


def _export(by: User, asked: dict[str, Any]) -> Outcome:
    base = TrainingBase.objects.filter(pk=asked["base"] or 0).first()
    if base is not None and not bases_for(by, Action.VIEW).filter(pk=base.pk).exists():
        raise PermissionDenied
    outcome = Outcome(reverse("bases:export-file", args=[asked["deed"]]))
    what, masked = asked["what"], not asked["unmasked"]
    outcome.file, people = export.workbook(
        by, base, asked["module"], QueryDict(asked["query"]), what=what, masked=masked
    )
    outcome.found = {"people": people}
    outcome.say(SUCCESS, f"{export.TITLES[what]}已导出，共 {len(people)} 条，请在 7 天内下载。")
    return outcome


def _return(by: User, asked: dict[str, Any]) -> Outcome:
    ids = _own(by, asked, Action.RETURN_PERSONAL)
    comments = {path: (reason, text) for path, (reason, text) in asked["comments"].items()}
    result = return_many(ids, comments, by=by, batch=UUID(asked["batch"]))
    outcome = Outcome(asked["back"])
    if result.is_repeat:
        outcome.say(INFO, "这次退回已经办理，没有重复退回。")
    if result.done:
        outcome.say(SUCCESS, f"已退回 {result.done} 条，住院医师会收到消息；修改保存后您可以再次核对。")
    if result.refused:
        outcome.say(ERROR, f"未能退回：{_some(result.refused)}")
    if not ids:
        outcome.say(WARNING, "没有选中记录。")
    return outcome


def _remind(by: User, asked: dict[str, Any]) -> Outcome:
    ids = _own(by, asked, Action.RETURN_PERSONAL)
    never = Enrollment.objects.filter(pk__in=ids, resident__user__activated_at=None).count()
    result = send_reminder(ids, by=by, text=asked["text"])
    skipped = f"，{result.skipped} 人今天已经提醒过，没有重复发送" if result.skipped else ""
    unread = f"其中 {never} 人从未登录，看不到站内消息，请直接联系本人。" if never else ""
    outcome = Outcome(asked["back"])
    outcome.say(SUCCESS, f"已向 {result.sent} 人发出站内消息{skipped}。{unread}")
    return outcome


def _set_for_all(by: User, asked: dict[str, Any]) -> Outcome:
    pk, fault = asked["batch"], asked["fault"]
    batch = batch_for(by, pk)
    outcome = Outcome(f"{reverse('bases:import-correct', args=[pk])}?{urlencode({'fault': fault})}")
    try:
        done = row_fixing.set_for_all(batch, fault, asked["header"], asked["text"], by=by)
    except BatchMoved as moved:
        outcome.link = reverse("bases:import-batch", args=[pk])
        outcome.say(ERROR, str(moved))
    else:
        outcome.say(*done.in_words)
    return outcome


def _undo(by: User, asked: dict[str, Any]) -> Outcome:
    outcome = Outcome(reverse("bases:import-batch", args=[asked["batch"]]))
    try:
        if plan := services.undo(batch_for(by, asked["batch"]), by=by):
            outcome.say(SUCCESS, f"已撤销 {plan.count} 人的导入，保留 {len(plan.kept)} 人。")
    except BatchMoved as moved:
        outcome.say(ERROR, str(moved))
    return outcome


def _restore(by: User, asked: dict[str, Any]) -> Outcome:
    batch = batch_for(by, asked["batch"], to_act=False)
    if batch.base not in bases_for(by, Action.DELETE_ACCOUNT):
        raise PermissionDenied
    outcome = Outcome(f"{reverse('bases:accounts')}?state={AccountState.DELETED}")
    try:
        done = restore.restore_all(batch, by=by)
    except StateMoved as moved:
        outcome.say(ERROR, str(moved))
        return outcome
    outcome.say(SUCCESS, f"已恢复 {done.count} 人。")
    if done.refused:
        outcome.say(WARNING, f"另有 {done.refused} 人不能恢复：{done.reason}")
    return outcome


ACTS |= {
    "report": ("批量上报", _report),
    checklist.ACT: ("上报前检查", _check),
    "fill_template": ("生成培训信息模板", _fill_template),
    export.ACT: ("导出", _export),
    "return_personal": ("批量退回住院医师", _return),
    "remind": ("批量提醒住院医师", _remind),
    "set_for_all": ("本组全部改为同一个值", _set_for_all),
    "undo_import": ("撤销导入", _undo),
    "restore_import": ("恢复撤销的导入", _restore),
}
