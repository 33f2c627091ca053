"""Department secretaries (专业基地秘书): a desk with a name, no way that ends in 403, the people of their specialties
alone, in lists, templates, imports and messages (AM-46; TRUST-24, TRUST-25)."""

import datetime
import io
import re
from collections import Counter
from urllib.parse import urlsplit

import openpyxl
import pytest
from django.test import Client
from django.urls import resolve, reverse
from django.utils import timezone

from bases import staff
from bases.models import SpecialtyBase, SpecialtyBaseUserGrant
from portal.calendar import INTAKE_STEPS
from portal.models import CycleWindow, Extension, Message, Step, User
from portal.roles import Role
from residents.models import Enrollment
from tests import factories
from tests.bases.desk import close, complete, returned
from tests.bases.workbooks.training_files import edited, template, verdicts

pytestmark = pytest.mark.django_db


@pytest.fixture
def department(base):
    return SpecialtyBase.objects.get(base=base, specialty="0100")


@pytest.fixture
def secretary(department, base_officer):
    user = factories.UserFactory(username="mishu01", full_name="秦岚", role=Role.BASE)
    staff.appoint(user, department, by=base_officer)
    return user


@pytest.fixture
def own(base, cycle):
    return complete(base, cycle.year)


@pytest.fixture
def other(base, cycle):
    record = complete(base, cycle.year)
    Enrollment.objects.filter(pk=record.pk).update(specialty="0200")
    record.resident.full_name = "郝不归"
    record.resident.save()
    record.refresh_from_db()
    return record


def test_the_desk_names_the_specialty_and_shows_its_people_alone(signed_in, secretary, own, other):
    page = signed_in(secretary).get(reverse("bases:desk"))
    assert "浙江大学医学院附属第一医院 内科专业基地" in page.text
    rows = signed_in(secretary).get(reverse("bases:record-list", args=["intake"])).context["page"].object_list
    assert [row.pk for row in rows] == [own.pk]


def test_she_reads_the_dates_of_her_base(
    signed_in, secretary, base, base_officer, own, cycle, national_officer
):
    """GOAL-P8, AM-42: banner, calendar and the yearly task go by her base's own time, as they do for the base."""
    until = timezone.now() + datetime.timedelta(days=77)
    Extension.objects.create(
        cycle=cycle, step=Step.REPORT, base=base, until=until, reason="停电", granted_by=national_officer
    )
    later = {"opens_at": timezone.now() + datetime.timedelta(days=5), "closes_at": until}
    CycleWindow.objects.create(cycle=cycle, step=Step.REGISTRY_UPDATE, province=base.province, **later)
    Enrollment.objects.filter(pk=own.pk).update(registered_at=timezone.now())
    pages = [reverse("bases:desk"), reverse("bases:record-list", args=["intake"])]
    for address in pages:
        hers, theirs = (signed_in(user).get(address).context["bands"] for user in (secretary, base_officer))
        assert [part.closes_at for each in hers for part in each.parts] == [until]
        assert hers == theirs
    stale = reverse("bases:record-list", args=["registry"]) + "?todo=stale"
    assert signed_in(secretary).get(stale).context["page"].paginator.count == 0


# More addresses of one page differ by their filters alone.
OF_ONE_PAGE = 4


@pytest.mark.parametrize("is_closed", [False, True])
def test_no_way_of_a_secretary_ends_in_a_refusal(signed_in, secretary, own, other, cycle, is_closed):
    """Every link of every page that he reaches from his desk opens, some of each page's addresses."""
    if is_closed:
        close(cycle, Step.RESIDENT_FILL, Step.BASE_FILL, Step.REPORT)
    client, seen, ways = signed_in(secretary), set(), [reverse("bases:desk")]
    refused, visits = {}, Counter()
    while ways:
        address = ways.pop(0)
        if address in seen:
            continue
        seen.add(address)
        name = resolve(urlsplit(address).path).view_name
        visits[name] += 1
        if visits[name] > OF_ONE_PAGE:
            continue
        answer = client.get(address)
        if answer.status_code >= 400:
            refused[address] = answer.status_code
        if "text/html" not in answer.get("Content-Type", "") or address.startswith("/manual"):
            continue
        found = re.findall(r'href="(/[^"#]*)', answer.content.decode())
        ways += [each.replace("&amp;", "&") for each in found if not each.startswith("/static")]
    assert refused == {}
    assert len(visits) > 15


def test_locked_row_names_who_asks_for_more_time_and_is_not_offered_to_be_mended(
    signed_in, secretary, base, own, cycle, send
):
    """AM-31: the page of 申请延长填报时间 is the base's; the grid opens no locked record."""
    close(cycle, Step.BASE_FILL)
    batch = send(edited(template([own], base), {(1, "备注"): "一"}), by=secretary)
    (fault,) = batch.rows.get().problems
    assert (fault["code"], "由培训基地申请延长填报时间" in fault["repair"]) == ("record_locked_late", True)
    page = signed_in(secretary).get(reverse("bases:import-batch", args=[batch.pk])).text
    assert "修改这一组" not in page
    upload = signed_in(secretary).get(reverse("bases:import-upload", args=["training", "intake"])).text
    assert "其余的由培训基地申请延长填报时间" in upload
    close(cycle, *INTAKE_STEPS)
    again = send(edited(template([own], base), {(1, "备注"): "一"}), by=secretary)
    (fault,) = again.rows.get().problems
    assert (fault["code"], "延长" in fault["repair"]) == ("record_locked", False)


def test_his_template_and_his_file_reach_his_own_people_alone(signed_in, secretary, base, own, other, send):
    address = reverse("bases:import-template", args=["training", "intake"])
    answer = signed_in(secretary).post(address)
    sheet = openpyxl.load_workbook(io.BytesIO(answer.content)).worksheets[0]
    numbers = {cell.value for row in sheet.iter_rows() for cell in row}
    assert own.resident.id_number in numbers
    assert other.resident.id_number not in numbers
    changes = {(1, "备注"): "一", (2, "备注"): "二"}
    batch = send(edited(template([own, other], base), changes), by=secretary)
    assert verdicts(batch) == ["update", "refused"]
    page = reverse("bases:import-batch", args=[batch.pk])
    assert signed_in(secretary).get(page).status_code == 200
    colleague = factories.UserFactory()
    staff.appoint(
        colleague,
        SpecialtyBase.objects.get(base=base, specialty="0200"),
        by=User.objects.get(username="zjyy01"),
    )
    assert signed_in(colleague).get(page).status_code == 404


def test_he_hears_of_his_own_people_alone(secretary, own, other, base_officer, provincial_reviewer):
    for record in (other, own):
        returned(record, base_officer, provincial_reviewer)
    told = Message.objects.filter(recipient=secretary, kind="returned")
    assert [each.link for each in told] == [reverse("bases:record", args=[own.pk])]


def test_he_is_appointed_on_a_page_by_whoever_manages_the_base(signed_in, base_officer, department, base):
    """Point by point: from the base's page of people to the page of the specialty, and a new account there."""
    client = signed_in(base_officer)
    page = client.get(reverse("review:staff-of", args=["base", base.pk]))
    address = reverse("review:staff-of", args=["specialty", department.pk])
    assert address in page.text
    assert client.get(address).status_code == 200
    person = {"full_name": "秦岚", "username": "mishu02", "mobile": "13900000009", "read_only": "0"}
    answer = client.post(reverse("review:appoint", args=["specialty", department.pk]), person)
    assert answer.status_code == 200
    grant = SpecialtyBaseUserGrant.objects.get()
    assert (grant.user.username, grant.permission.codename) == ("mishu02", "act_specialtybase")


def test_whoever_works_for_a_base_and_a_specialty_elsewhere_switches(
    signed_in, base_officer, other_base_officer, other_base, own
):
    """One person, two places: each desk shows its own people."""
    elsewhere = SpecialtyBase.objects.get(base=other_base, specialty="0100")
    staff.appoint(base_officer, elsewhere, by=other_base_officer)
    there = complete(other_base, own.intake_year)
    client, listed = signed_in(base_officer), reverse("bases:record-list", args=["intake"])

    def shown():
        return [row.pk for row in client.get(listed).context["page"].object_list]

    assert shown() == [own.pk]
    client.post(reverse("bases:choose-base"), {"base": "specialties"})
    assert shown() == [there.pk]
    assert "内科专业基地" in client.get(reverse("bases:desk")).text
    client.post(reverse("bases:choose-base"), {"base": str(own.base_id)})
    assert shown() == [own.pk]


def test_an_account_without_a_place_has_no_desk_of_nothing(signed_in):
    """AM-46 (Y6): it is told who appoints it again, has a way out, and its menu leads nowhere else; no other page of
    its role shows it anything."""
    for role, route in ((Role.BASE, "bases:desk"), (Role.PROVINCE, "review:queue")):
        user = factories.UserFactory(role=role)
        client: Client = signed_in(user)
        page = client.get(reverse(route))
        assert "目前不属于任何单位" in page.text
        assert f"可以重新任用您的：原{'培训基地' if role == Role.BASE else '省级单位'}" in page.text
        assert f'action="{reverse("portal:sign-out")}"' in page.text.split("<main")[1]
        menu = page.text.split('<nav class="desk-nav"')[1].split("</nav>")[0]
        assert re.findall(r'href="([^"]+)"', menu) == [reverse("portal:desk")]
