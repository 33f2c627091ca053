"""The association edits the code lists of medium trust and the shapes of certificate numbers (docs/codes.md#edited)."""

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from bases.models import Province
from portal.access import allow
from portal.form_words import UNCHANGED
from portal.requests import SignedInRequest
from portal.roles import Role
from residents.codes import CODE_LISTS
from residents.codes.number_shapes import NUMBER_SHAPES, Shape
from residents.models import CodeEntry, NumberShape
from residents.services.code_lists import EDITABLE, Editable, ListRefused, load
from residents.services.refusals import EditConflict
from review.code_lists import editing
from review.code_lists.forms import CodeForm, ShapeForm, ShapeStateForm, show_faults
from review.code_lists.sources import shown_lists


@require_GET
@allow(Role.CMDA)
def code_list(request: SignedInRequest, name: str) -> HttpResponse:
    """The codes of one editable list, how many records use each, and every change so far."""
    editable = _editable(name)
    shown = {
        "name": name,
        "title": CODE_LISTS[name].title,
        "editable": editable,
        "rows": editing.rows(name),
        "history": editing.history(name),
    }
    return render(request, "review/code_lists/code_list.html", shown)


@require_http_methods(["GET", "POST"])
@allow(Role.CMDA)
def code(request: SignedInRequest, name: str, code: str | None = None) -> HttpResponse:
    """Add a code, or rename, withdraw and restore one; with how many records hold it."""
    listed, editable = CODE_LISTS[_editable(name).lists[0]], EDITABLE[name]
    if not editable.may_add if code is None else code not in listed.items or not editable.may_rename(code):
        raise Http404
    form = CodeForm(request.POST or None, name=name, given_code=code, initial=_initial(name, code))
    if request.method == "POST" and form.is_valid() and _saved(request, form, name, code):
        return redirect("review:code-list", name)
    shown = {
        "name": name,
        "title": listed.title,
        "code": code,
        "label": listed.label(code),
        "is_fixed": code in editable.fixed,
        "is_province": name == "province",
        "uses": editing.uses_of(name, code) if code else 0,
        "form": form,
    }
    return render(request, "review/code_lists/code.html", shown)


def _editable(name: str) -> Editable:
    if name not in EDITABLE:
        raise Http404
    load()
    return EDITABLE[name]


def _initial(name: str, code: str | None) -> dict:
    if code is None:
        return {"is_offered": True}
    listed = CODE_LISTS[EDITABLE[name].lists[0]]
    entry = CodeEntry.objects.filter(list_name=name, code=code).first()
    initial = {
        "label": listed.label(code),
        "synonyms": "\n".join(entry.synonyms if entry else []),
        "is_offered": code in listed.offered,
        "version": entry.version if entry else 0,
    }
    if name == "province":
        initial["short_name"] = Province.objects.values_list("short_name", flat=True).get(pk=code)
    return initial


def _saved(request: SignedInRequest, form: CodeForm, name: str, code: str | None) -> bool:
    """Whether the form is done with, the change written if there is one; otherwise the form says why not."""
    if code is not None and not set(form.changed_data) - {"reason"}:
        messages.info(request, UNCHANGED)
        return True
    values = form.values
    chosen, version = (values["code"], None) if code is None else (code, values["version"] or 0)
    try:
        said = editing.save_code(name, chosen, values, by=request.user, expected_version=version)
    except ListRefused as refusal:
        show_faults(form, refusal)
        return False
    except EditConflict:
        form.add_error(
            None, "您打开页面之后，这个代码已被他人修改，您的修改没有保存。请从列表重新打开后再改。"
        )
        return False
    messages.success(request, f"已保存“{said}”，几秒内在全部页面、模板和接口生效。")
    return True


@require_http_methods(["GET", "POST"])
@allow(Role.CMDA)
def number_shapes(request: SignedInRequest) -> HttpResponse:
    """Which shapes of diploma and degree numbers are taken without a warning; one more can be added."""
    form = ShapeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            said = editing.add_shape(
                form.cleaned_data["field"],
                form.shape,
                reason=form.cleaned_data["reason"],
                by=request.user,
            )
        except ListRefused as refusal:
            show_faults(form, refusal)
        else:
            messages.success(request, f"已保存“{said}”。")
            return redirect("review:number-shapes")
    added = [(entry, _shape(entry)) for entry in NumberShape.objects.order_by("pk")]
    groups = [
        (shapes.title, shapes.built_in, [(entry, shape) for entry, shape in added if entry.field == field])
        for field, shapes in NUMBER_SHAPES.items()
    ]
    shown = {"form": form, "groups": groups, "history": editing.shape_history()}
    return render(request, "review/code_lists/number_shapes.html", shown)


@require_http_methods(["GET", "POST"])
@allow(Role.CMDA)
def number_shape(request: SignedInRequest, pk: int) -> HttpResponse:
    """Withdraw an added shape, or restore it."""
    entry = get_object_or_404(NumberShape, pk=pk)
    initial = {"version": entry.version, "is_accepted": not entry.is_accepted}
    form = ShapeStateForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            said = editing.accept_shape(
                pk,
                is_accepted=form.cleaned_data["is_accepted"],
                reason=form.cleaned_data["reason"],
                by=request.user,
                expected_version=form.cleaned_data["version"],
            )
        except EditConflict:
            form.add_error(None, "您打开页面之后，这个形式已被他人修改。请从列表重新打开后再改。")
        else:
            messages.success(request, f"已保存“{said}”。")
            return redirect("review:number-shapes")
    title = NUMBER_SHAPES[entry.field].title
    return render(
        request,
        "review/code_lists/number_shape.html",
        {"entry": entry, "title": title, "shape": _shape(entry), "form": form},
    )


def _shape(entry: NumberShape) -> Shape:
    return Shape(tuple(entry.lengths), entry.has_letters, entry.prefix)


@require_GET
@allow(Role.CMDA)
def overview(request: SignedInRequest) -> HttpResponse:
    """Every code list with its items and its source; the yearly ones lead to where they are changed."""
    return render(request, "review/code_lists/code_lists.html", {"lists": shown_lists()})
