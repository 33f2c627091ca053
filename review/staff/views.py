"""工作人员: who works for an organisation and with what right, new people, their codes and second factors."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from bases import staff as services
from bases.lists.take_home import Column, take_home
from bases.models import SpecialtyBase, TrainingBase
from bases.scope import base_ids, bases_for, provinces_for
from portal.access import allow
from portal.models import User
from portal.parameters import choice, is_on, number_of, text
from portal.requests import SignedInRequest
from portal.roles import Action, Role
from portal.sign_in.services import issue_initial_code, reset_to_activation
from review.paging import keyset_page
from review.staff import services as acts
from review.staff.forms import FactorResetForm, HandOverForm, StaffForm

STAFF = (Role.BASE, Role.PROVINCE, Role.CMDA)
# What can be done to a person, and the words that say it was done.
ACTS_OF_PLACE = {"acting": "改为可办理业务", "read_only": "改为只读", "dismiss": "不再属于本单位"}
_COLUMNS = (
    Column("姓名", lambda member: member.user.full_name),
    Column("账号", lambda member: member.user.username, 20),
    Column("手机号", lambda member: member.user.mobile, 16, is_number=True),
    Column("权限", lambda member: "可办理业务" if member.is_acting else "只读", 14),
    Column("账号状态", lambda member: _state(member.user), 24),
    Column("二次验证", lambda member: member.user.second_factor_at is not None, 10),
)
ACTS = ACTS_OF_PLACE | {"code": "", "enable": "账号已启用", "disable": "账号已停用，立即失效"}


def _organisation(request: SignedInRequest, kind: str, key: str) -> services.Organisation | None:
    """The organisation of the address; 404 outside the user's scope, 403 where he may only look."""
    found: services.Organisation | None
    if kind == "cmda":
        found = None
    elif kind == "province":
        found = get_object_or_404(provinces_for(request.user, Action.VIEW), pk=key)
    elif kind == "base":
        found = get_object_or_404(bases_for(request.user, Action.VIEW), pk=number_of(key) or 0)
    elif kind == "specialty":
        of = base_ids(request.user, Action.VIEW)
        rows = SpecialtyBase.objects.select_related("base", "specialty").filter(base__in=of)
        found = get_object_or_404(rows, pk=number_of(key) or 0)
    else:
        raise Http404
    if not services.may_manage(request.user, found):
        if found is None:
            raise Http404
        raise PermissionDenied
    return found


def _members(organisation: services.Organisation | None) -> list[services.Membership]:
    if organisation is None:
        people = User.objects.filter(role=Role.CMDA).order_by("full_name", "pk")
        # The association itself is no organisation.
        return [services.Membership(person, None, is_acting=True) for person in people]  # type: ignore[arg-type]
    return services.staff_of(type(organisation), [organisation.pk])


def _person(organisation: services.Organisation | None, pk: int) -> User:
    person = next((row.user for row in _members(organisation) if row.user.pk == pk), None)
    if person is None:
        raise Http404
    return person


@require_GET
@allow(*STAFF)
def staff(request: SignedInRequest) -> HttpResponse:
    """The organisations whose people the user may manage; a single one is shown at once."""
    own = provinces_for(request.user, Action.MANAGE_STAFF).order_by("pk")
    bases = bases_for(request.user, Action.MANAGE_STAFF).select_related("province")
    if request.user.role == Role.BASE and bases.count() == 1:
        return redirect("review:staff-of", kind="base", key=bases[0].pk)
    asked, chosen = text(request.GET, "q", longest=50).strip(), text(request.GET, "province", longest=20)
    if asked:
        bases = bases.filter(name__contains=asked)
    if chosen:
        bases = bases.filter(province_id=chosen)
    page = keyset_page(bases, request.GET)
    counts: dict[object, int] = {}
    for place in services.staff_of(TrainingBase, [row.pk for row in page.rows]):
        counts[place.organisation.pk] = counts.get(place.organisation.pk, 0) + 1
    for row in page.rows:
        row.people = counts.get(row.pk, 0)
    return render(
        request, "review/staff/staff.html", {"provinces": own, "page": page, "text": asked, "chosen": chosen}
    )


@require_http_methods(["GET", "POST"])
@allow(*STAFF)
def staff_of(request: SignedInRequest, kind: str, key: str) -> HttpResponse:
    """Who works for one organisation, with what right, and whether the account was ever used; as a file by POST."""
    organisation = _organisation(request, kind, key)
    members = _members(organisation)
    if request.method == "POST":
        at = organisation if isinstance(organisation, TrainingBase) else None
        return take_home(request, members, _COLUMNS, kind="staff", title="人员名单", at=at)
    for member in members:
        person = member.user
        person.is_manageable = services.may_manage_person(request.user, person)
        person.may_have_code = services.may_issue_code(request.user, person)
        person.is_resettable = person.is_manageable and services.is_above(request.user, person)
        person.has_expired_code = _has_expired_code(person)
    departments = _departments(organisation) if isinstance(organisation, TrainingBase) else []
    place = {"organisation": organisation, "kind": kind, "key": key}
    return render(
        request, "review/staff/staff_of.html", place | {"members": members, "departments": departments}
    )


def _state(person: User) -> str:
    if not person.is_active:
        return "已停用"
    if person.is_activated:
        return "已激活"
    return "未激活，初始密码已过期" if _has_expired_code(person) else "未激活"


def _has_expired_code(person: User) -> bool:
    ends = person.initial_code_expires_at
    return not person.is_activated and ends is not None and ends <= timezone.now()


def _departments(base: TrainingBase) -> list[tuple[SpecialtyBase, list[str]]]:
    """The base's single specialties, each with the names of its department secretaries."""
    rows = list(base.specialty_bases.select_related("base", "specialty"))
    names: dict[object, list[str]] = {}
    for place in services.staff_of(SpecialtyBase, [row.pk for row in rows]):
        names.setdefault(place.organisation.pk, []).append(place.user.full_name)
    return [(row, names.get(row.pk, [])) for row in rows]


@require_GET
@allow(Role.PROVINCE, Role.CMDA)
def gaps(request: SignedInRequest) -> HttpResponse:
    """The organisations of one's own in which nobody can act; for the association also the accounts without any."""
    provinces = list(provinces_for(request.user, Action.VIEW).order_by("pk"))
    bases = bases_for(request.user, Action.VIEW).filter(is_active=True).select_related("province")
    context: dict[str, object] = {"gaps": acts.gaps(provinces, list(bases.order_by("province", "code")))}
    if request.user.role == Role.CMDA:
        context["people"] = acts.without_place()
    return render(request, "review/staff/gaps.html", context)


@require_http_methods(["GET", "POST"])
@allow(*STAFF)
def appoint(request: SignedInRequest, kind: str, key: str) -> HttpResponse:
    """A new person for an organisation; the initial code is shown once, on the answer to this POST."""
    organisation = _organisation(request, kind, key)
    form = StaffForm(request.POST or None, organisation=organisation)
    context = {"organisation": organisation, "kind": kind, "key": key, "form": form}
    if request.method == "POST" and form.is_valid():
        if form.known and organisation:
            return _appoint_known(
                request, form.known, organisation, kind, key, form.cleaned_data["read_only"]
            )
        user = services.create_staff(organisation, **form.cleaned_data, by=request.user)
        return _show_code(request, user, kind, key)
    return render(request, "review/staff/appoint.html", context)


def _appoint_known(
    request: SignedInRequest,
    person: User,
    organisation: services.Organisation,
    kind: str,
    key: str,
    read_only: bool,
) -> HttpResponse:
    """Somebody who has an account already; who never activated it gets a code again."""
    services.appoint_known(person, organisation, by=request.user, read_only=read_only)
    person.refresh_from_db()
    if not person.is_activated and services.may_manage_person(request.user, person):
        return _show_code(request, person, kind, key)
    messages.success(
        request,
        f"已任用已有账号 {person.username}（{person.full_name}），用原来的密码登录；姓名、手机号以其账号登记的为准。",
    )
    return redirect(reverse("review:staff-of", args=[kind, key]))


def _show_code(request: SignedInRequest, user: User, kind: str, key: str) -> HttpResponse:
    if user.is_activated:
        reset_to_activation(user, by=request.user, request=request)
    code = issue_initial_code(user, by=request.user, request=request)
    return render(request, "review/staff/code.html", {"person": user, "code": code, "kind": kind, "key": key})


@require_POST
@allow(*STAFF)
def change(request: SignedInRequest, kind: str, key: str, pk: int) -> HttpResponse:
    """What is done to one person of an organisation: his right there, his place there, his account, a new code."""
    organisation = _organisation(request, kind, key)
    person = _person(organisation, pk)
    act = choice(request.POST, "act", ACTS)
    if not act or (organisation is None and act in ACTS_OF_PLACE):
        raise Http404
    if person.pk == request.user.pk or (act == "code" and not services.may_issue_code(request.user, person)):
        raise PermissionDenied
    if act == "code":
        return _show_code(request, person, kind, key)
    if not is_on(request.POST, "confirmed") and (alone := acts.left_alone(person, act, organisation)):
        context = {"organisation": organisation, "kind": kind, "key": key, "person": person, "act": act}
        return render(request, "review/staff/last.html", context | {"alone": alone, "words": ACTS[act]})
    acts.change(person, act, organisation, by=request.user)
    messages.success(request, f"{person.full_name}：{ACTS[act]}。")
    return redirect(reverse("review:staff-of", args=[kind, key]))


@require_http_methods(["GET", "POST"])
@allow(*STAFF)
def hand_over(request: SignedInRequest, kind: str, key: str, pk: int) -> HttpResponse:
    """A person leaves: his place, assignments and substitutions go to a colleague in one act."""
    organisation = _organisation(request, kind, key)
    person = _person(organisation, pk)
    if organisation is None or person.pk == request.user.pk:
        raise PermissionDenied
    others = [each.user.pk for each in _members(organisation) if each.user.is_active and each.user.pk != pk]
    form = HandOverForm(
        request.POST or None, colleagues=User.objects.filter(pk__in=others).order_by("full_name")
    )
    if request.method == "POST" and form.is_valid():
        to = form.cleaned_data["to"]
        moved = acts.hand_over(person, to, organisation, by=request.user)
        also = f"，审核分工 {moved} 个培训基地一并移交" if moved else ""
        messages.success(request, f"{person.full_name}的工作已移交给{to.full_name}{also}。")
        return redirect(reverse("review:staff-of", args=[kind, key]))
    context = {"organisation": organisation, "kind": kind, "key": key, "person": person, "form": form}
    return render(request, "review/staff/hand_over.html", context)


@require_http_methods(["GET", "POST"])
@allow(Role.PROVINCE, Role.CMDA)
def reset_factor(request: SignedInRequest, kind: str, key: str, pk: int) -> HttpResponse:
    """A lost second factor is taken away, with the reason; the person's sessions end and he is told (TRUST-14)."""
    person = _person(_organisation(request, kind, key), pk)
    if not (services.may_manage_person(request.user, person) and services.is_above(request.user, person)):
        raise PermissionDenied
    back = redirect(reverse("review:staff-of", args=[kind, key]))
    if not person.second_factor_at:
        messages.info(request, f"{person.full_name}没有启用二次验证。")
        return back
    form = FactorResetForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        services.reset_factor(person, by=request.user, reason=form.cleaned_data["reason"])
        messages.success(request, f"{person.full_name}的二次验证已重置，全部登录已退出。")
        return back
    return render(
        request, "review/staff/reset_factor.html", {"person": person, "kind": kind, "key": key, "form": form}
    )
