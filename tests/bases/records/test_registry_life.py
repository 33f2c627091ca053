"""住院医师信息管理 from the menu to the review, for residents known to the platform and for late additions.

BR-26, BR-34, BR-38, BR-61, BR-62, BR-65 … BR-68, BR-70, BR-78, BR-79, BR-84, BR-90 … BR-93; AM-22, AM-23.
"""

import pytest
from django.db import DatabaseError, transaction
from django.test import Client
from django.utils import timezone

from bases.records.services import change_status, save_training
from portal.models import Message
from residents.models import Enrollment, Resident
from residents.rules import training
from residents.services.personal import save_block
from residents.services.returns import return_personal
from residents.words import BLOCKS
from review.decisions.services import return_for_correction
from tests import factories
from tests.bases.conftest import account_line, counts
from tests.bases.desk import approved, complete, page, reported, state
from tests.portal.sign_in.entrances import sign_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def known(complete_enrollment, base_officer, provincial_reviewer):
    """A resident whose intake record the province has approved."""
    return approved(complete_enrollment, base_officer, provincial_reviewer)


def pending(record):
    return record.submissions.get(outcome="pending")


# --- menus and words -------------------------------------------------------------------------------------------------


def test_two_menus_stand_under_one(desk, base):
    """BR-38, AM-22: 招收信息管理 and 住院医师信息管理 under 住院医师管理; the old menus are gone."""
    body = page(desk.get("/base/"))

    assert body.index("住院医师管理") < body.index("招收信息管理") < body.index("住院医师信息管理")
    for address, title in (("intake", "招收信息管理"), ("registry", "住院医师信息管理")):
        assert f'href="/base/records/{address}/"' in body
        assert title in page(desk.get(f"/base/records/{address}/"))
    assert "招录信息管理" not in body


def test_cohort_filter_stands_for_the_menus_of_each_year(desk, base, cycle):
    """BR-90: 2014 级, 2015 级 … were menus; now one list with a filter by year."""
    records = {
        year: complete(base, year, registered_at=timezone.now(), origin="legacy")
        for year in (2014, 2015, 2018)
    }
    for year, record in records.items():
        shown = desk.get("/base/records/registry/", {"year": year}).context["page"]
        assert [row.pk for row in shown.object_list] == [record.pk]
    form = desk.get("/base/records/registry/").context["filters"]
    assert [code for code, _ in form.fields["year"].choices] == ["", "2018", "2015", "2014"]


def test_pages_call_things_by_one_name(desk, known, signed_in):
    """AM-23: 学习经历, not 教育信息; 住院医师, not 学员."""
    resident = signed_in(known.resident.user)
    bodies = [page(desk.get(f"/base/records/{known.pk}/")), page(resident.get("/resident/"))]
    for body in bodies:
        assert "学习经历" in body
        assert "教育信息" not in body
        assert "学员" not in body


def test_base_types_nothing_that_the_resident_types_himself(desk, enrollment):
    """BR-26: typing of 基本信息, 学习经历 and 证书信息 has moved to the residents."""
    own = {
        field.name
        for block in BLOCKS
        if block.key in ("basic", "education", "certificate", "work")
        for field in block.fields
        if field.owner == "resident"
    }
    form = desk.get(f"/base/records/{enrollment.pk}/training/").context["form"]
    assert set(form.fields) <= {field.name for field in training.FIELDS if field.owner == "base"}
    assert own & set(form.fields) == set()


# --- the resident ----------------------------------------------------------------------------------------------------


def test_resident_of_an_earlier_year_signs_in_and_updates(base, cycle, desk):
    """BR-34, BR-60, BR-78: the same entrance; 保存 is all, and the base sees it at once."""
    record = complete(base, 2018, registered_at=timezone.now(), origin="legacy")
    client = Client()
    assert sign_in(client, record.resident.user.username, factories.PASSWORD).status_code == 302

    form = page(client.get("/resident/section/basic/"))
    client.post("/resident/section/basic/", {"email": "new@example.com", "version": "0"})

    assert "保存" in form
    assert "上报</button>" not in form
    assert "new@example.com" in page(desk.get(f"/base/records/{record.pk}/"))


def test_return_is_shown_until_a_save_answers_it(known, base_officer, signed_in):
    """BR-61, BR-79: the base returns, the comment stands on the resident's page until he saves."""
    client = signed_in(known.resident.user)
    return_personal(known, {"basic.email": ("other", "邮箱请核对")}, by=base_officer)
    assert "邮箱请核对" in page(client.get("/resident/"))

    save_block(known, "basic", {"email": "new@example.com"}, by=known.resident.user)

    assert "邮箱请核对" not in page(client.get("/resident/"))


# --- the province ----------------------------------------------------------------------------------------------------


def test_province_returns_status_to_the_base_and_never_to_the_resident(
    known, base_officer, provincial_reviewer, signed_in
):
    """BR-62, BR-66, BR-42: training info and status go back to the base; the status holds meanwhile (AM-10)."""
    today = timezone.localdate()
    Enrollment.objects.filter(pk=known.pk).update(actual_start_date=today)
    details = {
        "status": "5",
        "reason": "13",
        "effective_date": today,
        "withdrawal_kind": "1",
        "destination": "原籍",
    }
    change_status(known.pk, details, by=base_officer)
    reported(known, base_officer)
    before = Message.objects.filter(recipient=known.resident.user).count()

    submission = pending(known)
    return_for_correction(
        {submission.pk: submission.version},
        comment="请补充退培协议。",
        reason_codes=[],
        by=provincial_reviewer,
    )

    known.refresh_from_db()
    assert (known.status, *state(known)) == ("5", "0", "3")
    assert Message.objects.filter(recipient=base_officer, body__contains="请补充退培协议。").exists()
    assert Message.objects.filter(recipient=known.resident.user).count() == before
    assert "请补充退培协议。" not in page(signed_in(known.resident.user).get("/resident/"))


def test_change_is_reported_and_reviewed_again(known, base_officer, provincial_reviewer):
    """BR-65, BR-66, BR-84, BR-93: 上报 after every change; what the province approves last is what holds."""
    first = known.approved_submission
    save_training(known.pk, {"remark": "门诊二组"}, by=base_officer)
    known.refresh_from_db()
    assert state(known) == ("0", "2")

    approved(known, base_officer, provincial_reviewer)

    assert state(known) == ("1", "2")
    assert known.approved_submission != first
    assert known.approved_submission.snapshot["training"]["remark"] == "门诊二组"
    assert known.intake_submission == first


@pytest.mark.parametrize("who_first", ["resident", "base"])
def test_resident_and_base_fill_in_side_by_side(base, cycle, base_officer, who_first):
    """BR-91, BR-92: no order between 个人信息 and 培训信息."""
    record = complete(base, 2018, registered_at=timezone.now(), origin="legacy")

    def resident():
        save_block(record, "basic", {"email": "new@example.com"}, by=record.resident.user)

    def officer():
        save_training(record.pk, {"remark": "门诊二组"}, by=base_officer)

    for act in (resident, officer) if who_first == "resident" else (officer, resident):
        act()

    stored = Enrollment.objects.select_related("resident__basic").get(pk=record.pk)
    assert (stored.remark, stored.resident.basic.email) == ("门诊二组", "new@example.com")


# --- late additions --------------------------------------------------------------------------------------------------


def test_late_addition_goes_the_same_way(imported, base, base_officer, provincial_reviewer):
    """BR-67, BR-68, BR-70: five columns, identity locked, then report and review like everybody."""
    batch = imported([account_line(intake_year="2018")], module="registry")
    record = Enrollment.objects.get()
    assert counts(batch) == (1, 1, 0, 0)

    for column, value in (("id_type", "03"), ("id_number", "E12345678")):
        with pytest.raises(DatabaseError), transaction.atomic():
            Resident.objects.filter(pk=record.resident_id).update(**{column: value})
    factories.fill_personal(record.resident)
    factories.fill_training(record)
    approved(record, base_officer, provincial_reviewer)

    assert (record.module, *state(record)) == ("registry", "1", "2")
