"""结业考核 results of a province's workbook: result, end and certificate of one person (GOAL-N10, BR-82).

Context: `today`; of what the platform knows, `entry` (None for nobody of the roster, else a mapping with `full_name`,
`start`, `province`, `specialty`, `may_end`), `has_ended_otherwise` (an earlier file ended it with another
content), and `is_certificate_taken` (by another person).
"""

from collections.abc import Mapping
from typing import Any

from residents.rules.completion import judge_certificate
from residents.rules.fields import Field, Problems, add, require, without_empty
from residents.rules.text import LONGEST_NAME

PASSED = "1"

FIELDS: tuple[Field, ...] = (
    Field("full_name", "姓名", "name", max_length=LONGEST_NAME, required=True),
    Field("id_type", "证件类型", "code", codes="id_type", required=True),
    Field("id_number", "证件号", "id_number", max_length=20, required=True),
    Field("result", "考核结果", "code", codes="exam_result", required=True),
    Field(
        "ended_on",
        "结束日期",
        "date",
        help="填写后培训状态随之改为“结束”；还不结束的（例如延期后补考）留空。",
        example="2026-08-31",
    ),
    Field(
        "certificate_no",
        "合格证书编号",
        "text",
        max_length=30,
        is_number_text=True,
        help="只填已发放的编号，本平台不编号；还没有的留空，以后可以再传。",
    ),
    Field("certificate_date", "发证日期", "date", help="有证书编号时必填。", example="2026-10-20"),
)


def problems(values: Mapping[str, Any], context: Mapping[str, Any]) -> Problems:
    """Errors and warnings of one row."""
    found: Problems = {}
    require(FIELDS, values, found)
    values, entry = without_empty(values), context.get("entry")
    if values.get("id_number") and entry is None:
        add(found, "id_number", "exam_not_in_roster")
        return found
    if entry and values.get("full_name") and values["full_name"] != entry["full_name"]:
        add(found, "full_name", "exam_other_name")
    if context.get("has_ended_otherwise"):
        add(found, "result", "exam_already_ended")
        return found
    end, today = values.get("ended_on"), context.get("today")
    if end and today and end > today:
        add(found, "ended_on", "date_in_future")
    if end and entry and entry["start"] and end <= entry["start"]:
        add(found, "ended_on", "end_before_start")
    if end and entry and not entry["may_end"]:
        add(found, "ended_on", "exam_cannot_end")
    ends_with_pass = values.get("result") == PASSED and end
    if values.get("certificate_no") or values.get("certificate_date") or ends_with_pass:
        _judge_certificate(values, entry or {}, context, found)
    return found


def _judge_certificate(
    values: Mapping[str, Any], entry: Mapping[str, Any], context: Mapping[str, Any], found: Problems
) -> None:
    if values.get("result") and values["result"] != PASSED:
        add(found, "certificate_no", "exam_certificate_without_pass")
    for name in ("certificate_no", "certificate_date", "ended_on"):
        if not values.get(name):
            add(found, name, "required")
    if context.get("is_certificate_taken"):
        add(found, "certificate_no", "certificate_taken")
    told = {**values, "actual_end_date": values.get("ended_on")}
    told |= {name: entry.get(name) for name in ("province", "specialty")}
    judge_certificate(told, context, found)
