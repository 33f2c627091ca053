"""公告: whom it concerns, its files, and on whose desk it lies until it is read (BR-95)."""

import datetime

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from guardian.shortcuts import assign_perm

from portal.models import Notice, NoticeFile, NoticeReading
from portal.roles import Role
from review.notices.readers import DESK_DAYS, MOST_ON_DESK, readers_of, to_read
from tests import factories
from tests.bases.desk import page, told

FORM = {"title": "关于做好年度更新的通知", "body": "请于月底前完成。", "audience": "all"}
PDF = b"%PDF-1.7\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF"
DESKS = {
    "base": "/base/",
    "province": "/review/",
    "resident": "/resident/",
    "association": "/review/national/",
}


@pytest.fixture
def people(base_officer, provincial_reviewer, enrollment, national_officer):
    """One of each desk, all of Zhejiang but the association's."""
    return {
        "base": base_officer,
        "province": provincial_reviewer,
        "resident": enrollment.resident.user,
        "association": national_officer,
    }


def notice(audience="all", *provinces, **more) -> Notice:
    made = Notice.objects.create(title=f"给 {audience}", body="正文", audience=audience, **more)
    made.provinces.set(provinces)
    return made


@pytest.mark.parametrize(
    ("audience", "concerned"),
    [
        ("all", {"base", "province", "resident", "association"}),
        ("staff", {"base", "province"}),
        ("bases", {"base"}),
        ("provinces", {"province"}),
        ("residents", {"resident"}),
    ],
)
def test_it_lies_on_the_desk_of_whom_it_concerns_and_nobody_elses(
    people, signed_in, audience, concerned, cycle
):
    made = notice(audience)
    shown = {who for who, user in people.items() if made.title in page(signed_in(user).get(DESKS[who]))}
    assert shown == concerned
    assert {who for who, user in people.items() if to_read(user)} == concerned


@pytest.mark.parametrize("audience", ["all", "staff", "residents"])
def test_it_reaches_the_chosen_provinces_only(client, people, signed_in, audience):
    ours, theirs = notice(audience, "33", "11"), notice(audience, "44")
    for who in ("base", "province", "resident"):
        found = [each for each in to_read(people[who]) if each != theirs]
        assert found == to_read(people[who])
        browser = signed_in(people[who])
        concerned = ours in found
        assert browser.get(f"/notices/{ours.pk}/").status_code == (200 if concerned else 404)
        assert browser.get(f"/notices/{theirs.pk}/").status_code == 404
    assert client.get(f"/notices/{ours.pk}/").status_code == 404
    assert ours.title not in page(client.get("/"))
    # What the association has written it reads.
    assert signed_in(people["association"]).get(f"/notices/{theirs.pk}/").status_code == 200


def test_secretary_of_a_department_is_reached_in_his_province(base, other_base):
    accredited = base.specialty_bases.first()
    secretary = factories.UserFactory()
    assign_perm("bases.act_specialtybase", secretary, accredited)
    here, elsewhere = notice("bases", base.province_id), notice("bases", "65")
    assert to_read(secretary) == [here]
    assert elsewhere.pk


@pytest.mark.parametrize("who", ["base", "resident"])
def test_opening_it_or_one_press_takes_it_off_the_desk(people, signed_in, who):
    browser, opened, pressed = signed_in(people[who]), notice(), notice()
    browser.get(f"/notices/{opened.pk}/")
    browser.get(f"/notices/{opened.pk}/")
    answer = browser.post(f"/notices/{pressed.pk}/read/", follow=True)
    assert "未阅公告" not in page(answer)
    assert {(each.notice, each.user) for each in NoticeReading.objects.all()} == {
        (opened, people[who]),
        (pressed, people[who]),
    }
    assert opened.title in page(browser.get("/notices/"))


def test_desk_shows_the_newest_of_the_last_months(people):
    now = timezone.now()
    days = [*range(1, MOST_ON_DESK + 2), DESK_DAYS + 1]
    made = [notice(published_at=now - datetime.timedelta(days=each)) for each in days]
    assert to_read(people["base"]) == made[:MOST_ON_DESK]
    NoticeReading.objects.bulk_create(
        NoticeReading(notice=each, user=people["base"]) for each in made[:MOST_ON_DESK]
    )
    assert to_read(people["base"]) == made[MOST_ON_DESK:-1]


def test_withdrawn_one_leaves_every_desk(people):
    made = notice(withdrawn_at=timezone.now())
    assert made.pk
    assert to_read(people["base"]) == []


def test_author_has_read_it_and_sees_how_many_have(people, national, signed_in):
    national.post("/review/notices/new/", FORM | {"audience": "staff", "provinces": ["33"]})
    made = Notice.objects.get()
    assert [each.pk for each in made.provinces.all()] == ["33"]
    disabled = factories.UserFactory(is_active=False)
    factories.grant(disabled, people["resident"].resident.enrollments.get().base)
    signed_in(people["base"]).get(f"/notices/{made.pk}/")

    readers = readers_of(made)
    assert (readers.people, readers.read) == (2, 1)
    assert {(unit.kind, unit.people, unit.read) for unit in readers.units} == {
        ("培训基地", 1, 1),
        ("省级", 1, 0),
    }
    (silent,) = readers.silent
    assert silent.name == "浙江省"
    body = page(national.get(f"/review/notices/{made.pk}/readings/"))
    assert "应阅 2 人，已阅 1 人" in body
    assert "1 个单位无人已阅" in body
    base_name = people["resident"].resident.enrollments.get().base.name
    assert base_name not in body
    assert base_name in page(national.get(f"/review/notices/{made.pk}/readings/?all=1"))


def test_residents_are_counted_once_and_listed_by_base(enrollment, other_base):
    person = enrollment.resident
    factories.EnrollmentFactory(resident=person, base=other_base, status="5")
    factories.EnrollmentFactory(base=enrollment.base)
    made = notice("residents")
    NoticeReading.objects.create(notice=made, user=person.user)
    readers = readers_of(made)
    assert (readers.people, readers.read) == (2, 1)
    assert sorted((unit.people, unit.read) for unit in readers.units) == [(1, 1), (2, 1)]


def test_reading_is_counted_in_few_queries(people, base, django_assert_max_num_queries):
    made = notice("all")
    for _ in range(3):
        factories.grant(factories.UserFactory(), base)
        factories.EnrollmentFactory(base=base)
    with django_assert_max_num_queries(10):
        assert readers_of(made).people == 9


# --- files -----------------------------------------------------------------------------------------------------------


def scan(name: str, content: bytes = PDF) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content)


def test_files_are_stored_named_and_handed_to_those_who_may_read(people, national, signed_in, client):
    files = {"new_files": [scan("附件1 填报说明.pdf"), scan("../../盖章页.pdf")]}
    national.post("/review/notices/new/", FORM | {"audience": "staff"} | files)
    made = Notice.objects.get()
    assert [each.name for each in made.files.all()] == ["附件1 填报说明", "盖章页"]
    first = made.files.first()
    assert first.file.name.startswith("notices/")
    assert "填报说明" not in first.file.name
    address = f"/notices/{made.pk}/files/{first.pk}/"
    answer = signed_in(people["base"]).get(address)
    assert b"".join(answer.streaming_content) == PDF
    assert answer["Content-Type"] == "application/pdf"
    assert "attachment" in answer["Content-Disposition"]
    assert address in page(signed_in(people["province"]).get(f"/notices/{made.pk}/"))
    for stranger in (client, signed_in(people["resident"])):
        assert stranger.get(address).status_code == 404
    other = notice()
    assert client.get(f"/notices/{other.pk}/files/{first.pk}/").status_code == 404


def test_file_of_another_kind_is_refused_by_its_name_and_nothing_is_stored(national):
    files = {"new_files": [scan("说明.pdf"), scan("工具.pdf", b"MZ program")]}
    answer = national.post("/review/notices/new/", FORM | files)
    (error,) = answer.context["form"].errors["new_files"]
    assert "工具.pdf" in error
    assert "JPG" in error
    assert not Notice.objects.exists()
    assert FORM["body"] in page(answer)


def test_too_many_files_are_refused_with_the_number(national):
    answer = national.post(
        "/review/notices/new/", FORM | {"new_files": [scan(f"{n}.pdf") for n in range(11)]}
    )
    assert answer.context["form"].errors["new_files"] == ["一条公告最多 10 个附件，现在共 11 个，请减少。"]


def test_files_are_taken_off_and_added_later(national, national_officer):
    national.post("/review/notices/new/", FORM | {"new_files": [scan("旧.pdf"), scan("留.pdf")]})
    made = Notice.objects.get()
    old = made.files.get(name="旧")
    said = told(
        national.post(
            f"/review/notices/{made.pk}/", FORM | {"dropped": [old.pk], "new_files": [scan("新.pdf")]}
        )
    )
    assert "已保存" in said
    assert [each.name for each in NoticeFile.objects.all()] == ["留", "新"]
    assert NoticeReading.objects.get().user == national_officer
    other = notice()
    foreign = other.files.create(name="别的")
    answer = national.post(f"/review/notices/{made.pk}/", FORM | {"dropped": [foreign.pk]})
    assert list(answer.context["form"].errors) == ["dropped"]


@pytest.mark.parametrize("role", [Role.PROVINCE, Role.BASE, Role.RESIDENT])
def test_who_has_read_is_told_to_the_association_only(signed_in, role):
    made = notice()
    assert (
        signed_in(factories.UserFactory(role=role)).get(f"/review/notices/{made.pk}/readings/").status_code
        == 403
    )
