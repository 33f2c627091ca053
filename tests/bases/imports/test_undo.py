"""Undoing an import while nothing of it was reported (GOAL-B11)."""

import threading

import pytest
from django.db import connections
from django.urls import reverse
from django.utils import timezone

from bases.activation import mobile_is_enough
from bases.imports.batch import BatchMoved
from bases.imports.undo import services as undo
from bases.imports.undo.restore import restore_all
from bases.models import ImportBatch
from bases.report.services import build_submission
from bases.report.withdrawal import withdraw
from portal.models import AuditEvent, User
from residents.history import timeline
from residents.models import BasicInfo, Enrollment, Resident
from tests import factories
from tests.bases.conftest import account_line, counts
from tests.bases.desk import reported

# Events bear the start of their transaction, so import and later saves must be real transactions here.
pytestmark = pytest.mark.django_db(transaction=True)


def record_of(line) -> Enrollment:
    return Enrollment.objects.select_related("resident__user").get(resident__id_number=line["id_number"])


def test_undo_takes_back_what_nobody_touched(imported, base_officer, cycle):
    lines = [account_line(), account_line(mobile="13900000001")]
    batch = imported(lines)
    plan = undo.undo(batch, by=base_officer)
    batch.refresh_from_db()

    assert (len(plan.going), plan.kept, plan.reported) == (2, [], [])
    assert batch.state == "undone"
    assert batch.undone_at is not None
    assert counts(batch) == (2, 2, 0, 0)
    for line in lines:
        record = record_of(line)
        assert (record.deleted_by, record.deleted_reason) == (base_officer, f"撤销导入（批次 {batch.pk}）")
        assert record.resident.user.is_active is False
        newest = timeline(record, with_names=True)[0]
        assert (newest.actor, newest.act, newest.import_batch) == (
            base_officer.full_name,
            "删除（移入回收站）",
            batch.pk,
        )
        assert [(each.label, each.new) for each in newest.changes] == [
            ("删除原因", f"撤销导入（批次 {batch.pk}）")
        ]
    event = AuditEvent.objects.get(action="import_undo")
    assert (event.actor, event.detail) == (base_officer, {"deleted": 2, "restored": 0, "kept": 0})


def test_undone_person_is_free_for_every_base(imported, base_officer, other_base, other_base_officer):
    """The same person enters at another base, with name and mobile set right, on the account he has."""
    line = account_line(full_name="陈雨同")
    undo.undo(imported([line]), by=base_officer)
    again = imported(
        [line | {"full_name": "陈雨桐", "mobile": "13900000009"}], by=other_base_officer, at=other_base
    )
    assert counts(again) == (1, 1, 0, 0)
    person = Resident.objects.get(id_number=line["id_number"])
    assert (person.full_name, person.mobile, person.user.is_active) == ("陈雨桐", "13900000009", True)
    assert person.enrollments.filter(deleted_at=None).get().base == other_base


def test_undo_restores_nothing_of_the_rows_that_were_here_before(imported, base_officer):
    """A row that was 已存在 belongs to the earlier batch and stays."""
    here = account_line()
    imported([here])
    second = imported([here, account_line(mobile="13900000001")])
    assert counts(second) == (2, 1, 1, 0)
    assert len(undo.undo(second, by=base_officer).going) == 1
    assert record_of(here).deleted_at is None


def activate(record: Enrollment) -> None:
    User.objects.filter(pk=record.resident.user_id).update(activated_at=timezone.now())


def sign_in(record: Enrollment) -> None:
    User.objects.filter(pk=record.resident.user_id).update(last_login=timezone.now())


def fill_in(record: Enrollment) -> None:
    BasicInfo.objects.create(resident=record.resident, sex="1")


def correct_name(record: Enrollment) -> None:
    Resident.objects.filter(pk=record.resident_id).update(full_name="陈雨彤")


def edit_training(record: Enrollment) -> None:
    Enrollment.objects.filter(pk=record.pk).update(remark="转专业")


def delete(record: Enrollment) -> None:
    Enrollment.objects.filter(pk=record.pk).update(deleted_at=timezone.now(), deleted_reason="录入错误")


@pytest.mark.parametrize(
    ("touch", "reason"),
    [
        (activate, "住院医师此后已激活账号或登录。"),
        (sign_in, "住院医师此后已激活账号或登录。"),
        (fill_in, "个人信息此后已填写或修改。"),
        (correct_name, "个人信息此后已填写或修改。"),
        (edit_training, "培训信息或状态此后已修改。"),
        (delete, "此后已单独删除。"),
    ],
)
def test_row_touched_since_is_listed_and_left_alone(touch, reason, imported, base_officer):
    touched, untouched = account_line(), account_line(mobile="13900000001")
    batch = imported([touched, untouched])
    touch(record_of(touched))
    before = Enrollment.objects.filter(resident__id_number=touched["id_number"]).values().get()

    plan = undo.undo(batch, by=base_officer)

    assert [(each.enrollment.pk, each.reason) for each in plan.kept] == [(before["id"], reason)]
    assert Enrollment.objects.filter(pk=before["id"]).values().get() == before
    assert record_of(untouched).deleted_at is not None
    noted = batch.rows.get(sheet_row=2).problems[-1]
    assert (noted["code"], noted["text"]) == (undo.KEPT, reason)
    assert batch.rows.get(sheet_row=3).problems == []


def test_person_who_trained_before_keeps_account_and_history(imported, base_officer, other_base):
    """Only what came after the import counts as touched; the account stays for the earlier record."""
    old = factories.EnrollmentFactory(base=other_base, status="5")
    BasicInfo.objects.create(resident=old.resident, sex="1")
    line = account_line(id_number=old.resident.id_number, full_name=old.resident.full_name)
    plan = undo.undo(imported([line]), by=base_officer)
    assert len(plan.going) == 1
    old.refresh_from_db()
    assert (old.deleted_at, old.resident.user.is_active) == (None, True)


def test_batch_of_which_one_was_reported_is_not_undone(imported, base_officer):
    """GOAL-B11: only while nothing of it was reported."""
    lines = [account_line(), account_line(mobile="13900000001")]
    batch = imported(lines)
    record = record_of(lines[0])
    factories.fill_personal(record.resident)
    factories.fill_training(record)
    build_submission(record, by=base_officer, declared=True).save()
    assert [each.pk for each in undo.plan_of(batch).reported] == [record_of(lines[0]).pk]
    with pytest.raises(BatchMoved, match="1 人此后已经上报"):
        undo.undo(batch, by=base_officer)
    assert Enrollment.objects.exclude(deleted_at=None).count() == 0


def test_report_taken_back_keeps_its_record_and_frees_the_batch(imported, base_officer):
    """GOAL-B11: 已撤回上报 is not reported; the record somebody worked on stays and is named, the others go."""
    lines = [account_line(), account_line(mobile="13900000001")]
    batch = imported(lines)
    record = record_of(lines[0])
    factories.fill_personal(record.resident)
    factories.fill_training(record)
    reported(record, base_officer)
    withdraw(record.pk, by=base_officer)

    plan = undo.undo(batch, by=base_officer)
    assert [each.enrollment.pk for each in plan.kept] == [record.pk]
    assert [each.pk for each in plan.going] == [record_of(lines[1]).pk]
    assert Enrollment.objects.get(pk=record.pk).deleted_at is None


def test_import_that_wrote_nothing_offers_no_undo(imported):
    batch = imported([account_line()])
    assert undo.can_be_undone(batch)
    # Every row was refused in the last moment.
    batch.rows_created = 0
    assert not undo.can_be_undone(batch)


def test_undo_after_the_window_is_refused(imported, base_officer, cycle):
    """BR-50: accounts are deleted inside the window only."""
    batch = imported([account_line()])
    now = timezone.now()
    cycle.windows.update(opens_at=now - timezone.timedelta(days=9), closes_at=now)
    with pytest.raises(BatchMoved):
        undo.undo(batch, by=base_officer)
    assert Enrollment.objects.filter(deleted_at=None).count() == 1


def test_only_an_applied_batch_can_be_undone(checked, base_officer):
    with pytest.raises(BatchMoved, match="待确认"):
        undo.undo(checked([account_line()]), by=base_officer)


def test_undo_four_times_at_once_is_undo_once(imported, base_officer):
    """TRUST-44: one event, one version further; the others change nothing."""
    lines = [account_line(mobile=f"139{n:08d}") for n in range(20)]
    batch = imported(lines)
    start, results = threading.Barrier(4), []

    def run() -> None:
        try:
            start.wait()
            results.append(undo.undo(batch, by=base_officer))
        except Exception as error:
            results.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(type(each).__name__ for each in results) == ["NoneType"] * 3 + ["Plan"]
    assert set(Enrollment.objects.values_list("version", flat=True)) == {1}
    assert AuditEvent.objects.filter(action="import_undo").count() == 1


def test_same_file_after_the_undo_creates_again(imported, base_officer):
    lines = [account_line()]
    undo.undo(imported(lines), by=base_officer)
    assert counts(imported(lines)) == (1, 1, 0, 0)


def test_pages_ask_with_counts_and_carry_out(imported, signed_in, base_officer):
    touched, untouched = account_line(full_name="马丽娜"), account_line(mobile="13900000001")
    batch = imported([touched, untouched])
    activate(record_of(touched))
    client, address = signed_in(base_officer), reverse("bases:import-undo", args=[batch.pk])

    page = client.get(address).text
    assert "撤销 1 人" in page
    assert "马丽娜" in page
    assert "住院医师此后已激活账号或登录。" in page
    assert Enrollment.objects.exclude(deleted_at=None).count() == 0

    for _ in range(2):
        assert client.post(address).url == reverse("bases:import-batch", args=[batch.pk])
    assert Enrollment.objects.exclude(deleted_at=None).count() == 1
    page = client.get(reverse("bases:import-batch", args=[batch.pk])).text
    assert "已撤销" in page
    assert "撤销导入时保留" in page


@pytest.mark.parametrize("rows", [1, 5])
def test_plan_asks_the_same_number_of_queries_for_one_row_and_for_five(
    rows, imported, django_assert_num_queries
):
    batch = imported([account_line(mobile=f"139{n:08d}") for n in range(rows)])
    with django_assert_num_queries(10):
        undo.plan_of(ImportBatch.objects.get(pk=batch.pk))


def test_account_left_empty_by_an_undo_opens_like_a_new_one(imported, base_officer, signed_in):
    """TRUST-59: it holds nothing; the preview names the person as whom the base had it."""
    line = account_line(full_name="陈雨同")
    undo.undo(imported([line]), by=base_officer)
    batch = imported([line | {"full_name": "周小川", "mobile": "13900000009"}])
    (said,) = batch.rows.get().problems
    assert (said["code"], "“陈雨同”" in said["text"]) == ("account_other_name", True)
    assert mobile_is_enough(record_of_live(line).resident.user)
    assert "其中新账号 1 个：请通知本人" in signed_in(base_officer).get(f"/base/imports/{batch.pk}/").text


def test_account_left_with_personal_info_is_said_to_need_a_code(imported, base_officer, signed_in):
    """TRUST-59: at the row, at the result and in the list of accounts."""
    line = account_line()
    undo.undo(imported([line]), by=base_officer)
    BasicInfo.objects.create(resident=record_of(line).resident, email="a@example.com")
    batch = imported([line, account_line(mobile="13900000001")])
    rows = {row.values["id_number"]: [each["code"] for each in row.problems] for row in batch.rows.all()}
    assert rows.pop(line["id_number"]) == ["account_needs_code"]
    assert list(rows.values()) == [[]]
    assert not mobile_is_enough(record_of_live(line).resident.user)
    client = signed_in(base_officer)
    page = client.get(reverse("bases:import-batch", args=[batch.pk])).text
    assert "其中新账号 1 个：请通知本人" in page
    assert "1 个账号中已有个人信息，须用一次性初始密码激活" in page
    assert client.get(reverse("bases:accounts")).text.count("须用一次性初始密码或放行") == 1


def test_name_another_base_gave_is_not_told(imported, base_officer, other_base, other_base_officer):
    """AM-35."""
    line = account_line(full_name="陈雨同")
    undo.undo(imported([line]), by=base_officer)
    again = imported([line | {"full_name": "周小川"}], by=other_base_officer, at=other_base)
    assert again.rows.get().problems == []


def record_of_live(line) -> Enrollment:
    found = Enrollment.objects.select_related("resident__user")
    return found.get(resident__id_number=line["id_number"], deleted_at=None)


def test_rows_say_what_the_undo_made_of_them(imported, signed_in, base_officer):
    touched, untouched = account_line(full_name="马丽娜"), account_line(mobile="13900000001")
    batch = imported([touched, untouched])
    activate(record_of(touched))
    undo.undo(batch, by=base_officer)
    client, address = signed_in(base_officer), reverse("bases:import-batch", args=[batch.pk])
    answer = client.get(address)
    assert {line.row.values["id_number"]: line.result for line in answer.context["page"]} == {
        touched["id_number"]: "kept",
        untouched["id_number"]: "undone",
    }
    assert "已撤销 1，保留 1" in answer.text
    restore_all(batch, by=base_officer)
    answer = client.get(address)
    assert sorted(line.result for line in answer.context["page"]) == ["kept", "restored"]
    assert "已撤销 0，保留 1，已恢复 1" in answer.text


def test_who_was_imported_again_is_not_counted_as_restorable(imported, signed_in, base_officer):
    lines = [account_line(), account_line(mobile="13900000001")]
    batch = imported(lines)
    undo.undo(batch, by=base_officer)
    client, bin_ = signed_in(base_officer), reverse("bases:accounts") + "?state=deleted"
    imported(lines[:1])
    answer = client.get(bin_)
    (each,) = answer.context["undone"]
    assert (each.gone, each.restorable) == (2, 1)
    assert "1 人（" in answer.text
    assert "全部恢复" in answer.text
    imported(lines[1:])
    page = client.get(bin_).text
    assert "都不能恢复" in page
    assert "全部恢复" not in page
