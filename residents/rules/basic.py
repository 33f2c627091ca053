"""基本信息: what the resident keeps about himself (docs/fields.md#basic).

Context: `today`, `id_type`, `id_number`, `actual_start_date` or `intake_year`. `is_fresh_graduate` and
`is_rural_oriented` are displayed here too but stored once, with the base's training information (AM-08).
Religion, health, political status and bank account are not asked.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any

from residents.codes.people import FOREIGN_DESCENT, SEX
from residents.codes.places import CHINA, CHINESE_REGIONS
from residents.rules import account, identity
from residents.rules.dates import years_between
from residents.rules.fields import Field, Problems, add, missing_fields, without_empty
from residents.rules.text import LONGEST_NAME, name_key

NOT_MILITARY = "0"
_CET_PETS_TEM = ("1", "2", "3")
_OTHER_LANGUAGE = "4"
# 未通过 has no certificate; None is a level that was never asked (other languages).
_LEVELS_WITH_CERTIFICATE = (None, "2", "3", "4", "5", "9")
_CERTIFIED = (
    ("language_exam_type", (*_CET_PETS_TEM, _OTHER_LANGUAGE)),
    ("english_level", _LEVELS_WITH_CERTIFICATE),
)

FIELDS: tuple[Field, ...] = (
    Field("full_name", "姓名", "name", max_length=LONGEST_NAME, required=True, owner="base"),
    Field("id_type", "身份证件类别", "code", codes="id_type", required=True, owner="locked"),
    Field("id_number", "身份证件号码", "id_number", max_length=20, required=True, owner="locked"),
    Field("sex", "性别", "code", codes="sex", required=True),
    Field("birth_date", "出生日期", "date", required=True, help="居民身份证持有人由证件号得出。"),
    Field("nationality", "国籍及地区", "code", codes="nationality", required=True),
    Field(
        "ethnicity",
        "民族",
        "code",
        codes="ethnicity",
        required=True,
        needed=(("nationality", (CHINA,)),),
        help="中国籍必填；外国籍留空。",
    ),
    Field("marital_status", "婚姻状况", "code", codes="marital_status"),
    Field(
        "hukou_province",
        "户口所在地省行政区划",
        "code",
        codes="hukou_province",
        required=True,
        asked=(("nationality", (CHINA,)), ("id_type", (identity.RESIDENT_ID,))),
    ),
    Field("mobile", "有效的手机号码", "mobile", max_length=11, required=True),
    Field("email", "有效的电子邮箱地址", "email", max_length=100, required=True),
    Field(
        "qq",
        "有效的QQ号码",
        "text",
        max_length=12,
        pattern=r"[1-9][0-9]{4,11}",
        hint="请填写5至12位数字的QQ号，或留空。",
        is_number_text=True,
    ),
    Field("postal_address", "本人通讯地址", "text", max_length=200),
    Field(
        "postcode",
        "邮政编码",
        "text",
        max_length=6,
        pattern=r"[0-9]{6}",
        hint="请填写6位数字的邮政编码，或留空。",
        is_number_text=True,
    ),
    Field(
        "landline",
        "固定电话",
        "text",
        max_length=20,
        pattern=r"\+?[0-9()]+(-?[0-9()]+)*(转[0-9]+)?",
        hint="请填写区号和号码，例如010-63313903，或留空。",
        is_number_text=True,
    ),
    Field("emergency_name", "紧急联系人", "text", max_length=50, required=True, help="不能是本人。"),
    Field(
        "emergency_mobile",
        "紧急联系人手机",
        "phone",
        max_length=16,
        required=True,
        help="港澳台和国外的号码前面加“+”和代码，例如 +852 91234567。",
    ),
    Field("emergency_address", "紧急联系人地址", "text", max_length=200),
    Field("military_status", "是否军队人员", "code", codes="military_status", required=True),
    Field("language_exam_type", "外语等级考试类型", "code", codes="language_exam_type"),
    Field(
        "english_level",
        "英语能力",
        "code",
        codes="english_level",
        required=True,
        asked=(("language_exam_type", _CET_PETS_TEM),),
    ),
    Field(
        "language_other",
        "外语能力",
        "text",
        max_length=50,
        required=True,
        asked=(("language_exam_type", (_OTHER_LANGUAGE,)),),
    ),
    Field(
        "language_cert_no",
        "外语等级考试证书编号",
        "text",
        max_length=40,
        required=True,
        asked=_CERTIFIED,
        is_number_text=True,
    ),
    Field(
        "language_cert_date",
        "外语等级考试证书取得时间",
        "date",
        required=True,
        asked=_CERTIFIED,
        allows_month=True,
    ),
    Field(
        "photo",
        "证件照片",
        "file",
        help="2寸白底免冠彩色照片，竖版，不小于413×626像素；JPG 不超过300 KB，手机拍的 HEIC 自动转为 JPG。",
    ),
)


def derived(id_type: str | None, id_number: str | None) -> dict[str, Any]:
    """`birth_date` and `sex` by the ID number, for prefilling and locking; empty for other types (PAIN-24)."""
    born = identity.derived_birth_date(id_type, id_number)
    return {"birth_date": born, "sex": identity.derived_sex(id_type, id_number)} if born else {}


def problems(values: Mapping[str, Any], context: Mapping[str, Any]) -> Problems:
    """Errors and warnings of the block as far as it is filled in; blanks are no fault of a save (BR-53, BR-55)."""
    values = without_empty(values)
    merged = {**context, **values}
    found: Problems = {}
    account.judge_identity(values, context, found)
    _judge_against_id(merged, found)
    _judge_birth_date(merged, found)
    _judge_origin(merged, found)
    _judge_emergency(merged, found)
    if merged.get("id_type") == identity.OFFICER and values.get("military_status") == NOT_MILITARY:
        add(found, "military_status", "military_needed")
    if _is_future(values.get("language_cert_date"), merged):
        add(found, "language_cert_date", "date_in_future")
    return found


def _is_future(day: date | None, merged: Mapping[str, Any]) -> bool:
    today = merged.get("today")
    return day is not None and today is not None and day > today


def _judge_against_id(merged: Mapping[str, Any], found: Problems) -> None:
    told = derived(merged.get("id_type"), merged.get("id_number"))
    if not told:
        return
    if merged.get("birth_date") not in (None, told["birth_date"]):
        add(found, "birth_date", "birth_date_contradicts_id", derived=told["birth_date"])
    if merged.get("sex") not in (None, told["sex"]):
        add(found, "sex", "sex_contradicts_id", derived=SEX.items[told["sex"]])


def _judge_birth_date(merged: Mapping[str, Any], found: Problems) -> None:
    born = merged.get("birth_date")
    if born is None:
        return
    if _is_future(born, merged):
        add(found, "birth_date", "date_in_future")
        return
    start = merged.get("actual_start_date")
    if start is None and merged.get("intake_year"):
        # Training begins around September (docs/fields.md#training); near enough for a warning.
        start = date(merged["intake_year"], 9, 1)
    if start is not None and not 18 <= (age := years_between(born, start)) <= 65:
        add(found, "birth_date", "age_unusual", age=age)


def _judge_origin(merged: Mapping[str, Any], found: Problems) -> None:
    nationality, id_type = merged.get("nationality"), merged.get("id_type")
    if nationality is None:
        return
    if id_type == identity.PASSPORT and nationality == CHINA:
        add(found, "nationality", "nationality_not_foreign")
    if id_type == identity.RESIDENT_ID and nationality != CHINA:
        add(found, "nationality", "nationality_not_chinese")
    is_foreign = nationality not in (CHINA, *CHINESE_REGIONS)
    if is_foreign and merged.get("ethnicity") not in (None, FOREIGN_DESCENT):
        add(found, "ethnicity", "ethnicity_of_foreigner")


def _judge_emergency(merged: Mapping[str, Any], found: Problems) -> None:
    own, other = merged.get("full_name"), merged.get("emergency_name")
    if own and other and name_key(own) == name_key(other):
        add(found, "emergency_name", "emergency_is_self")
    if merged.get("emergency_mobile") and merged["emergency_mobile"] == merged.get("mobile"):
        add(found, "emergency_mobile", "emergency_mobile_is_own")


def missing(values: Mapping[str, Any], context: Mapping[str, Any]) -> list[str]:
    """Fields a report still needs (BR-46)."""
    return missing_fields(FIELDS, values, context)
