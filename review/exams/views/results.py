"""Results of a session by workbook: the filled template, the upload, taking a file back; the photos."""

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from bases.imports.access import batch_for
from bases.imports.batch import BatchMoved, State
from bases.imports.forms import UploadForm
from bases.models import ImportBatch
from bases.reveal import reveal
from portal.access import allow
from portal.downloads import workbook_response
from portal.requests import SignedInRequest
from portal.roles import Role
from residents.services.states import StateMoved
from review.exams import results, undo
from review.exams.forms import PhotoForm
from review.exams.kind import RESULTS, upload
from review.exams.views.sessions import session_of, session_to_act
from review.exports.answers import answer
from review.models import ExamEntry


@require_POST
@allow(Role.PROVINCE)
def template(request: SignedInRequest, pk: int) -> HttpResponse:
    """The template with the roster in it; it holds full numbers and so passes their gate."""
    session = session_to_act(request, pk)
    entries = ExamEntry.objects.filter(session=session, accepted_at__isnull=False)
    entries = entries.select_related("enrollment__resident").order_by("enrollment__base__code", "pk")
    reveal(
        "export",
        entries.values_list("enrollment__resident_id", flat=True),
        by=request.user,
        at=session.province,
        target=session,
        purpose="填写并导回结业考核成绩",
        request=request,
        masked=False,
    )
    return workbook_response(results.template(entries), f"结业考核成绩模板（{session.name}）.xlsx")


@require_http_methods(["GET", "POST"])
@allow(Role.PROVINCE)
def results_upload(request: SignedInRequest, pk: int) -> HttpResponse:
    """The filled workbook; what is in it is judged by the worker and shown before anything is written."""
    session = session_to_act(request, pk)
    sent = (request.POST, request.FILES) if request.method == "POST" else ()
    form = UploadForm(*sent, template=RESULTS.template_title)
    if request.method == "POST" and form.is_valid():
        token = form.cleaned_data["token"]
        try:
            batch = upload(session, form.cleaned_data["file"], token=token, by=request.user)
        except StateMoved as moved:
            form.add_error(None, str(moved))
        else:
            return redirect("bases:import-batch", batch.pk)
    context = {"session": session, "form": form, "notes": results.NOTES}
    return render(request, "review/exams/upload.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "POST"])
@allow(Role.PROVINCE)
def undo_results(request: SignedInRequest, pk: int) -> HttpResponse:
    """What taking a file back would do, named person by person; then does it."""
    batch = batch_for(request.user, pk)
    if batch.kind != ImportBatch.Kind.EXAM_RESULTS or batch.state != State.APPLIED:
        messages.error(request, f"这批数据现在是“{batch.get_state_display()}”，不能撤销。")
        return redirect("bases:import-batch", pk)
    if request.method == "POST":
        try:
            plan = undo.undo(batch.pk, by=request.user)
        except BatchMoved as moved:
            messages.error(request, str(moved))
        else:
            messages.success(request, f"已撤销 {len(plan.going)} 人的成绩，保留 {len(plan.kept)} 人。")
        return redirect("bases:import-batch", pk)
    return render(request, "review/exams/undo.html", {"batch": batch, "plan": undo.plan_of(batch)})


@require_POST
@allow(Role.PROVINCE)
def photos(request: SignedInRequest, pk: int) -> HttpResponseBase:
    """照片包, made by the worker; it names people by their numbers and so leaves for a purpose only."""
    session = session_of(request, pk)
    form = PhotoForm(request.POST)
    if not form.is_valid():
        messages.error(request, str(form.errors["purpose"][0]))
        return redirect("review:exam", pk)
    form.cleaned_data |= {"file_format": "zip", "unmasked": True}
    return answer(request, "exam_photos", {"session": str(session.pk)}, form)
