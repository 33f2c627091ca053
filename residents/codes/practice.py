"""Code lists about employers and about the physician's qualification and licence (docs/fields.md#work,
docs/fields.md#certificate, docs/codes.md#qualification)."""

from residents.codes.code_list import CodeList

EMPLOYER_KIND = CodeList(
    "医疗卫生机构", {"1": "医院", "2": "基层医疗卫生机构", "3": "其他"}, synonyms={"基层": "2"}
)
PRIMARY_CARE_KIND = CodeList(
    "基层医疗卫生机构类型",
    {"1": "社区卫生服务中心", "2": "社区卫生服务站", "3": "乡镇卫生院", "4": "其他"},
    synonyms={"卫生院": "3"},
)
HOSPITAL_CATEGORY = CodeList(
    "医院类别",
    {
        "1": "综合医院",
        "2": "专科医院",
        "3": "中医医院",
        "4": "中西医结合医院",
        "5": "妇幼保健院",
        "6": "其他",
    },
    suffixes=("医院",),
)
UNGRADED_LEVEL, UNGRADED = "4", "4"
HOSPITAL_LEVEL = CodeList("医院级别", {"1": "一级", "2": "二级", "3": "三级", UNGRADED_LEVEL: "未定级"})
HOSPITAL_GRADE = CodeList(
    "医院等次",
    {"1": "甲等", "2": "乙等", "3": "丙等", UNGRADED: "未定等"},
    synonyms={"甲": "1", "乙": "2", "丙": "3"},
)
AFFILIATION = CodeList(
    "隶属关系",
    {
        "1": "中央属",
        "2": "省、自治区、直辖市属",
        "3": "省辖市（地区、州、盟、直辖市区）属",
        "4": "县级市（省辖市区）属",
        "5": "县（旗）属",
        "6": "其他",
    },
    synonyms={"省属": "2", "省辖市属": "3", "县级市属": "4", "县属": "5"},
)
TITLE = CodeList("专业技术资格", {"1": "住院医师", "2": "主治医师", "3": "无"})
NO_TITLE = "3"

QUALIFICATION_LEVEL = CodeList(
    "医师资格级别", {"1": "执业医师", "2": "执业助理医师"}, synonyms={"助理医师": "2"}
)
SCORE_REPORT_TYPE = CodeList("成绩单类型", {"1": "执业医师", "2": "执业助理医师"}, synonyms={"助理医师": "2"})

CLINICAL, STOMATOLOGY, PUBLIC_HEALTH = "10", "20", "30"
_CLASSES = {
    CLINICAL: "临床",
    STOMATOLOGY: "口腔",
    PUBLIC_HEALTH: "公共卫生",
    "40": "中医",
    "41": "中医（中医专业）",
    "42": "中西医结合",
    "43": "蒙医",
    "44": "藏医",
    "45": "维医",
    "46": "傣医",
}
_CLASS_SYNONYMS = {
    "临床类别": "10",
    "口腔类别": "20",
    "公共卫生类别": "30",
    "公卫": "30",
    "中医类别": "40",
    "中医类": "40",
}
QUALIFICATION_CLASS = CodeList("医师资格类别", _CLASSES, synonyms=_CLASS_SYNONYMS)
PRACTICE_CLASS = CodeList("执业类型（类别）", _CLASSES, synonyms=_CLASS_SYNONYMS)

PRACTICE_SCOPE = CodeList(
    "执业范围",
    {
        "1001": "内科",
        "1002": "外科",
        "1003": "妇产科",
        "1004": "儿科",
        "1005": "眼耳鼻咽喉科",
        "1006": "皮肤病与性病",
        "1007": "精神卫生",
        "1008": "职业病",
        "1009": "医学影像和放射治疗",
        "1010": "医学检验、病理",
        "1011": "全科医学",
        "1012": "急救医学",
        "1013": "康复医学",
        "1014": "预防保健",
        "1015": "特种医学与军事医学",
        "1016": "计划生育技术服务",
        "2001": "口腔",
        "3001": "公共卫生类别",
        "4001": "中医",
        "4002": "中西医结合",
        "4003": "蒙医",
        "4004": "藏医",
        "4005": "维医",
        "4006": "傣医",
        "4007": "全科医学（中医）",
    },
    suffixes=("专业", "科"),
    synonyms={
        "内科专业": "1001",
        "外科专业": "1002",
        "妇产科专业": "1003",
        "儿科专业": "1004",
        "眼耳鼻咽喉科专业": "1005",
        "皮肤病与性病专业": "1006",
        "精神卫生专业": "1007",
        "职业病专业": "1008",
        "医学影像和放射治疗专业": "1009",
        "医学检验、病理专业": "1010",
        "医学检验病理": "1010",
        "全科医学专业": "1011",
        "急救医学专业": "1012",
        "康复医学专业": "1013",
        "预防保健专业": "1014",
        "特种医学与军事医学专业": "1015",
        "计划生育技术服务专业": "1016",
        "口腔专业": "2001",
        "公共卫生": "3001",
        "公共卫生类别专业": "3001",
        "中医专业": "4001",
        "中西医结合专业": "4002",
    },
)


def scopes_of_class(practice_class: str | None) -> dict[str, str]:
    """The 执业范围 (code -> name) that belong to an 执业类别; its first digit decides. Empty for no class."""
    if not practice_class:
        return {}
    return {code: name for code, name in PRACTICE_SCOPE.items.items() if code[0] == practice_class[0]}
