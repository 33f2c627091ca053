"""上报: the check before it as page, print and file, the report of what is ready, and 撤回上报."""

from collections.abc import Collection
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from bases.extensions.services import extendable
from bases.lists.access import record_for
from bases.lists.place import record_address
from bases.lists.selection import LONGEST_LIST, chosen, ids_in, named, way_back
from bases.report import checklist, withdrawal
from bases.report.checklist import MOST_SHOWN, Findings
from bases.report.services import DECLARATION, DeclarationMissing
from bases.report.unreviewed import unreviewed
from bases.reveal import PurposeForm, hand_out, may_see
from bases.scope import current_base
from portal import deeds
from portal.access import allow
from portal.parameters import is_on, key, text, texts, whole_number
from portal.requests import SignedInRequest
from portal.roles import Action, Role
from portal.sheets.streaming import stream_xlsx
from residents.models import Enrollment
from residents.services.states import StateMoved
from residents.snapshot import for_check

PAGE_SIZE = 100


@allow(Role.BASE)
def report(request: SignedInRequest) -> HttpResponse:
    """上报前检查 of the chosen records as a table, with links to what is missing, and 上报 of those that are ready
    (BR-30, GOAL-B15, GOAL-B18)."""
    if request.method == "GET":
        return _show(request, _found(request))
    insisted = ids_in(texts(request.POST, "untouched"))
    if not is_on(request.POST, "declared", "on"):
        found = _found(request) if _is_kept(request) else _examined(_named(request, "ids", "others"))
        return _show(request, found, error=str(DeclarationMissing()), insisted=insisted)
    if _is_kept(request):
        ids = list(checklist.kept(key(request.GET, "check"), request.user).ready)
    else:
        ids = list(_named(request, "ids").values_list("pk", flat=True))
    asked = {"ids": ids, "untouched": insisted, "back": way_back(request)}
    return deeds.carry_out(request, "report", asked, number=len(ids))


@allow(Role.BASE)
@require_POST
def check(request: SignedInRequest) -> HttpResponse:
    """Have the worker examine what the address chooses, where it is too much for a page (GOAL-B8)."""
    ids = list(_chosen(request).values_list("pk", flat=True))
    if len(ids) <= deeds.MOST_AT_ONCE:
        return redirect(f"{reverse('bases:report')}?{request.GET.urlencode()}")
    return deeds.carry_out(request, checklist.ACT, {"ids": ids, "back": way_back(request)}, number=len(ids))


@allow(Role.BASE)
@require_GET
def sheet(request: SignedInRequest) -> HttpResponse:
    """The table on paper, with the declaration and lines to sign on below it (GOAL-B18)."""
    found = _found(request)
    if found is None:
        return redirect(f"{reverse('bases:report')}?{request.GET.urlencode()}")
    rows = checklist.in_order(found, checklist.sort_of(request.GET))
    context = {
        "base": current_base(request),
        "headers": checklist.HEADERS,
        "lines": [checklist.line(row, found) for row in rows],
        "declaration": DECLARATION,
        "back": f"{reverse('bases:report')}?{request.GET.urlencode()}",
        "now": timezone.now(),
    }
    return render(request, "bases/report/sheet.html", context)


@allow(Role.BASE)
@require_POST
def export(request: SignedInRequest) -> HttpResponse:
    """The table as .xlsx: masked, or in full for a purpose that is logged with the persons (TRUST-51)."""
    found = _found(request)
    if found is None:
        return redirect(f"{reverse('bases:report')}?{request.GET.urlencode()}")
    is_full, form = is_on(request.POST, "unmasked", "on"), PurposeForm(request.POST)
    if is_full and not form.is_valid():
        messages.error(request, str(form.errors["purpose"][0]))
        return redirect(f"{reverse('bases:report')}?{request.GET.urlencode()}")
    rows = list(checklist.in_order(found, checklist.sort_of(request.GET)))
    lines: list[list] = [checklist.line(row, found, masked=not is_full) for row in rows]
    signs = ["负责人签名：", "", "", "日期："]
    lines += [[], [DECLARATION], [], signs]
    content = b"".join(
        stream_xlsx(checklist.HEADERS, lines, sheet_name="上报前检查", widths=checklist.WIDTHS)
    )
    return hand_out(
        request,
        content,
        [row.resident_id for row in rows],
        at=current_base(request),
        kind="report_check",
        title="上报前检查",
        purpose=form.cleaned_data["purpose"] if is_full else "",
    )


def _is_kept(request: HttpRequest) -> bool:
    """Whether the page is about what the worker found."""
    return "check" in request.GET


def _found(request: SignedInRequest) -> Findings | None:
    """What is found of the records that the address chooses; None where they are too many for a page and the worker
    has not been asked."""
    if _is_kept(request):
        return checklist.kept(key(request.GET, "check"), request.user)
    return _examined(_chosen(request))


def _chosen(request: SignedInRequest) -> QuerySet[Enrollment]:
    return chosen(request.GET, request.user, current_base(request), Action.REPORT)


def _named(request: SignedInRequest, *names: str) -> QuerySet[Enrollment]:
    """What the page that was sent had shown."""
    lists = [text(request.POST, name, longest=LONGEST_LIST) for name in names]
    return named(lists, request.user, Action.REPORT)


def _examined(records: QuerySet[Enrollment]) -> Findings | None:
    if records.count() > deeds.MOST_AT_ONCE:
        return None
    return checklist.findings(for_check(records).order_by("pk"))


def _show(
    request: SignedInRequest, found: Findings | None, *, error: str = "", insisted: Collection[int] = ()
) -> HttpResponse:
    context: dict[str, Any] = {"back": way_back(request), "query": request.GET.urlencode()}
    status = 422 if error else 200
    if found is None:
        many = context | {"count": _chosen(request).count()}
        return render(request, "bases/report/many.html", many, status=status)
    sort = checklist.sort_of(request.GET)
    page = Paginator(checklist.in_order(found, sort), PAGE_SIZE).get_page(whole_number(request.GET, "page"))
    shown = [*list(found.blocked)[:MOST_SHOWN], *found.untouched[:MOST_SHOWN]]
    rows = Enrollment.objects.select_related("resident", "specialty").in_bulk(shown)
    to_report = Enrollment.objects.filter(pk__in=found.ready).select_related("base__province")
    context |= {
        "page": page,
        "ready": list(page),
        "lines": [(row, checklist.line(row, found)[2:]) for row in page],
        "heads": checklist.heads(sort),
        "ready_count": len(found.ready),
        "unreviewed": unreviewed(to_report),
        "warned_count": sum(bool(words) for words in found.ready.values()),
        "untouched": [rows[pk] for pk in found.untouched[:MOST_SHOWN] if pk in rows],
        "untouched_count": len(found.untouched),
        "ready_ids": "" if _is_kept(request) else ",".join(map(str, found.ready)),
        "other_ids": "" if _is_kept(request) else ",".join(map(str, [*found.blocked, *found.already])),
        "already": found.already,
        "blocked": [(rows[pk], why) for pk, why in list(found.blocked.items())[:MOST_SHOWN] if pk in rows],
        "blocked_count": len(found.blocked),
        "extendable": _extendable(request, found, rows),
        "may_unmask": may_see(request.user, current_base(request)),
        "declaration": DECLARATION,
        "error": error,
        "insisted": insisted,
    }
    return render(request, "bases/report/report.html", context, status=status)


def _extendable(request: SignedInRequest, found: Findings, rows: dict[int, Enrollment]) -> set[int]:
    """Of those whom a closed step stops the ones for whom this reader may ask for more time."""
    closed = [
        rows[pk]
        for pk, why in found.blocked.items()
        if pk in rows and any(each.kind == "closed" for each in why)
    ]
    base = current_base(request, Action.REPORT)
    if base is None or not closed:
        return set()
    return extendable(base, closed)


@allow(Role.BASE)
@require_POST
def withdraw(request: SignedInRequest, pk: int) -> HttpResponse:
    """撤回上报 while the province has not decided (AM-15)."""
    enrollment = record_for(request.user, pk, Action.REPORT)
    try:
        withdrawal.withdraw(enrollment.pk, by=request.user)
    except StateMoved as moved:
        messages.error(request, str(moved))
    else:
        messages.success(request, f"已撤回“{enrollment.resident.full_name}”的上报，修改后请再次上报。")
    return redirect(record_address(request, enrollment.pk))
