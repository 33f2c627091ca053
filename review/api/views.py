"""The page of the interface and its schema, open to everybody: a province's engineers have no account here."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET

from portal.access import open_to_all
from review.api.documentation import page, schema
from review.api.problems import answer, general


@require_GET
@open_to_all
def documentation(request: HttpRequest) -> HttpResponse:
    """接口文档: every operation, field and problem in words, with examples."""
    origin = request.build_absolute_uri("/").rstrip("/")
    return render(request, "review/api/documentation.html", page() | {"origin": origin})


@require_GET
@open_to_all
def openapi(request: HttpRequest) -> JsonResponse:
    """The OpenAPI schema, for generating clients."""
    return JsonResponse(schema(), json_dumps_params={"ensure_ascii": False, "indent": 1})


@csrf_exempt
@open_to_all
def nothing_here(request: HttpRequest) -> HttpResponse:
    """Unknown addresses are answered in the interface's own form."""
    return answer(request, general(404))
