"""The canonical form of an edition: what its SHA-256 is made of, so that anybody can compute it again (GOAL-N7).

A person is a JSON array of texts, in the order of COLUMNS, as `json.dumps(…, ensure_ascii=False)` writes it; its
SHA-256 is the person's digest. An edition's SHA-256 is that of the header line and of all digests in the order of the
persons' keys. Another order or another column is another form: FORMAT is counted on.
"""

import hashlib
import json
from collections.abc import Iterable
from datetime import UTC, date, datetime

FORMAT = "edition-1"
# What decides who stands where and by which status; counted on when it decides otherwise.
RULES = "AM-32 AM-50 v1"
# Key of the table of persons and its heading, in the order of the form.
COLUMNS: dict[str, str] = {
    "resident_id": "人员序号",
    "submission_id": "上报序号",
    "standing": "计入",
    "province_id": "省份代码",
    "base_id": "基地序号",
    "specialty_id": "专业代码",
    "intake_year": "招收年份",
    "trainee_type": "人员类型",
    "status": "培训状态",
    "approved_years": "核定的培训年限",
    "sex": "性别",
    "highest_education": "最高学历",
    "highest_degree": "最高学位",
    "is_fresh_graduate": "应届毕业生",
    "is_rural_oriented": "农村订单定向",
    "is_western_support": "西部支援行动",
    "started_on": "培训实际开始时间",
    "planned_end": "预计培训结束时间",
    "status_since": "状态变更日期",
    "status_reason": "变更原因",
    "origin": "来源",
    "snapshot_sha256": "采集信息SHA-256",
}


def header(facts_on: date, taken_at: datetime) -> bytes:
    """The first line: what else the same rows could not be told apart by."""
    moment = taken_at.astimezone(UTC).isoformat(timespec="microseconds")
    return (
        json.dumps([FORMAT, RULES, facts_on.isoformat(), moment], ensure_ascii=False).encode("utf-8") + b"\n"
    )


def sha256(facts_on: date, taken_at: datetime, digests: Iterable[bytes]) -> str:
    """Of an edition, from the digests in the order of the persons' keys, one by one or many joined."""
    whole = hashlib.sha256(header(facts_on, taken_at))
    for some in digests:
        whole.update(some)
    return whole.hexdigest()


def texts_in_sql(row: str, snapshot: str) -> str:
    """The texts of COLUMNS as an SQL list, of a row with this alias; `snapshot` is the expression of the snapshot."""
    own = {"snapshot_sha256": f"encode(sha256(convert_to({snapshot}::text, 'UTF8')), 'hex')"}
    return ", ".join(own.get(name, f"coalesce({row}.{name}::text, '')") for name in COLUMNS)


def digest_in_sql(row: str, snapshot: str) -> str:
    """A person's digest as an SQL expression."""
    return f"sha256(convert_to(json_build_array({texts_in_sql(row, snapshot)})::text, 'UTF8'))"
