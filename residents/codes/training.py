"""Code lists about the training: specialties, statuses, reasons, states (docs/codes.md#specialties,
docs/codes.md#status, docs/codes.md#states)."""

from collections.abc import Iterator, Mapping

from residents.codes.code_list import CodeList

# (code, name, first intake year or None when in force from the beginning, active in 2019)
SPECIALTIES: tuple[tuple[str, str, int | None, bool], ...] = (
    ("0100", "内科", None, True),
    ("0200", "儿科", None, True),
    ("0300", "急诊科", None, True),
    ("0400", "皮肤科", None, True),
    ("0500", "精神科", None, True),
    ("0600", "神经内科", None, True),
    ("0700", "全科", None, True),
    ("0800", "康复医学科", None, True),
    ("0900", "外科", None, True),
    ("1000", "外科（神经外科方向）", None, True),
    ("1100", "外科（胸心外科方向）", None, True),
    ("1200", "外科（泌尿外科方向）", None, True),
    ("1300", "外科（整形外科方向）", None, True),
    ("1400", "骨科", None, True),
    ("1500", "儿外科", None, True),
    ("1600", "妇产科", None, True),
    ("1700", "眼科", None, True),
    ("1800", "耳鼻咽喉科", None, True),
    ("1900", "麻醉科", None, True),
    ("2000", "临床病理科", None, True),
    ("2100", "检验医学科", None, True),
    ("2200", "放射科", None, True),
    ("2300", "超声医学科", None, True),
    ("2400", "核医学科", None, True),
    ("2500", "放射肿瘤科", None, True),
    ("2600", "医学遗传科", None, True),
    ("2700", "预防医学科", None, True),
    ("2800", "口腔全科", None, True),
    ("2900", "口腔内科", None, True),
    ("3000", "口腔颌面外科", None, True),
    ("3100", "口腔修复科", None, True),
    ("3200", "口腔正畸科", None, True),
    ("3300", "口腔病理科", None, True),
    ("3400", "口腔颌面影像科", None, True),
    ("3700", "重症医学科", 2020, False),
)
GENERAL_PRACTICE = "0700"
PREVENTIVE_MEDICINE = "2700"
DENTAL = frozenset(f"{number}00" for number in range(28, 35))

SPECIALTY = CodeList(
    "培训专业",
    {code: name for code, name, _, _ in SPECIALTIES},
    hidden=[code for code, _, _, is_active in SPECIALTIES if not is_active],
    synonyms={
        "康复科": "0800",
        "全科医学科": "0700",
        "全科医学": "0700",
        "神经外科": "1000",
        "外科(神经外科)": "1000",
        "胸心外科": "1100",
        "外科(胸心外科)": "1100",
        "泌尿外科": "1200",
        "外科(泌尿外科)": "1200",
        "整形外科": "1300",
        "外科(整形外科)": "1300",
        "小儿外科": "1500",
        "耳鼻喉科": "1800",
        "病理科": "2000",
        "检验科": "2100",
        "超声科": "2300",
        "口腔外科": "3000",
        "口腔颌面影像": "3400",
    },
    suffixes=("科",),
)

PROGRAM_TYPE = CodeList("培养类型", {"1": "住院医师规范化培训"})

REDUCTION_REASON = CodeList(
    "减免原因",
    {"1": "专业学位硕士", "2": "专业学位博士", "3": "已有临床工作经历", "9": "其他"},
    synonyms={"专硕": "1", "专博": "2", "临床工作经历": "3"},
)

CURRENT_DEGREE = CodeList(
    "当前学位类别",
    {"0": "暂无", "1": "学士", "2": "学术型硕士", "3": "专业型硕士", "4": "学术型博士", "5": "专业型博士"},
    synonyms={"无": "0", "科学型硕士": "2", "专业硕士": "3", "科学型博士": "4", "专业博士": "5"},
)

# The two modules of the desk (BR-38): this year's recruits, and everybody approved or added late.
INTAKE, REGISTRY = "intake", "registry"

IN_TRAINING, EXTENDED, SUSPENDED, ENDED, WITHDRAWN = "1", "2", "3", "4", "5"
# Set by the base for a time, to be set back to 在培 (BR-82).
INTERRUPTED = (EXTENDED, SUSPENDED, ENDED)

STATUS = CodeList(
    "培训状态", {IN_TRAINING: "在培", EXTENDED: "延期", SUSPENDED: "暂停", ENDED: "结束", WITHDRAWN: "退培"}
)

_REASONS = {
    "11": "转换培训基地",
    "12": "转换专业基地",
    "13": "辞职",
    "14": "考研（升学）",
    "15": "健康原因",
    "16": "考核不合格或违纪",
    "17": "出国",
    "18": "应征入伍或其他政策原因",
    "19": "其他（退培）",
    "21": "病假/产假等请假超限",
    "22": "过程考核不合格",
    "23": "结业考核未通过",
    "24": "未取得执业医师资格",
    "29": "其他（延期）",
    "31": "病休",
    "32": "产假",
    "33": "休学（专硕）",
    "34": "外派或应急任务",
    "39": "其他（暂停）",
    "41": "培训期满并通过结业考核",
    "42": "培训期满未通过结业考核",
    "43": "培训期满未参加结业考核",
    "49": "其他（结束）",
}
REASON = CodeList(
    "变更原因",
    _REASONS,
    synonyms={"考研": "14", "升学": "14", "休学": "33"},
    ambiguous={"其他": "“其他（退培）”“其他（延期）”“其他（暂停）”或“其他（结束）”"},
)
TRANSFER_REASONS = ("11", "12")
OTHER_REASONS = ("19", "29", "39", "49")
_FIRST_DIGIT_OF_REASONS = {WITHDRAWN: "1", EXTENDED: "2", SUSPENDED: "3", ENDED: "4"}


class _ReasonsOfStatus(Mapping[str, dict[str, str]]):
    """Status -> the reasons (code -> name) it may have, those taken out of use too, as the list is now."""

    def __getitem__(self, status: str) -> dict[str, str]:
        digit = _FIRST_DIGIT_OF_REASONS.get(status)
        if digit is None and status not in STATUS.items:
            raise KeyError(status)
        return {code: name for code, name in REASON.items.items() if code[0] == digit}

    def __iter__(self) -> Iterator[str]:
        return iter((*_FIRST_DIGIT_OF_REASONS, IN_TRAINING))

    def __len__(self) -> int:
        return len(_FIRST_DIGIT_OF_REASONS) + 1


# 在培 needs none (docs/codes.md#status).
REASONS_OF_STATUS: Mapping[str, dict[str, str]] = _ReasonsOfStatus()


def offered_reasons(status: str) -> dict[str, str]:
    """The reasons (code -> name) that a new change to this status may have."""
    offered = REASON.offered
    return {code: name for code, name in REASONS_OF_STATUS[status].items() if code in offered}


WITHDRAWAL_KIND = CodeList(
    "退培类型", {"1": "协议退培", "2": "违约退培"}, synonyms={"协议": "1", "违约": "2"}
)

CERTIFIED, FAILED, ABSENT = "1", "2", "3"

EXAM_RESULT = CodeList(
    "结业考核结果",
    {"1": "通过", "2": "未通过", "3": "缺考"},
    synonyms={"合格": "1", "不合格": "2", "未参加": "3", "未参加考核": "3"},
)
ENDED_RESULT = CodeList(
    "结业结果",
    {CERTIFIED: "结业并获证", FAILED: "未通过考核", ABSENT: "未参加考核"},
    synonyms={"获证": "1", "通过": "1", "未通过": "2", "未参加": "3"},
)

REPORT_STATUS = CodeList("上报状态", {"0": "未上报", "1": "已上报"})
REVIEW_STATUS = CodeList("审核状态", {"0": "—", "1": "待审核", "2": "审核通过", "3": "退回修改"})
PERSONAL_STATE = CodeList("个人信息状态", {"0": "未填写", "1": "填写中", "2": "已完整", "3": "已退回"})
CYCLE_STATE = CodeList("采集批次", {"0": "未开放", "1": "填报中", "2": "审核中", "3": "已锁定"})
DIRECT_ENTRY, API_TRANSFER = "1", "2"
REPORTING_MODE = CodeList("报送方式", {DIRECT_ENTRY: "直接填报", API_TRANSFER: "接口传送"})
SWITCH_MODULE = CodeList("申请模块", {"1": "住院医师招收结果"})
SWITCH_STATE = CodeList(
    "切换申请状态", {"0": "草稿", "1": "待确认", "2": "已确认", "3": "已驳回", "4": "已撤回"}
)
