"""Appointing and dismissing staff: the only writer of guardian; nobody grants more than he has (TRUST-22, TRUST-23,
TRUST-29)."""

import base64
import io
import re
import uuid

import openpyxl
import pytest
from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from bases import staff as services
from bases.models import ProvinceUserGrant, TrainingBaseUserGrant
from bases.scope import bases_for, enrollments_for
from portal.models import AuditEvent, User
from portal.roles import Action, Role
from portal.sheets.writing import Column, write_template
from review.staff import workbook as staff_workbook
from tests import factories

# Said aloud: tests that look their visitors up by name would count as tests without a database.
pytestmark = pytest.mark.django_db


def grants() -> list[tuple]:
    """Every grant row there is: kind, person, organisation, right."""
    rows = []
    for model in (ProvinceUserGrant, TrainingBaseUserGrant):
        found = model.objects.order_by("pk").values_list(
            "user_id", "content_object_id", "permission__codename"
        )
        rows += [(model.__name__, *row) for row in found]
    return rows


@pytest.fixture
def newcomer(db):
    return factories.UserFactory(role=Role.BASE)


@pytest.fixture
def read_only_officer(base):
    user = factories.UserFactory(role=Role.BASE)
    factories.grant(user, base, read_only=True)
    return user


def test_appointing_leaves_exactly_one_grant(newcomer, base, national_officer):
    """Acting, then read-only, then acting again, each twice: always one row."""
    for read_only in (False, False, True, True, False):
        services.appoint(newcomer, base, by=national_officer, read_only=read_only)
        right = "view_trainingbase" if read_only else "act_trainingbase"
        assert grants() == [("TrainingBaseUserGrant", newcomer.pk, base.pk, right)]


def test_dismissing_takes_every_grant_there_and_none_elsewhere(newcomer, base, other_base, national_officer):
    services.appoint(newcomer, base, by=national_officer)
    services.appoint(newcomer, other_base, by=national_officer)
    services.dismiss(newcomer, base, by=national_officer)
    assert grants() == [("TrainingBaseUserGrant", newcomer.pk, other_base.pk, "act_trainingbase")]
    assert list(bases_for(newcomer, Action.REPORT)) == [other_base]


def test_a_province_is_one_row_whatever_it_holds(province, reported, national_officer):
    """docs/architecture.md#scope: a grant on the organisation, never on residents."""
    reported(3)
    before = len(grants())
    user = services.create_staff(
        province, username="zj-kejiao", full_name="何敏", mobile="13800000001", by=national_officer
    )
    assert len(grants()) == before + 1
    assert grants()[0] == ("ProvinceUserGrant", user.pk, "33", "act_province")
    assert enrollments_for(user, Action.REVIEW).count() == 3


def test_a_new_person_has_the_role_of_his_organisation_and_no_password(base, base_officer):
    """TRUST-08 and TRUST-29: no shared default; the role is never asked."""
    user = services.create_staff(
        base, username="zjyy02", full_name="钱进", mobile="13800000001", by=base_officer
    )
    assert (user.role, user.has_usable_password(), user.is_activated) == (Role.BASE, False, False)


MANAGERS = {
    "base_officer": {"base"},
    "other_base_officer": {"other_base"},
    "read_only_officer": set(),
    "provincial_reviewer": {"base", "other_base", "province"},
    "other_province_reviewer": {"other_province"},
    "national_officer": {"base", "other_base", "province", "other_province", "cmda"},
    "resident": set(),
}
ORGANISATIONS = ("base", "other_base", "province", "other_province", "cmda")


@pytest.mark.parametrize("manager", MANAGERS)
@pytest.mark.parametrize("organisation", ORGANISATIONS)
def test_who_may_appoint_where(request, manager, organisation):
    """TRUST-29, docs/codes.md#rights: every kind of manager × every kind of organisation; a refusal writes nothing."""
    by = request.getfixturevalue(manager)
    for name in ("base", "other_base", "province", "other_province"):
        request.getfixturevalue(name)
    target = None if organisation == "cmda" else request.getfixturevalue(organisation)
    before, people = grants(), User.objects.count()

    def create() -> User:
        return services.create_staff(
            target, username="newcomer", full_name="新人", mobile="13800000001", by=by
        )

    if organisation in MANAGERS[manager]:
        assert create().role == (Role.CMDA if target is None else services.ROLE_OF[type(target)])
    else:
        with pytest.raises(PermissionDenied):
            create()
        assert (grants(), User.objects.count()) == (before, people)


@pytest.mark.parametrize("role", [Role.BASE, Role.CMDA, Role.RESIDENT])
def test_a_grant_of_another_kind_than_the_role_is_refused(role, province, national_officer):
    """Nobody becomes a province's reviewer by a grant."""
    user = factories.UserFactory(role=role)
    with pytest.raises(PermissionDenied):
        services.appoint(user, province, by=national_officer)
    assert grants() == []


def test_nobody_dismisses_or_disables_himself(base, base_officer, national_officer):
    with pytest.raises(PermissionDenied):
        services.dismiss(base_officer, base, by=base_officer)
    for user in (base_officer, national_officer):
        with pytest.raises(PermissionDenied):
            services.set_active(user, active=False, by=user)


def test_a_person_who_also_works_elsewhere_is_not_disabled_by_one_of_his_places(
    newcomer, base, other_base, base_officer, provincial_reviewer, national_officer
):
    services.appoint(newcomer, base, by=national_officer)
    services.appoint(newcomer, other_base, by=national_officer)
    with pytest.raises(PermissionDenied):
        services.set_active(newcomer, active=False, by=base_officer)
    services.set_active(newcomer, active=False, by=provincial_reviewer)
    newcomer.refresh_from_db()
    assert newcomer.is_active is False


def test_residents_are_nobodys_staff(resident, national_officer):
    with pytest.raises(PermissionDenied):
        services.set_active(resident, active=False, by=national_officer)


def test_every_change_of_staff_is_in_the_audit(base, base_officer):
    """TRUST-55: role change."""
    user = services.create_staff(
        base, username="zjyy02", full_name="钱进", mobile="13800000001", by=base_officer
    )
    services.appoint(user, base, by=base_officer, read_only=True)
    services.set_active(user, active=False, by=base_officer)
    services.dismiss(user, base, by=base_officer)
    acts = AuditEvent.objects.filter(actor=base_officer).order_by("pk").values_list("action", flat=True)
    assert list(acts) == ["create_staff", "appoint", "appoint", "disable", "dismiss"]


# --- the pages -------------------------------------------------------------------------------------------------------

NEW = {"full_name": "钱进", "username": "zjyy02", "mobile": "13800000001", "email": "", "read_only": "0"}


def test_the_initial_code_is_shown_once(base, base_officer, signed_in):
    """Individual accounts; the code stands on the answer to the POST and nowhere else."""
    client = signed_in(base_officer)
    answer = client.post(f"/review/staff/base/{base.pk}/new/", NEW)
    code = answer.context["code"]
    assert code in answer.content.decode()
    assert "no-store" in answer["Cache-Control"]
    assert code not in client.get(f"/review/staff/base/{base.pk}/").content.decode()
    user = User.objects.get(username="zjyy02")
    assert user.initial_code_hash not in ("", code)


def test_a_raised_role_in_the_form_changes_nothing(base, base_officer, signed_in):
    """TRUST-26, TRUST-29: mass assignment."""
    raised = NEW | {"role": "cmda", "is_superuser": "1", "organisation": "33", "is_staff": "1"}
    signed_in(base_officer).post(f"/review/staff/base/{base.pk}/new/", raised)
    user = User.objects.get(username="zjyy02")
    assert (user.role, user.is_superuser) == (Role.BASE, False)
    assert [grant[1:] for grant in grants() if grant[1] == user.pk] == [
        (user.pk, base.pk, "act_trainingbase")
    ]


@pytest.mark.parametrize(
    ("visitor", "own", "sister", "above", "national"),
    [
        ("base_officer", 200, 404, 404, 404),
        ("read_only_officer", 403, 404, 404, 404),
        ("provincial_reviewer", 200, 200, 200, 404),
        ("other_province_reviewer", 404, 404, 404, 404),
        ("national_officer", 200, 200, 200, 200),
        ("resident", 403, 403, 403, 403),
    ],
)
def test_staff_pages_of_own_and_foreign_organisations(
    request, signed_in, base, other_base, province, visitor, own, sister, above, national
):
    """TRUST-25, TRUST-28: 404 outside one's organisations, also for the acts on a person there."""
    client = signed_in(request.getfixturevalue(visitor))
    member = factories.UserFactory(role=Role.BASE)
    for place in (base, other_base):
        factories.grant(member, place)
    paths = [f"base/{base.pk}", f"base/{other_base.pk}", "province/33", "cmda/own"]
    for path, expected in zip(paths, (own, sister, above, national), strict=True):
        assert client.get(f"/review/staff/{path}/").status_code == expected
        assert client.get(f"/review/staff/{path}/new/").status_code == expected
        if expected != 200:
            before = grants()
            for act in ("acting", "read_only", "dismiss", "disable", "code"):
                refused = client.post(f"/review/staff/{path}/{member.pk}/", {"act": act})
                assert refused.status_code == expected
            assert grants() == before


def test_disabling_takes_effect_at_the_next_click(base, base_officer, newcomer, signed_in, national_officer):
    """TRUST-22."""
    services.appoint(newcomer, base, by=national_officer)
    theirs = signed_in(newcomer)
    assert theirs.get(f"/review/staff/base/{base.pk}/").status_code == 200
    signed_in(base_officer).post(f"/review/staff/base/{base.pk}/{newcomer.pk}/", {"act": "read_only"})
    assert theirs.get(f"/review/staff/base/{base.pk}/").status_code == 403
    signed_in(base_officer).post(f"/review/staff/base/{base.pk}/{newcomer.pk}/", {"act": "disable"})
    assert theirs.get(f"/review/staff/base/{base.pk}/").status_code == 302


@pytest.mark.parametrize("username", ["Zjyy", "a", "1abc", "有名字", "zj yy", "zjyy01", "a" * 41, "zjyy\n"])
def test_a_bad_or_taken_account_name_is_refused_with_a_reason(base, base_officer, signed_in, username):
    answer = signed_in(base_officer).post(f"/review/staff/base/{base.pk}/new/", NEW | {"username": username})
    assert answer.status_code == 200
    if username != "zjyy\n":  # a browser's line break is trimmed
        assert list(answer.context["form"].errors) == ["username"]


def test_a_province_invites_the_people_of_its_own_bases_by_workbook(
    base, other_province, provincial_reviewer, signed_in
):
    """The slips are a file too, sorted by organisation; a foreign unit is refused like one that does not exist."""
    client = signed_in(provincial_reviewer)
    rows = [["张一", "zhangyi01", "13900000011", "", base.code, ""]]
    headers = [column.header for column in staff_workbook.COLUMNS]

    def sent(lines):
        content = write_template(
            [Column(header) for header in headers],
            lines,
            sheet_name="工作人员",
            version="staff-1",
            text_rows=9,
        )
        file = SimpleUploadedFile("x.xlsx", content)
        address = reverse("review:directory-upload", kwargs={"kind": "staff"})
        return client.post(address, {"token": str(uuid.uuid4()), "file": file})

    foreign = sent(
        [
            [
                "李二",
                "lier01",
                "13900000012",
                "",
                factories.TrainingBaseFactory(province=other_province).code,
                "",
            ]
        ]
    )
    assert [fault.header for fault in foreign.context["plan"].faults] == ["单位"]
    preview = sent(rows)
    address = reverse("review:directory-apply", kwargs={"kind": "staff"})
    slips = client.post(address, {"rows": preview.context["rows"]}).content.decode()
    assert User.objects.filter(username="zhangyi01").exists()
    workbook = re.search(r"base64,([A-Za-z0-9+/=]+)", slips)[1]
    book = openpyxl.load_workbook(io.BytesIO(base64.b64decode(workbook)))
    assert [cell.value for cell in book.worksheets[0][2]][:3] == [base.name, "张一", "zhangyi01"]
    assert client.get(reverse("review:directory-upload", kwargs={"kind": "bases"})).status_code == 403


def test_slips_are_handed_on_unit_by_unit_each_with_its_file(
    province, other_province, base, other_base, national_officer, provincial_reviewer
):
    """150 slips were one page of 34,000 px: a province gets its own, and hands each base its own."""
    places = [other_province, base, province, other_base]
    people = [factories.UserFactory(username=f"xinren{n}") for n in range(len(places))]
    slips = [
        staff_workbook.Slip(person, place, f"CODE-{person.username}")
        for person, place in zip(people, places, strict=True)
    ]
    by_province = staff_workbook.pages_of(slips, by=national_officer)
    assert {page.name: len(page.slips) for page in by_province} == {province.name: 3, other_province.name: 1}
    by_base = staff_workbook.pages_of(slips[1:], by=provincial_reviewer)
    assert sorted(page.name for page in by_base) == sorted([province.name, base.name, other_base.name])
    for page in by_province:
        book = openpyxl.load_workbook(io.BytesIO(base64.b64decode(page.workbook)))
        codes = [row[3].value for row in book.worksheets[0].iter_rows(min_row=2)]
        assert codes == [slip.code for slip in page.slips]
