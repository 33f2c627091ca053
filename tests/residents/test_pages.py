"""The resident's pages (BR-43, BR-52 … BR-55, BR-64, BR-77 … BR-80; GOAL-R1 … GOAL-R7; TRUST-26; PAIN-22, PAIN-29)."""

import datetime
import io
import re

import pytest
from django.utils import timezone
from PIL import Image

from portal import audit
from portal.models import CycleWindow, Step
from residents.models import BasicInfo, EducationRecord, Enrollment, PersonalReturn, Resident
from residents.services.personal import save_block
from residents.services.returns import return_personal
from tests import factories
from tests.residents.conftest import jpeg, upload

BASIC_URL = "/resident/section/basic/"
BATCH = "00000000-0000-0000-0000-000000000001"
# Session, user, record, levels, returns, cycle, its windows and extensions, unread messages, contact; on the first
# page the other records as well; whoever is asked for the yearly update costs four more there.
HOME_QUERIES = 12
EDUCATION_QUERIES = 10


@pytest.fixture
def client(signed_in, resident):
    return signed_in(resident)


def page(response) -> str:
    return re.sub(r"\s+", " ", response.content.decode())


def close_window(minutes: int) -> None:
    CycleWindow.objects.filter(step=Step.RESIDENT_FILL).update(
        closes_at=timezone.now() - datetime.timedelta(minutes=minutes)
    )


# --- first page ------------------------------------------------------------------------------------------------------


def test_home_links_every_gap_to_its_field(client):
    """GOAL-R2, BR-46."""
    body = page(client.get("/resident/"))

    links = re.findall(r'<li>\s*<a href="([^"]+)">([^<]+)</a>\s*</li>', body)
    assert ("/resident/section/basic/#id_email_box", "有效的电子邮箱地址") in links
    assert ("/resident/education/add/#id_level_box", "本科学习经历") in links
    assert (
        "/resident/section/certificate/#id_passed_qualification_exam_box",
        "是否通过医师资格考试",
    ) in links
    # The ID card tells these two: nobody can fill them in (GOAL-R6).
    assert {"性别", "出生日期"} & {label for _, label in links} == set()


def test_every_gap_leads_to_an_anchor_that_exists(client, enrollment):
    EducationRecord.objects.create(resident=enrollment.resident, level="3", is_enrolled=False)
    links = re.findall(r'<li>\s*<a href="(/resident/[^"#]+)#([^"]+)">', page(client.get("/resident/")))

    assert len(links) > 10
    missing = [(url, anchor) for url, anchor in links if f'id="{anchor}"' not in page(client.get(url))]
    assert missing == []


def test_home_shows_the_deadline_or_why_it_is_closed(client):
    """GOAL-R2: closing time; BR-55."""
    assert "截止时间" in page(client.get("/resident/"))
    close_window(30)
    assert "截止，现在不能办理" in page(client.get("/resident/"))


def test_nothing_leads_to_a_form_that_is_closed(client):
    """AM-31: what is missing is told in words on every page; an empty form to add a level of study does not open."""
    leads = re.compile(r'href="/resident/(section|education)/[^"]*#id_|href="/resident/education/add/')
    pages = ("/resident/", "/resident/check/", "/resident/education/")
    assert all(leads.search(page(client.get(each))) for each in pages)
    close_window(30)
    assert not any(leads.search(page(client.get(each))) for each in pages)
    assert "还缺" in page(client.get("/resident/education/"))
    answer = client.get("/resident/education/add/")
    assert (answer.status_code, answer.url) == (302, "/resident/education/")


def test_home_without_a_record_tells_whom_to_ask(client, enrollment):
    """BR-77."""
    Enrollment.objects.update(deleted_at=timezone.now(), deleted_reason="误导入")

    assert "请联系所在培训基地确认" in page(client.get("/resident/"))
    assert client.get(BASIC_URL).status_code == 404


def test_home_of_one_who_has_left_says_why_it_is_read_only(client, enrollment):
    """AM-49: no base sees what he would fill in."""
    Enrollment.objects.filter(pk=enrollment.pk).update(status="5", registered_at=timezone.now())
    body = page(client.get("/resident/"))
    assert "个人信息为只读" in body
    assert "培训基地可以看到" not in body


def test_withdrawn_records_are_listed_read_only(client, enrollment, other_base):
    """AM-20: the new base's record is the living one."""
    Enrollment.objects.update(status="5")
    factories.EnrollmentFactory(
        resident=enrollment.resident, base=other_base, intake_year=enrollment.intake_year
    )
    body = page(client.get("/resident/"))

    assert body.index("我的信息 · 宁波市第一医院") < body.index("以往的培训记录（只读）")
    assert "浙江大学医学院附属第一医院" in body[body.index("以往的培训记录（只读）") :]


@pytest.mark.parametrize("rows", [1, 3])
def test_home_query_count_does_not_depend_on_rows(
    client, enrollment, base_officer, django_assert_num_queries, rows
):
    for level in "345"[:rows]:
        EducationRecord.objects.create(resident=enrollment.resident, level=level)
        PersonalReturn.objects.create(
            enrollment=enrollment,
            field="education.school",
            comment="请核对",
            batch=BATCH,
            returned_by=base_officer,
        )
    client.get("/resident/")
    with django_assert_num_queries(HOME_QUERIES):
        client.get("/resident/")


# --- saving ----------------------------------------------------------------------------------------------------------


def test_save_goes_back_with_the_values_and_a_message(client, basic_values):
    """BR-53, BR-78."""
    response = client.post(BASIC_URL, {**basic_values, "version": "0"}, follow=True)

    assert response.redirect_chain == [(BASIC_URL, 302)]
    body = page(response)
    assert "培训基地现在就能看到，无需上报" in body
    assert 'value="chenyutong@example.com"' in body


def test_save_and_next_goes_to_the_next_section(client):
    response = client.post(BASIC_URL, {"email": "a@example.com", "next": "1", "version": "0"})

    assert (response.status_code, response["Location"]) == (302, "/resident/education/")


def test_wrong_value_is_named_at_its_field_and_everything_typed_stays(client):
    """PAIN-22, GOAL-S6: error beside the field and in the summary with a link."""
    response = client.post(BASIC_URL, {"email": "nobody", "emergency_name": "陈建国", "version": "0"})

    body = page(response)
    assert response.status_code == 422
    assert '<a href="#id_email_box">有效的电子邮箱地址</a>' in body
    assert 'aria-describedby="id_email_error"' in body
    assert 'value="陈建国"' in body
    assert 'value="nobody"' in body
    assert not BasicInfo.objects.exists()


def test_direct_post_changes_no_locked_field(client, enrollment):
    """PAIN-29, BR-48, BR-52, AM-07, TRUST-26."""
    keys = ("full_name", "id_type", "id_number")
    before = Resident.objects.values(*keys).get()
    client.post(
        BASIC_URL,
        {
            "email": "a@example.com",
            "full_name": "王五",
            "id_type": "03",
            "id_number": "E12345678",
            "role": "cmda",
            "is_staff": "1",
            "base": "1",
            "status": "5",
            "review_status": "2",
            "report_status": "1",
            "personal_state": "2",
            "approved": "1",
            "sex": "2",
        },
    )

    assert Resident.objects.values(*keys).get() == before
    stored = Enrollment.objects.get()
    assert (stored.status, stored.review_status, stored.report_status, stored.personal_state) == (
        "1",
        "0",
        "0",
        "1",
    )
    assert stored.base_id == enrollment.base_id
    assert stored.resident.user.role == "resident"
    assert stored.resident.basic.sex == "1"


def test_stored_warning_is_shown_below_the_field(client, enrollment, resident):
    """PAIN-25."""
    mobile = resident.resident.mobile
    save_block(enrollment, "basic", {"emergency_mobile": mobile}, by=resident)

    assert "紧急联系人手机与本人手机号相同" in page(client.get(BASIC_URL))


def test_second_tab_sees_both_values_and_chooses(client, enrollment, resident):
    """GOAL-R4."""
    save_block(enrollment, "basic", {"email": "first@example.com"}, by=resident)
    response = client.post(
        BASIC_URL, {"email": "second@example.com", "emergency_name": "陈建国", "version": "0"}
    )
    body = page(response)
    assert response.status_code == 409
    assert "保留已保存的：first@example.com" in body
    assert "用刚填写的：second@example.com" in body
    assert BasicInfo.objects.get().email == "first@example.com"

    sent = dict(re.findall(r'<input type="hidden" name="([a-z_]+)" value="([^"]*)">', body))
    client.post(BASIC_URL, {**sent, "email": "second@example.com", "emergency_name": "陈建国"})
    stored = BasicInfo.objects.get()
    assert (stored.email, stored.emergency_name) == ("second@example.com", "陈建国")


def test_work_is_a_page_of_the_registry_only(client, enrollment):
    """AM-06."""
    assert client.get("/resident/section/work/").status_code == 404
    Enrollment.objects.update(
        registered_at=timezone.now(), trainee_type="2", sponsor_name="桐庐县第一人民医院"
    )

    assert 'value="桐庐县第一人民医院"' in page(client.get("/resident/section/work/"))


@pytest.mark.parametrize("slug", ["education", "training", "status", "identity", "nothing"])
def test_no_other_section_can_be_posted(client, slug):
    assert client.post(f"/resident/section/{slug}/", {"remark": "x"}).status_code == 404


# --- returns ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def returned(enrollment, base_officer):
    comments = {"basic.email": ("", "邮箱无法收信"), "": ("", "请补全证书编号")}
    return_personal(enrollment, comments, by=base_officer)
    return enrollment


def test_return_stands_on_top_and_at_its_field_without_names(client, returned):
    """BR-54, GOAL-R3, GOAL-R7."""
    body = page(client.get("/resident/"))
    assert body.index("邮箱无法收信") < body.index("填写进度")
    assert "请补全证书编号" in body
    assert "周晓兰" not in body

    body = page(client.get(BASIC_URL))
    assert re.search(r'id="id_email_comment_\d+".{0,200}邮箱无法收信.{0,200}id="id_email_box"', body)


def test_no_change_needs_a_reason(client, returned):
    """GOAL-R3."""
    comment = PersonalReturn.objects.get(field="basic.email")
    client.post(f"/resident/returns/{comment.pk}/answer/", {"reason": " "})
    assert PersonalReturn.objects.get(pk=comment.pk).answered_at is None

    client.post(f"/resident/returns/{comment.pk}/answer/", {"reason": "已测试可收信"})
    assert PersonalReturn.objects.get(pk=comment.pk).no_change_reason == "已测试可收信"


# --- 学习经历 and files ----------------------------------------------------------------------------------------------


def test_level_of_study_is_added_changed_and_deleted(client, education_values):
    assert client.post("/resident/education/add/", {**education_values, "version": "0"}).status_code == 302
    row = EducationRecord.objects.get()

    client.post(f"/resident/education/{row.pk}/", {"school": "宁波大学", "version": str(row.version)})
    assert EducationRecord.objects.get().school == "宁波大学"
    client.post(f"/resident/education/{row.pk}/delete/", {"version": "2"})
    assert not EducationRecord.objects.exists()


def test_photo_is_stored_and_shown_to_its_owner_only(client, signed_in, other_resident, settings):
    """PAIN-28; TRUST-33: each download has its own right."""
    content = jpeg(413, 626)
    client.post(BASIC_URL, {"photo": upload(content, "../../x.php"), "version": "0"})

    stored = BasicInfo.objects.get().photo.name
    assert re.fullmatch(r"evidence/\d{4}/\d{2}/[0-9a-f]{32}", stored)
    response = client.get("/resident/files/basic/photo/")
    assert response["Content-Type"] == "image/jpeg"
    assert Image.open(io.BytesIO(b"".join(response.streaming_content))).size == (413, 626)
    assert response["X-Content-Type-Options"] == "nosniff"
    assert signed_in(other_resident).get("/resident/files/basic/photo/").status_code == 404


def test_photo_is_removed_on_demand(client):
    client.post(BASIC_URL, {"photo": upload(jpeg(413, 626)), "version": "0"})
    client.post(BASIC_URL, {"photo-clear": "on", "version": "1"})

    assert BasicInfo.objects.get().photo.name == ""
    assert client.get("/resident/files/basic/photo/").status_code == 404


def test_objects_of_another_resident_do_not_exist(client, other_resident, base_officer):
    """TRUST-25: 404 outside one's own."""
    theirs = other_resident.resident
    row = EducationRecord.objects.create(resident=theirs, level="3")
    record = theirs.enrollments.get()
    comment = PersonalReturn.objects.create(
        enrollment=record, comment="x", batch=BATCH, returned_by=base_officer
    )
    answers = [
        client.get(f"/resident/education/{row.pk}/"),
        client.post(f"/resident/education/{row.pk}/", {"level": "4"}),
        client.post(f"/resident/education/{row.pk}/delete/"),
        client.get(f"/resident/education/{row.pk}/scan/"),
        client.post(f"/resident/returns/{comment.pk}/answer/", {"reason": "x"}),
    ]

    assert [answer.status_code for answer in answers] == [404] * len(answers)
    assert EducationRecord.objects.get().level == "3"


# --- read-only pages, confirmation, roles ----------------------------------------------------------------------------


def test_history_shows_roles_and_unmaskings_but_no_names(client, enrollment, base_officer):
    """GOAL-R7."""
    client.post(BASIC_URL, {"marital_status": "20", "version": "0"})
    audit.record("unmask", by=base_officer, target=enrollment, purpose="核对身份证原件")
    body = page(client.get("/resident/history/"))

    assert "已婚" in body
    assert "核对身份证原件" in body
    assert "周晓兰" not in body


def test_training_info_is_shown_read_only(client, enrollment):
    """docs/codes.md#rights."""
    factories.fill_training(enrollment)
    body = page(client.get("/resident/training/"))

    assert "<dd>内科</dd>" in body
    assert client.post("/resident/training/", {"approved_years": "1"}).status_code == 405


def test_section_is_confirmed_once_a_year(client, enrollment):
    """GOAL-R5."""
    factories.fill_personal(enrollment.resident)
    assert client.post("/resident/confirm/", {"section": "basic"}).status_code == 404
    Enrollment.objects.update(registered_at=timezone.now())

    assert "信息无变化" in page(client.get("/resident/"))
    client.post("/resident/confirm/", {"section": "basic"})
    assert "确认或更新" in page(client.get("/resident/"))
    assert [each.section for each in enrollment.resident.confirmations.all()] == ["basic"]
    assert client.post("/resident/confirm/", {"section": "training"}).status_code == 404


@pytest.mark.parametrize("who", ["base_officer", "provincial_reviewer", "national_officer"])
@pytest.mark.parametrize("url", ["/resident/", BASIC_URL, "/resident/education/", "/resident/history/"])
def test_pages_are_for_residents_only(request, signed_in, who, url):
    assert signed_in(request.getfixturevalue(who)).get(url).status_code == 403


@pytest.mark.parametrize("rows", [1, 3])
def test_education_query_count_does_not_depend_on_rows(client, enrollment, django_assert_num_queries, rows):
    for level in "345"[:rows]:
        EducationRecord.objects.create(resident=enrollment.resident, level=level)
    client.get("/resident/education/")
    with django_assert_num_queries(EDUCATION_QUERIES):
        client.get("/resident/education/")


def test_a_lapsed_record_is_not_in_training(client, enrollment):
    """AM-05, AM-29: no word of 在培, and the door that is open to him."""
    text = page(client.get("/resident/training/"))
    assert (">在培<" in text, "内容有误请联系培训基地更正" in text) == (True, True)
    Enrollment.objects.update(lapsed_at=timezone.now())
    text = page(client.get("/resident/training/"))
    assert ("已失效" in text, ">在培<" in text, "内容有误" in text) == (True, False, False)
    assert "补录" in text
