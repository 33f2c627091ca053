"""The audit log in words: what each act is called, what a line's details say (BR-21, TRUST-55)."""

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.utils import timezone

from bases.imports.choices import ANSWERS
from portal.calendar import last_moment
from portal.masking import mask
from portal.roles import Role

ACTS = {
    "sign_in": "登录",
    "second_factor_code": "输入二次验证码",
    "second_factor_on": "启用二次验证",
    "second_factor_off": "停用二次验证",
    "second_factor_reset": "重置二次验证",
    "recovery_code": "使用恢复码",
    "recovery_codes": "重新生成恢复码",
    "sign_out": "退出登录",
    "activate": "激活账号",
    "password_change": "修改密码",  # nosec B105 # a word
    "password_reset": "重置账号",  # nosec B105 # a word
    "email_change": "修改通知邮箱",
    "initial_code": "发放一次性初始密码",
    "activation_release": "解除激活锁定",
    "activation_policy": "修改激活方式",
    "unmask": "查看完整号码",
    "file": "查看附件",
    "export": "导出",
    "download": "下载导出文件",
    "own_copy": "下载本人全部信息",
    "import": "导入",
    "import_confirm": "确认导入",
    "import_choose": "选择读取导入文件的哪些内容",
    "import_correct": "网页改正导入行",
    "import_leave_out": "网页略去导入行",
    "import_again": "重新处理导入文件",
    "import_undo": "撤销导入",
    "import_restore": "恢复已撤销的导入",
    "import_directory": "导入机构名录",
    "import_targets": "导入任务和录取",
    "import_staff": "导入工作人员",
    "delete_account": "删除账号",
    "restore_account": "恢复账号",
    "specialty_change": "转换专业",
    "remind": "催办",
    "return_taken_back": "取回退回",
    "approve": "审核通过",
    "return": "退回修改",
    "revoke": "撤销审核决定",
    "assign": "分配审核基地",
    "substitute": "设置代审",
    "end_substitution": "结束代审",
    "extension_asked": "申请延长填报时间",
    "extension_granted": "同意延长",
    "extension_refused": "拒绝延期",
    "extension_withdrawn": "撤回延长填报时间申请",
    "quality_verify": "标为已核实",
    "quality_reopen": "撤销核实标记",
    "transfer_lookup": "查询人员所在基地",
    "transfer_asked": "申请转入",
    "transfer_released": "同意转出",
    "transfer_refused": "拒绝转出",
    "transfer_cancelled": "撤回转入申请",
    "further_training_allowed": "准许再次培训",
    "identity_check_asked": "提交身份核实",
    "identity_check_confirmed": "确认身份核实",
    "identity_check_refused": "退回身份核实",
    "identity_check_done": "办结身份核实",
    "correction_asked": "提出更正申请",
    "correction_confirmed": "核实更正申请",
    "correction_refused": "驳回更正申请",
    "correction_applied": "办理更正申请",
    "correction_doubt": "反映证件疑问",
    "import_expired": "未确认的导入到期取消",
    "pictures_stripped": "去除已存图片中的拍摄信息",
    "create_staff": "新增工作人员",
    "appoint": "授予单位权限",
    "hand_over": "移交工作",
    "dismiss": "取消单位权限",
    "enable": "启用账号",
    "disable": "停用账号",
    "create_cycle": "建立采集周期",
    "delete_cycle": "删除采集周期",
    "set_window": "修改开放时间",
    "lapsed_revived": "恢复锁定失效的记录",
    "remove_window": "改回全国统一时间",
    "succession_decided": "决定培训基地并入或划转",
    "succession_cancelled": "取消培训基地并入或划转",
    "succession_carried_out": "办理培训基地并入或划转",
    "persons_merged": "合并重复人员",
    "persons_parted": "撤销人员合并",
    "save_base": "修改培训基地",
    "save_accreditation": "修改专业基地",
    "save_specialty": "修改培训专业",
    "save_code_list": "修改代码表",
    "save_number_shape": "修改证书编号形式",
    "save_notice": "发布或修改公告",
    "withdraw_notice": "撤下公告",
    "restore_notice": "恢复公告",
    "save_contact": "修改联系方式",
    "switch_scan": "上传切换申请扫描件",
    "switch_applied": "提交报送方式切换申请",
    "switch_withdrawn": "撤回报送方式切换申请",
    "switch_confirmed": "确认报送方式切换",
    "switch_scheduled": "确认报送方式切换（待生效）",
    "switch_took_effect": "报送方式切换到期生效",
    "switch_refused": "驳回报送方式切换",
    "switch_reversed": "撤销报送方式切换",
    "integration_tested": "登记联调结果",
    "completions_accepted": "接收提前结业补报",
    "completions_returned": "退回提前结业补报",
    "completions_withdrawn": "撤回提前结业补报",
    "edition_ordered": "开始封版",
    "edition_frozen": "封版",
    "edition_checked": "复算年度版",
    "edition_signed": "签署年度版",
    "edition_refused": "不予签署年度版",
    "edition_erratum": "登记勘误",
    "exam_created": "建立考核批次",
    "exam_confirmed": "基地确认报考",
    "exam_accepted": "省级确认报考",
    "exam_dropped": "取消报考",
    "certificate_correction_asked": "申请证书更正",
    "certificate_corrected": "更正证书",
    "certificate_correction_refused": "不同意证书更正",
    "funding_rules": "保存经费核算口径",
    "balance_explained": "说明人数差额",
    "api_key_created": "建立接口密钥",
    "api_key_rotated": "更换接口密钥",
    "api_key_revoked": "吊销接口密钥",
    "api_delivery": "接口传送",
    "api_removal": "接口删除记录",
    "send_again": "重发站外通知",
    "job_again": "重新执行后台任务",
    "clock_doubted": "系统暂停定时操作：时间有疑问",
    "clock_confirmed": "确认平台时间正确",
    "lapse": "系统锁定招收信息",
    "stale_reminders": "系统提醒：状态待更新",
    "verify_history": "核对操作记录和历史",
    "purge_history": "清理到期的历史",
    "deadline_reminders": "系统提醒：截止时间",
}
RESULTS = {
    "ok": "成功",
    "refused": "失败",
    "limited": "尝试过多",
    "waiting": "待二次验证",
    "none": "未找到",
    "nothing": "未处理",
}
_DETAILS = {
    "purpose": "用途",
    "doubt": "疑问",
    "reason": "理由",
    "rows": "条数",
    "count": "人数",
    "sent": "人数",
    "year": "年份",
    "title": "标题",
    "account": "账号",
    "masked": "号码已脱敏",
    "submissions": "涉及记录",
    "left_out": "未处理记录",
    "batch": "批次号",
    "sheet": "工作表",
    "findings": "不符",
    "hidden_rows": "隐藏的行",
    "struck_rows": "划有删除线的行",
    "revoked_batch": "撤销的批次",
    "opens_at": "开始",
    "closes_at": "截止",
    "read_only": "只读",
    "role_given": "角色",
    "persons": "人数",
    "number": "版次",
    "sha256": "SHA-256",
    "unit": "单位",
    "text": "勘误",
}
# A mobile or an ID number that someone typed into a reason.
_LONG_NUMBER = re.compile(r"[0-9]{10,17}[0-9Xx]")


def role_in_words(value: str) -> str:
    return Role(value).label if value in Role.values else ""


def act_in_words(action: str) -> str:
    return ACTS.get(action, "其他操作")


def details_in_words(detail: dict[str, Any]) -> list[str]:
    """The details of a line that people can read, numbers of persons masked."""
    return [
        f"{label}：{_SAID.get(key, _said)(detail[key])}"
        for key, label in _DETAILS.items()
        if detail.get(key) not in (None, "", [])
    ]


def _said(value: Any) -> str:
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, list):
        return f"{len(value)} 条"
    return _LONG_NUMBER.sub(lambda found: mask(found[0]), str(value))


def _answer(value: str) -> str:
    return ANSWERS.get(value, "")


def _moment(value: str) -> str:
    return f"{timezone.localtime(datetime.fromisoformat(value)):%Y-%m-%d %H:%M:%S}"


def _last_moment(value: str) -> str:
    return last_moment(datetime.fromisoformat(value))


_SAID: dict[str, Callable[[Any], str]] = {
    "opens_at": _moment,
    "closes_at": _last_moment,
    "role_given": role_in_words,
    "batch": str,
    "hidden_rows": _answer,
    "struck_rows": _answer,
    "revoked_batch": str,
}
