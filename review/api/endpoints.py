"""The interface of /api/v1/: routes only; each names what its key must be allowed to do."""

from collections.abc import Callable
from typing import Annotated

from django.http import HttpRequest, HttpResponse
from ninja import Header, NinjaAPI, Query

from residents.catalogue.catalogue import quoted
from review.api import feed, reference
from review.api.deliveries import once
from review.api.intake import remove, take
from review.api.keys import KeyAuth, KeyRequest, Scope
from review.api.problems import ProblemDetail, Refusal, handle_exceptions
from review.api.schema import (
    Bases,
    CodeLists,
    Delivery,
    DeliveryAnswer,
    Removals,
    RemovalsAnswer,
    Results,
    Specialties,
)

PATH = "/api/v1/"
_REFUSALS = {401: ProblemDetail, 403: ProblemDetail, 429: ProblemDetail, 500: ProblemDetail}

api = NinjaAPI(
    title="住院医师信息采集平台 招收结果接口",
    version="1.0.0",
    description="省级平台传送住院医师招收结果、查询审核进展、获取基础数据。",
    urls_namespace="api",
    docs_url=None,
    openapi_url=None,
    auth=KeyAuth(),
)
handle_exceptions(api)

IdempotencyKey = Annotated[
    str,
    Header(
        alias="Idempotency-Key",
        description="每批一个不重复的值（如 UUID），重试时保持不变；保存72小时。",
        min_length=8,
        max_length=80,
        pattern=r"^[A-Za-z0-9._:-]*$",
    ),
]

IntakeYear = Annotated[
    int | None,
    Query(
        title="招收年份",
        description="不填为现在开放传送的年份（同时开放几个年份的，较早的）。",
        ge=2000,
        le=2100,
    ),
]


@api.post(
    "/recruitments",
    url_name="recruitments",
    operation_id="deliver_recruitments",
    summary="传送一批招收结果",
    tags=["招收结果"],
    auth=KeyAuth(Scope.DELIVER),
    response={
        200: DeliveryAnswer,
        400: ProblemDetail,
        409: ProblemDetail,
        413: ProblemDetail,
        422: ProblemDetail,
        503: ProblemDetail,
        **_REFUSALS,
    },
)
def deliver_recruitments(
    request: KeyRequest,
    delivery: Delivery,
    idempotency_key: IdempotencyKey,
) -> HttpResponse:
    """一次最多1000条。逐条返回结果：好的写入，有误的说明原因；重复的给出已有记录的编号。

    网络中断后用同一个 Idempotency-Key 重试，不会重复写入，返回与第一次完全相同的结果。
    """
    return _answered(
        request,
        idempotency_key,
        lambda: take(request.auth, delivery.records, dry_run=delivery.dry_run, whole=delivery.all_or_nothing),
    )


def _answered(request: KeyRequest, key: str, work: Callable[[], dict]) -> HttpResponse:
    """The answer to a batch, the same one to every request with this key."""
    answer, is_stored = once(request.auth, key, request.body, work)
    response = HttpResponse(answer, content_type="application/json; charset=utf-8")
    if is_stored:
        response["Idempotent-Replayed"] = "true"
    return response


@api.post(
    "/removals",
    url_name="removals",
    operation_id="remove_recruitments",
    summary="删除已传送的招收结果",
    tags=["招收结果"],
    auth=KeyAuth(Scope.DELIVER),
    response={
        200: RemovalsAnswer,
        400: ProblemDetail,
        409: ProblemDetail,
        413: ProblemDetail,
        422: ProblemDetail,
        503: ProblemDetail,
        **_REFUSALS,
    },
)
def remove_recruitments(
    request: KeyRequest, batch: Removals, idempotency_key: IdempotencyKey
) -> HttpResponse:
    """录错、未报到或放弃培训、转到其他基地的，在审核通过以前删除，逐条返回结果。

    删除后此人随即可以由其他培训基地导入；等待审核的传送同时撤回。已审核通过的在住院医师信息管理中退培。
    """
    return _answered(request, idempotency_key, lambda: remove(request.auth, batch.removals))


@api.get(
    "/results",
    url_name="results",
    operation_id="list_results",
    summary="查询审核进展",
    tags=["审核进展"],
    auth=KeyAuth(Scope.RESULTS),
    response={200: Results, 422: ProblemDetail, **_REFUSALS},
)
def list_results(
    request: KeyRequest,
    cursor: Annotated[
        str,
        Query(
            title="位置",
            description="上次返回的 next_cursor；第一次查询不填。",
            pattern=r"^[0-9]{1,18}$",
        ),
    ] = "0",
    limit: Annotated[
        int,
        Query(title="条数", description="一次最多返回的条数，不填为100，最多500。", ge=1, le=feed.MOST_ITEMS),
    ] = 100,
) -> dict:
    """按固定顺序返回 cursor 之后的进展：接收、更正、审核通过、退回修改、撤销。没有新进展时 items 为空。"""
    # A misspelt cursor would silently begin anew.
    _refuse_unknown(request, {"cursor", "limit"})
    return feed.results(request.auth, int(cursor), limit)


def _refuse_unknown(request: HttpRequest, known: set[str]) -> None:
    errors = [
        {"pointer": quoted(name), "text": "没有这个查询参数。"} for name in request.GET if name not in known
    ]
    if errors:
        raise Refusal(422, "malformed", "请求不符合接口格式", "请按下列各项改正后重试。", errors=errors)


@api.get(
    "/reference/bases",
    url_name="bases",
    operation_id="list_bases",
    summary="本省培训基地",
    tags=["基础数据"],
    response={200: Bases, 404: ProblemDetail, 422: ProblemDetail, **_REFUSALS},
)
def list_bases(request: KeyRequest, intake_year: IntakeYear = None) -> dict:
    """本省在用的培训基地及其在该招收年份可招收的专业。"""
    _refuse_unknown(request, {"intake_year"})
    return reference.bases(request.auth.province_id, intake_year)


@api.get(
    "/reference/specialties",
    url_name="specialties",
    operation_id="list_specialties",
    summary="培训专业",
    tags=["基础数据"],
    response={200: Specialties, 404: ProblemDetail, 422: ProblemDetail, **_REFUSALS},
)
def list_specialties(request: KeyRequest, intake_year: IntakeYear = None) -> dict:
    """全国培训专业目录，及其在该招收年份是否招收。"""
    _refuse_unknown(request, {"intake_year"})
    return reference.specialties(request.auth.province_id, intake_year)


@api.get(
    "/reference/codes",
    url_name="codes",
    operation_id="list_codes",
    summary="代码表",
    tags=["基础数据"],
    response={200: CodeLists, **_REFUSALS},
)
def list_codes(request: HttpRequest) -> dict:
    """传送时用到的全部代码表。"""
    return reference.code_lists()
