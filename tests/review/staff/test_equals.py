"""Nobody resets his equal and enters as him (TRUST-75)."""

import pytest
from django.urls import reverse

from bases import staff
from portal.models import AuditEvent, Message, User
from tests import factories


@pytest.fixture
def people(base, province, base_officer, provincial_reviewer, national_officer) -> dict[str, User]:
    """Two of each level, all of them in use."""
    second_officer, second_reviewer = factories.UserFactory(), factories.UserFactory(role="province")
    factories.grant(second_officer, base)
    factories.grant(second_reviewer, province)
    return {
        "base": base_officer,
        "base2": second_officer,
        "province": provincial_reviewer,
        "province2": second_reviewer,
        "cmda": national_officer,
        "cmda2": factories.UserFactory(role="cmda", username="cmda02"),
        "auditor": factories.UserFactory(role="auditor", username="shenji01"),
    }


def place_of(user: User, base) -> list[str]:
    return {"base": ["base", str(base.pk)], "province": ["province", "33"]}.get(user.role, ["cmda", "all"])


LEVELS = ["base", "province", "cmda"]


@pytest.mark.parametrize("by", LEVELS)
@pytest.mark.parametrize("whose", ["base2", "province2", "cmda2", "auditor"])
def test_code_comes_from_the_level_above(by, whose, people, base, signed_in):
    """TRUST-75."""
    user = people[whose]
    address = reverse("review:staff-change", args=[*place_of(user, base), user.pk])
    before = user.password

    answer = signed_in(people[by]).post(address, {"act": "code"})

    user.refresh_from_db()
    is_above = user.role in LEVELS and LEVELS.index(by) > LEVELS.index(user.role)
    assert (answer.status_code == 200) is is_above
    assert (user.password != before) is is_above
    assert not is_above or answer.context["code"]


@pytest.mark.parametrize("by", ["base", "province", "cmda"])
def test_page_offers_a_reset_only_where_it_is_done(by, people, base, signed_in):
    """GOAL-S1: no button leads to a refusal."""
    address = reverse("review:staff-of", args=place_of(people[by], base))
    answer = signed_in(people[by]).get(address)
    assert 'value="code"' not in answer.text
    assert "由上一级重置" in answer.text


def test_owner_is_told_of_a_reset(people, base, signed_in):
    address = reverse("review:staff-change", args=["base", base.pk, people["base"].pk])
    signed_in(people["province"]).post(address, {"act": "code"})
    message = Message.objects.get(recipient=people["base"])
    assert "密码已由管理人员重置" in message.subject
    assert message.topic == "security"


def test_whoever_made_an_account_hands_out_its_first_code_and_nobody_else_of_his_level(
    people, base, signed_in
):
    """An expired first code is renewed by whom it was made; a colleague would enter under another's name."""
    new = staff.create_staff(
        base, username="xinren", full_name="新人", mobile="13900000002", by=people["base"]
    )
    address = reverse("review:staff-change", args=["base", base.pk, new.pk])
    assert signed_in(people["base2"]).post(address, {"act": "code"}).status_code == 403
    assert signed_in(people["base"]).post(address, {"act": "code"}).status_code == 200
    assert AuditEvent.objects.filter(action="initial_code").count() == 1
