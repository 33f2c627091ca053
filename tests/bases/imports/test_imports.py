"""Account workbooks from upload to applied (BR-43, BR-48, BR-49, BR-50, BR-67 … BR-71; PAIN-01 … PAIN-11)."""

import io
import uuid
from datetime import timedelta
from pathlib import Path

import openpyxl
import pytest
from django.contrib.auth.hashers import is_password_usable
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from bases.imports import services as imports
from bases.imports.batch import BatchMoved
from bases.imports.forgetting import forget_old_files
from bases.imports.worker import apply_batch, check_batch
from bases.models import ImportBatch
from bases.workbooks.kinds import import_opening
from portal.models import AuditEvent, User
from residents.models import Enrollment, Resident, StatusChange
from tests import factories
from tests.bases.conftest import HEADERS, account_line, counts, problem_codes, workbook

pytestmark = pytest.mark.django_db


def test_import_creates_account_person_enrollment_and_status(imported, base, base_officer, cycle):
    """BR-43, docs/codes.md#status "(none) → 在培": five columns make a login, a person, and an enrollment in
    training."""
    line = account_line(full_name="古丽米热•艾比布力", mobile="+86 166-0000-1234")
    batch = imported([line])

    resident = Resident.objects.get(id_number=line["id_number"])
    enrollment = resident.enrollments.get()
    assert (resident.full_name, resident.id_type, resident.mobile) == (
        "古丽米热·艾比布力",
        "01",
        "16600001234",
    )
    assert resident.name_key == "gu li mi re · ai bi bu li"
    assert (resident.user.username, resident.user.role) == (line["id_number"], "resident")
    assert (resident.user.full_name, resident.user.mobile) == (resident.full_name, resident.mobile)
    assert not is_password_usable(resident.user.password)
    assert resident.user.activated_at is None
    assert (enrollment.base, enrollment.intake_year, enrollment.origin) == (base, cycle.year, "intake")
    assert (enrollment.status, enrollment.registered_at, enrollment.created_by) == ("1", None, base_officer)
    assert enrollment.import_batch == batch
    change = StatusChange.objects.get(enrollment=enrollment)
    assert (change.from_status, change.to_status, change.changed_by) == ("", "1", base_officer)
    assert counts(batch) == (1, 1, 0, 0)


def test_import_enters_the_history_with_the_person_who_confirmed(imported, base_officer):
    """Target 12 of tests/benchmarks: every row of a bulk path is in the history with its actor and batch."""
    batch = imported([account_line(), account_line()])
    for enrollment in Enrollment.objects.all():
        for event in (
            enrollment.events.get(),
            enrollment.resident.events.get(),
            enrollment.resident.user.events.get(),
        ):
            assert event.pgh_label == "insert"
            assert event.pgh_context.metadata == {
                "user": base_officer.pk,
                "role": "base",
                "channel": "import",
                "batch": batch.pk,
            }


def test_import_is_audited_with_its_counts(imported, base_officer):
    """TRUST-55."""
    batch = imported([account_line(), account_line(mobile="x")])
    event = AuditEvent.objects.get(action="import")
    assert (event.actor, event.target_id) == (base_officer, str(batch.pk))
    assert event.detail == {"total": 2, "created": 1, "updated": 0, "unchanged": 0, "refused": 1}


def test_check_reports_every_error_at_once_at_its_cell(checked, cycle):
    """GOAL-B4, PAIN-02, PAIN-03: k bad cells, k entries, with the address as Excel shows it."""
    lines = [
        account_line(),
        account_line(intake_year=str(cycle.year - 1), full_name="A", id_type="户口本", mobile="12345"),
        account_line(id_number="11010519491231002"),
        account_line(id_number="110105194912310021", full_name=""),
    ]
    batch = checked(lines)
    assert problem_codes(batch) == {
        3: [
            ("A3", "intake_year_intake"),
            ("B3", "name_too_short"),
            ("C3", "code_options"),
            ("E3", "mobile_format"),
        ],
        4: [("D4", "id_length"), ("E4", "mobile_repeated")],
        5: [("B5", "required"), ("D5", "id_check_digit"), ("E5", "mobile_repeated")],
    }
    assert counts(batch) == (4, 1, 0, 3)


def test_check_sees_a_person_twice_in_one_file(checked):
    number = factories.id_number()
    batch = checked([account_line(id_number=number), account_line(id_number=number.lower() + "\u3000")])
    row = batch.rows.get(sheet_row=3)
    assert [each["code"] for each in row.problems] == ["duplicate_in_file", "mobile_repeated"]
    assert "第2行" in row.problems[0]["text"]
    assert counts(batch) == (2, 1, 0, 1)


def test_live_elsewhere_is_refused_and_names_base_year_and_status_only(checked, other_base, cycle):
    """BR-49, BR-71, AM-28."""
    held = factories.EnrollmentFactory(
        base=other_base, intake_year=cycle.year - 2, status="3", resident__mobile="13911112222"
    )
    line = account_line(id_number=held.resident.id_number, full_name=held.resident.full_name)
    row = checked([line]).rows.get()
    assert row.verdict == "refused"
    (problem,) = row.problems
    assert problem["text"] == (
        f"此人已在“宁波市第一医院”（{cycle.year - 2}年招收，培训状态：暂停），不能重复导入。"
    )
    assert "13911112222" not in str(row.problems)


@pytest.mark.parametrize("status", ["1", "2", "3", "4"])
def test_every_status_but_withdrawn_blocks_other_bases(checked, other_base, status):
    """BR-49: 在培, 延期, 暂停, 结束 block; AM-25: 结束 too."""
    held = factories.EnrollmentFactory(base=other_base, status=status)
    batch = checked([account_line(id_number=held.resident.id_number)])
    assert counts(batch) == (1, 0, 0, 1)


def test_already_here_is_unchanged_and_no_error(imported, checked):
    """AM-11: 已存在，未重复导入; GOAL-B10: the same file twice changes nothing and says so."""
    lines = [account_line(), account_line(mobile="13900000000")]
    first = imported(lines)
    again = checked(lines)
    assert counts(again) == (2, 0, 2, 0)
    assert [row.problems[0]["code"] for row in again.rows.all()] == ["already_here", "already_here"]
    assert Enrollment.objects.filter(import_batch=first).count() == Enrollment.objects.count() == 2
    with pytest.raises(BatchMoved, match="没有可以导入的行"):
        imports.confirm(again, mode="good_rows", by=again.uploaded_by)


def test_same_file_again_is_recognised(imported, checked):
    """GOAL-B10."""
    content = workbook([list(account_line(intake_year=str(factories.CycleFactory().year)).values())])
    first = imported(content)
    again = checked(content, name="另一个名字.xlsx")
    assert imports.earlier_upload(again) == first
    assert imports.earlier_upload(first) is None


def test_already_here_with_other_values_says_which_differ(imported, checked):
    """Nothing is changed silently: the row is 已存在 and names the columns that were not taken over."""
    line = account_line()
    imported([line])
    batch = checked([line | {"mobile": "13700000000"}])
    (row,) = batch.rows.all()
    assert row.verdict == "unchanged"
    assert row.problems[-1]["text"].startswith("此人已在本基地，文件中的手机号与系统中的不一致")


def test_row_with_an_error_does_not_say_that_nothing_is_to_be_done(imported, checked):
    line = account_line()
    imported([line])
    batch = checked([line | {"mobile": "13700000000"}, line])
    same, double = batch.rows.order_by("sheet_row")
    assert [each["code"] for each in same.problems] == ["duplicate_differs"]
    assert [each["code"] for each in double.problems] == ["duplicate_in_file"]


def test_result_speaks_of_the_initial_password_to_new_accounts_only(
    imported, signed_in, base_officer, other_base
):
    old = factories.EnrollmentFactory(base=other_base, intake_year=2020, status="5")
    known = account_line(id_number=old.resident.id_number, full_name=old.resident.full_name)
    page = signed_in(base_officer).get(reverse("bases:import-batch", args=[imported([known]).pk])).text
    assert "沿用已有账号 1 个，密码不变。" in page
    assert "000000" not in page
    batch = imported([account_line(mobile="13900000001")])
    page = signed_in(base_officer).get(reverse("bases:import-batch", args=[batch.pk])).text
    assert "其中新账号 1 个：请通知本人以证件号为账号登录，初始密码 000000，首次登录须激活账号。" in page


def test_result_knows_that_the_base_has_chosen_codes(imported, signed_in, base, base_officer):
    """TRUST-09."""
    base.activation_policy = "code"
    base.save()
    page = (
        signed_in(base_officer).get(reverse("bases:import-batch", args=[imported([account_line()]).pk])).text
    )
    assert "其中新账号 1 个：现在不能用初始密码 000000 和手机号激活" in page


def test_withdrawn_person_gets_a_new_enrollment_on_the_same_account(imported, other_base, base, cycle):
    """AM-20, AM-21, BR-76, TRUST-12: password and state of the account stay, the old enrollment stays as history."""
    old = factories.EnrollmentFactory(base=other_base, intake_year=cycle.year - 1, status="5")
    factories.fill_personal(old.resident)
    user = old.resident.user
    password, activated = user.password, user.activated_at
    line = account_line(id_number=old.resident.id_number, full_name="陈雨桐", mobile="13700000000")
    batch = imported([line])
    assert counts(batch) == (1, 1, 0, 0)
    assert [each["code"] for each in batch.rows.get().problems] == ["account_reused", "mobile_kept"]
    new = Enrollment.objects.get(base=base)
    assert (new.resident, new.status, new.personal_state) == (old.resident, "1", "2")
    user.refresh_from_db()
    assert (user.password, user.activated_at, user.mobile) == (password, activated, old.resident.user.mobile)
    old.refresh_from_db()
    assert (old.status, old.base) == ("5", other_base)


def test_known_number_with_another_name_is_refused_and_reveals_nothing(checked, other_base):
    """The number may be mistyped: whose it is stays untold."""
    old = factories.EnrollmentFactory(base=other_base, status="5")
    batch = checked([account_line(id_number=old.resident.id_number, full_name="李四")])
    (row,) = batch.rows.all()
    assert row.verdict == "refused"
    assert [each["code"] for each in row.problems] == ["identity_name_differs"]
    assert "陈雨桐" not in str(row.problems)
    assert "宁波" not in str(row.problems)


def test_lapsed_person_is_added_to_the_registry_with_the_account_kept(imported, base, cycle):
    """AM-05: never approved at the lock; the same base adds him as 漏报, attached to the account and what it holds."""
    lapsed = factories.EnrollmentFactory(base=base, intake_year=cycle.year - 1, lapsed_at=timezone.now())
    factories.fill_personal(lapsed.resident)
    line = account_line(intake_year=str(cycle.year - 1), id_number=lapsed.resident.id_number)
    imported([line], module="registry")
    new = Enrollment.objects.exclude(pk=lapsed.pk).get()
    assert new.resident == lapsed.resident
    assert (new.origin, new.module, new.personal_state) == ("late", "registry", "2")
    assert new.resident.basic.email == "chenyutong@example.com"


def test_transferred_person_enters_the_registry_as_transfer(imported, other_base, cycle):
    """BR-74: reason 11 of the 退培 makes the new enrollment a 转入."""
    old = factories.EnrollmentFactory(base=other_base, intake_year=cycle.year - 1, status="5")
    StatusChange.objects.create(
        enrollment=old,
        from_status="1",
        to_status="5",
        reason="11",
        effective_date=timezone.localdate(),
        destination="本院 儿科",
    )
    line = account_line(intake_year=str(cycle.year - 1), id_number=old.resident.id_number)
    imported([line], module="registry")
    assert Enrollment.objects.exclude(pk=old.pk).get().origin == "transfer"


def test_deleted_person_comes_back_with_name_and_mobile_set_right(imported, base, base_officer):
    """BR-50: wrongly imported, deleted, imported again. The account was never anybody's, so it takes the new words."""
    line = account_line(full_name="陈雨同", mobile="13700000009")
    batch = imported([line])
    wrong = Enrollment.objects.get(import_batch=batch)
    Enrollment.objects.filter(pk=wrong.pk).update(
        deleted_at=timezone.now(), deleted_by=base_officer, deleted_reason="姓名录错"
    )
    User.objects.filter(pk=wrong.resident.user_id).update(is_active=False)
    again = imported([line | {"full_name": "陈雨桐", "mobile": "13700000010"}])
    assert counts(again) == (1, 1, 0, 0)
    resident = Resident.objects.get(id_number=line["id_number"])
    assert (resident.full_name, resident.mobile, resident.name_key) == (
        "陈雨桐",
        "13700000010",
        "chen yu tong",
    )
    assert (resident.user.full_name, resident.user.mobile, resident.user.is_active) == (
        "陈雨桐",
        "13700000010",
        True,
    )


def test_registry_takes_earlier_years_only_and_registers_at_once(imported, cycle):
    """BR-69, docs/fields.md#account: 2014 … cycle year − 1; a late addition stands in the registry, uncounted until
    approved."""
    lines = [
        account_line(intake_year=str(year), mobile=f"1380013800{n}")
        for n, year in enumerate((2013, 2014, cycle.year - 1, cycle.year))
    ]
    batch = imported(lines, module="registry")
    assert counts(batch) == (4, 2, 0, 2)
    assert problem_codes(batch) == {
        2: [("A2", "intake_year_registry")],
        5: [("A5", "intake_year_still_open")],
    }
    for enrollment in Enrollment.objects.all():
        assert (enrollment.origin, enrollment.module) == ("late", "registry")
        assert enrollment.approved_submission is None


def test_number_typed_as_number_is_refused_never_guessed(checked, cycle):
    """PAIN-01, TRUST-34: 18 digits in a numeric cell are damaged, whatever the check digit says."""
    line = list(account_line().values())
    content = workbook_with_number(line, cycle.year)
    batch = checked(content)
    assert problem_codes(batch) == {2: [("D2", "number_damaged")]}


@pytest.mark.parametrize(
    ("number", "mobile", "told"),
    [
        ("1.10101E+17", "13800138000", ("D2", "number_damaged", "超过15位")),
        ("110101198001010000", "13800138000", ("D2", "number_damaged", "超过15位")),
        (None, "1.99E+10", ("E2", "number_rounded", "科学计数“1.99E+10”")),
        (None, "1.38001E+10", ("E2", "number_rounded", "科学计数")),
    ],
)
def test_number_ruined_in_a_csv_is_told_by_its_true_cause(checked, cycle, number, mobile, told):
    """PAIN-01: eleven digits are no case of more than fifteen; what was shown is what was saved."""
    line = account_line(mobile=mobile)
    line |= {"id_number": number} if number else {}
    content = ",".join(HEADERS) + "\r\n" + ",".join([str(cycle.year), *list(line.values())[1:]])
    batch = checked(content.encode("gb18030"), name="名单.csv")
    (problem,) = batch.rows.get().problems
    assert (f"{problem['column']}2", problem["code"]) == told[:2]
    assert told[2] in problem["text"]


def workbook_with_number(line, year) -> bytes:
    book = openpyxl.load_workbook(io.BytesIO(workbook([[str(year), *line[1:]]])))
    sheet = book["Sheet1"]
    sheet["D2"] = 330106199503120010
    sheet["D2"].number_format = "General"
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def test_file_that_is_no_table_is_refused_with_the_repair_step(checked):
    batch = checked(b"%PDF-1.7 nothing")
    assert batch.state == "refused"
    assert batch.refusal["code"] == "not_a_table"
    assert batch.refusal["repair"]


def test_missing_column_is_named(checked):
    batch = checked(
        workbook([["2019", "陈雨桐", "身份证", "x"]], headers=("招收年份", "姓名", "证件类型", "手机号"))
    )
    assert batch.state == "refused"
    assert "“证件号”" in batch.refusal["text"]


def test_unknown_column_is_ignored_and_said(checked, cycle):
    line = [str(cycle.year), *list(account_line().values())[1:], "放射科"]
    batch = checked(workbook([line], headers=("招收年份", "姓名", "证件类型", "证件号", "手机号", "科室")))
    assert batch.ignored_headers == [{"column": "F", "header": "科室"}]
    assert counts(batch) == (1, 1, 0, 0)


def test_all_or_nothing_refuses_while_a_row_is_bad(checked):
    """GOAL-B6."""
    batch = checked([account_line(), account_line(mobile="1")])
    with pytest.raises(BatchMoved, match="还有 1 行有误"):
        imports.confirm(batch, mode="all_or_nothing", by=batch.uploaded_by)
    assert Enrollment.objects.count() == 0


def test_good_rows_first_imports_the_good_ones(imported):
    """GOAL-B6: rows in = created + unchanged + refused."""
    batch = imported([account_line(), account_line(mobile="1"), account_line(full_name="@@")])
    assert counts(batch) == (3, 1, 0, 2)
    assert batch.state == "applied"
    assert Enrollment.objects.count() == 1


def test_all_or_nothing_writes_nothing_when_somebody_else_was_first(checked, other_base):
    """GOAL-B6: the conflict came up after the confirmation; the other row must not stay behind."""
    lines = [account_line(), account_line(mobile="13900000000")]
    batch = checked(lines)
    factories.EnrollmentFactory(base=other_base, resident__id_number=lines[1]["id_number"])
    imports.confirm(batch, mode="all_or_nothing", by=batch.uploaded_by)
    apply_batch(batch.pk)
    batch.refresh_from_db()
    assert (batch.state, counts(batch)) == ("checked", (2, 1, 0, 1))
    assert batch.refusal["code"] == "conflict"
    assert not Resident.objects.filter(id_number=lines[0]["id_number"]).exists()
    assert batch.rows.get(sheet_row=3).problems[-1]["code"] == "recruit_elsewhere"


def test_conflict_between_check_and_apply_is_a_row_error(checked, other_base):
    """GOAL-B3, docs/architecture.md#workbook: never a 500."""
    lines = [account_line(), account_line(mobile="13900000000")]
    batch = checked(lines)
    factories.EnrollmentFactory(base=other_base, resident__id_number=lines[0]["id_number"])
    imports.confirm(batch, mode="good_rows", by=batch.uploaded_by)
    apply_batch(batch.pk)
    batch.refresh_from_db()
    assert (batch.state, counts(batch)) == ("applied", (2, 1, 0, 1))
    assert problem_codes(batch) == {2: [("D2", "recruit_elsewhere")]}


def test_colleague_was_first_leaves_the_row_unchanged(checked, base):
    """Two officers of one base: the second import finds the person here already."""
    lines = [account_line()]
    batch = checked(lines)
    factories.EnrollmentFactory(base=base, resident__id_number=lines[0]["id_number"])
    imports.confirm(batch, mode="all_or_nothing", by=batch.uploaded_by)
    apply_batch(batch.pk)
    batch.refresh_from_db()
    assert (batch.state, counts(batch)) == ("applied", (1, 0, 1, 0))


def test_apply_twice_is_apply_once(imported):
    """TRUST-48: a task that runs twice changes nothing the second time."""
    batch = imported([account_line(), account_line(mobile="13900000000")])
    apply_batch(batch.pk)
    check_batch(batch.pk)
    batch.refresh_from_db()
    assert (batch.state, counts(batch)) == ("applied", (2, 2, 0, 0))
    assert Enrollment.objects.count() == 2
    assert batch.rows.count() == 2


def test_same_token_gives_the_same_batch(upload):
    """PAIN-23: a double click on 上传 makes one batch."""
    token = uuid.uuid4()
    assert upload([account_line()], token=token) == upload([account_line()], token=token)
    assert ImportBatch.objects.count() == 1


def test_check_is_repeated_after_a_worker_died_in_it(upload):
    """A batch left in 正在检查 is taken up again."""
    batch = upload([account_line()])
    ImportBatch.objects.filter(pk=batch.pk).update(state="checking")
    check_batch(batch.pk)
    batch.refresh_from_db()
    assert (batch.state, counts(batch)) == ("checked", (1, 1, 0, 0))


def test_abandoned_batches_are_queued_again(upload, django_capture_on_commit_callbacks, settings):
    """GOAL-B9: silent for longer than the limit; one that is young or finished is left alone."""
    settings.TASKS = {
        "default": {"BACKEND": "django_tasks.backends.immediate.ImmediateBackend", "QUEUES": []}
    }
    old, young, done = upload([account_line()]), upload([account_line()]), upload([account_line()])
    long_ago = timezone.now() - 2 * imports.ABANDONED_AFTER
    ImportBatch.objects.filter(pk__in=[old.pk, done.pk]).update(worked_at=long_ago)
    ImportBatch.objects.filter(pk=done.pk).update(state="cancelled")
    with django_capture_on_commit_callbacks(execute=True):
        assert imports.requeue_abandoned() == 1
    assert {batch.pk: batch.state for batch in ImportBatch.objects.all()} == {
        old.pk: "checked",
        young.pk: "uploaded",
        done.pk: "cancelled",
    }


def test_cancelled_batch_is_neither_checked_nor_applied(upload, checked):
    batch = upload([account_line()])
    imports.cancel(batch)
    check_batch(batch.pk)
    later = checked([account_line()])
    imports.cancel(later)
    apply_batch(later.pk)
    with pytest.raises(BatchMoved, match="已取消"):
        imports.confirm(later, mode="good_rows", by=later.uploaded_by)
    assert set(ImportBatch.objects.values_list("state", flat=True)) == {"cancelled"}
    assert Enrollment.objects.count() == 0


def test_applied_batch_cannot_be_cancelled(imported):
    with pytest.raises(BatchMoved, match="已导入"):
        imports.cancel(imported([account_line()]))


def test_intake_closed_before_the_confirmation(checked, cycle):
    """BR-39, TRUST-31: the window is asked again when the user confirms and when the worker writes."""
    batch, late = checked([account_line()]), checked([account_line(mobile="13900000000")])
    imports.confirm(late, mode="good_rows", by=late.uploaded_by)
    now = timezone.now()
    hour = timedelta(hours=1)
    factories.open_windows(cycle, base_fill=(now - 5 * hour, now - hour))
    with pytest.raises(BatchMoved, match="现在不能办理"):
        imports.confirm(batch, mode="good_rows", by=batch.uploaded_by)
    apply_batch(late.pk)
    late.refresh_from_db()
    assert (late.state, late.refusal["code"]) == ("checked", "closed")
    assert Enrollment.objects.count() == 0


def test_intake_of_a_province_that_transfers_by_interface_is_closed(base, cycle, province):
    """BR-08, AM-01: intake closes with the switch, the registry stays open."""
    province.reporting_mode = "2"
    province.save()
    base.refresh_from_db()
    assert not import_opening(base, "intake", cycle).is_open
    assert import_opening(base, "registry", cycle).is_open


def test_import_opening_without_a_cycle(base):
    assert not import_opening(base, "registry", None).is_open


def test_number_of_queries_does_not_grow_with_the_rows(checked):
    """Set-wise; the same statements for 2 and for 40 rows."""
    counted = []
    for n in (2, 40):
        batch = checked([account_line(mobile=f"138{n:04d}{i:04d}") for i in range(n)])
        imports.confirm(batch, mode="good_rows", by=batch.uploaded_by)
        with CaptureQueriesContext(connection) as queries:
            apply_batch(batch.pk)
        counted.append(len(queries))
    assert counted[0] == counted[1]
    assert Enrollment.objects.count() == 42


def test_old_files_are_deleted_and_their_counts_stay(imported, settings):
    """PAIN-26, TRUST-38."""
    batch = imported([account_line()])
    path = batch.file.path
    later = batch.uploaded_at + timedelta(days=settings.UPLOAD_RETENTION_DAYS + 1)
    assert forget_old_files(batch.uploaded_at) == 0
    assert forget_old_files(later) == 1
    batch.refresh_from_db()
    assert (batch.file.name, counts(batch)) == ("", (1, 1, 0, 0))
    assert not Path(path).exists()
