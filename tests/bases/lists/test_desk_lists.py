"""The base's board and lists, and whose records they hold: BR-37, BR-38; GOAL-B16, GOAL-S1; TRUST-24, TRUST-25,
TRUST-28, TRUST-51."""

import uuid

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from guardian.shortcuts import assign_perm

from bases.models import Submission
from portal.models import AuditEvent, Message
from residents.models import Enrollment, PersonalReturn
from tests import factories
from tests.bases.desk import approved, complete, page, reported, returned, state

pytestmark = pytest.mark.django_db


@pytest.fixture
def reader(signed_in, base):
    """A read-only member of `base`."""
    user = factories.UserFactory(full_name="吴静")
    factories.grant(user, base, read_only=True)
    return signed_in(user)


# --- board and lists -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "query", ["stage=nonsense", "year=abc", "todo=x", "specialty=zz", "report=7", "q=%00"]
)
def test_a_filter_that_cannot_be_read_lists_and_chooses_nothing(desk, base, cycle, query):
    """GOAL-B14, GOAL-B15: "all N results" of an address that says something unknown must never be everybody."""
    complete(base, cycle.year)
    body = page(desk.get(f"/base/records/intake/?{query}"))
    assert "筛选条件无效" in body
    assert "检查并上报" not in body
    for act in ("report", "personal/return", "personal/remind"):
        assert "没有选中记录" in page(desk.get(f"/base/{act}/?range=all&module=intake&{query}"))


def test_a_year_or_specialty_of_nobody_is_an_empty_list(desk, base, cycle):
    """The way back to a list whose last record has changed is no mistake."""
    complete(base, cycle.year)
    for query in ("year=2015", "specialty=0200"):
        assert "没有符合条件的住院医师" in page(desk.get(f"/base/records/intake/?{query}"))


def test_lists_find_a_number_by_the_four_characters_they_show(desk, base, other_base, cycle):
    """PAIN-08, TRUST-24, TRUST-51: those of the own base only, in both lists and among the accounts."""
    record = factories.EnrollmentFactory(base=base, intake_year=cycle.year)
    number = record.resident.id_number
    for path in ("records/intake", "accounts"):
        found = desk.get(f"/base/{path}/", {"q": number[-4:]}).context["page"].object_list
        assert record in found, path
        assert {row.base_id for row in found} == {base.pk}
    there = factories.EnrollmentFactory(base=other_base, intake_year=cycle.year)
    found = desk.get("/base/records/intake/", {"q": there.resident.id_number[-4:]})
    assert there not in found.context["page"].object_list


def test_year_of_the_cycle_stands_once_in_the_menu(desk, base, cycle):
    """BR-40: the list opens with it, and a link may name it."""
    complete(base, cycle.year)
    complete(base, cycle.year - 1)
    for query in ("", f"?year={cycle.year}"):
        response = desk.get(f"/base/records/intake/{query}")
        names = [name for _, name in response.context["filters"].fields["year"].choices]
        assert names == [f"{cycle.year} 年（本周期）", "全部年份", f"{cycle.year - 1} 年"]
        assert response.context["page"].paginator.count == 1
    assert desk.get("/base/records/registry/?year=all").context["page"].paginator.count == 0


def test_pages_need_the_same_queries_for_one_and_three_records(
    desk, base, cycle, base_officer, provincial_reviewer, django_assert_num_queries
):
    """docs/architecture.md#views, target 9 of tests/benchmarks."""
    addresses = [
        "/base/",
        "/base/records/intake/",
        "/base/records/registry/",
        "/base/report/?range=all&module=intake",
    ]
    returned(complete(base, cycle.year), base_officer, provincial_reviewer)
    approved(complete(base, cycle.year), base_officer, provincial_reviewer)
    seen = {}
    for address in addresses:
        desk.get(address)
        seen[address] = queries_of(desk, address)
    for _ in range(2):
        returned(complete(base, cycle.year), base_officer, provincial_reviewer)
        approved(complete(base, cycle.year), base_officer, provincial_reviewer)
    for address in addresses:
        assert queries_of(desk, address) == seen[address], address


def queries_of(client, address: str) -> int:
    with CaptureQueriesContext(connection) as captured:
        assert client.get(address).status_code == 200
    return len(captured)


def test_list_filters_combine_and_keep_to_the_own_base(desk, base, other_base, cycle):
    """TRUST-24: nothing of another base in any list; PAIN-11: a name is found by one character."""
    one = complete(base, cycle.year)
    factories.EnrollmentFactory(
        base=base, intake_year=cycle.year, resident=factories.ResidentFactory(full_name="古丽米热·艾比布力")
    )
    foreign = factories.EnrollmentFactory(
        base=other_base, intake_year=cycle.year, resident=factories.ResidentFactory(full_name="古天乐")
    )
    found = page(desk.get("/base/records/intake/", {"q": "古"}))
    assert "古丽米热·艾比布力" in found
    assert "古天乐" not in found
    assert foreign.resident.id_number not in found
    by_number = desk.get("/base/records/intake/", {"q": one.resident.id_number})
    assert one in by_number.context["page"].object_list
    both = desk.get("/base/records/intake/", {"specialty": "0100", "stage": "ready", "trainee_type": "3"})
    assert list(both.context["page"].object_list) == [one]
    assert list(desk.get("/base/records/intake/", {"stage": "pending"}).context["page"].object_list) == []


def test_list_of_an_unreadable_page_shows_the_last_one(desk, enrollment):
    response = desk.get("/base/records/intake/", {"page": "-3"})
    assert list(response.context["page"].object_list) == [enrollment]


def test_intake_list_keeps_approved_recruits_as_they_were(
    desk, complete_enrollment, base_officer, provincial_reviewer
):
    """BR-37, AM-30: the registry copy may change, the intake shows what was approved."""
    record = approved(complete_enrollment, base_officer, provincial_reviewer)
    Enrollment.objects.filter(pk=record.pk).update(report_status="0")
    assert desk.get("/base/records/intake/").context["page"].object_list[0].stage == "approved"
    assert desk.get("/base/records/registry/").context["page"].object_list[0].stage == "changed"
    frozen = page(desk.get(f"/base/records/{record.pk}/reports/1/"))
    assert "这是审核通过的招收原始信息" in frozen


def test_numbers_are_masked_everywhere(desk, complete_enrollment, base_officer, provincial_reviewer):
    """TRUST-51: no full ID or mobile number in any page of the desk."""
    record = approved(complete_enrollment, base_officer, provincial_reviewer)
    person = record.resident
    for address in (
        "/base/",
        "/base/records/intake/",
        "/base/records/registry/",
        f"/base/records/{record.pk}/",
        f"/base/records/{record.pk}/reports/1/",
        f"/base/records/{record.pk}/history/",
        f"/base/records/{record.pk}/training/",
        f"/base/records/{record.pk}/status/",
        f"/base/report/?choice={record.pk}",
        f"/base/personal/return/?choice={record.pk}",
    ):
        body = page(desk.get(address))
        assert person.id_number not in body, address
        assert person.mobile not in body, address


def test_unmask_needs_a_purpose_and_is_logged(desk, complete_enrollment):
    """TRUST-51: shown in this one response only."""
    address, number = f"/base/records/{complete_enrollment.pk}/", complete_enrollment.resident.id_number
    assert number not in page(desk.post(address, {"act": "unmask", "purpose": " "}))
    assert AuditEvent.objects.filter(action="unmask").count() == 0
    assert number in page(desk.post(address, {"act": "unmask", "purpose": "核对身份证原件"}))
    event = AuditEvent.objects.get(action="unmask")
    assert (event.target_id, event.detail) == (str(complete_enrollment.pk), {"purpose": "核对身份证原件"})
    assert number not in page(desk.get(address))


def test_officer_of_two_bases_works_for_the_one_he_chose(desk, base, other_base, base_officer, cycle):
    """Several grants, one desk at a time; a base that is not his cannot be chosen."""
    stranger = factories.TrainingBaseFactory()
    factories.grant(base_officer, other_base)
    here = factories.EnrollmentFactory(base=base, intake_year=cycle.year)
    there = factories.EnrollmentFactory(base=other_base, intake_year=cycle.year)
    assert list(desk.get("/base/records/intake/").context["page"].object_list) == [here]
    assert desk.post("/base/board/choose/", {"base": other_base.pk}).status_code == 302
    assert list(desk.get("/base/records/intake/").context["page"].object_list) == [there]
    for foreign in (stranger.pk, "x", ""):
        assert desk.post("/base/board/choose/", {"base": foreign}).status_code == 404
    assert list(desk.get("/base/records/intake/").context["page"].object_list) == [there]


def test_secretary_of_one_specialty_sees_and_edits_only_its_records(signed_in, base, cycle):
    """docs/architecture.md#scope: a grant on one 专业基地."""
    secretary = factories.UserFactory(full_name="许岚")
    assign_perm("act_specialtybase", secretary, base.specialty_bases.get(specialty="0100"))
    mine, other = complete(base, cycle.year), complete(base, cycle.year)
    Enrollment.objects.filter(pk=other.pk).update(specialty="0200")
    browser = signed_in(secretary)
    assert browser.get("/base/").status_code == 200
    assert list(browser.get("/base/records/intake/").context["page"].object_list) == [mine]
    assert browser.get(f"/base/records/{mine.pk}/training/").status_code == 200
    assert browser.get(f"/base/records/{other.pk}/").status_code == 404
    ids = f"{mine.pk},{other.pk}"
    browser.post("/base/report/", {"ids": ids, "declared": "on"})
    assert (state(mine), state(other)) == (("1", "1"), ("0", "0"))


# --- whose object it is ----------------------------------------------------------------------------------------------


RECORD_PAGES = ["", "history/", "training/", "status/", "name/", "withdraw/", "reports/1/"]


@pytest.mark.parametrize("rest", RECORD_PAGES)
def test_record_of_another_base_is_not_found(desk, other_base, cycle, base_officer, rest):
    """TRUST-25, TRUST-28: 404 for looking and for acting, the same as for a missing one."""
    foreign = reported(complete(other_base, cycle.year), factories.UserFactory())
    address = f"/base/records/{foreign.pk}/{rest}"
    missing = f"/base/records/999999999/{rest}"
    for method in (desk.get, desk.post):
        if rest == "withdraw/" and method == desk.get:
            continue
        answers = method(address), method(missing)
        assert [answer.status_code for answer in answers] == [404, 404]
    assert state(foreign) == ("1", "1")


@pytest.mark.parametrize("address", ["/base/report/", "/base/personal/return/", "/base/personal/remind/"])
def test_bulk_action_leaves_records_of_others_alone(desk, other_base, cycle, address):
    """TRUST-27, TRUST-28: ids of another base in the form fall out."""
    foreign = complete(other_base, cycle.year)
    desk.post(
        address,
        {
            "ids": str(foreign.pk),
            "batch": uuid.uuid4(),
            "declared": "on",
            "comment": "请修改",
            "text": "请更新",
            "reason": "incomplete",
        },
    )
    assert state(foreign) == ("0", "0")
    assert (Submission.objects.count(), PersonalReturn.objects.count(), Message.objects.count()) == (0, 0, 0)
    assert foreign.resident.full_name not in page(desk.get(address, {"choice": foreign.pk}))


def test_read_only_member_sees_and_cannot_act(reader, complete_enrollment, base_officer):
    """docs/architecture.md#scope: 403 where one may look but not act."""
    pk = complete_enrollment.pk
    shown = page(reader.get(f"/base/records/{pk}/"))
    assert "编辑培训信息" not in shown
    assert "检查并上报" not in page(reader.get("/base/records/intake/"))
    for rest in ("training/", "status/", "name/"):
        assert reader.get(f"/base/records/{pk}/{rest}").status_code == 403
        assert reader.post(f"/base/records/{pk}/{rest}", {"remark": "x"}).status_code == 403
    assert reader.post(f"/base/report/{pk}/withdraw/").status_code == 403
    reader.post("/base/report/", {"ids": str(pk), "declared": "on"})
    assert state(complete_enrollment) == ("0", "0")
