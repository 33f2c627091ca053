"""身份核实, the deciding side: the province confirms, the association corrects, frees or refuses (AM-35)."""

from collections.abc import Callable
from typing import cast

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import FileResponse, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from bases.identity_checks import services
from bases.models import IdentityCheck
from bases.reveal import asked_in_full, may_see, show_file
from bases.submissions.evidence import evidence_response
from portal.access import allow
from portal.parameters import choice, whole_number
from portal.requests import SignedInRequest
from portal.roles import Action, Role
from residents.services.states import StateMoved

PAGE_SIZE = 50
State = IdentityCheck.State
# With whom a question waits while it is whose turn.
TURN: dict[str, State] = {Role.PROVINCE: State.WITH_PROVINCE, Role.CMDA: State.WITH_CMDA}
# What each desk can do with it: (form value, button, act).
ACTS: dict[str, dict[str, tuple[str, Callable[..., None]]]] = {
    Role.PROVINCE: {
        "confirm": ("核实无误，报中国医师协会", services.confirm),
        "refuse": ("退回，不通过", services.refuse),
    },
    Role.CMDA: {
        "correct": ("是同一人：按本次填写的更正原有登记", services.correct_known),
        "free": ("不是同一人：原登记的证件号有误，释放此证件号", services.free),
        "refuse": ("退回，不通过", services.refuse),
    },
}


class DecisionForm(forms.Form):
    """One of the acts of the desk, and the words that a refusal needs."""

    act = forms.ChoiceField(
        label="处理", widget=forms.RadioSelect, error_messages={"required": "请选择如何处理。"}
    )
    comment = forms.CharField(
        label="说明",
        max_length=500,
        required=False,
        widget=forms.Textarea({"rows": 2}),
        help_text="退回时必填，培训基地会看到。",
    )

    def __init__(self, *args: object, role: str, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        choices = [(act, words) for act, (words, _) in ACTS[role].items()]
        cast(forms.ChoiceField, self.fields["act"]).choices = choices

    def clean(self) -> dict[str, str]:
        super().clean()
        values = self.cleaned_data
        if values.get("act") == "refuse" and not values.get("comment", "").strip():
            self.add_error("comment", "请填写退回的理由，培训基地会看到。")
        return values


@require_GET
@allow(Role.PROVINCE, Role.CMDA)
def check_list(request: SignedInRequest) -> HttpResponse:
    """身份核实: the questions that wait for this desk, the oldest first; all of them on demand."""
    found = services.in_view(request.user)
    shown = choice(request.GET, "state", ("all",), "waiting")
    if shown == "waiting":
        found = found.filter(state=TURN[request.user.role])
    page = Paginator(found, PAGE_SIZE).get_page(whole_number(request.GET, "page"))
    return render(request, "review/identity_checks/list.html", {"page": page, "shown": shown})


@require_http_methods(["GET", "POST"])
@allow(Role.PROVINCE, Role.CMDA)
def check(request: SignedInRequest, pk: int) -> HttpResponse:
    """One question. A POST with a purpose shows the number in full for this answer only (TRUST-51)."""
    asked = _seen(request, pk)
    if request.method == "GET":
        return _show(request, asked)
    event = asked_in_full(request, asked, [asked.resident_id], at=asked.base)
    return _show(request, asked, masked=event is None)


@require_POST
@allow(Role.PROVINCE, Role.CMDA)
def decide(request: SignedInRequest, pk: int) -> HttpResponse:
    """What the desk whose turn it is has found."""
    asked = _seen(request, pk)
    if not _may_act(request, asked):
        raise PermissionDenied
    form = DecisionForm(request.POST, role=request.user.role)
    if not form.is_valid():
        return _show(request, asked, form=form)
    words, act = ACTS[request.user.role][form.cleaned_data["act"]]
    try:
        act(pk, by=request.user, comment=form.cleaned_data["comment"])
    except StateMoved as moved:
        messages.error(request, str(moved))
        return redirect("review:identity-check", pk)
    messages.success(request, f"已办理：{words}。")
    return redirect("review:identity-checks")


@require_GET
@allow(Role.PROVINCE, Role.CMDA)
def check_file(request: SignedInRequest, pk: int) -> FileResponse:
    """The base's evidence; each look is written to the audit log (TRUST-51)."""
    asked = _seen(request, pk)
    return show_file(
        lambda: evidence_response(asked.evidence.name, "证明材料"),
        request,
        asked,
        [asked.resident_id],
        at=asked.base,
        file="identity_check.evidence",
    )


def _seen(request: SignedInRequest, pk: int) -> IdentityCheck:
    return get_object_or_404(services.in_view(request.user), pk=pk)


def _may_act(request: SignedInRequest, asked: IdentityCheck) -> bool:
    if request.user.role == Role.CMDA:
        return True
    return services.in_view(request.user, Action.REVIEW).filter(pk=asked.pk).exists()


def _show(
    request: SignedInRequest, asked: IdentityCheck, *, masked: bool = True, form: DecisionForm | None = None
) -> HttpResponse:
    page = {
        "asked": asked,
        "masked": masked,
        "may_unmask": may_see(request.user, asked.base),
        "may_decide": asked.state == TURN[request.user.role] and _may_act(request, asked),
        # The known person is the association's to see (AM-35).
        "knows_both": request.user.role == Role.CMDA,
        "form": form or DecisionForm(role=request.user.role),
    }
    status = 422 if form is not None else 200
    return render(request, "review/identity_checks/check.html", page, status=status)
