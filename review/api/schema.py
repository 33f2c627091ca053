"""What goes over the wire, declared once: ninja checks by it, OpenAPI and the page of the interface show it.

A record's fields come from residents.rules.delivery. Their values may be sent as text, number or truth value; what they
mean is judged record by record, so that one bad record spoils no other.
"""

import math
import re
from datetime import date, datetime
from typing import Annotated, Any, Literal

from ninja import Schema
from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from residents.catalogue.catalogue import quoted
from residents.rules import fields as rules
from residents.rules.delivery import LONGEST_EXTERNAL_ID, PARTS
from residents.words import BLOCKS

MOST_RECORDS = 1000
MOST_STUDIES = 20
LONGEST_TEXT = 2000
_EXTERNAL_ID = r"^[A-Za-z0-9._:/-]*$"
_external_id = re.compile(_EXTERNAL_ID.strip("^$"))
SCALAR = {"type": ["string", "number", "boolean", "null"], "maxLength": LONGEST_TEXT}
_KINDS = {
    "bool": "是 / 否：true、false",
    "date": "日期：yyyy-mm-dd",
    "month": "年月：yyyy-mm",
    "int": "整数",
    "code": "代码（也接受名称）",
}
PART_LABELS = {block.key: block.label for block in BLOCKS} | {"account": "账号信息"}


def described(field: rules.Field) -> str:
    """One field in words: what it is, its form, when it is needed."""
    need = "必填" if field.required and not field.asked else "满足条件时必填" if field.required else "选填"
    codes = f"，代码表 {field.codes}" if field.codes else ""
    form = _KINDS.get(field.kind, "文字")
    length = f"，最长{field.max_length}个字符" if field.max_length else ""
    return f"{need}。{form}{codes}{length}。{field.help}"


def _part(name: str) -> dict[str, Any]:
    return {
        "type": "object",
        "title": PART_LABELS[name],
        "properties": {
            field.name: {**SCALAR, "title": field.label, "description": described(field)}
            for field in PARTS[name]
        },
        "additionalProperties": SCALAR,
    }


RECORD_SCHEMA: dict[str, Any] = {
    "type": "object",
    "title": "招收结果记录",
    "properties": {
        "external_id": {
            "type": "string",
            "title": "本省平台的记录编号",
            "description": "选填，原样返回，便于对应。",
            "maxLength": LONGEST_EXTERNAL_ID,
            "pattern": _EXTERNAL_ID,
        },
        "account": _part("account"),
        "basic": _part("basic"),
        "education": {
            "type": "array",
            "title": "学习经历",
            "maxItems": MOST_STUDIES,
            "items": _part("education"),
        },
        "certificate": _part("certificate"),
        "training": _part("training"),
    },
    "required": ["account"],
    "additionalProperties": False,
}


def _shape(text: str, **values: Any) -> PydanticCustomError:
    return PydanticCustomError("record_shape", text.format(**values))


def _check_part(name: str, part: Any) -> None:
    if not isinstance(part, dict):
        raise _shape("“{name}”应为对象。", name=name)
    for key, value in part.items():
        if value is not None and not isinstance(value, str | int | float):
            raise _shape("“{name}.{key}”应为文字、数字或真假值。", name=name, key=quoted(key))
        if isinstance(value, str) and len(value) > LONGEST_TEXT:
            raise _shape("“{name}.{key}”超过{limit}个字符。", name=name, key=quoted(key), limit=LONGEST_TEXT)
        if isinstance(value, float) and not math.isfinite(value):
            raise _shape("“{name}.{key}”不是有限的数。", name=name, key=quoted(key))


def _check_record(record: dict[str, Any]) -> dict[str, Any]:
    """The shape of RECORD_SCHEMA, and nothing of the meaning."""
    for key in record:
        if key not in RECORD_SCHEMA["properties"]:
            raise _shape("没有名为“{key}”的部分。", key=quoted(key))
    own = record.get("external_id", "")
    if not isinstance(own, str) or len(own) > LONGEST_EXTERNAL_ID or not _external_id.fullmatch(own):
        raise _shape(
            "“external_id”只能由字母、数字和 . _ : / - 组成，最长{limit}个字符。", limit=LONGEST_EXTERNAL_ID
        )
    if "account" not in record:
        raise _shape("缺少“account”。")
    for name in ("account", "basic", "certificate", "training"):
        _check_part(name, record.get(name, {}))
    studies = record.get("education", [])
    if not isinstance(studies, list) or len(studies) > MOST_STUDIES:
        raise _shape("“education”应为不超过{limit}项的数组。", limit=MOST_STUDIES)
    for study in studies:
        _check_part("education", study)
    return record


Record = Annotated[
    dict[str, Any],
    AfterValidator(_check_record),
    WithJsonSchema(RECORD_SCHEMA),
]


def _is_day(value: Any) -> Any:
    """Only yyyy-mm-dd is a day on the wire: the library would take a number for seconds, too."""
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", str(value)):
        raise ValueError("日期应写成 yyyy-mm-dd")
    return value


Day = Annotated[date, BeforeValidator(_is_day)]


class Delivery(Schema):
    """一批招收结果"""

    model_config = ConfigDict(extra="forbid", strict=True, title="一批招收结果")

    declared: Literal[True] = Field(
        title="声明", description="声明本批信息已经核对，真实、准确、完整；只能是 true。"
    )
    dry_run: bool = Field(default=False, title="只校验", description="true 时完整校验，但不写入任何数据。")
    all_or_nothing: bool = Field(
        default=False, title="全部无误才写入", description="true 时只要有一条不能写入，整批都不写入。"
    )
    records: list[Record] = Field(title="记录", min_length=1, max_length=MOST_RECORDS)


class Removal(Schema):
    """一条删除"""

    model_config = ConfigDict(extra="forbid", title="一条删除")

    reference: str = Field(
        title="平台记录编号", description="传送时返回的 reference", pattern=r"^[0-9]{1,18}$"
    )
    kind: Literal["wrong", "no_show", "moved"] = Field(
        title="原因类别",
        description="wrong 录错（在接口传送时间内）；no_show 未报到或放弃培训；moved 转到其他基地（锁定前）",
    )
    reason: str = Field(title="具体原因", min_length=4, max_length=200, pattern=r"^[^\x00-\x1f]*$")
    left_on: Day | None = Field(
        default=None, title="离开日期", description="yyyy-mm-dd；no_show、moved 必填，不能晚于今天"
    )


class Removals(Schema):
    """一批删除"""

    model_config = ConfigDict(extra="forbid", title="一批删除")

    removals: list[Removal] = Field(title="删除", min_length=1, max_length=MOST_RECORDS)


class RemovalAnswer(Schema):
    """一条删除的结果"""

    model_config = ConfigDict(title="一条删除的结果")

    index: int = Field(title="序号")
    reference: str = Field(title="平台记录编号")
    status: Literal[200, 404, 409] = Field(
        title="状态", description="200 已删除，404 没有这条记录，409 现在不能删除"
    )
    outcome: Literal["removed", "not_found", "refused"] = Field(title="结果")
    text: str = Field(title="说明")


class RemovalsAnswer(Schema):
    """一批删除的结果"""

    model_config = ConfigDict(title="一批删除的结果")

    removal: str = Field(title="批次编号")
    received_at: datetime = Field(title="接收时间")
    sandbox: bool = Field(title="沙箱", description="沙箱密钥：不写入任何数据")
    counts: dict[str, int] = Field(title="各种结果的条数")
    results: list[RemovalAnswer] = Field(title="逐条结果", description="与传送的顺序相同")


class Said(Schema):
    """一条提示"""

    model_config = ConfigDict(title="提示")

    field: str = Field(title="字段", description="如 basic.sex、education.0.school；整条记录的问题为空")
    code: str = Field(title="规则代码")
    text: str = Field(title="问题")
    repair: str = Field(title="如何改正")
    is_warning: bool = Field(title="仅提醒", description="提醒不影响写入")


Outcome = Literal["accepted", "corrected", "unchanged", "duplicate", "refused", "not_written"]


class RecordAnswer(Schema):
    """一条记录的结果"""

    model_config = ConfigDict(title="一条记录的结果")

    index: int = Field(title="序号", description="记录在本批中的位置，从0开始")
    external_id: str = Field(title="本省平台的记录编号")
    status: Literal[200, 201, 409, 422, 424] = Field(
        title="状态",
        description="201 新增，200 更正或无变化，409 重复，422 有误，424 因“全部无误才写入”未写入",
    )
    outcome: Outcome = Field(title="结果")
    reference: str | None = Field(title="平台记录编号", description="查询审核结果时用；未写入时为空")
    problems: list[Said] = Field(title="提示")


class DeliveryAnswer(Schema):
    """一批的结果"""

    model_config = ConfigDict(title="一批的结果")

    delivery: str = Field(title="批次编号")
    received_at: datetime = Field(title="接收时间")
    sandbox: bool = Field(title="沙箱", description="沙箱密钥：完整校验，不写入任何数据")
    dry_run: bool = Field(title="只校验")
    written: bool = Field(
        title="已写入", description="false 时没有写入任何数据；true 时可以写入的记录都已写入"
    )
    counts: dict[str, int] = Field(title="各种结果的条数")
    results: list[RecordAnswer] = Field(title="逐条结果", description="与传送的记录顺序相同")


class Result(Schema):
    """一条审核进展"""

    model_config = ConfigDict(title="一条审核进展")

    cursor: str = Field(title="位置")
    event: Literal["waiting", "corrected", "approved", "returned", "revoked"] = Field(title="进展")
    text: str = Field(title="进展说明")
    at: datetime = Field(title="时间")
    reference: str = Field(title="平台记录编号")
    external_id: str = Field(title="本省平台的记录编号")
    training_base: str = Field(title="培训基地代码")
    intake_year: int = Field(title="招收年份")
    number: int = Field(title="第几次传送")
    comment: str = Field(title="审核意见")
    field_comments: dict[str, str] = Field(
        title="对字段的意见",
        description="键是“部分.字段”，对整个部分的意见只有部分；学习经历的意见以@注明学历层次代码，"
        "例如 education.school@3 是本科的毕业院校，education@3 是本科这一条",
    )
    now: str = Field(title="现在的审核状态", description="查询时该次传送的状态")


class Results(Schema):
    """审核进展"""

    model_config = ConfigDict(title="审核进展")

    sandbox: bool = Field(title="沙箱")
    items: list[Result] = Field(title="进展")
    next_cursor: str = Field(title="下次查询的位置")
    has_more: bool = Field(title="还有更多")


class Coded(Schema):
    model_config = ConfigDict(title="代码项")

    code: str = Field(title="代码")
    name: str = Field(title="名称")
    offered: bool = Field(default=True, title="可用", description="false 表示仅供识别旧数据")


class BaseItem(Schema):
    model_config = ConfigDict(title="培训基地")

    code: str = Field(title="代码")
    name: str = Field(title="名称")
    specialties: list[str] = Field(title="本年度专业基地的专业代码")


class Bases(Schema):
    model_config = ConfigDict(title="本省培训基地")

    intake_year: int | None = Field(title="招收年份")
    items: list[BaseItem] = Field(title="培训基地")


class Specialties(Schema):
    model_config = ConfigDict(title="培训专业")

    intake_year: int | None = Field(title="招收年份")
    items: list[Coded] = Field(title="专业")


class CodeLists(Schema):
    model_config = ConfigDict(title="代码表")

    lists: dict[str, list[Coded]] = Field(title="代码表", description="按代码表名称")
