"""Every refusal of the interface as problem details (RFC 9457), in Chinese, whoever noticed it."""

import json
import logging
from collections.abc import Callable, Mapping
from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.http import Http404, HttpRequest, HttpResponse, UnreadablePostError
from django.utils.cache import add_never_cache_headers
from ninja import NinjaAPI, Schema
from ninja.errors import AuthenticationError, HttpError, ValidationError
from pydantic import ConfigDict, Field

from portal.service import RETRY_SECONDS, trouble_of

ROOT = "/api/"
MEDIA_TYPE = "application/problem+json"
logger = logging.getLogger(__name__)

# status: (code, title, detail) of what no view words more exactly.
GENERAL = {
    400: ("bad_request", "请求无法读取", "请求内容不是有效的 JSON，或请求头有误。"),
    401: ("key_required", "需要接口密钥", "请在 Authorization 请求头中以 Bearer 方式提供有效的接口密钥。"),
    403: ("forbidden", "没有权限", "不允许进行此操作。"),
    404: ("not_found", "地址不存在", "接口没有这个地址，请对照接口文档。"),
    405: ("method_not_allowed", "不支持此请求方法", "此地址不支持这种请求方法，允许的方法见 Allow 响应头。"),
    413: ("too_large", "请求内容过大", "一次请求最多1000条记录、5 MB，请分批传送。"),
    429: ("too_many_requests", "请求过于频繁", "已超过每分钟请求数上限，请按 Retry-After 等待后重试。"),
    500: (
        "server_error",
        "平台内部错误",
        "请求没有写入任何数据，请用同一个 Idempotency-Key 重试；仍有问题请联系我们。",
    ),
    503: ("busy", "平台繁忙", "请求没有完成；请用同一个 Idempotency-Key 稍后重试，已写入的不会重复写入。"),
}


class Fault(Schema):
    """One fault of the request itself: where (JSON Pointer or header) and what."""

    pointer: str = Field(title="位置", description="出错位置：JSON 指针，或请求头、查询参数的名称")
    text: str = Field(title="说明")


class ProblemDetail(Schema):
    """问题说明（RFC 9457）"""

    model_config = ConfigDict(title="问题说明")

    type: str = Field(title="问题类型", description="指向接口文档中该问题的说明")
    title: str = Field(title="标题")
    status: int = Field(title="HTTP 状态码")
    detail: str = Field(title="详细说明")
    code: str = Field(title="问题代码")
    request_id: str = Field(title="请求编号", description="联系我们时请提供")
    errors: list[Fault] = Field(default=[], title="逐项说明")


class Refusal(Exception):
    """A request that is answered with a problem; nothing of it is written."""

    def __init__(
        self,
        status: int,
        code: str,
        title: str,
        detail: str,
        *,
        errors: list[dict[str, str]] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status, self.code, self.title, self.detail = status, code, title, detail
        self.errors, self.headers = errors or [], dict(headers or {})


def general(status: int) -> Refusal:
    """The refusal of a status in general words."""
    code, title, detail = GENERAL.get(status, (f"http_{status}", "请求未能完成", "请求未能完成。"))
    headers = {401: {"WWW-Authenticate": "Bearer"}, 503: {"Retry-After": str(RETRY_SECONDS)}}.get(status, {})
    return Refusal(status, code, title, detail, headers=headers)


def answer(request: HttpRequest, refusal: Refusal) -> HttpResponse:
    content = {
        "type": f"/api/v1/docs/#problem-{refusal.code}",
        "title": refusal.title,
        "status": refusal.status,
        "detail": refusal.detail,
        "code": refusal.code,
        "request_id": getattr(request, "id", ""),
        "errors": refusal.errors,
    }
    text = json.dumps(content, ensure_ascii=False)
    response = HttpResponse(text, status=refusal.status, content_type=MEDIA_TYPE)
    for name, value in refusal.headers.items():
        response[name] = value
    return response


def handle_exceptions(api: NinjaAPI) -> None:
    """Let every exception of a view of this API become a problem."""
    # ninja declares that a handler may be given the class of an exception; it is given exceptions only.
    api.add_exception_handler(Refusal, answer)  # type: ignore[arg-type]
    api.add_exception_handler(AuthenticationError, lambda request, error: answer(request, general(401)))
    api.add_exception_handler(HttpError, _general)  # type: ignore[arg-type]
    api.add_exception_handler(Http404, lambda request, error: answer(request, general(404)))
    api.add_exception_handler(RequestDataTooBig, lambda request, error: answer(request, general(413)))
    # The line was cut while the body came in: nobody reads this answer.
    api.add_exception_handler(UnreadablePostError, lambda request, error: answer(request, general(400)))
    api.add_exception_handler(ValidationError, _malformed)  # type: ignore[arg-type]
    api.add_exception_handler(Exception, _unexpected)  # type: ignore[arg-type]


def _general(request: HttpRequest, error: HttpError) -> HttpResponse:
    return answer(request, general(error.status_code))


def _malformed(request: HttpRequest, error: ValidationError) -> HttpResponse:
    errors = [{"pointer": _pointer(each["loc"]), "text": _words(each)} for each in error.errors[:100]]
    return answer(
        request,
        Refusal(
            422, "malformed", "请求不符合接口格式", "请求没有处理，请按下列各项改正后重试。", errors=errors
        ),
    )


def _unexpected(request: HttpRequest, error: Exception) -> HttpResponse:
    if trouble_of(error):
        logger.warning("%s %s: %s", request.method, request.path, type(error).__name__)
        return answer(request, general(503))
    logger.error("%s %s", request.method, request.path, exc_info=error)
    return answer(request, general(500))


def _pointer(location: tuple) -> str:
    """Of the body as JSON Pointer, of anything else the parameter's name."""
    source, *path = location
    if source != "body":
        return str(path[-1]) if path else str(source)
    return "".join(f"/{part}" for part in path[1:])


# Words for the kinds of fault that pydantic distinguishes; the rest is described by the schema itself.
_WORDS = {
    "missing": "缺少此项。",
    "extra_forbidden": "没有这个字段。",
    "too_long": "最多{max_length}项。",
    "too_short": "至少{min_length}项。",
    "string_too_long": "最多{max_length}个字符。",
    "string_too_short": "至少{min_length}个字符。",
    "string_pattern_mismatch": "格式应符合 {pattern}。",
    "bool_type": "应为 true 或 false。",
    "string_type": "应为字符串。",
    "list_type": "应为数组。",
    "dict_type": "应为对象。",
    "int_parsing": "应为整数。",
    "greater_than_equal": "不能小于{ge}。",
    "less_than_equal": "不能大于{le}。",
    "literal_error": "只能是 true：请先核对信息，再声明真实、准确、完整。",
}


def _words(error: Mapping[str, Any]) -> str:
    if error["type"] == "record_shape":
        return error["msg"]
    return _WORDS.get(error["type"], "不符合接口格式。").format_map(error.get("ctx", {}))


# --- around every request --------------------------------------------------------------------------------------------


def answers(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware: below /api/ also Django's own refusals are problems; each answer states the rate, none is cached."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if not request.path.startswith(ROOT):
            return response
        if response.status_code >= 400 and not response["Content-Type"].startswith(MEDIA_TYPE):
            # What no view could answer: the database is away before one is reached.
            status = 503 if getattr(request, "trouble", None) else response.status_code
            refused = answer(request, general(status))
            if response.has_header("Allow"):
                refused["Allow"] = response["Allow"]
            response = refused
        usage = getattr(request, "api_usage", None)
        if usage is not None:
            for name, value in usage.headers.items():
                response[name] = value
        add_never_cache_headers(response)
        return response

    return middleware
