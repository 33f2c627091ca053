"""Two residents with one number under different ID types: sign-in asks for the type, nobody else meets it (AM-35)."""

import pytest
from django.test import Client
from django.urls import reverse

from tests import factories

pytestmark = pytest.mark.django_db

NUMBER = "01234568"


@pytest.fixture
def pair(base, cycle):
    people = []
    for id_type, login, password in (
        ("07", NUMBER, "Ceshi-Yi-2026"),
        ("03", f"{NUMBER}#03", "Ceshi-Er-2026"),
    ):
        user = factories.UserFactory(username=login, role="resident", password=password, mobile="13800000003")
        person = factories.ResidentFactory(user=user, id_type=id_type, id_number=NUMBER)
        factories.EnrollmentFactory(resident=person, base=base, intake_year=cycle.year)
        people.append(user)
    return people


def enter(**form):
    client = Client()
    return client, client.post(reverse("portal:resident-sign-in"), form)


@pytest.mark.parametrize(
    ("which", "kind", "password"), [(0, "07", "Ceshi-Yi-2026"), (1, "03", "Ceshi-Er-2026")]
)
def test_entrance_asks_for_the_type_and_lets_each_in(pair, which, kind, password):
    client, asked = enter(account=NUMBER, password=password)
    assert asked.status_code == 200
    assert "请选择本人的证件类型" in asked.text
    assert NUMBER in asked.text
    assert "_auth_user_id" not in client.session
    client, answer = enter(account=NUMBER, password=password, kind=kind)
    assert answer.status_code == 302
    assert client.session["_auth_user_id"] == str(pair[which].pk)


def test_other_ones_password_opens_nothing(pair):
    client, answer = enter(account=NUMBER, password="Ceshi-Yi-2026", kind="03")
    assert "_auth_user_id" not in client.session
    assert "密码不正确" in answer.text


def test_type_must_be_one_of_the_list(pair):
    _, answer = enter(account=NUMBER, password="x", kind="²")
    assert "有效选项" in answer.text or "请选择" in answer.text


def test_nobody_else_is_asked(pair, base, cycle):
    alone = factories.EnrollmentFactory(base=base, intake_year=cycle.year).resident.user
    _, answer = enter(account=alone.username, password=factories.PASSWORD)
    assert answer.status_code == 302
    _, unknown = enter(account="330106199503120014", password="x")
    assert "本人的证件类型" not in unknown.text


def test_only_the_one_who_stayed_is_meant_once_the_other_is_gone(pair):
    pair[0].is_active = False
    pair[0].save()
    client, answer = enter(account=NUMBER, password="Ceshi-Er-2026")
    assert client.session["_auth_user_id"] == str(pair[1].pk)


def test_activation_asks_for_the_type_too(pair):
    second = pair[1]
    second.activated_at = None
    second.set_unusable_password()
    second.save()
    client, answer = enter(account=NUMBER, password="000000")
    assert answer.status_code == 302
    form = {
        "account": NUMBER,
        "mobile": second.mobile,
        "new_password1": "Wo-De-Mima-88",
        "new_password2": "Wo-De-Mima-88",
        "accepts_privacy": "on",
        "accepts_sensitive": "on",
    }
    asked = client.post(reverse("portal:activate"), form)
    assert "请选择本人的证件类型" in asked.text
    assert client.post(reverse("portal:activate"), form | {"kind": "03"}).status_code == 302
    second.refresh_from_db()
    assert second.activated_at is not None
