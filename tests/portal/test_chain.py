"""The chain over audit and history: every kind of tampering is named, by the copies outside the database (GOAL-S8)."""

import json
import re
import threading
import time
from datetime import timedelta

import pghistory
import pgtrigger
import psycopg2
import pytest
from django.core import mail
from django.core.management import CommandError, call_command
from django.db import connection, connections, transaction
from django.urls import reverse
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from portal import audit
from portal.chain import recovery, sealing, tasks
from portal.chain.installation import COLUMN, number_transactions, sealed_tables
from portal.chain.standing import standing
from portal.chain.verification import verify
from portal.models import AuditEvent, Message, SealedBatch, SealedRows
from portal.roles import Role
from residents.models import Enrollment
from residents.services.disclosures import disclose
from tests import factories
from tests.database import as_owner
from tests.portal.test_table_rights import EXPECTED, refused

timezone_now = timezone.now
pytestmark = pytest.mark.django_db(transaction=True)


def seal() -> None:
    """Seal all that was written, as one batch: other databases of the server, too, hold transactions that a batch waits
    for, and what it could not take would be the next one's."""
    latest = time.monotonic() + 60
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_current_xact_id()::text::bigint")
        written = cursor.fetchone()[0]
        while True:
            cursor.execute("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint")
            if cursor.fetchone()[0] > written:
                break
            assert time.monotonic() < latest
            time.sleep(0.05)
    sealing.seal_history()
    assert not standing().not_sealed


@pytest.fixture
def sealed(enrollment, base_officer):
    """Two batches: what made a record, then five lines of the audit log and a change."""
    seal()
    for number in range(5):
        audit.record("export", by=base_officer, rows=number)
    Enrollment.objects.filter(pk=enrollment.pk).update(remark="改动")
    seal()
    assert verify().findings == []
    return list(AuditEvent.objects.filter(action="export").order_by("pk"))


def test_no_function_of_the_database_changes_what_is_sealed():
    """A lawful act must never look like tampering. The chain's own purge seals what it takes; a context is completed
    within the transaction that made it."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT proname, prosrc FROM pg_proc WHERE pronamespace = 'public'::regnamespace"
            " AND proname <> '_pgh_attach_context'"
        )
        sources = cursor.fetchall()
    change = re.compile(
        rf'\b(?:UPDATE|DELETE FROM)\s+(?:public\.)?"?(?:{"|".join(sealed_tables())})"?\s', re.I
    )
    assert [name for name, source in sources if change.search(source)] == []
    assert change.search("UPDATE portal_auditevent SET result = ''")


@pytest.fixture
def auditor():
    return factories.UserFactory(role=Role.AUDITOR, username="shenji01")


def tamper(*statements: str) -> None:
    """As somebody with the owner's login, past every trigger."""
    with as_owner(), transaction.atomic(), connection.cursor() as cursor, pgtrigger.ignore():
        for statement in statements:
            cursor.execute(statement)


def anchors() -> list[dict]:
    return list(sealing.read(sealing.anchors_file()))


def test_everything_that_is_history_is_sealed():
    """Every table that nobody changes, but for what migrations write and the seals themselves."""
    others = {
        "django_migrations",
        "django_content_type",
        "auth_permission",
        "portal_sealedbatch",
        "portal_sealedrows",
        # Undone once, so sealed by its events.
        "residents_personmerge",
    }
    assert set(sealed_tables()) == {*EXPECTED["S"].split(), *EXPECTED["SI"].split()} - others
    with connection.cursor() as cursor:
        cursor.execute("SELECT name FROM history_tables()")
        assert [name for (name,) in cursor.fetchall()] == sealed_tables()


def test_what_was_written_is_sealed_once_and_known_outside(sealed):
    entries = anchors()
    assert [entry["number"] for entry in entries] == list(range(1, len(entries) + 1))
    roots = [
        bytes(root).hex() for root in SealedBatch.objects.order_by("number").values_list("root", flat=True)
    ]
    assert [entry["root"] for entry in entries] == roots
    keys = [(part.table, key) for part in SealedRows.objects.all() for key in part.keys]
    assert len(keys) == len(set(keys))
    assert {table for table, _ in keys} >= {
        "portal_auditevent",
        "residents_enrollmentevent",
        "portal_userevent",
    }
    # Only the line of the comparison itself waits.
    assert standing().not_sealed == 1
    seal()
    assert sealing.seal_history() is None


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        (
            "UPDATE portal_auditevent SET action = 'x' WHERE id = {0}",
            "portal_auditevent 编号 {0}：内容被改动",
        ),
        ("UPDATE portal_auditevent SET at = at - INTERVAL '1 day' WHERE id = {0}", "编号 {0}：内容被改动"),
        ("UPDATE portal_auditevent SET detail = '{{}}' WHERE id = {0}", "编号 {0}：内容被改动"),
        ("DELETE FROM portal_auditevent WHERE id = {0}", "portal_auditevent 编号 {0}：被删除"),
        (
            "INSERT INTO portal_auditevent (action, at, role, target_type, target_id, request_id, result, detail)"
            " VALUES ('x', now(), '', '', '', '', 'ok', '{{}}');"
            " UPDATE portal_auditevent SET id = 999999, " + COLUMN + " ="
            " (SELECT " + COLUMN + " FROM portal_auditevent WHERE id = {0}) WHERE action = 'x'",
            "portal_auditevent 编号 999999：事后插入",
        ),
        (
            f"UPDATE portal_auditevent SET {COLUMN} = 3 WHERE id = {{0}}",
            "portal_auditevent 编号 {0}：在顺序中的位置被改动",
        ),
        (
            "UPDATE portal_auditevent SET "
            + COLUMN
            + " = (SELECT "
            + COLUMN
            + " FROM portal_auditevent WHERE id = {1})"
            " WHERE id = {0}",
            "portal_auditevent 编号 {0}",
        ),
        (
            "UPDATE residents_enrollmentevent SET remark = '' WHERE remark = '改动'",
            "residents_enrollmentevent 编号",
        ),
        ("DELETE FROM residents_enrollmentevent", "被删除"),
        ("TRUNCATE portal_auditevent CASCADE", "portal_auditevent 编号 {0}：被删除"),
        (f"ALTER TABLE residents_enrollmentevent RENAME {COLUMN} TO was", "residents_enrollmentevent：表已"),
        ("ALTER TABLE residents_enrollmentevent RENAME remark TO was", "封存时的列 remark 已不存在"),
    ],
)
def test_a_row_that_is_not_as_sealed_is_named(sealed, statement, found):
    """GOAL-S8: changed, removed, inserted, moved; whoever did it, with whatever login."""
    ids = [event.pk for event in sealed]
    try:
        tamper(statement.format(*ids))
        report = verify()
        assert any(found.format(*ids) in each for each in report.findings), report.findings
        assert AuditEvent.objects.filter(action="verify_history").latest("pk").result == "refused"
        assert standing().broken
    finally:
        if renamed := re.search(r"RENAME (\w+) TO was", statement):
            tamper(f"ALTER TABLE residents_enrollmentevent RENAME was TO {renamed[1]}")


def test_two_lines_that_changed_places_are_named(sealed):
    first, second = sealed[0].pk, sealed[1].pk
    tamper(
        f"UPDATE portal_auditevent SET id = -1 WHERE id = {first}",
        f"UPDATE portal_auditevent SET id = {first} WHERE id = {second}",
        f"UPDATE portal_auditevent SET id = {second} WHERE id = -1",
    )
    findings = "".join(verify().findings)
    assert f"编号 {first}：内容被改动" in findings
    assert f"编号 {second}：内容被改动" in findings


def test_whoever_changes_row_and_seal_is_found_by_the_anchor(sealed):
    """The chain in the database can be made anew by its owner; what stands outside cannot."""
    pk = sealed[2].pk
    before = verify().batches
    tamper(
        f"UPDATE portal_auditevent SET action = 'x' WHERE id = {pk}",
        "DELETE FROM portal_sealedrows",
        "DELETE FROM portal_sealedbatch",
        "SELECT history_seal()",
    )
    report = verify()
    assert any("与外部锚点不符：涉及" in each and "portal_auditevent" in each for each in report.findings)
    assert before > 1


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        (
            "DELETE FROM portal_sealedrows WHERE batch_id = 2; DELETE FROM portal_sealedbatch WHERE number = 2",
            "第 2 批",
        ),
        ("UPDATE portal_sealedbatch SET root = '\\x00' WHERE number = 1", "第 1 批的封存记录被改动"),
        ("UPDATE portal_sealedbatch SET sealed_at = now() WHERE number = 1", "第 1 批的封存记录被改动"),
        ("UPDATE portal_sealedrows SET keys[1] = '7' WHERE batch_id = 1", "第 1 批的封存记录被改动"),
        ("DELETE FROM portal_sealedrows WHERE batch_id = 1", "第 1 批的封存记录被改动"),
        ("UPDATE portal_sealedbatch SET high = 1 WHERE number = 1", "第 1 批"),
    ],
)
def test_a_seal_that_was_touched_is_named(sealed, statement, found):
    tamper(statement)
    assert any(found in each for each in verify().findings)


def test_without_anchors_nothing_is_called_sound(sealed, tmp_path):
    report = verify([tmp_path / "none.jsonl"])
    assert any("没有外部锚点" in each for each in report.findings)
    with pytest.raises(CommandError, match="不符 1 项"):
        call_command("verify_history", "--anchors", str(tmp_path / "none.jsonl"))


def test_a_copy_of_the_anchors_elsewhere_judges_too(sealed, tmp_path, capsys):
    copy = tmp_path / "copy.jsonl"
    copy.write_bytes(sealing.anchors_file().read_bytes())
    call_command("verify_history", "--anchors", str(copy))
    assert "操作记录和历史与封存相符" in capsys.readouterr().out
    lines = [json.loads(line) for line in copy.read_text().splitlines()]
    lines[0]["root"] = "00" * 32
    copy.write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert any("第 1 批与外部锚点不符" in each for each in verify([copy]).findings)


def test_rows_of_a_transaction_that_goes_on_wait_and_hold_up_nobody(sealed):
    """A row whose number was drawn earlier may be committed later: it is in the next batch, and none is lost."""
    slow = psycopg2.connect(
        **{key: value for key, value in connection.get_connection_params().items() if key != "cursor_factory"}
    )
    with slow.cursor() as cursor:
        cursor.execute(
            "INSERT INTO portal_auditevent (action, at, role, target_type, target_id, request_id, result, detail)"
            " VALUES ('slow', now(), '', '', '', '', 'ok', '{}')"
        )
    quick = audit.record("quick", by=None)
    sealing.seal_history()
    assert standing().not_sealed >= 1
    slow.commit()
    slow.close()
    late = AuditEvent.objects.get(action="slow")
    assert late.pk < quick.pk
    seal()
    keys = [key for part in SealedRows.objects.filter(table="portal_auditevent") for key in part.keys]
    assert (keys.count(str(late.pk)), keys.count(str(quick.pk))) == (1, 1)
    assert verify().findings == []


def test_sealing_from_several_places_at_once_makes_one_chain(enrollment, base_officer):
    def act(number: int) -> None:
        try:
            for _ in range(5):
                audit.record("export", by=base_officer, number=number)
                with connection.cursor() as cursor:
                    cursor.execute("SELECT history_seal()")
        finally:
            connections.close_all()

    threads = [threading.Thread(target=act, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seal()
    report = verify()
    assert report.findings == []
    assert AuditEvent.objects.filter(action="export").count() == 20


def test_whoever_adds_a_line_says_neither_when_nor_in_which_transaction(sealed):
    """TRUST-55: an INSERT of yesterday is one of today."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO portal_auditevent (action, at, role, target_type, target_id, request_id, result, detail,"
            f" {COLUMN}) VALUES ('forged', now() - INTERVAL '30 days', '', '', '', '', 'ok', '{{}}', 3)"
        )
    assert timezone.now() - AuditEvent.objects.get(action="forged").at < timedelta(minutes=1)
    assert verify().findings == []


def test_the_runtime_login_seals_and_does_nothing_else_with_the_chain(sealed):
    for sql in (
        "SELECT history_purge(now() - INTERVAL '9 years', 'x')",
        "SELECT history_recovery('x', true)",
        "SELECT history_close(9, 'rows', 0, 0, 0, '{}', '')",
        "INSERT INTO portal_sealedbatch SELECT * FROM portal_sealedbatch",
    ):
        refused(sql)


def aged(*events: AuditEvent) -> None:
    """Lines from ten years ago, sealed as such."""
    ids = ", ".join(str(event.pk) for event in events)
    tamper(f"UPDATE portal_auditevent SET at = at - INTERVAL '10 years' WHERE id IN ({ids})")


def test_what_expired_is_purged_and_told_from_what_was_removed(base_officer, enrollment):
    """GOAL-S8: the hashes stay, the purge is a link of its own."""
    old = [audit.record("export", by=base_officer, rows=number) for number in range(3)]
    with pghistory.context(user=base_officer.pk):
        Enrollment.objects.filter(pk=enrollment.pk).update(remark="旧")
    aged(*old)
    tamper(
        "UPDATE residents_enrollmentevent SET pgh_created_at = now() - INTERVAL '10 years' WHERE remark = '旧'",
        "UPDATE pghistory_context SET created_at = now() - INTERVAL '10 years'",
    )
    young = audit.record("export", by=base_officer)
    seal()
    with as_owner():
        with pytest.raises(CommandError, match="3 年"):
            call_command("purge_history", "--before", str(timezone.localdate()), "--reason", "到期")
        call_command("purge_history", "--before", "2020-01-01", "--reason", "保存期满")
    assert set(AuditEvent.objects.filter(action="export")) == {young}
    report = verify()
    # The lines, the event and whose it was.
    assert (report.findings, report.purged) == ([], 5)
    assert anchors()[-1]["kind"] == "purge"
    tamper(f"DELETE FROM portal_auditevent WHERE id = {young.pk}")
    assert [each for each in verify().findings if "被删除" in each] == [
        f"portal_auditevent 编号 {young.pk}：被删除（第 1 批封存）。"
    ]
    with pytest.raises(CommandError, match="DATABASE_OWNER_URL"):
        call_command("purge_history", "--before", "2020-01-01", "--reason", "保存期满")


def test_a_line_that_is_pointed_to_is_not_purged(base_officer, enrollment):
    event = audit.record("export", by=base_officer)
    disclose(event, [enrollment.resident_id])
    aged(event)
    seal()
    with as_owner():
        call_command("purge_history", "--before", "2020-01-01", "--reason", "保存期满")
    assert AuditEvent.objects.filter(pk=event.pk).exists()
    assert verify().findings == []


def test_a_recovery_is_told_and_voids_the_anchors_of_what_it_took_back(sealed):
    """Brought back to the first batch: the anchors after it are of a time that is no more."""
    with_all = anchors()
    tamper(
        "DELETE FROM portal_sealedrows WHERE batch_id > 1",
        "DELETE FROM portal_sealedbatch WHERE number > 1",
        f"DELETE FROM portal_auditevent WHERE id >= {sealed[0].pk}",
        "DELETE FROM residents_enrollmentevent WHERE remark = '改动'",
    )
    assert any("数据库中没有" in each for each in verify().findings)
    tamper("DELETE FROM portal_auditevent WHERE action = 'verify_history'")
    with as_owner():
        recovery.record("机房断电，恢复到 12:00", is_other_server=False)
    sealing.anchor()
    assert [entry["number"] for entry in anchors()] == [*range(1, len(with_all) + 1), 2]
    report = verify()
    assert report.findings == []
    told = timezone.localtime(SealedBatch.objects.latest("number").sealed_at)
    assert report.recoveries[0].startswith(f"{told:%Y-%m-%d %H:%M}（")
    assert "机房断电" in report.recoveries[0]
    assert len(with_all) > 1
    audit.record("export", by=None)
    seal()
    assert verify().findings == []


def test_in_another_server_numbers_go_on(sealed):
    """After a restore transactions are numbered from the beginning; what is written is sealed all the same."""
    with as_owner():
        recovery.record("恢复备份", is_other_server=True)
    try:
        line = audit.record("export", by=None)
        seal()
        keys = SealedRows.objects.filter(table="portal_auditevent").order_by("-batch_id").first().keys
        assert str(line.pk) in keys
        assert verify().findings == []
    finally:
        tamper("DELETE FROM portal_sealedrows", "DELETE FROM portal_sealedbatch")
        with as_owner(), transaction.atomic(), connection.cursor() as cursor:
            number_transactions(cursor)


def test_one_mail_a_day_carries_an_anchor(settings, base_officer):
    settings.HISTORY_ANCHOR_MAIL = ["audit@example.cn"]
    for _ in range(3):
        audit.record("export", by=base_officer)
        seal()
    (letter,) = mail.outbox
    assert anchors()[0]["root"] in letter.body


def test_a_chain_that_does_not_follow_is_told_at_once(sealed, caplog):
    tamper("UPDATE portal_sealedbatch SET root = '\\x00'")
    audit.record("export", by=None)
    seal()
    assert "does not follow from anchor" in caplog.text


def test_a_login_that_sees_other_times_and_numbers_verifies_alike(sealed):
    with connection.cursor() as cursor:
        cursor.execute(
            "SET datestyle = 'ISO, DMY'; SET intervalstyle = 'iso_8601'; SET extra_float_digits = -3"
        )
        cursor.execute("SET bytea_output = 'escape'; SET search_path = pg_temp, public")
    try:
        assert verify().findings == []
        seal()
        assert verify().findings == []
    finally:
        connection.close()


def test_the_page_shows_when_it_last_held_and_what_waits(sealed, signed_in, national_officer, monkeypatch):
    """GOAL-S8."""

    def shown() -> str:
        return signed_in(national_officer).get(reverse("review:audit")).text

    assert "相符" in shown()
    assert "滞后" not in shown()
    monkeypatch.setattr("portal.chain.standing.LATE", timedelta(0))
    assert "滞后" in shown()
    tamper(f"DELETE FROM portal_auditevent WHERE id = {sealed[0].pk}")
    verify()
    assert "不符 1 项" in shown()


def test_a_change_of_an_old_record_is_not_late(sealed, enrollment):
    """What waits is as old as it was written, not as the record it is about."""
    Enrollment.objects.filter(pk=enrollment.pk).update(created_at=timezone.now() - timedelta(days=30))
    assert standing().not_sealed
    assert not standing().is_late


def last_comparison() -> dict:
    return AuditEvent.objects.filter(action="verify_history").latest("at").detail


def test_the_worker_compares_what_is_new_every_hour_and_everything_every_night(
    sealed, base_officer, monkeypatch
):
    """GOAL-S8: the rows of sound batches are read once a day, not every hour."""
    tasks.compare()
    sound = last_comparison()
    assert sound["since"] > 0
    audit.record("export", by=base_officer, rows=9)
    seal()
    assert tasks.compare().findings == []
    # The lines of the comparisons before and the new one, nothing of the earlier batches.
    assert (last_comparison()["since"], last_comparison()["batches"]) == (sound["to"], 2)
    assert 0 < last_comparison()["rows"] < 10

    monkeypatch.setattr(tasks.timezone, "now", lambda: timezone_now() + timedelta(days=1))
    assert tasks.compare().findings == []
    assert last_comparison()["since"] == 0
    assert last_comparison()["rows"] > 10


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE portal_auditevent SET action = 'x' WHERE id = (SELECT max(id) FROM portal_auditevent"
        " WHERE action = 'export')",
        "DELETE FROM portal_auditevent WHERE id = (SELECT max(id) FROM portal_auditevent WHERE action = 'export')",
        f"UPDATE portal_auditevent SET {COLUMN} = {COLUMN} - 1 WHERE id = (SELECT max(id) FROM portal_auditevent"
        " WHERE action = 'export')",
        "UPDATE portal_sealedbatch SET root = 'x' WHERE number = (SELECT max(number) FROM portal_sealedbatch)",
        "UPDATE portal_sealedrows SET leaves = 'x' WHERE batch_id = (SELECT max(batch_id) FROM portal_sealedrows)",
        "DELETE FROM portal_sealedrows WHERE batch_id >= (SELECT max(number) - 1 FROM portal_sealedbatch);"
        " DELETE FROM portal_sealedbatch WHERE number >= (SELECT max(number) - 1 FROM portal_sealedbatch)",
    ],
)
def test_what_is_found_in_new_batches_is_told_and_stays_told(
    sealed, base_officer, national_officer, auditor, signed_in, statement
):
    """GOAL-S8: the association and the auditor get a message, once a day; a later comparison of new batches alone
    does not take the word back."""
    audit.record("export", by=base_officer, rows=9)
    seal()
    tamper(statement)
    assert tasks.compare().findings
    told = Message.objects.filter(kind="history_broken")
    assert {message.recipient for message in told} == {national_officer, auditor}
    assert "不符" in told[0].subject
    tasks.compare()
    assert told.count() == 2

    AuditEvent.objects.create(
        action="verify_history", result="ok", detail={"since": 3, "to": 4}, at=timezone.now()
    )
    assert standing().broken
    for client, page in ((national_officer, "review:running"), (auditor, "review:audit")):
        assert "不符" in signed_in(client).get(reverse(page)).text


def test_older_rows_are_found_by_the_night(sealed, auditor, monkeypatch):
    tasks.compare()
    tamper(f"UPDATE portal_auditevent SET action = 'x' WHERE id = {sealed[0].pk}")
    assert tasks.compare().findings == []
    monkeypatch.setattr(tasks.timezone, "now", lambda: timezone_now() + timedelta(days=1))
    assert tasks.compare().findings == [f"portal_auditevent 编号 {sealed[0].pk}：内容被改动（第 2 批封存）。"]
    assert Message.objects.get(kind="history_broken").recipient == auditor


def test_the_clock_hands_the_comparison_to_the_worker_once_an_hour(sealed, settings):
    """GOAL-S8: nothing of it is done in the clock's own round."""
    settings.TASKS = {"default": {"BACKEND": "django_tasks_db.DatabaseBackend", "QUEUES": []}}
    before = AuditEvent.objects.filter(action="verify_history").count()
    tasks.compare_when_due()
    tasks.compare_when_due()
    queued = DBTaskResult.objects.filter(task_path="portal.chain.tasks.compare_history")
    assert [(each.queue_name, each.priority) for each in queued] == [("long", -50)]
    assert AuditEvent.objects.filter(action="verify_history").count() == before
    assert "portal.chain.tasks.compare_when_due" in settings.CLOCK_CHORES


def test_a_comparison_that_does_not_take_place_is_shown(sealed, signed_in, auditor, monkeypatch):
    client = signed_in(auditor)
    page = reverse("review:audit")
    assert "没有全部核对" not in client.get(page).text
    monkeypatch.setattr("portal.chain.standing.NOT_COMPARED", timedelta(0))
    assert "超过两天没有全部核对" in client.get(page).text
