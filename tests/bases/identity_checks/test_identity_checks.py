"""身份核实 (AM-35): base → province → association; then the refused import succeeds, and nobody learns of the other
person on the way."""

import pytest
from django.urls import reverse

from bases.models import IdentityCheck
from portal.models import Message
from residents.models import Resident
from residents.pinyin import pinyin_key
from tests import factories
from tests.bases.conftest import account_line, counts
from tests.bases.desk import page, told

pytestmark = pytest.mark.django_db

NUMBER = "E12345678"


@pytest.fixture
def known(cycle):
    """Whoever bears the number so far, at a base of another province."""
    return factories.EnrollmentFactory(
        base=factories.TrainingBaseFactory(province_id="44", name="广州市第一人民医院"),
        intake_year=cycle.year - 1,
        resident__id_type="03",
        resident__id_number=NUMBER,
        resident__full_name="JOHN SMITH",
    )


def line(**values):
    return account_line(id_type="护照", id_number=NUMBER, full_name="JANE SMITH", **values)


def asked_from_row(client, batch):
    row = batch.rows.get()
    way = f"{reverse('bases:identity-check-new')}?row={row.pk}"
    assert way in page(client.get(reverse("bases:import-batch", args=[batch.pk])))
    assert NUMBER in page(client.get(way))
    form = {name: row.values[name] for name in ("full_name", "id_type", "id_number")}
    answer = client.post(way, form | {"reason": "已核对护照原件"})
    assert "已提交核实" in told(answer)
    return IdentityCheck.objects.get()


def confirmed(client, check):
    url = reverse("review:identity-check-decide", args=[check.pk])
    assert client.post(url, {"act": "confirm", "comment": ""}).status_code == 302


def decided(client, check, act):
    url = reverse("review:identity-check-decide", args=[check.pk])
    assert client.post(url, {"act": act, "comment": "已核实"}).status_code == 302
    check.refresh_from_db()


def test_freed_number_lets_the_bases_person_in(
    signed_in, checked, imported, base, base_officer, provincial_reviewer, national_officer, known
):
    """AM-35: the whole way, as each of the three reads it."""
    check = asked_from_row(signed_in(base_officer), checked([line()]))
    province, association = signed_in(provincial_reviewer), signed_in(national_officer)
    seen = page(province.get(reverse("review:identity-check", args=[check.pk])))
    for secret in ("JOHN SMITH", "广州市第一人民医院", known.resident.mobile):
        assert secret not in seen
    confirmed(province, check)
    assert "JOHN SMITH" in page(association.get(reverse("review:identity-check", args=[check.pk])))
    decided(association, check, "free")
    known.resident.refresh_from_db()
    assert (known.resident.id_type, NUMBER in known.resident.id_number) == ("99", False)
    assert known.resident.user.__class__.objects.get(pk=known.resident.user_id).username != NUMBER
    assert counts(imported([line()])) == (1, 1, 0, 0)
    assert Resident.objects.get(id_type="03", id_number=NUMBER).user.username == NUMBER
    body = page(signed_in(base_officer).get(reverse("bases:identity-checks")))
    assert "已释放证件号" in body
    assert "JOHN SMITH" not in body
    assert not Message.objects.filter(recipient=base_officer, subject__contains="JOHN").exists()


def test_corrected_name_makes_him_the_one_that_the_import_meant(
    signed_in, checked, base_officer, provincial_reviewer, national_officer, known
):
    """AM-35: the known name was wrong; afterwards the import tells where he is, as it may (AM-28)."""
    check = asked_from_row(signed_in(base_officer), checked([line()]))
    confirmed(signed_in(provincial_reviewer), check)
    decided(signed_in(national_officer), check, "correct")
    known.resident.refresh_from_db()
    assert (known.resident.full_name, known.resident.name_key) == ("JANE SMITH", pinyin_key("JANE SMITH"))
    row = checked([line()]).rows.get()
    assert "广州市第一人民医院" in row.problems[0]["text"]


def test_corrected_type_keeps_the_person_and_his_number(
    signed_in, checked, base_officer, provincial_reviewer, national_officer, known
):
    """AM-35: 证件类型不一致."""
    check = asked_from_row(
        signed_in(base_officer),
        checked([line() | {"id_type": "其他法定有效证件", "full_name": "JOHN SMITH"}]),
    )
    confirmed(signed_in(provincial_reviewer), check)
    decided(signed_in(national_officer), check, "correct")
    known.resident.refresh_from_db()
    assert (known.resident.id_type, known.resident.id_number) == ("99", NUMBER)


def test_refusal_needs_words_and_reaches_the_base(
    signed_in, checked, base_officer, provincial_reviewer, known
):
    check = asked_from_row(signed_in(base_officer), checked([line()]))
    client, url = signed_in(provincial_reviewer), reverse("review:identity-check-decide", args=[check.pk])
    assert client.post(url, {"act": "refuse", "comment": " "}).status_code == 422
    assert client.post(url, {"act": "correct", "comment": "x"}).status_code == 422
    assert client.post(url, {"act": "refuse", "comment": "扫描件不清"}).status_code == 302
    assert "扫描件不清" in page(signed_in(base_officer).get(reverse("bases:identity-checks")))
    assert Message.objects.filter(recipient=base_officer, subject__startswith="身份核实未通过").exists()


def test_nothing_to_check_is_told_at_the_form(signed_in, base_officer, cycle):
    form = {"full_name": "JANE SMITH", "id_type": "03", "id_number": NUMBER, "reason": "核对"}
    answer = signed_in(base_officer).post(reverse("bases:identity-check-new"), form)
    assert answer.status_code == 422
    assert "不需要核实" in answer.text


def test_second_question_of_the_same_base_waits_for_the_first(signed_in, checked, base_officer, known):
    asked_from_row(signed_in(base_officer), checked([line()]))
    form = {"full_name": "JANE SMITH", "id_type": "03", "id_number": NUMBER, "reason": "核对"}
    answer = signed_in(base_officer).post(reverse("bases:identity-check-new"), form)
    assert (answer.status_code, "正在办理" in answer.text) == (422, True)


def test_province_of_another_base_does_not_see_it(
    signed_in, checked, base_officer, other_province_reviewer, known
):
    """AM-35: it goes to the importer's province, not to the other person's."""
    check = asked_from_row(signed_in(base_officer), checked([line()]))
    client = signed_in(other_province_reviewer)
    assert client.get(reverse("review:identity-check", args=[check.pk])).status_code == 404


def test_circle_of_the_transfer_page_is_gone(signed_in, checked, base_officer, known):
    """AM-35 with AM-28: under a wrong name neither import nor 请求转出 tells a base, and the import names 提交核实."""
    client = signed_in(base_officer)
    form = {"act": "find", "full_name": "JANE SMITH", "id_type": "03", "id_number": NUMBER}
    answer = client.post(reverse("bases:transfer-new"), form)
    assert known.base.name not in answer.text
    assert checked([line()]).rows.get().problems[0]["code"] == "identity_name_differs"
