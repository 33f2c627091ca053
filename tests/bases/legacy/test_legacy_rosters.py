"""BR-25: the legacy rosters of 2014 … 2018 enter 住院医师管理, every row once, with the words of the import."""

from datetime import date
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction

from bases.activation import mobile_is_enough
from bases.legacy import rosters
from bases.legacy.columns import REQUIRED
from bases.models import LegacyFault, LegacyRoster
from bases.records.services import change_status
from bases.report.services import report
from portal.models import User
from portal.sheets.headers import STATUS_HEADER
from portal.sheets.reading import read_table
from portal.sheets.streaming import stream_csv, stream_xlsx
from residents.models import BasicInfo, EducationRecord, Enrollment, Resident, StatusChange
from residents.rules.legacy import PARTS
from residents.services.legacy import LegacyRow, write_legacy
from residents.standing import AccountRow
from tests import factories
from tests.bases.legacy.legacy_rows import HEADERS, number, row, rows
from tests.width import mostly_long

HERE = "浙江大学医学院附属第一医院"
_DAY = date(2017, 3, 1)
# What each status needs, by its code.
FILLED = {
    "2": {"effective_date": _DAY, "reason": "21", "extended_until": date(2021, 9, 1)},
    "3": {
        "effective_date": _DAY,
        "reason": "31",
        "suspended_from": _DAY,
        "expected_resume": date(2017, 9, 1),
    },
    "4": {"effective_date": _DAY, "reason": "43", "ended_on": _DAY, "ended_result": "3"},
    "5": {"effective_date": _DAY, "reason": "13", "withdrawal_kind": "1", "destination": "回原籍"},
}


@pytest.fixture
def folder(tmp_path, base, national_officer):
    """Where the rosters lie and the rejects go; the base that the rows name exists."""
    return tmp_path


@pytest.fixture
def migrate(folder, national_officer):
    """A function: run the command over files of `folder`; returns what it prints."""

    def run(*names, **options):
        out = StringIO()
        files = [folder / name for name in names]
        call_command(
            "migrate_legacy_rosters",
            *files,
            by=national_officer.username,
            rejects=folder,
            stdout=out,
            **options,
        )
        return out.getvalue()

    return run


def write(folder, name, lines, headers=HEADERS):
    stream = stream_csv if name.endswith("csv") else stream_xlsx
    (folder / name).write_bytes(b"".join(stream(headers, lines)))


def counts(name):
    roster = LegacyRoster.objects.get(file_name=name)
    return roster.rows_total, roster.rows_created, roster.rows_present, roster.rows_refused


def reasons(path):
    """Row by row what the rejects file says, by the person's name and number it still holds."""
    table = read_table(path, expected_headers=["证件号", STATUS_HEADER], ignorable_headers=())
    return {record["证件号"]: record[STATUS_HEADER] for _, record in table.records()}


@pytest.mark.parametrize("name", ["2016.xlsx", "2016.csv"])
def test_row_becomes_person_account_and_registered_record(folder, migrate, base, name):
    """BR-25, BR-13: the whole record stands in 住院医师信息管理, with an account that has no password."""
    write(folder, name, [row(7, 2016, HERE)])

    migrate(name)

    record = Enrollment.objects.select_related("resident__user", "resident__basic").get()
    person = record.resident
    assert (record.base, record.intake_year, record.origin, record.module) == (
        base,
        2016,
        "legacy",
        "registry",
    )
    assert (record.specialty_id, record.specialty_locked, record.trainee_type) == ("0100", True, "3")
    assert (record.status, record.report_status, record.personal_state) == ("1", "0", "2")
    assert record.training_complete
    assert (record.actual_start_date, record.planned_end_date) == (date(2016, 9, 1), date(2019, 9, 1))
    assert (person.id_number, person.user.username, person.user.role) == (number(7), number(7), "resident")
    assert not person.user.has_usable_password()
    assert (person.basic.ethnicity, person.basic.hukou_province) == ("01", "33")
    assert person.basic.birth_date == date.fromisoformat(number(7)[6:14])
    study = EducationRecord.objects.get()
    assert (study.level, study.school, study.degree_code) == ("3", "浙江大学", "410")
    assert counts(name) == (1, 1, 0, 0)


def test_history_names_who_migrated(folder, migrate, national_officer):
    """BR-25, BR-21: a named actor on every record."""
    write(folder, "2016.csv", [row(7, 2016, HERE)])

    migrate("2016.csv")

    event = Enrollment.objects.get().events.get()
    assert event.pgh_context.metadata["user"] == national_officer.pk
    assert Enrollment.objects.get().created_by == national_officer


def test_second_run_adds_nothing_and_says_so(folder, migrate):
    """BR-25: idempotent."""
    write(folder, "2016.csv", rows(30, 2016, [HERE]))
    migrate("2016.csv")

    said = migrate("2016.csv")

    assert "30 行 = 新增 0 + 此前已迁移 30 + 未导入 0" in said
    assert "没有新增" in said
    assert (
        Enrollment.objects.count(),
        Resident.objects.count(),
        User.objects.filter(role="resident").count(),
    ) == (
        30,
        30,
        30,
    )


def test_a_changed_row_of_a_second_run_is_reported_and_not_dropped(folder, migrate):
    """BR-25: what the platform has stays as it is; the file says where it is told otherwise now."""
    taken = [list(each) for each in rows(3, 2016, [HERE])]
    write(folder, "2016.csv", taken)
    migrate("2016.csv")
    place = HEADERS.index("培训实际开始时间")
    taken[1][place] = "2016-10-08"
    write(folder, "2016-again.csv", taken)

    migrate("2016-again.csv")

    fault = LegacyFault.objects.get()
    assert (fault.sheet_row, fault.is_refused) == (3, False)
    assert "“培训实际开始时间”与平台不一致，没有改动" in fault.problems[0][1]
    assert not Enrollment.objects.filter(actual_start_date="2016-10-08").exists()


def test_same_rows_in_another_file_are_already_there(folder, migrate):
    """BR-25: a rejects file or a copy sent again repeats nobody."""
    write(folder, "2016.csv", rows(5, 2016, [HERE]))
    write(folder, "copy.xlsx", rows(6, 2016, [HERE]))
    migrate("2016.csv")

    migrate("copy.xlsx")

    assert counts("copy.xlsx") == (6, 1, 5, 0)


def test_killed_in_the_middle_and_run_again_takes_every_row_once(folder, migrate, monkeypatch):
    """BR-25: restartable at the chunk after the last committed one."""
    monkeypatch.setattr(rosters, "CHUNK", 10)
    bad = row(900, 2016, "没有这家医院")
    write(folder, "2016.csv", [*rows(12, 2016, [HERE]), bad, *rows(12, 2016, [HERE], first=12)])
    written = rosters.write_legacy
    calls = []

    def killed(found, *, by):
        calls.append(len(found))
        entered = written(found, by=by)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return entered

    monkeypatch.setattr(rosters, "write_legacy", killed)
    with pytest.raises(KeyboardInterrupt):
        migrate("2016.csv")
    assert (Enrollment.objects.count(), counts("2016.csv")) == (10, (10, 10, 0, 0))

    monkeypatch.setattr(rosters, "write_legacy", written)
    migrate("2016.csv")

    assert (Enrollment.objects.count(), counts("2016.csv")) == (24, (25, 24, 0, 1))
    assert LegacyFault.objects.get().sheet_row == 14


def test_dry_run_says_the_same_and_writes_nothing(folder, migrate):
    """BR-25: the same verdicts, also about rows that only an earlier row of the run explains."""
    lines = [
        *rows(3, 2016, [HERE]),
        row(1, 2017, HERE),
        row(0, 2016, HERE),
        row(3, 2016, "没有这家医院"),
        row(4, 2016, HERE, 民族="火星族"),
    ]
    write(folder, "2016.csv", lines)

    rehearsed = migrate("2016.csv", dry_run=True)

    assert (Resident.objects.count(), LegacyRoster.objects.count()) == (0, 0)
    said = {path.name: reasons(path) for path in folder.glob("*.xlsx")}
    real = migrate("2016.csv")
    assert rehearsed == f"试运行：只检查，不写入任何数据。\n{real}"
    assert said == {path.name: reasons(path) for path in folder.glob("*.xlsx")}
    assert counts("2016.csv") == (7, 4, 1, 2)


def test_rejects_file_can_be_corrected_and_sent_again(folder, migrate, other_base):
    """BR-25: original columns and the reason with its repair step; the corrected file is a roster like any other."""
    write(folder, "2016.csv", [row(1, 2016, "宁波市第1医院", 旧系统备注="甲"), row(2, 2016, HERE)])
    migrate("2016.csv")

    path = folder / "2016-未导入.xlsx"
    assert reasons(path) == {
        number(1): "第2行。【培训基地】没有名称或代码为“宁波市第1医院”的培训基地。"
        "最接近的是“宁波市第一医院”，如果是它请照此填写，否则请核对全称。"
    }
    assert path.stat().st_mode & 0o077 == 0
    table = read_table(path, expected_headers=["证件号"], optional_headers=[*REQUIRED, *HEADERS])
    assert [record["旧系统备注"] for _, record in table.records()] == ["甲"]

    headers = [text for _, text in table.headers]
    corrected = [
        [value if value != "宁波市第1医院" else "宁波市第一医院" for value in record.values()]
        for _, record in table.records()
    ]
    write(folder, "again.xlsx", corrected, headers)
    migrate("again.xlsx")

    assert counts("again.xlsx") == (1, 1, 0, 0)
    assert Enrollment.objects.get(resident__id_number=number(1)).base == other_base


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"身份证件号码": "330106199503120015"}, "【证件号】"),
        ({"手机号码": "12345"}, "【手机号】"),
        ({"姓名": ""}, "【姓名】此项必填"),
        ({"招收年度": "2019"}, "【招收年份】"),
        ({"招收年度": "2013"}, "【招收年份】"),
        ({"培训状态": "休假"}, "【培训状态】"),
    ],
)
def test_what_decides_about_others_refuses_the_row(folder, migrate, changes, words):
    """BR-25, docs/fields.md#account, docs/fields.md#status: identity, year, base and status are right or the row stays
    out."""
    write(folder, "2016.csv", [row(1, 2016, HERE, **changes)])

    migrate("2016.csv")

    assert counts("2016.csv") == (1, 0, 0, 1)
    (said,) = reasons(folder / "2016-未导入.xlsx").values()
    assert words in said


def test_cell_that_breaks_a_rule_is_left_out_and_the_row_taken(folder, migrate):
    """BR-25: what the resident or his base can fill in again is no reason to keep the person out."""
    wrong = {
        "民族": "火星族",
        "有效的电子邮箱地址": "不详",
        "本科毕业时间": "2016-13-01",
        "人员类型": "单位人",
    }
    write(folder, "2016.csv", [row(1, 2016, HERE, **wrong)])

    migrate("2016.csv")

    assert counts("2016.csv") == (1, 1, 0, 0)
    (said,) = reasons(folder / "2016-未采用的单元格.xlsx").values()
    assert [part.partition("】")[0] for part in said.split("【")[1:]] == [
        "人员类型",
        "民族",
        "有效的电子邮箱地址",
        "本科毕业时间",
    ]
    record = Enrollment.objects.get()
    basic = record.resident.basic
    assert (record.trainee_type, basic.ethnicity, basic.email, basic.hukou_province) == ("", "", "", "33")
    assert (record.training_complete, record.personal_state) == (False, "1")


@pytest.mark.parametrize("status", mostly_long(["延期", "暂停", "结束", "退培"], 3))
@pytest.mark.parametrize(
    "more",
    [
        {},
        {"变更日期": "2017-01-05"},
        {"变更日期": "2017-02-30", "变更原因": "不详"},
        {"变更日期": "2015-01-05", "变更原因": "其他"},
    ],
)
def test_status_without_day_or_reason_is_taken_as_history(
    folder, migrate, signed_in, base, base_officer, status, more
):
    """AM-40: never a reason to refuse the row; the gap is told, stands in the base's open work, blocks no 上报 and is
    filled by a correction of the details at any time."""
    write(folder, "2016.csv", [row(1, 2016, HERE, 培训状态=status, **more)])

    migrate("2016.csv")

    assert counts("2016.csv") == (1, 1, 0, 0)
    (said,) = reasons(folder / "2016-未采用的单元格.xlsx").values()
    assert "历史数据，日期不详" in said
    record = Enrollment.objects.get()
    assert record.get_status_display() == status
    assert record.status_changes.first().is_undated is True
    client = signed_in(base_officer)
    label = "历史状态缺日期或原因，待补填"
    (tile,) = [cell for cell in client.get("/base/").context["tasks"] if cell.label == label]
    assert tile.count == 1
    assert client.get(tile.url).context["page"].paginator.count == 1
    assert "历史数据，日期不详" in client.get(f"/base/records/{record.pk}/").content.decode()
    assert report([record.pk], by=base_officer, declared=True).reported == [record.pk]

    change_status(record.pk, FILLED[record.status] | {"status": record.status}, by=base_officer)
    assert label not in [cell.label for cell in client.get("/base/").context["tasks"]]


def test_only_a_migrated_change_may_lack_its_day(base, cycle):
    """AM-40 is for what nobody kept: the database still refuses every other change without day and reason."""
    record = factories.EnrollmentFactory(base=base, intake_year=2016, status="3")
    with pytest.raises(IntegrityError), transaction.atomic():
        StatusChange.objects.create(enrollment=record, from_status="1", to_status="3")
    StatusChange.objects.create(enrollment=record, from_status="1", to_status="3", is_undated=True)


def test_person_live_elsewhere_is_refused_in_the_words_of_the_import(folder, migrate, other_base, cycle):
    """BR-25, BR-49, BR-74: only 退培 frees a person, also for a migration."""
    person = factories.ResidentFactory(id_number=number(1), full_name=row(1, 2016, HERE)[1])
    factories.EnrollmentFactory(resident=person, base=other_base, intake_year=2015)
    write(folder, "2016.csv", [row(1, 2016, HERE)])

    migrate("2016.csv")

    assert reasons(folder / "2016-未导入.xlsx") == {
        number(1): "第2行。【证件号】此人已在“宁波市第一医院”（2015年招收，培训状态：在培），不能重复导入。"
        "如果是转入，请用“请求转出”请该基地办理退培，退培后再导入；如果证件号录错，请改正。"
    }


def test_record_brought_in_by_import_is_told_and_left_alone(folder, migrate, base, cycle):
    """BR-25, AM-11: what the base imported itself is not written again."""
    person = factories.ResidentFactory(id_number=number(1), full_name=row(1, 2016, HERE)[1])
    factories.EnrollmentFactory(resident=person, base=base, intake_year=2016, origin="late")
    write(folder, "2016.csv", [row(1, 2016, HERE)])

    migrate("2016.csv")

    assert counts("2016.csv") == (1, 0, 0, 1)
    (said,) = reasons(folder / "2016-未导入.xlsx").values()
    assert "此人已在本基地（2016年招收，培训状态：在培），已存在，未重复导入。" in said
    assert BasicInfo.objects.count() == 0


def test_transfer_of_the_old_system_is_two_records_on_one_account(folder, migrate, base, other_base):
    """BR-25, BR-74, BR-76: 退培 there, 在培 here, in whatever order the rows stand, with the reason in the history."""
    left = {"培训状态": "退培", "变更日期": "2017-01-05", "变更原因": "转换培训基地", "学员去向": HERE}
    write(folder, "2016.csv", [row(1, 2016, HERE), row(1, 2015, "宁波市第一医院", **left)])

    migrate("2016.csv")

    assert counts("2016.csv") == (2, 2, 0, 0)
    assert Resident.objects.get().enrollments.filter(base=base).get().is_live
    old = Enrollment.objects.get(base=other_base)
    assert (old.status, old.status_since, old.is_live) == ("5", date(2017, 1, 5), False)
    changes = (
        StatusChange.objects.filter(enrollment=old)
        .order_by("pk")
        .values_list("from_status", "to_status", "reason")
    )
    assert list(changes) == [("", "1", ""), ("1", "5", "11")]
    assert EducationRecord.objects.count() == 1


def test_what_the_person_keeps_himself_is_not_overwritten(folder, migrate, base, other_base):
    """BR-25, BR-41: a returning person's own blocks stay, the record is new."""
    person = factories.ResidentFactory(id_number=number(1), full_name=row(1, 2016, HERE)[1])
    factories.fill_personal(person)
    factories.EnrollmentFactory(resident=person, base=other_base, intake_year=2014, status="5")
    write(folder, "2016.csv", [row(1, 2016, HERE, 民族="回族")])

    migrate("2016.csv")

    assert BasicInfo.objects.get().ethnicity == "01"
    assert EducationRecord.objects.count() == 1
    assert Enrollment.objects.get(base=base).personal_state == "2"


def test_another_person_with_the_number_is_refused(folder, migrate, base):
    """BR-25: one number is one person; a name that differs is a question, not a correction."""
    person = factories.ResidentFactory(id_number=number(1), full_name="别人")
    factories.EnrollmentFactory(resident=person, base=base, intake_year=2014, status="5")
    write(folder, "2016.csv", [row(1, 2016, HERE)])

    migrate("2016.csv")

    assert counts("2016.csv") == (1, 0, 0, 1)


def test_migrated_account_with_data_does_not_open_with_the_mobile_number(folder, migrate):
    """BR-13, TRUST-59: 000000 and a mobile number open empty accounts only; this one needs a code or a release."""
    blank = ["2016", "张伟", "居民身份证", number(2), "13800000002", HERE]
    write(folder, "2016.csv", [row(1, 2016, HERE)])
    write(folder, "short.csv", [blank], ["招收年份", "姓名", "证件类型", "证件号", "手机号", "培训基地"])

    migrate("2016.csv", "short.csv")

    assert not mobile_is_enough(User.objects.get(username=number(1)))
    assert mobile_is_enough(User.objects.get(username=number(2)))


def test_only_a_certificate_is_data_too(folder, migrate):
    """TRUST-59: whatever block the roster filled keeps the mobile number from being enough."""
    headers = ["招收年份", "姓名", "证件类型", "证件号", "手机号", "培训基地", "是否通过医师资格考试"]
    number_of_officer = "军字第12345678号"
    write(
        folder,
        "2016.csv",
        [["2016", "张伟", "军官证", number_of_officer, "13800000002", HERE, "否"]],
        headers,
    )

    migrate("2016.csv")

    assert not mobile_is_enough(Resident.objects.get().user)


def test_file_without_a_needed_column_is_refused_whole(folder, migrate):
    write(folder, "2016.csv", [["2016", "张伟"]], ["招收年份", "姓名"])

    with pytest.raises(CommandError, match="缺少列“证件类型”“证件号”“手机号”“培训基地”"):
        migrate("2016.csv")


def test_only_a_national_account_may_answer_for_it(folder, base_officer):
    with pytest.raises(CommandError, match="没有名为“zjyy01”的中国医师协会账号"):
        call_command("migrate_legacy_rosters", folder / "x.csv", by=base_officer.username)


def written(base_id, serial, status="1"):
    """The row of one person as the migration hands it to the service."""
    values = {part: {} for part in PARTS} | {"education": [], "status": {"status": status}}
    person = AccountRow(serial, 2016, "张伟", "01", number(serial), "13800000001")
    return LegacyRow(person, base_id, values, training_is_complete=False, personal_is_complete=False)


def test_person_imported_elsewhere_in_this_moment_stays_out(base, other_base, national_officer, cycle):
    """BR-25, AM-27: the row is left for another look, whole: no account, no block, no change of status. A number that
    is the account name of a colleague stops nobody (AM-35)."""
    person = factories.ResidentFactory(id_number=number(1))
    factories.EnrollmentFactory(resident=person, base=other_base, intake_year=2015)
    factories.UserFactory(username=number(2))
    before = (User.objects.count(), Resident.objects.count(), Enrollment.objects.count())

    entered = write_legacy(
        [written(base.pk, 1), written(base.pk, 2), written(base.pk, 3)], by=national_officer
    )

    assert entered == {2, 3}
    after = (User.objects.count(), Resident.objects.count(), Enrollment.objects.count())
    assert after == tuple(count + 2 for count in before)
    numbers = StatusChange.objects.values_list("enrollment__resident__id_number", flat=True)
    assert set(numbers) == {number(2), number(3)}


def test_roster_that_moves_on_beside_is_left_alone(folder, migrate, monkeypatch):
    """BR-25: two processes over one file; the second one stops before it writes."""
    write(folder, "2016.csv", rows(3, 2016, [HERE]))
    judge = rosters.judge

    def slow(*given):
        LegacyRoster.objects.update(row_done=4)
        return judge(*given)

    monkeypatch.setattr(rosters, "judge", slow)
    with pytest.raises(CommandError, match="另一个进程正在迁移同一名册"):
        migrate("2016.csv")
    assert Enrollment.objects.count() == 0


def test_chunk_costs_the_same_for_one_and_three_rows(folder, migrate, django_assert_max_num_queries):
    """Set-wise, whatever the number of rows."""
    seen = set()
    for count, name in ((1, "a.csv"), (3, "b.csv")):
        write(folder, name, rows(count, 2016, [HERE], first=10 * count))
        with django_assert_max_num_queries(200) as captured:
            migrate(name)
        seen.add(len(captured))
    assert len(seen) == 1
