"""Other words for the columns of the workbooks, where they can mean nothing else."""

from collections.abc import Iterable

from residents.rules.fields import Field

_WORDS = {
    "intake_year": (
        "招收年份",
        "招收年度",
        "招录年份",
        "招录年度",
        "招生年份",
        "招生年度",
        "入培年份",
        "入培年度",
    ),
    "full_name": ("姓名", "学员姓名", "住院医师姓名", "人员姓名", "真实姓名"),
    "id_type": ("证件类型", "证件类别", "证件种类", "身份证件类型", "身份证件类别", "身份证件种类"),
    "id_number": ("证件号", "证件号码", "身份证号", "身份证号码", "身份证件号", "身份证件号码", "证件编号"),
    "mobile": (
        "手机号",
        "手机号码",
        "手机",
        "联系电话",
        "联系手机",
        "移动电话",
        "电话",
        "电话号码",
        "联系方式",
    ),
}


def synonyms_of(fields: Iterable[Field]) -> dict[str, str]:
    """{other word: label} of the columns that have such words."""
    return {
        word: field.label for field in fields for word in _WORDS.get(field.name, ()) if word != field.label
    }
