"""Staff read of which place they are told, and the link of the message opens that one's desk, or says where its people
are now."""

import re
from pathlib import Path

import pytest
from django.urls import reverse

from bases.deadlines.letters import send_letters
from bases.models import Province, SpecialtyBase, TrainingBase
from bases.staff import recipients, secretaries
from portal.calendar import INTAKE_STEPS
from portal.messages.services import send
from portal.models import Message
from portal.roles import Role
from residents.models import Enrollment
from residents.services.lock import carry_out_locks
from tests import factories
from tests.bases.desk import close, complete
from tests.review.successions.test_successions import merge

pytestmark = pytest.mark.django_db


@pytest.fixture
def departments(base):
    return [SpecialtyBase.objects.get(base=base, specialty=code) for code in ("0100", "0200")]


def told(user) -> dict[str, str]:
    """Place and subject → address."""
    return {f"{each.place}：{each.subject}": each.address for each in Message.objects.filter(recipient=user)}


def test_each_letter_names_its_base_and_opens_its_list(
    base, other_base, cycle, base_officer, other_base_officer, signed_in
):
    """Whichever desk was chosen before: the list has the people of the letter and nobody else."""
    factories.grant(base_officer, other_base)
    numbers = {base: 2, other_base: 1}
    for place, number in numbers.items():
        for _ in range(number):
            complete(place, cycle.year)
    close(cycle, *INTAKE_STEPS)
    carry_out_locks()
    send_letters()
    assert len(told(base_officer)) == 2
    client = signed_in(base_officer)
    for chosen in numbers:
        for place, number in numbers.items():
            client.post(reverse("bases:choose-base"), {"base": chosen.pk})
            (link,) = (link for subject, link in told(base_officer).items() if place.name in subject)
            page = client.get(link).context["page"]
            assert [row.base_id for row in page.object_list] == [place.pk] * number
    (subject,) = told(other_base_officer)
    assert subject.startswith(f"{other_base.name}：{cycle.year}年")


def test_a_secretary_of_two_departments_and_officer_of_a_base(
    base, departments, cycle, other_base, signed_in, provincial_reviewer, other_province
):
    user = factories.UserFactory(role=Role.BASE)
    for place in (*departments, other_base):
        factories.grant(user, place)
    records = [complete(base, cycle.year) for _ in departments]
    Enrollment.objects.filter(pk=records[1].pk).update(specialty=departments[1].specialty)
    client, link = signed_in(user), reverse("bases:record-list", args=["intake"])
    for place, people in secretaries([(base.pk, place.specialty_id) for place in departments]).items():
        send(
            people, kind="reminder", subject="还有 1 人", link=f"{link}?year={cycle.year}#r1", key=str(place)
        )
    for place, record in zip(departments, records, strict=True):
        way = told(user)[f"{base.name}{place.specialty.name}：还有 1 人"]
        client.post(reverse("bases:choose-base"), {"base": other_base.pk})
        assert [row.pk for row in client.get(way).context["page"].object_list] == [record.pk]
    # A foreign desk is not opened.
    refused = client.get(f"{link}?desk={base.pk}")
    assert (refused.status_code, base.name in refused.content.decode()) == (403, True)
    assert refused.wsgi_request.session["base_id"] != base.pk
    factories.grant(provincial_reviewer, other_province)
    send(
        recipients(Province, ["44"])["44"], kind="reminder", subject="还有 1 人", link=reverse("review:queue")
    )
    assert told(provincial_reviewer) == {f"{other_province.name}：还有 1 人": reverse("review:queue")}


def test_what_was_written_to_the_officer_of_one_base_stays_of_it(base, other_base, signed_in):
    """He serves another base by the time he reads it: the message names its own and opens its desk."""
    user = factories.UserFactory(role=Role.BASE)
    factories.grant(user, other_base)
    send(
        recipients(TrainingBase, [other_base.pk])[other_base.pk],
        kind="deadline",
        subject="上报将截止，还有 1 人未上报",
        link=reverse("bases:record-list", args=["intake"]),
    )
    factories.grant(user, base)
    client = signed_in(user)
    client.post(reverse("bases:choose-base"), {"base": base.pk})
    assert other_base.name in client.get(reverse("portal:messages")).content.decode()
    message = Message.objects.get(recipient=user)
    opened = client.post(reverse("portal:message-open", args=[message.pk]))
    assert client.get(opened.url).wsgi_request.session["base_id"] == other_base.pk


def test_letters_of_a_merged_base_lead_to_its_own_people(
    base, other_base, cycle, base_officer, national_officer, signed_in
):
    """AM-46: what was written for it opens its list, which says where those are that went on; whoever serves only the
    other base reads that instead of meeting its people."""
    user = factories.UserFactory(role=Role.BASE)
    factories.grant(user, other_base)
    mine, theirs = complete(other_base, cycle.year), complete(base, cycle.year)
    send(
        recipients(TrainingBase, [other_base.pk])[other_base.pk],
        kind="deadline",
        subject="还有 1 人未上报",
        link=f"{reverse('bases:record-list', args=['intake'])}?year={cycle.year}&todo=report",
    )
    (address,) = told(user).values()
    merge(other_base, base, national_officer)
    client = signed_in(user)
    opened = client.get(address)
    assert list(opened.context["page"].object_list) == []
    assert base.name in opened.content.decode()
    assert opened.context["heir_query"] == ""
    factories.grant(user, base)
    query = client.get(address).context["heir_query"]
    way = client.get(f"{reverse('bases:record-list', args=['intake'])}{query}")
    assert [row.pk for row in way.context["page"].object_list] == [mine.pk] != [theirs.pk]
    assert other_base.name in way.content.decode()
    refused = signed_in(base_officer).get(address)
    assert refused.status_code == 403
    assert f"已并入“{base.name}”" in refused.content.decode()


def test_nobody_asks_for_the_staff_of_a_place_but_here():
    """All messages to staff take their people from bases.staff.recipients, so all of them name their place."""
    reads = {
        str(path)
        for root in ("portal", "residents", "bases", "review")
        for path in Path(root).rglob("*.py")
        if "migrations" not in path.parts and re.search(r"\bGRANTS\b|UserGrant\b", path.read_text())
    }
    allowed = {
        "bases/staff.py",
        "bases/scope.py",
        "bases/models/organisations.py",
        "bases/models/__init__.py",
    }
    assert reads - allowed == READERS


# Those that count or load people and tell nobody.
READERS = {
    "review/audit/search.py",
    "review/notices/readers.py",
    "review/staff/services.py",
    "review/staff/workbook.py",
}
