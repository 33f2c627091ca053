"""经费核算: the summary, the people behind each figure, the balance, the print, the rules (GOAL-N9)."""

from collections import Counter
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from bases.models import Province
from bases.reveal import may_see
from bases.scope import base_ids, bases_in_view
from portal.access import allow
from portal.requests import SignedInRequest
from portal.roles import Action, Role
from residents.services.states import StateMoved
from review.editions import comparison
from review.exports.answers import answer, export_form, refused, table_answer
from review.exports.forms import ExportForm
from review.figures import official
from review.funding import balance as balances
from review.funding import services
from review.funding.basis import Basis
from review.funding.forms import BasisForm, ExplainForm, RulesForm
from review.funding.summary import (
    NOT_PAID,
    in_full,
    narrowed_people,
    rules_in_words,
    summary,
    verdict_in_words,
)
from review.funding.verdicts import measures
from review.models import BalanceNote, Edition, FundingRules
from review.paging import keyset_page

# Persons of a roster on paper: some thirty sheets.
MOST_PRINTED = 1000
EVERYBODY = (Role.BASE, Role.PROVINCE, Role.CMDA)


def _level(request: SignedInRequest, form: BasisForm) -> str:
    """What the lines are: below the nation provinces, below a province bases, below a base its groups."""
    if form.narrowed.get("base") or (
        request.user.role == Role.BASE and len(base_ids(request.user, Action.VIEW)) == 1
    ):
        return "group"
    return "base" if request.user.role != Role.CMDA or form.narrowed.get("province") else "province"


def _unit(request: SignedInRequest, form: BasisForm) -> str:
    """Whose table it is, in words."""
    asked = form.narrowed
    if base := asked.get("base"):
        return bases_in_view(request.user).get(pk=base).name
    if request.user.role == Role.BASE:
        return "、".join(bases_in_view(request.user).values_list("name", flat=True))
    if request.user.role == Role.CMDA and "province" not in asked:
        return "全国"
    codes = (
        [asked["province"]] if "province" in asked else comparison.within(request.user, {})["province_id__in"]
    )
    return "、".join(Province.objects.filter(pk__in=codes).values_list("name", flat=True))


def _query(form: BasisForm, basis: Basis) -> str:
    return urlencode({**basis.asked, **form.narrowed})


_TABS = {
    "经费汇总": "review:funding",
    "核算花名册": "review:funding-people",
    "人数平衡": "review:funding-balance",
    "本平台口径": "review:funding-rules",
}


def _tabs(request: SignedInRequest, query: str = "") -> list[dict[str, Any]]:
    addresses = {words: reverse(route) for words, route in _TABS.items()}
    return [
        {
            "words": words,
            "address": f"{address}?{query}" if query else address,
            "is_current": request.path == address,
        }
        for words, address in addresses.items()
    ]


def _page(request: SignedInRequest, form: BasisForm) -> dict[str, Any]:
    basis = form.basis
    query = _query(form, basis) if basis else ""
    return {
        "form": form,
        "tabs": _tabs(request, query),
        "basis": basis,
        "unit": _unit(request, form) if basis else "",
        "query": query,
        "not_paid": NOT_PAID,
    }


@require_GET
@allow(*EVERYBODY)
def funding(request: SignedInRequest) -> HttpResponse:
    """经费汇总 (F2) of an edition or as a trial; every figure opens its people."""
    form = BasisForm(request.GET, user=request.user)
    context = _page(request, form)
    if form.computable:
        context |= _summary(request, form, form.computable)
    return render(request, "review/funding/funding.html", context)


def _summary(request: SignedInRequest, form: BasisForm, basis: Basis) -> dict[str, Any]:
    with basis.people(request.user) as found:
        narrowed = narrowed_people(found, basis, form.narrowed)
        return {"table": summary(narrowed, basis, _level(request, form), form.narrowed)}


@require_POST
@allow(*EVERYBODY)
def export(request: SignedInRequest) -> HttpResponseBase:
    """The summary as the workbook that offices know: every line of base, year, specialty and type."""
    form = BasisForm(request.GET, user=request.user)
    basis = form.computable
    if basis is None:
        return _unreadable(request)
    with basis.people(request.user) as found:
        table = in_full(narrowed_people(found, basis, form.narrowed), basis)
    content = official(
        table, unit=_unit(request, form), by=request.user, remarks=[f"{NOT_PAID}；金额单位：元"]
    )
    return table_answer(request, content, table.title, {**basis.asked, **form.narrowed}, len(table.lines))


def _unreadable(request: SignedInRequest) -> HttpResponse:
    messages.error(request, "条件无法识别，或还没有设定口径、没有选择省份，请重新选择。")
    return redirect(f"{reverse('review:funding')}?{request.GET.urlencode()}")


@require_GET
@allow(*EVERYBODY)
def people(request: SignedInRequest) -> HttpResponse:
    """核算花名册 (F1): the people behind a figure, each with 计入 or the reason why not."""
    form = BasisForm(request.GET, user=request.user)
    context, basis = _page(request, form), form.computable
    if basis:
        with basis.people(request.user) as found:
            page = keyset_page(_listed(form, basis, found), request.GET, most_counted=None)
        context |= _roster(form, basis, page.rows) | {
            "page": page,
            "may_print": page.count <= MOST_PRINTED,
            "export_form": export_form(request),
            "may_unmask": may_see(request.user) and basis.edition is not None,
        }
    return render(request, "review/funding/people.html", context)


def _listed(form: BasisForm, basis: Basis, found: QuerySet) -> QuerySet:
    where = {**form.narrowed, "column": form.chosen_column}
    return comparison.for_list(narrowed_people(found, basis, where))


def _roster(form: BasisForm, basis: Basis, rows: list[Any]) -> dict[str, Any]:
    """What a page or print of the roster says of these people, each with its verdict."""
    for row in rows:
        row.verdict = verdict_in_words(row.reason)
        row.is_short = row.specialty_id in basis.rules.shortage
    column = form.chosen_column
    return {"rows": rows, "column_in_words": measures(basis.rules)[column][0] if column else "全部"}


@require_GET
@allow(*EVERYBODY)
def people_printed(request: SignedInRequest) -> HttpResponse:
    """核算花名册 (F1) on paper, with the place for signatures; a longer one is printed from its file."""
    form = BasisForm(request.GET, user=request.user)
    context, basis = _page(request, form), form.computable
    if basis:
        with basis.people(request.user) as found:
            listed = _listed(form, basis, found).order_by("base__code", "intake_year", "specialty_id", "pk")
            rows = list(listed[: MOST_PRINTED + 1])
        if len(rows) > MOST_PRINTED:
            messages.warning(request, f"超过 {MOST_PRINTED} 人，请先选择培训基地，或导出后打印。")
            return redirect(f"{reverse('review:funding-people')}?{request.GET.urlencode()}")
        context |= _roster(form, basis, rows)
    return render(request, "review/funding/people_print.html", context)


@require_POST
@allow(*EVERYBODY)
def people_export(request: SignedInRequest) -> HttpResponseBase:
    form, asked = BasisForm(request.GET, user=request.user), ExportForm(request.POST)
    basis = form.computable
    if basis is None:
        return _unreadable(request)
    if asked.is_valid() and asked.cleaned_data["unmasked"] and not basis.edition:
        asked.add_error("unmasked", "试算的名单只能隐去号码导出；完整号码请在年度版的名单中导出。")
    if not asked.is_valid():
        return refused(request, asked, reverse("review:funding-people"))
    what = {**basis.asked, **form.narrowed, "column": form.chosen_column}
    return answer(request, "funding_roster", what, asked)


# --- 人数平衡 ------------------------------------------------------------------------------------------------------


@require_GET
@allow(*EVERYBODY)
def balance(request: SignedInRequest) -> HttpResponse:
    """人数平衡 (F3): from the edition before to this one or to a trial, base by base."""
    form = BasisForm(request.GET, user=request.user)
    context = _page(request, form)
    if form.computable:
        context |= _balance(request, form, form.computable)
    return render(request, "review/funding/balance.html", context)


def _balance(request: SignedInRequest, form: BasisForm, basis: Basis) -> dict[str, Any]:
    old = balances.before(basis.edition)
    if old is None:
        return {"is_first": True}
    bases = bases_in_view(request.user).order_by("province_id", "code")
    scope = basis.scope(request.user)
    if province := form.narrowed.get("province"):
        bases, scope = bases.filter(province=province), scope | {"province_id": province}
    if base := form.narrowed.get("base"):
        bases, scope = bases.filter(pk=base), scope | {"base_id": base}
    names = dict(bases.values_list("pk", "name"))
    address = f"{reverse('review:funding-balance-people')}?{_query(form, basis)}"
    with basis.everybody(request.user) as found:
        counts = balances.Balance(old, found).by_base(scope)
    return {
        "old": old,
        "table": balances.table(counts, names, address),
        "notes": _explanations(request, basis, names, counts),
        "may_explain": request.user.role == Role.BASE and basis.edition is not None,
        "explain_form": ExplainForm(),
    }


def _explanations(
    request: SignedInRequest, basis: Basis, names: dict[int, str], counts: dict[int, Counter[str]]
) -> list[dict[str, Any]]:
    """What was said of the differences of an edition, and those that are open."""
    if basis.edition is None:
        return []
    found = {base: each[balances.UNEXPLAINED] for base, each in counts.items()}
    notes: dict[int, list[BalanceNote]] = {}
    for note in basis.edition.balance_notes.filter(base__in=names).select_related("by"):
        notes.setdefault(note.base_id, []).append(note)
    own = base_ids(request.user, Action.REPORT) if request.user.role == Role.BASE else []
    return [
        {
            "base": base,
            "name": name,
            "difference": found.get(base, 0),
            "notes": notes.get(base, []),
            # Where the base itself explains it.
            "address": reverse("review:funding-explain", args=[basis.edition.pk, base])
            if base in own
            else "",
        }
        for base, name in names.items()
        if found.get(base) or base in notes
    ]


@require_GET
@allow(*EVERYBODY)
def balance_people(request: SignedInRequest) -> HttpResponse:
    """The people behind one figure of the balance."""
    form = BasisForm(request.GET, user=request.user)
    context, basis = _page(request, form), form.computable
    old = balances.before(basis.edition) if basis else None
    if basis and old:
        kind = form.cleaned_data.get("kind") or balances.CLOSING
        narrowed = {key: value for key, value in form.narrowed.items() if key in ("province", "base")}
        with basis.everybody(request.user) as found:
            people = balances.Balance(old, found).people(kind)
            people = people.filter(**basis.scope(request.user))
            people = people.filter(**{f"{key}_id": value for key, value in narrowed.items()})
            page = keyset_page(comparison.for_list(people), request.GET, most_counted=None)
        context |= {"page": page, "kind_in_words": balances.COLUMNS[kind], "old": old}
    return render(request, "review/funding/balance_people.html", context)


@require_POST
@allow(Role.BASE)
def explain(request: SignedInRequest, pk: int, base_pk: int) -> HttpResponse:
    """差额说明 of one's own base."""
    base = get_object_or_404(bases_in_view(request.user), pk=base_pk)
    edition = get_object_or_404(Edition.objects.select_related("order"), pk=pk)
    if base.pk not in base_ids(request.user, Action.REPORT):
        raise PermissionDenied
    form = ExplainForm(request.POST)
    open_ones = balances.differences(edition, {"base_id": base.pk})
    if base.pk not in open_ones:
        messages.error(request, "本基地在这一版中没有差额，不用说明。")
    elif not form.is_valid():
        messages.error(request, f"没有登记：{form.errors['text'][0]}")
    else:
        text = form.cleaned_data["text"]
        services.explain(edition, base, difference=open_ones[base.pk], text=text, by=request.user)
        messages.success(request, "差额说明已登记。")
    return redirect(f"{reverse('review:funding-balance')}?{urlencode({'edition': pk, 'base': base_pk})}")


# --- print, rules --------------------------------------------------------------------------------------------------


@require_GET
@allow(*EVERYBODY)
def printed(request: SignedInRequest) -> HttpResponse:
    """Summary and balance of a unit on paper, with the place for signatures."""
    form = BasisForm(request.GET, user=request.user)
    context, basis = _page(request, form), form.computable
    if basis:
        context |= _summary(request, form, basis) | {"balance": _balance(request, form, basis)}
    return render(request, "review/funding/print.html", context)


@require_GET
@allow(*EVERYBODY)
def rules(request: SignedInRequest) -> HttpResponse:
    """本平台口径: every version, the newest first."""
    found = list(FundingRules.objects.select_related("made_by"))
    context = {
        "tabs": _tabs(request),
        "versions": [(each, rules_in_words(each)) for each in found],
        "may_rule": request.user.role == Role.CMDA,
    }
    return render(request, "review/funding/rules.html", context)


@require_http_methods(["GET", "POST"])
@allow(Role.CMDA)
def rules_new(request: SignedInRequest) -> HttpResponse:
    """The next version of a year's rules; what was made by an older one stays as it is."""
    form = RulesForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            made = services.save_rules(form.cleaned_data, by=request.user)
        except StateMoved as moved:
            form.add_error(None, str(moved))
        else:
            messages.success(request, f"已保存 {made}。")
            return redirect("review:funding-rules")
    return render(request, "review/funding/rules_form.html", {"form": form})
