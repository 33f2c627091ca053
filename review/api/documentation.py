"""The schema of the interface, and the page that explains it in words."""

from functools import cache
from typing import Any

from residents.codes import CODE_LISTS
from residents.rules.delivery import PARTS
from review.api.endpoints import PATH, api
from review.api.examples import PROGRAM, in_curl
from review.api.keys import OVERLAP, Scope
from review.api.problems import MEDIA_TYPE
from review.api.reference import used_lists
from review.api.schema import MOST_RECORDS, PART_LABELS, described

_STATUS_WORDS = {
    200: "成功",
    400: "请求无法读取",
    401: "密钥缺失、无效、过期或已吊销",
    403: "未开通、已过截止时间、来源地址或权限不符",
    404: "没有所问的内容",
    409: "同一请求正在处理，或 Idempotency-Key 已用于其他内容",
    413: "请求内容过大",
    422: "请求不符合接口格式",
    429: "请求过于频繁",
    500: "平台内部错误",
    503: "平台繁忙",
}
OPERATIONS = ("post", "get")


@cache
def schema() -> dict[str, Any]:
    """OpenAPI 3.1; refusals carry the media type of problem details, which ninja cannot declare."""
    made = dict(api.get_openapi_schema(path_prefix=PATH))
    for operations in made["paths"].values():
        for operation in operations.values():
            for status, response in operation["responses"].items():
                response["description"] = _STATUS_WORDS[int(status)]
                if int(status) >= 400:
                    response["content"] = {MEDIA_TYPE: response["content"].pop("application/json")}
    made["components"]["securitySchemes"]["KeyAuth"]["description"] = "Authorization: Bearer 接口密钥"
    return made


# --- the page --------------------------------------------------------------------------------------------------------

# code: (status, when, what to do)
PROBLEMS = {
    "bad_request": (400, "请求内容不是有效的 JSON", "检查请求内容的格式和编码（UTF-8）"),
    "key_required": (
        401,
        "没有提供密钥，或密钥无效、已过期、已吊销",
        "核对 Authorization 请求头，必要时更换密钥",
    ),
    "address_refused": (
        403,
        "密钥限定了来源地址，请求来自其他地址",
        "从登记的地址发出请求，或修改密钥的允许地址",
    ),
    "scope_missing": (403, "密钥没有这项权限", "使用有权限的密钥"),
    "mode_closed": (403, "本省不是接口传送方式", "提交报送方式切换申请；联调请用沙箱密钥"),
    "transfer_closed": (
        403,
        "接口传送尚未开放或已经截止",
        "按说明中的时间传送；省级审核退回的记录，在审核截止前仍可更正；需要延期请联系中国医师协会",
    ),
    "forbidden": (403, "不允许进行此操作", "核对地址和请求方法"),
    "not_found": (404, "接口没有这个地址", "核对地址"),
    "no_such_year": (
        404,
        "所问的招收年份没有采集周期",
        "核对年份；不带 intake_year 时按本省正在开放的周期回答",
    ),
    "method_not_allowed": (405, "此地址不支持这种请求方法", "按 Allow 响应头改用允许的方法"),
    "in_progress": (409, "相同 Idempotency-Key 的请求还在处理", "按 Retry-After 等待后用同一个值重试"),
    "too_large": (413, "请求超过 5 MB", "减少每批的记录数"),
    "malformed": (422, "请求不符合接口格式，整批没有处理", "按 errors 逐项改正"),
    "idempotency_key_reused": (409, "Idempotency-Key 已用于不同的内容", "内容有改动时换一个新的值"),
    "too_many_requests": (429, "超过每分钟请求数", "按 Retry-After 等待；每批多放一些记录"),
    "server_error": (
        500,
        "平台内部错误，没有写入任何数据",
        "用同一个 Idempotency-Key 重试，或提供 request_id 联系我们",
    ),
    "busy": (503, "平台繁忙，请求没有完成", "用同一个 Idempotency-Key 稍后重试，已写入的不会重复写入"),
}
OUTCOMES = {
    "accepted": (201, "新增：已建立账号和记录，进入“待审核”"),
    "corrected": (200, "更正：同一人的记录已用本次内容替换，进入“待审核”"),
    "unchanged": (200, "没有变化：内容与已有记录相同，未重复写入"),
    "duplicate": (409, "重复：此人已在其他培训基地，或记录已审核通过；本省的记录给出编号"),
    "refused": (422, "有误：逐项说明问题和改正办法，未写入"),
    "not_written": (424, "未写入：本批要求“全部无误才写入”，而其他记录有误"),
}
EVENTS = {
    "waiting": "已接收，待省级审核",
    "corrected": "内容已更正，待省级审核",
    "approved": "审核通过，已纳入住院医师信息管理",
    "returned": "退回修改：按意见改正后再传送同一人即可",
    "revoked": "审核决定已撤销，随后会有新的进展",
}


def page() -> dict[str, Any]:
    """What templates/review/api/documentation.html displays; every name comes from the schema or the rules."""
    return {
        "path": PATH,
        "example_json": in_curl(),
        "example_python": PROGRAM,
        "operations": list(_operations()),
        "parts": [(part, PART_LABELS[part], _fields(part)) for part in PARTS],
        "answer_fields": _properties("DeliveryAnswer"),
        "record_fields": _properties("RecordAnswer"),
        "removal_fields": _properties("Removal"),
        "said_fields": _properties("Said"),
        "result_fields": _properties("Result"),
        "problem_fields": _properties("ProblemDetail"),
        "outcomes": OUTCOMES,
        "events": EVENTS,
        "problems": PROBLEMS,
        "lists": [(name, CODE_LISTS[name]) for name in used_lists()],
        "scopes": Scope.choices,
        "most": MOST_RECORDS,
        "overlap": OVERLAP.days,
    }


def _operations() -> Any:
    for path, operations in schema()["paths"].items():
        for method, operation in operations.items():
            if method in OPERATIONS:
                yield {
                    "method": method.upper(),
                    "path": path,
                    "summary": operation["summary"],
                    "description": operation["description"],
                    "parameters": operation.get("parameters", []),
                }


def _fields(part: str) -> list[tuple[str, str, str]]:
    return [(field.name, field.label, described(field)) for field in PARTS[part]]


def _properties(name: str) -> list[tuple[str, str, str]]:
    found = schema()["components"]["schemas"][name]["properties"]
    return [(key, each.get("title", ""), each.get("description", "")) for key, each in found.items()]
