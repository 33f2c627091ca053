"""上报, returns and reminders from the browser, one and many: BR-19, BR-30, BR-33, BR-39, BR-45; AM-15; GOAL-B14,
GOAL-B15, GOAL-S4."""

import uuid

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from bases.models import Submission
from bases.personal.returns import return_many
from portal.models import Message, Step, User
from residents.models import Enrollment, PersonalReturn
from tests import factories
from tests.bases.desk import close, complete, page, reported, state, told

pytestmark = pytest.mark.django_db


# --- 上报 ------------------------------------------------------------------------------------------------------------


def test_check_page_separates_ready_from_blocked(desk, base, cycle):
    """BR-30, GOAL-B15: links to what is missing, one button for the ready ones."""
    ready, blocked = (
        complete(base, cycle.year),
        factories.EnrollmentFactory(base=base, intake_year=cycle.year),
    )
    response = desk.get("/base/report/", {"choice": [ready.pk, blocked.pk]})
    assert response.context["ready"] == [ready]
    assert [row for row, _ in response.context["blocked"]] == [blocked]
    assert f'href="/base/records/{blocked.pk}/training/#id_specialty_box"' in page(response)


def test_check_page_shows_the_warnings_of_the_ready(desk, base, cycle):
    """AM-08, PAIN-25: what only looks odd is shown beside the declaration and stops nothing."""
    record = complete(base, cycle.year)
    Enrollment.objects.filter(pk=record.pk).update(is_fresh_graduate=True)
    response = desk.get("/base/report/", {"choice": record.pk})
    assert response.context["ready"] == [record]
    assert "选择了应届生，但学习经历中最高学历的毕业年份是2019年" in page(response)


def test_report_all_results_of_a_filter(desk, base, cycle):
    """GOAL-B15, GOAL-B16: all N results, not only the page in sight."""
    rows = [complete(base, cycle.year) for _ in range(3)]
    complete(base, cycle.year - 1)
    response = desk.get("/base/report/", {"range": "all", "module": "intake", "stage": "ready"})
    assert sorted(response.context["ready_ids"].split(",")) == sorted(str(row.pk) for row in rows)
    answer = desk.post(
        "/base/report/",
        {"ids": response.context["ready_ids"], "declared": "on", "next": "/base/records/intake/?stage=ready"},
    )
    assert answer["Location"] == "/base/records/intake/?stage=ready"
    assert "已上报 3 条" in told(answer)
    assert Submission.objects.filter(outcome="pending").count() == 3


def test_report_without_the_declaration_stays_on_the_page(desk, complete_enrollment):
    """BR-19."""
    response = desk.post("/base/report/", {"ids": str(complete_enrollment.pk)})
    assert response.status_code == 422
    assert "请先勾选声明" in response.content.decode()
    assert state(complete_enrollment) == ("0", "0")


def test_what_cannot_be_reported_stays_on_the_page_without_the_declaration(desk, base, cycle):
    """BR-30, GOAL-B15: the list with its links is not lost by a forgotten tick."""
    ready = complete(base, cycle.year)
    blocked = factories.EnrollmentFactory(base=base, intake_year=cycle.year)
    shown = desk.get("/base/report/", {"choice": [ready.pk, blocked.pk]})
    sent = {"ids": shown.context["ready_ids"], "others": shown.context["other_ids"]}
    response = desk.post("/base/report/", sent)
    assert response.status_code == 422
    assert [row for row, _ in response.context["blocked"]] == [blocked]
    assert 'name="others"' in response.content.decode()
    assert "已上报 1 条" in told(desk.post("/base/report/", sent | {"declared": "on"}))


def test_report_never_leads_to_another_site(desk, complete_enrollment):
    """TRUST-21."""
    answer = desk.post(
        "/base/report/", {"ids": str(complete_enrollment.pk), "declared": "on", "next": "//evil.example/"}
    )
    assert answer["Location"] == "/base/"


def test_report_after_the_deadline_tells_why(desk, complete_enrollment, cycle):
    """BR-39: refused by the server, whatever the page offered."""
    close(cycle, Step.REPORT)
    answer = desk.post("/base/report/", {"ids": str(complete_enrollment.pk), "declared": "on"})
    assert "现在不能办理" in told(answer)
    assert state(complete_enrollment) == ("0", "0")


def test_withdraw_from_the_record_page(desk, complete_enrollment, base_officer):
    """AM-15."""
    record = reported(complete_enrollment, base_officer)
    assert "撤回上报" in page(desk.get(f"/base/records/{record.pk}/"))
    assert "已撤回" in told(desk.post(f"/base/report/{record.pk}/withdraw/"))
    assert state(record) == ("0", "0")
    assert "不能撤回上报" in told(desk.post(f"/base/report/{record.pk}/withdraw/"))


# --- returns and reminders -------------------------------------------------------------------------------------------


def test_return_one_record_with_a_comment_at_a_field(desk, complete_enrollment):
    """BR-45, GOAL-B14: the comment stands at its field and blocks the next 上报."""
    pk = complete_enrollment.pk
    shown = page(desk.get("/base/personal/return/", {"choice": pk}))
    assert 'name="comment:basic.email"' in shown
    assert 'name="comment:training.remark"' not in shown
    answer = desk.post(
        "/base/personal/return/",
        {
            "ids": pk,
            "batch": uuid.uuid4(),
            "reason": "",
            "comment": "",
            "comment:basic.email": "邮箱无法送达，请更换。",
            "comment:x.y": "z",
        },
    )
    assert "已退回 1 条" in told(answer)
    (one,) = PersonalReturn.objects.all()
    assert (one.field, one.comment) == ("basic.email", "邮箱无法送达，请更换。")
    record = page(desk.get(f"/base/records/{pk}/"))
    assert "邮箱无法送达，请更换。" in record
    assert "尚未修改保存" in record


def test_a_canned_reason_at_a_field_is_its_reason(desk, complete_enrollment):
    """GOAL-B14: canned reasons and free text per field, of one record too."""
    pk = complete_enrollment.pk
    shown = page(desk.get("/base/personal/return/", {"choice": pk}))
    assert '<option value="照片或扫描件不清晰、不符合要求">' in shown
    form = {"ids": pk, "batch": uuid.uuid4(), "reason": "mismatch", "comment": ""}
    fields = {"comment:basic.photo": "照片或扫描件不清晰、不符合要求", "comment:basic.email": "无法送达"}
    desk.post("/base/personal/return/", form | fields)
    reasons = PersonalReturn.objects.exclude(field="").values_list("field", "reason_code")
    assert set(reasons) == {("basic.photo", "unclear"), ("basic.email", "mismatch")}


def test_return_many_records_with_one_canned_reason(desk, base, cycle):
    """GOAL-B14: one batch, a message for each resident."""
    rows = [complete(base, cycle.year) for _ in range(3)]
    ids = ",".join(str(row.pk) for row in rows)
    desk.post(
        "/base/personal/return/", {"ids": ids, "batch": uuid.uuid4(), "reason": "unclear", "comment": ""}
    )
    returns = PersonalReturn.objects.all()
    assert {each.comment for each in returns} == {"照片或扫描件不清晰、不符合要求"}
    assert len({each.batch for each in returns}) == 1
    assert Message.objects.filter(kind="personal_return").count() == 3
    assert set(Enrollment.objects.values_list("personal_state", flat=True)) == {"3"}


def test_return_many_records_with_comments_at_fields(desk, base, cycle):
    """GOAL-B14: canned reasons and free text per field, in bulk too: every record gets each of them at its field."""
    rows = [complete(base, cycle.year) for _ in range(2)]
    chosen = {"range": "all", "module": "intake", "stage": "ready"}
    shown = page(desk.get("/base/personal/return/", chosen))
    assert 'name="field_3"' in shown
    assert "再加一行" in shown
    form = {"ids": ",".join(str(row.pk) for row in rows), "batch": uuid.uuid4(), "rows": "3"}
    form |= {"field_1": "basic.email", "reason_1": "contact", "words_1": "无法送达"}
    form |= {"field_2": "basic.photo", "reason_2": "unclear", "field_3": ""}
    assert "已退回 2 条" in told(desk.post("/base/personal/return/", form))
    for row in rows:
        assert set(row.personal_returns.values_list("field", "reason_code", "comment")) == {
            ("basic.email", "contact", "联系方式有误或无法联系：无法送达"),
            ("basic.photo", "unclear", "照片或扫描件不清晰、不符合要求"),
        }


def test_rows_of_a_bulk_return_are_added_and_removed_without_javascript(desk, base, cycle):
    """GOAL-B14: what was typed stays; nothing is returned and nothing is judged yet."""
    rows = [complete(base, cycle.year) for _ in range(2)]
    form = {"ids": ",".join(str(row.pk) for row in rows), "batch": uuid.uuid4(), "rows": "2"}
    form |= {"comment": "请核对", "words_1": "甲", "field_2": "basic.email", "words_2": "乙"}
    more = desk.post("/base/personal/return/", form | {"add": "1"})
    assert 'name="field_3"' in page(more)
    less = page(desk.post("/base/personal/return/", form | {"remove": "1"}))
    assert 'name="field_2"' not in less
    assert 'name="words_1" value="乙"' in less
    assert "请核对" in less
    assert str(form["batch"]) in less
    assert PersonalReturn.objects.count() == 0


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"words_1": "无法送达"}, "请选择这条意见针对的项目"),
        ({"field_1": "basic.email"}, "请选择原因或写明"),
        ({"field_1": "training.remark", "words_1": "x"}, "training.remark"),
        ({}, "请选择退回原因或填写意见"),
    ],
)
def test_half_a_row_of_a_bulk_return_is_told(desk, base, cycle, row, words):
    """GOAL-B14: a field without words, words without a field, a field the resident does not write."""
    rows = [complete(base, cycle.year) for _ in range(2)]
    form = {"ids": ",".join(str(each.pk) for each in rows), "batch": uuid.uuid4(), "rows": "1"}
    response = desk.post("/base/personal/return/", form | row)
    assert response.status_code == 422
    assert words in response.content.decode()
    assert PersonalReturn.objects.count() == 0


def test_return_costs_the_same_for_one_and_for_two_hundred(
    base, cycle, base_officer, django_assert_num_queries
):
    """GOAL-B14: one insert of returns, one of messages, however many are returned."""
    rows = [factories.EnrollmentFactory(base=base, intake_year=cycle.year) for _ in range(201)]
    comments = {"": ("other", "请核对个人信息。")}
    with CaptureQueriesContext(connection) as queries:
        return_many([rows[0].pk], comments, by=base_officer, batch=uuid.uuid4())
    with django_assert_num_queries(len(queries)):
        result = return_many([row.pk for row in rows[1:]], comments, by=base_officer, batch=uuid.uuid4())
    assert (result.done, result.refused) == (200, [])
    assert Message.objects.filter(kind="personal_return", body="请核对个人信息。").count() == 201


def test_return_with_too_many_words_is_told(desk, complete_enrollment):
    """Reason and own words together are one comment of at most 500 characters: a message, nothing stored."""
    form = {"ids": complete_enrollment.pk, "batch": uuid.uuid4(), "reason": "unclear", "comment": "字" * 500}
    assert "未能退回" in told(desk.post("/base/personal/return/", form))
    assert PersonalReturn.objects.count() == 0


def test_return_sent_twice_returns_once(desk, complete_enrollment):
    """PAIN-23: the form has a number of its own."""
    form = {"ids": complete_enrollment.pk, "batch": uuid.uuid4(), "reason": "contact"}
    assert "已退回 1 条" in told(desk.post("/base/personal/return/", form))
    assert "没有重复退回" in told(desk.post("/base/personal/return/", form))
    assert PersonalReturn.objects.count() == 1


def test_return_without_words_is_refused(desk, complete_enrollment):
    for values in ({"reason": "", "comment": " "}, {"reason": "other", "comment": ""}):
        response = desk.post(
            "/base/personal/return/", {"ids": complete_enrollment.pk, "batch": uuid.uuid4(), **values}
        )
        assert response.status_code == 422
    assert PersonalReturn.objects.count() == 0


def test_remind_reaches_each_resident_once_a_day(desk, base, cycle):
    """BR-33, GOAL-S4: and the page says by which way, and whom it cannot reach."""
    rows = [factories.EnrollmentFactory(base=base, intake_year=cycle.year) for _ in range(2)]
    first = {"ids": str(rows[0].pk), "text": "请更新"}
    both = {"ids": f"{rows[0].pk},{rows[1].pk}", "text": "请更新"}
    User.objects.filter(pk=rows[0].resident.user_id).update(activated_at=None)
    shown = page(desk.get("/base/personal/remind/", {"choice": [row.pk for row in rows]}))
    assert "提醒是站内消息" in shown
    assert f"其中 1 人从未登录，看不到站内消息，请直接联系本人：{rows[0].resident.full_name}" in shown
    assert "已向 1 人发出站内消息。其中 1 人从未登录" in told(desk.post("/base/personal/remind/", first))
    assert "1 人今天已经提醒过" in told(desk.post("/base/personal/remind/", both))
    assert Message.objects.filter(kind="reminder").count() == 2
