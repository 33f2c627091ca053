"""数据包: an edition for its recipient, made in the background (GOAL-N8)."""

from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_http_methods

from portal.access import allow
from portal.requests import SignedInRequest
from portal.roles import Role
from review.exports.answers import answer
from review.models import Edition
from review.packages.forms import PackageForm
from review.packages.tables import persons_of, tables_of


@require_http_methods(["GET", "POST"])
@allow(Role.CMDA)
def package(request: SignedInRequest, pk: int) -> HttpResponseBase:
    """What the package of an edition holds; with the persons only for a purpose."""
    edition = get_object_or_404(Edition, pk=pk)
    form = PackageForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        asked = {"edition": str(edition.pk)}
        if form.cleaned_data.pop("photos"):
            asked["photos"] = "1"
        form.cleaned_data["file_format"] = "zip"
        return answer(request, "edition_package", asked, form)
    return _page(request, edition, form)


def _page(request: SignedInRequest, edition: Edition, form: PackageForm) -> HttpResponse:
    tables = [*tables_of(edition), persons_of(edition)]
    context = {"edition": edition, "form": form, "tables": tables}
    return render(request, "review/packages/package.html", context)
