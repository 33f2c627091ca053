"""请求转出: BR-49, BR-71, BR-74; AM-20, AM-21, AM-25, AM-27, AM-28; PAIN-15; GOAL-B13."""

import datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from bases import whereabouts
from bases.models import TransferRequest
from bases.records.services import change_status
from bases.transfer_requests import settle_all
from bases.transfers import services as transfers
from portal.models import Message
from residents.models import Enrollment
from residents.services.states import StateMoved
from tests import factories
from tests.bases.conftest import account_line
from tests.bases.desk import page, told
from tests.bases.transfers.conftest import let_go, subjects


def details(enrollment, **changed) -> dict:
    person = enrollment.resident
    found = {"id_type": person.id_type, "id_number": person.id_number, "full_name": person.full_name}
    return found | changed


def test_found_person_shows_base_year_status_and_nothing_else(signed_in, base_officer, held):
    """AM-28: base name, intake year and status; no mobile, no specialty, no masked number."""
    text = page(signed_in(base_officer).post("/base/transfers/new/", details(held, act="find")))
    assert held.base.name in text
    assert f"{held.intake_year} 年" in text
    assert "在培" in text
    for secret in (held.resident.mobile, held.resident.mobile[-4:]):
        assert secret not in text


@pytest.mark.parametrize(
    "changed", [{"full_name": "古丽米热"}, {"id_type": "03"}, {"id_number": "330102199001011237"}]
)
def test_one_wrong_detail_tells_nothing_and_is_written_down(signed_in, base_officer, held, changed):
    """AM-28: the answer is the same whichever detail differs, and the look-up is in the audit log."""
    answer = signed_in(base_officer).post("/base/transfers/new/", details(held, act="find", **changed))
    assert answer.status_code == 422
    text = answer.content.decode()
    assert held.base.name not in text
    assert "没有查到" in text or "证件号" in text
    assert not TransferRequest.objects.exists()


def test_trying_numbers_is_stopped(base, base_officer):
    """AM-28: whoever tries names and numbers is stopped after twenty misses within the hour."""
    tries = {"id_type": "01", "full_name": "无此人", "by": base_officer}
    for _ in range(whereabouts.MISSES_PER_HOUR):
        with pytest.raises(transfers.NotHeld):
            transfers.find_held(base, id_number=factories.id_number(), **tries)
    with pytest.raises(whereabouts.TooManyMisses):
        transfers.find_held(base, id_number=factories.id_number(), **tries)


def test_request_reaches_old_base_and_both_provinces(
    signed_in, base, base_officer, other_base_officer, provincial_reviewer, held
):
    """GOAL-B13: reason, ten days, a task for the old base, its province told."""
    client = signed_in(base_officer)
    answer = client.post("/base/transfers/new/", details(held, act="ask", reason="省卫健委批准转入"))
    assert "已向" in told(answer)
    asked = TransferRequest.objects.get()
    assert (asked.enrollment, asked.to_base, asked.state) == (held, base, "open")
    assert asked.due_on == timezone.localdate() + datetime.timedelta(days=10)
    assert len(subjects(other_base_officer)) == len(subjects(provincial_reviewer)) == 1
    assert subjects(base_officer) == []
    assert held.resident.full_name in page(signed_in(other_base_officer).get("/base/transfers/"))
    assert held.resident.full_name in page(signed_in(provincial_reviewer).get("/review/transfers/"))


def test_request_starts_from_the_refused_row(checked, signed_in, base_officer, held):
    """BR-49: the failing row itself offers 请求转出; a stranger's row does not exist (404)."""
    line = account_line(id_number=held.resident.id_number, full_name=held.resident.full_name)
    batch = checked([line])
    row = batch.rows.get()
    assert [each["code"] for each in row.problems] == ["live_elsewhere"]
    client, url = signed_in(base_officer), f"{reverse('bases:transfer-new')}?row={row.pk}"
    assert url.replace("&", "&amp;") in page(client.get(f"/base/imports/{batch.pk}/"))
    assert held.base.name in page(client.get(url))
    client.post(url, {"act": "ask", "reason": "转入"})
    assert TransferRequest.objects.get().enrollment == held
    stranger = factories.UserFactory()
    factories.grant(stranger, factories.TrainingBaseFactory())
    assert signed_in(stranger).get(url).status_code == 404


def test_release_withdraws_and_the_asking_base_can_import(
    asked, signed_in, other_base_officer, base_officer, imported, cycle
):
    """BR-74, AM-20, AM-21: 退培 with reason 11, then a new enrollment on the same account with the same password."""
    held, password = asked.enrollment, asked.enrollment.resident.user.password
    form = {"effective_date": timezone.localdate().isoformat(), "destination": asked.to_base.name}
    answer = signed_in(other_base_officer).post(f"/base/transfers/{asked.pk}/release/", form)
    assert "可以导入" in told(answer)
    held.refresh_from_db()
    change = held.status_changes.first()
    assert (held.status, change.reason, change.destination) == ("5", "11", asked.to_base.name)
    asked.refresh_from_db()
    assert (asked.state, asked.answered_by) == ("released", other_base_officer)
    assert "现在可以导入" in subjects(base_officer)[0]
    person = held.resident
    assert f"转往“{asked.to_base.name}”" in subjects(person.user)[0]
    line = account_line(
        id_number=person.id_number,
        full_name=person.full_name,
        mobile=person.mobile,
        intake_year=str(cycle.year - 1),
    )
    assert imported([line], module="registry").rows_created == 1
    again = Enrollment.objects.exclude(pk=held.pk).get(resident=person)
    assert (again.base, again.origin) == (asked.to_base, "transfer")
    person.user.refresh_from_db()
    assert person.user.password == password


def test_status_page_settles_the_request_too(asked, other_base_officer):
    """PAIN-15: 退培 by the ordinary page answers whoever waits for the person."""
    values = {"status": "5", "reason": "11", "effective_date": timezone.localdate(), "destination": "他院"}
    change_status(asked.enrollment_id, values, by=other_base_officer)
    asked.refresh_from_db()
    assert asked.state == "released"


def test_refusal_carries_its_reason(
    asked, signed_in, other_base_officer, base_officer, provincial_reviewer, national_officer
):
    """GOAL-B13: the old base refuses with a reason, which the asking base reads; the province's message opens a list
    with this request, and there is no form left to decide it."""
    client, url = signed_in(other_base_officer), f"/base/transfers/{asked.pk}/refuse/"
    assert client.post(url, {"answer": ""}).status_code == 422
    client.post(url, {"answer": "未办理离院手续"})
    asked.refresh_from_db()
    assert (asked.state, asked.answer, asked.enrollment.status) == ("refused", "未办理离院手续", "1")
    assert "未办理离院手续" in page(signed_in(base_officer).get(f"/base/transfers/{asked.pk}/"))
    told = Message.objects.filter(recipient=provincial_reviewer).latest("pk")
    assert asked.enrollment.resident.full_name in page(signed_in(provincial_reviewer).get(told.link))
    late = signed_in(national_officer).get(f"/review/transfers/{asked.pk}/release/", follow=True)
    assert "不能再处理" in page(late)


def test_asking_base_cancels_and_cannot_answer_itself(asked, signed_in, base_officer, other_base_officer):
    """Each side has its own acts: 403 on the other side's."""
    client = signed_in(base_officer)
    assert client.post(f"/base/transfers/{asked.pk}/release/", {}).status_code == 403
    assert client.post(f"/base/transfers/{asked.pk}/refuse/", {}).status_code == 403
    other = signed_in(other_base_officer)
    assert other.post(f"/base/transfers/{asked.pk}/cancel/").status_code == 403
    client.post(f"/base/transfers/{asked.pk}/cancel/")
    asked.refresh_from_db()
    assert asked.state == "cancelled"
    with pytest.raises(StateMoved):
        let_go(asked, other_base_officer)


def test_read_only_officer_looks_and_does_not_act(asked, signed_in, other_base):
    viewer = factories.UserFactory()
    factories.grant(viewer, other_base, read_only=True)
    client = signed_in(viewer)
    assert "退培并转出" not in page(client.get(f"/base/transfers/{asked.pk}/"))
    assert client.post(f"/base/transfers/{asked.pk}/release/", {}).status_code == 403


def test_third_base_does_not_see_the_request(asked, signed_in):
    stranger = factories.UserFactory()
    factories.grant(stranger, factories.TrainingBaseFactory())
    client = signed_in(stranger)
    for url in ("", "release/", "refuse/", "cancel/"):
        method = client.get if url == "" else client.post
        assert method(f"/base/transfers/{asked.pk}/{url}").status_code == 404
    assert asked.enrollment.resident.full_name not in page(client.get("/base/transfers/"))


def test_second_request_of_the_same_base_is_refused(asked, base, base_officer):
    with pytest.raises(StateMoved):
        transfers.ask(asked.enrollment_id, base, reason="再次", by=base_officer)
    assert TransferRequest.objects.count() == 1


def test_two_bases_ask_and_both_are_answered_by_one_release(asked, other_base_officer):
    """AM-27: both may import now, the first commit wins."""
    third = factories.TrainingBaseFactory()
    officer = factories.UserFactory()
    factories.grant(officer, third)
    second = transfers.ask(asked.enrollment_id, third, reason="转入", by=officer)
    let_go(asked, other_base_officer)
    second.refresh_from_db()
    assert second.state == "released"
    assert len(subjects(officer)) == 1


def test_ended_training_is_not_released(asked, other_base_officer, national_officer):
    """AM-25: 结束 is never turned into 退培, by the association neither."""
    Enrollment.objects.filter(pk=asked.enrollment_id).update(status="4")
    for person in (other_base_officer, national_officer):
        with pytest.raises(StateMoved, match="结束"):
            let_go(asked, person)
    asked.refresh_from_db()
    assert (asked.state, asked.enrollment.status) == ("open", "4")


def test_recruit_in_the_intake_is_deleted_instead(
    signed_in, base, base_officer, other_base_officer, other_base, cycle
):
    """BR-50, BR-73: in the intake there is no 退培; deleting a wrong entry answers the request."""
    recruit = factories.EnrollmentFactory(base=other_base, intake_year=cycle.year)
    asked = transfers.ask(recruit.pk, base, reason="录错", by=base_officer)
    with pytest.raises(StateMoved, match="招收信息管理"):
        let_go(asked, other_base_officer)
    Enrollment.objects.filter(pk=recruit.pk).update(deleted_at=timezone.now(), deleted_reason="录错")
    assert settle_all() == 1
    asked.refresh_from_db()
    assert asked.state == "released"


def test_impossible_date_is_told_beside_the_field(asked, signed_in, other_base_officer):
    form = {"effective_date": "2099-01-01", "destination": "省一医院"}
    answer = signed_in(other_base_officer).post(f"/base/transfers/{asked.pk}/release/", form)
    assert answer.status_code == 422
    asked.refresh_from_db()
    assert asked.state == "open"


def test_list_takes_the_same_queries_for_one_and_for_many(
    asked, signed_in, other_base_officer, base, base_officer, other_base, cycle, django_assert_num_queries
):
    client = signed_in(other_base_officer)
    client.get("/base/transfers/")
    with CaptureQueriesContext(connection) as one:
        client.get("/base/transfers/")
    for _ in range(3):
        more = factories.EnrollmentFactory(base=other_base, intake_year=cycle.year)
        transfers.ask(more.pk, base, reason="转入", by=base_officer)
    with django_assert_num_queries(len(one)):
        client.get("/base/transfers/")
