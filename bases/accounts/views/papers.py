"""What a base prints of its accounts: slips with one-time codes, and the list itself (BR-51; GOAL-B16; TRUST-09)."""

import base64
from collections.abc import Iterable
from datetime import datetime, timedelta
from urllib.parse import urlencode

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from bases.accounts import services as accounts
from bases.accounts.services import MOST_CODES, AccountState
from bases.accounts.views.accounts import live_record, searched
from bases.lists.selection import ids_in
from bases.models import TrainingBase
from bases.scope import enrollments_for, required_base
from portal import audit
from portal.access import allow
from portal.downloads import workbook_response
from portal.masking import mask
from portal.parameters import is_on, moment, text, texts
from portal.requests import SignedInRequest
from portal.roles import Action, Role
from portal.sheets.streaming import stream_xlsx
from portal.sign_in.services import CODE_DAYS, reset_to_activation
from residents.models import Enrollment
from residents.models.enrollment import LIVE

MOST_PRINTED = 2000
_SLIP_HEADERS = ("姓名", "证件号（账号）", "招收年份", "一次性初始密码", "有效期至")
_ALREADY = (
    "这些初始密码已经发放，并显示过一次，没有再次发放。没有打印或保存的，请重新勾选发放，原来的随即作废。"
)


# --- slips with codes ------------------------------------------------------------------------------------------------


@allow(Role.BASE)
@require_POST
def codes(request: SignedInRequest) -> HttpResponse:
    """Ask first, then make one-time codes and show them in this one response; the same form again makes none."""
    base = required_base(request, Action.RESET_PASSWORD)
    seen = _seen(request)
    found = _chosen(request, base).filter(LIVE, resident__user__activated_at=None)
    records = accounts.next_to_get_codes(found, MOST_CODES)
    if not records:
        messages.warning(request, "所选的账号中没有未激活的账号；已激活的请在账号页面中重置密码。")
        return redirect(_back(request))
    if seen is not None:
        return _slips(request, records, seen)
    now = timezone.now()
    context = {
        "records": records,
        "found": found.count(),
        "chosen": _chosen(request, base).count(),
        "coded": sum(accounts.has_code(each.resident.user) for each in records),
        "ids": ",".join(str(each.pk) for each in records),
        "seen": now.isoformat(),
        "most": MOST_CODES,
        "carried": _carried(request).items(),
        "back": _back(request),
    }
    return render(request, "bases/accounts/codes.html", context)


def _chosen(request: SignedInRequest, base: TrainingBase) -> QuerySet[Enrollment]:
    """The records ticked, or all that the list finds, those whose accounts the user may open."""
    own = enrollments_for(request.user, Action.RESET_PASSWORD).filter(base=base)
    if not is_on(request.POST, "range", "all"):
        return own.filter(pk__in=ids_in(texts(request.POST, "choice")))
    found = accounts.accounts(request.user, base, **searched(request.POST))
    return own.filter(pk__in=found.order_by().values("pk"))


def _seen(request: HttpRequest) -> datetime | None:
    """When the page was made whose button was pressed; None where the question has still to be asked."""
    return moment(request.POST, "seen")


def _carried(request: HttpRequest) -> dict[str, str]:
    """The filters of the list that the account was chosen in."""
    sent = {name: text(request.POST, name, longest=60) for name in ("state", "q", "batch")}
    return {name: value for name, value in sent.items() if value}


def _back(request: HttpRequest) -> str:
    carried = _carried(request)
    return f"{reverse('bases:accounts')}{'?' if carried else ''}{urlencode(carried)}"


@allow(Role.BASE)
@require_POST
def reset(request: SignedInRequest, pk: int) -> HttpResponse:
    """Back to 未激活, all sessions end, a one-time code on paper (BR-51, TRUST-10). Ask first, as for codes."""
    enrollment = live_record(request, pk)
    if enrollment is None:
        return redirect("bases:account", pk)
    seen = _seen(request)
    if seen is None:
        context = {"record": enrollment, "seen": timezone.now().isoformat()}
        return render(request, "bases/accounts/reset.html", context)
    reset_at = enrollment.resident.user.password_reset_at
    if reset_at is None or reset_at < seen:
        reset_to_activation(enrollment.resident.user, by=request.user, request=request)
    return _slips(request, [enrollment], seen)


def _slips(request: SignedInRequest, records: list[Enrollment], seen: datetime) -> HttpResponse:
    slips = accounts.issue_codes(records, by=request.user, request=request, seen=seen)
    if not slips:
        messages.warning(request, _ALREADY)
        return redirect(_back(request))
    context = {
        "slips": slips,
        "passed_over": len(records) - len(slips),
        "days": CODE_DAYS,
        "workbook": _as_workbook(slips),
        "back": _back(request),
    }
    return render(request, "bases/accounts/slips.html", context)


def _as_workbook(slips: Iterable[tuple[Enrollment, str]]) -> str:
    """The slips as .xlsx in base64, part of the page: a second request could not have the codes any more."""
    until = (timezone.localdate() + timedelta(days=CODE_DAYS)).isoformat()
    lines = (
        [each.resident.full_name, mask(each.resident.id_number), each.intake_year, code, until]
        for each, code in slips
    )
    content = b"".join(stream_xlsx(_SLIP_HEADERS, lines, sheet_name="初始密码", widths=[14, 22, 10, 18, 14]))
    return base64.b64encode(content).decode()


# --- the list --------------------------------------------------------------------------------------------------------


@allow(Role.BASE)
@require_GET
def account_sheet(request: SignedInRequest) -> HttpResponse:
    """The accounts under the list's filters on one page to print, without codes (GOAL-B16)."""
    base = required_base(request)
    asked = searched(request.GET)
    found = accounts.accounts(request.user, base, **asked)
    context = {
        "base": base,
        "records": found[:MOST_PRINTED],
        "count": found.count(),
        "most": MOST_PRINTED,
        "state": AccountState(asked["state"]) if asked["state"] in AccountState.values else None,
        "text": asked["text"],
        "today": timezone.localdate(),
    }
    return render(request, "bases/accounts/sheet.html", context)


@allow(Role.BASE)
@require_POST
def account_export(request: SignedInRequest) -> HttpResponse:
    """Exactly the list seen, as .xlsx; numbers are masked as they are there (GOAL-B16, TRUST-51)."""
    base = required_base(request)
    asked = searched(request.POST)
    found = accounts.accounts(request.user, base, **asked)
    content = b"".join(
        stream_xlsx(
            accounts.EXPORT_HEADERS,
            accounts.export_lines(found),
            sheet_name="账号名单",
            widths=[14, 22, 16, 10, 10, 12, 18, 18],
        )
    )
    about = {"kind": "accounts", "state": asked["state"][:20]}
    audit.record("export", by=request.user, target=base, request=request, **about)
    return workbook_response(content, f"{base.name}账号名单-{timezone.localdate():%Y%m%d}.xlsx")
