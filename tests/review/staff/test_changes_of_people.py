"""People who come, change and go: several places, appointed again, hand-over, the last who can act (AM-46; TRUST-22,
TRUST-29; GOAL-P6)."""

import datetime

import pytest
from django.core.exceptions import PermissionDenied
from django.urls import reverse
from django.utils import timezone

from bases import staff
from bases.scope import bases_for
from portal.models import Message, User
from portal.roles import Action, Role
from review.assignments import services as assignments
from review.models import Assignment, Substitution
from review.staff import services
from review.staff.forms import StaffForm
from tests import factories

pytestmark = pytest.mark.django_db
PERSON = {"full_name": "周晓兰", "username": "zjyy01", "mobile": "13900000009", "read_only": "0"}


@pytest.fixture
def colleague(province):
    user = factories.UserFactory(role=Role.PROVINCE, full_name="谢宁")
    factories.grant(user, province)
    return user


def appoint(client, organisation, **changes):
    return client.post(reverse("review:appoint", args=["base", organisation.pk]), PERSON | changes)


def test_one_person_serves_in_several_places(signed_in, base_officer, other_base_officer, base, other_base):
    """By account and name; with his own password, and no second account."""
    answer = appoint(signed_in(other_base_officer), other_base)
    assert answer.status_code == 302
    assert set(bases_for(base_officer, Action.REPORT)) == {base, other_base}
    assert User.objects.filter(username="zjyy01").count() == 1
    page = signed_in(base_officer).get(reverse("bases:desk")).text
    assert base.name in page
    assert other_base.name in page


@pytest.mark.parametrize("is_active", [True, False])
def test_a_dismissed_account_is_appointed_again_by_whoever_may(
    signed_in, base_officer, national_officer, other_base_officer, base, other_base, is_active
):
    """Also one that was disabled; the association finds him on a page until then."""
    services.change(base_officer, "dismiss", base, by=national_officer)
    User.objects.filter(pk=base_officer.pk).update(is_active=is_active)
    page = signed_in(national_officer).get(reverse("review:staff-gaps"))
    assert [each.pk for each in page.context["people"]] == [base_officer.pk]
    assert appoint(signed_in(other_base_officer), other_base).status_code == 302
    base_officer.refresh_from_db()
    assert base_officer.is_active
    assert list(bases_for(base_officer, Action.REPORT)) == [other_base]
    assert signed_in(national_officer).get(reverse("review:staff-gaps")).context["people"] == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"full_name": "另一人"}, "另一个姓名"),
        ({"username": "zjwjw01", "full_name": "何敏"}, "已被使用"),
        ({"username": "nbyy01", "full_name": "郑伟"}, "已在本单位"),
    ],
)
def test_what_cannot_be_appointed_is_told(
    signed_in, base_officer, provincial_reviewer, other_base_officer, other_base, changes, words
):
    page = appoint(signed_in(other_base_officer), other_base, **changes)
    assert words in page.context["form"].errors["username"][0]


def test_an_account_disabled_by_its_place_is_not_taken_from_it(
    signed_in, base_officer, other_base_officer, other_base
):
    User.objects.filter(pk=base_officer.pk).update(is_active=False)
    page = appoint(signed_in(other_base_officer), other_base)
    assert "停用" in page.context["form"].errors["username"][0]
    with pytest.raises(PermissionDenied):
        staff.appoint_known(base_officer, other_base, by=other_base_officer)


def substitution(province, absent, substitute):
    today = timezone.localdate()
    return assignments.substitute(
        province,
        absent=absent,
        by_whom=substitute,
        starts_on=today,
        ends_on=today + datetime.timedelta(days=9),
        by=absent,
    )


@pytest.mark.parametrize("act", ["dismiss", "read_only", "disable"])
def test_assignments_of_whoever_can_no_longer_act_return_to_the_pool(
    provincial_reviewer, colleague, national_officer, province, base, act
):
    assignments.assign(province, {base.pk: {provincial_reviewer.pk}}, by=colleague)
    substitution(province, colleague, provincial_reviewer)
    services.change(provincial_reviewer, act, province, by=national_officer)
    assert not Assignment.objects.exists()
    assert not Substitution.objects.exists()
    assert not assignments.assigned_bases().exists()


def test_hand_over_is_one_act(
    signed_in, provincial_reviewer, colleague, national_officer, province, base, other_base
):
    """Place, assignments and substitutions; what the colleague has already stays once."""
    wanted = {base.pk: {provincial_reviewer.pk}, other_base.pk: {provincial_reviewer.pk, colleague.pk}}
    assignments.assign(province, wanted, by=colleague)
    third = factories.UserFactory(role=Role.PROVINCE)
    factories.grant(third, province)
    substitution(province, third, provincial_reviewer)
    url = reverse("review:staff-hand-over", args=["province", province.pk, provincial_reviewer.pk])
    assert signed_in(national_officer).post(url, {"to": colleague.pk}).status_code == 302
    assert set(Assignment.objects.values_list("base", "reviewer")) == {
        (base.pk, colleague.pk),
        (other_base.pk, colleague.pk),
    }
    assert list(Substitution.objects.values_list("absent", "substitute")) == [(third.pk, colleague.pk)]
    assert staff.memberships_of(provincial_reviewer) == []
    assert Message.objects.filter(recipient=colleague, kind="directory").exists()
    (told,) = Message.objects.filter(recipient=provincial_reviewer, kind="directory")
    assert f"已移交给{colleague.full_name}" in told.subject
    assert national_officer.full_name in told.body


def test_a_dismissed_person_is_told_where_by_whom_and_what_the_form_asks_for(
    signed_in, base_officer, national_officer, base
):
    """What he is to bring is what 新增人员 cannot do without."""
    services.change(base_officer, "dismiss", base, by=national_officer)
    (told,) = Message.objects.filter(recipient=base_officer, kind="directory")
    assert (base.name in told.subject, national_officer.full_name in told.body) == (True, True)
    page = signed_in(base_officer).get("/base/records/intake/?todo=report").text
    needed = [field.label for field in StaffForm(organisation=base).fields.values() if field.required]
    said = page.split("填写您的")[1][:20] + "权限"
    assert [label for label in needed if label not in said] == []


def test_the_last_who_can_act_goes_only_confirmed(signed_in, base_officer, provincial_reviewer, base):
    """Shown with the places that nobody would work for; the list of such places has the base afterwards."""
    client = signed_in(provincial_reviewer)
    url = reverse("review:staff-change", args=["base", base.pk, base_officer.pk])
    for act in ("dismiss", "read_only", "disable"):
        page = client.post(url, {"act": act})
        assert (page.status_code, [each.pk for each in page.context["alone"]]) == (200, [base.pk])
    base_officer.refresh_from_db()
    assert base_officer.is_active
    assert client.post(url, {"act": "dismiss", "confirmed": "1"}).status_code == 302
    found = client.get(reverse("review:staff-gaps")).context["gaps"]
    assert base.pk in [gap.organisation.pk for gap in found if gap.kind == "base"]


def test_an_expired_code_is_shown_as_expired(signed_in, base_officer, base):
    person = factories.UserFactory(activated_at=None)
    factories.grant(person, base)
    ends = timezone.now() - datetime.timedelta(days=1)
    User.objects.filter(pk=person.pk).update(initial_code_hash="x", initial_code_expires_at=ends)
    page = signed_in(base_officer).get(reverse("review:staff-of", args=["base", base.pk]))
    assert "初始密码已过期" in page.text
