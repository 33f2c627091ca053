"""What the runtime login may and may not do in the database, tried with that very login (TRUST-55).

The suite's default connection is the runtime login, so these are attacks of somebody who has the program's password.
"""

import re
import uuid
from pathlib import Path

import pghistory
import pgtrigger
import pytest
from django.apps import apps
from django.db import DatabaseError, connection, transaction

from portal import checks, table_rights
from portal.bootstrap.failure import Failure
from portal.bootstrap.logins import OWNERS_COMMANDS, works_as_owner
from portal.models import AuditEvent
from residents.models import (
    EducationRecord,
    Enrollment,
    IdentityCorrection,
    PersonMerge,
    RecordMove,
    Resident,
)
from tests import factories
from tests.database import as_owner

# Every table of the database and what the runtime login may do with it: S(elect), I(nsert), U(pdate), D(elete). A new
# table has its line here, and a reason where it is audit or history: those nobody changes.
EXPECTED = {
    # Written by triggers, procedures and migrations alone.
    "S": """
        auth_permission django_content_type django_migrations pghistory_context
        bases_provinceevent bases_specialtybaseevent bases_specialtyevent bases_trainingbaseevent
        review_certificatecorrectionevent review_examentryevent
        portal_collectioncycleevent portal_cyclewindowevent portal_extensionevent portal_userevent
        residents_basicinfoevent residents_certificateinfoevent residents_codeentryevent
        residents_educationrecordevent residents_enrollmentevent residents_numbershapeevent residents_residentevent
        residents_workinfoevent residents_identitycorrection residents_recordmove residents_personmerge
        residents_personmergeevent review_apiresult
        portal_sealedbatch portal_sealedrows
    """,
    # Added to, never changed.
    "SI": """
        bases_handedover bases_movement portal_auditevent residents_disclosure residents_statuschange
        review_edition review_editioncheck review_editioncount review_editionorder review_editionperson
        review_erratum review_signature review_fundingrules review_balancenote
    """,
    # Never deleted.
    "SIU": "bases_submission review_export",
    "SIUD": """
        auth_group auth_group_permissions bases_approvedcount bases_correctionrequest bases_countedperson
        bases_extensionrequest bases_extensionrequest_enrollments bases_identitycheck bases_importbatch bases_importrow
        bases_intakecount bases_legacyfault bases_legacyroster bases_province bases_provincegroupgrant
        bases_provinceusergrant bases_specialty bases_specialtybase bases_specialtybasegroupgrant
        bases_specialtybaseusergrant bases_succession bases_savedview
        bases_trainingbase bases_trainingbasegroupgrant bases_trainingbaseusergrant
        bases_transferrequest django_session django_tasks_database_dbtaskresult guardian_groupobjectpermission
        guardian_userobjectpermission portal_cache portal_collectioncycle portal_cyclewindow portal_deed portal_delivery
        portal_extension portal_formdraft portal_job portal_message portal_messagesettings portal_notice
        portal_notice_provinces portal_noticefile portal_noticereading
        portal_processsign portal_clockstate
        portal_recoverycode portal_secondfactor portal_signinattempt portal_sitecontact portal_user portal_user_groups
        portal_user_user_permissions residents_basicinfo residents_certificateinfo residents_codeentry
        residents_educationrecord residents_enrollment residents_numbershape residents_personalreturn
        residents_resident residents_sectionconfirmation residents_workinfo review_apiclient review_apidelivery
        review_apirecord review_assignment review_certificatecorrection review_claim
        review_completionbatch review_completionrecord
        review_examentry review_examsession review_examupload
        review_funnelcount review_intaketarget review_modeswitchapplication
        review_qualitycheck review_qualityfinding review_qualitymark
        review_substitution
    """,
}
NEVER_CHANGED = [*EXPECTED["S"].split(), *EXPECTED["SI"].split()]
ROOT = Path(__file__).resolve().parents[2]
DENIED = "permission denied|must (be|have)|Only roles|cannot assign"


def execute(sql: str, *params) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, params or None)


def refused(sql: str, *params, match: str = DENIED) -> None:
    with pytest.raises(DatabaseError, match=match), transaction.atomic():
        execute(sql, *params)


def value(sql: str, *params):
    with connection.cursor() as cursor:
        cursor.execute(sql, params or None)
        return cursor.fetchone()[0]


@pytest.mark.django_db
def test_every_table_grants_what_is_written_here_and_nothing_more():
    rights = ["SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER"]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname, ARRAY(SELECT r FROM unnest(%s) WITH ORDINALITY AS x (r, n)"
            " WHERE has_table_privilege(c.oid, r) ORDER BY n) FROM pg_class c"
            " WHERE relnamespace = 'public'::regnamespace AND relkind NOT IN ('i', 'S', 'I', 't', 'c')",
            [rights],
        )
        found = {table: "".join(right[0] for right in given) for table, given in cursor.fetchall()}
    expected = {table: letters for letters, tables in EXPECTED.items() for table in tables.split()}
    assert found == expected


@pytest.mark.django_db
def test_the_login_of_the_suite_is_a_right_runtime_login():
    assert table_rights.faults() == []
    assert table_rights.faults_of_login() == []
    assert checks.runtime_login_is_no_owner() == []


@pytest.mark.parametrize("table", NEVER_CHANGED)
@pytest.mark.django_db
def test_audit_and_history_are_not_changed_whatever_is_set(table):
    """TRUST-55: `pgtrigger.ignore` is anybody's to set; only grants refuse."""
    names = "{" + ",".join(trigger.get_pgid(model) for model, trigger in pgtrigger.registered()) + "}"
    execute("SELECT set_config('pgtrigger.ignore', %s, true)", names)
    column = value(
        "SELECT attname FROM pg_attribute WHERE attrelid = to_regclass(%s) AND attnum = 1", f"public.{table}"
    )
    refused(f"UPDATE {table} SET {column} = {column}")
    refused(f"DELETE FROM {table}")
    refused(f"TRUNCATE {table} CASCADE")
    refused(f"SELECT 1 FROM {table} FOR UPDATE")
    refused(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")


@pytest.mark.parametrize("table", EXPECTED["S"].split())
@pytest.mark.django_db
def test_nobody_writes_history_by_hand(table):
    refused(f"INSERT INTO {table} SELECT * FROM {table}")


@pytest.mark.django_db
def test_what_is_set_to_be_ignored_is_written_and_held_all_the_same(enrollment):
    """TRUST-55: a change leaves its event, a lock stays locked."""
    names = "{" + ",".join(trigger.get_pgid(model) for model, trigger in pgtrigger.registered()) + "}"
    execute("SELECT set_config('pgtrigger.ignore', %s, true)", names)
    before = enrollment.events.count()
    execute("UPDATE residents_enrollment SET remark = '悄悄' WHERE id = %s", enrollment.pk)
    assert enrollment.events.count() == before + 1
    refused(
        "UPDATE residents_resident SET id_number = '1' WHERE id = %s",
        enrollment.resident_id,
        match="Cannot update",
    )


@pytest.mark.django_db
def test_tables_of_ones_own_in_front_catch_no_event(enrollment):
    """TRUST-55: the search path of a caller leads no trigger astray."""
    execute("CREATE TEMPORARY TABLE residents_enrollmentevent (LIKE public.residents_enrollmentevent)")
    execute("CREATE TEMPORARY TABLE pghistory_context (LIKE public.pghistory_context)")
    execute(
        "CREATE FUNCTION pg_temp._pgtrigger_should_ignore(name) RETURNS boolean LANGUAGE sql AS 'SELECT true'"
    )
    execute("SET LOCAL search_path = pg_temp, public")
    with pghistory.context(user=1):
        execute("UPDATE public.residents_enrollment SET remark = '悄悄' WHERE id = %s", enrollment.pk)
    assert value("SELECT count(*) FROM public.residents_enrollmentevent WHERE remark = '悄悄'") == 1
    assert value("SELECT count(*) FROM pg_temp.residents_enrollmentevent") == 0
    assert value("SELECT count(*) FROM pg_temp.pghistory_context") == 0


@pytest.mark.django_db
def test_a_trigger_function_hangs_on_no_other_table():
    """TRUST-55: on a table of one's own it would write whatever one puts there into the history."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT oid::regprocedure::text FROM pg_proc WHERE proname LIKE 'pgtrigger\\_%'")
        functions = [name for (name,) in cursor.fetchall()]
    assert len(functions) > 80
    execute("CREATE TEMPORARY TABLE mine (LIKE public.residents_enrollment)")
    for function in functions:
        refused(f"CREATE TRIGGER forged AFTER INSERT ON mine FOR EACH ROW EXECUTE FUNCTION {function}")


@pytest.mark.parametrize(
    "sql",
    [
        "ALTER TABLE portal_auditevent DISABLE TRIGGER USER",
        "ALTER TABLE portal_auditevent DISABLE TRIGGER ALL",
        "ALTER TABLE residents_enrollment DISABLE TRIGGER USER",
        "ALTER TABLE portal_auditevent ADD COLUMN mine text",
        "ALTER TABLE portal_auditevent OWNER TO CURRENT_USER",
        "ALTER TABLE portal_auditevent RENAME TO gone",
        "CREATE RULE mine AS ON INSERT TO portal_auditevent DO INSTEAD NOTHING",
        "CREATE TRIGGER mine BEFORE INSERT ON portal_auditevent FOR EACH ROW"
        " EXECUTE FUNCTION suppress_redundant_updates_trigger()",
        "DROP TABLE portal_auditevent CASCADE",
        "DROP FUNCTION public._pgtrigger_should_ignore(name) CASCADE",
        "DROP FUNCTION public._pgh_attach_context() CASCADE",
        "CREATE OR REPLACE FUNCTION public._pgtrigger_should_ignore(trigger_name name) RETURNS boolean"
        " LANGUAGE sql AS 'SELECT true'",
        "CREATE OR REPLACE FUNCTION public._pgh_attach_context() RETURNS uuid LANGUAGE sql AS 'SELECT null::uuid'",
        "CREATE FUNCTION public.mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "CREATE TABLE public.mine (a int)",
        "CREATE SCHEMA mine",
        "SET session_replication_role = replica",
        "ALTER ROLE CURRENT_USER SUPERUSER",
        "ALTER ROLE CURRENT_USER SET session_replication_role = replica",
        "CREATE ROLE mine",
        "CREATE EXTENSION file_fdw",
        "COPY portal_auditevent TO PROGRAM 'cat'",
        "COPY portal_auditevent TO '/tmp/portal_auditevent'",
        "SELECT pg_read_file('PG_VERSION')",
        "SELECT lo_import('/etc/passwd')",
        "SELECT setval(pg_get_serial_sequence('portal_auditevent', 'id'), 1)",
        "SELECT public._pgh_attach_context()",
    ],
)
@pytest.mark.django_db
def test_the_guard_is_not_the_logins_to_change(sql):
    """TRUST-55."""
    execute("SELECT set_config('pghistory.context_id', %s, true)", str(uuid.uuid4()))
    execute("SELECT set_config('pghistory.context_metadata', '{}', true)")
    refused(sql)


@pytest.mark.django_db
def test_every_trigger_of_every_table_stays():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tgname, tgrelid::regclass::text FROM pg_trigger WHERE tgname LIKE 'pgtrigger\\_%'"
        )
        triggers = cursor.fetchall()
    assert len(triggers) > 80
    for name, table in triggers:
        refused(f"DROP TRIGGER {name} ON {table}")
        refused(f"ALTER TABLE {table} DISABLE TRIGGER {name}")


@pytest.mark.django_db
def test_nobody_becomes_the_owner():
    owner = value("SELECT pg_get_userbyid(relowner) FROM pg_class WHERE relname = 'portal_auditevent'")
    for sql in (f"SET ROLE {owner}", f"SET SESSION AUTHORIZATION {owner}", f"GRANT {owner} TO CURRENT_USER"):
        refused(sql)


@pytest.mark.django_db(transaction=True)
def test_what_was_said_of_an_act_stays_said(enrollment, base_officer):
    """TRUST-55: another's `pghistory.context_id` rewrites nothing and hides behind nobody."""
    with pghistory.context(user=base_officer.pk, channel="page") as said:
        Enrollment.objects.filter(pk=enrollment.pk).update(remark="改动")
    first = enrollment.events.latest("pgh_id").pgh_context
    assert (first.pk, first.metadata["user"]) == (said.id, base_officer.pk)
    for metadata in ('{"user": 0}', '{"user": 0, "reason": "不是我"}'):
        with transaction.atomic():
            execute("SELECT set_config('pghistory.context_id', %s, true)", str(said.id))
            execute("SELECT set_config('pghistory.context_metadata', %s, true)", metadata)
            execute("UPDATE residents_enrollment SET remark = %s WHERE id = %s", metadata, enrollment.pk)
        other = enrollment.events.latest("pgh_id").pgh_context
        assert other.pk != said.id
        assert other.metadata["user"] == 0
    first.refresh_from_db()
    assert first.metadata == {"user": base_officer.pk, "channel": "page"}


TRACKED = [model for model in apps.get_models() if hasattr(model, "pgh_event_model")]


@pytest.mark.django_db
def test_no_row_slips_past_its_history_by_another_key(enrollment):
    """TRUST-55: history pairs old and new rows by their key, so a key that changed and came back would hide the rest of
    the change."""
    factories.fill_personal(enrollment.resident)
    study = EducationRecord.objects.get(resident=enrollment.resident)
    refused(
        "UPDATE residents_educationrecord SET id = id + 1000000, school = '伪造大学' WHERE id = %s",
        study.pk,
        match="the key of a row stays",
    )
    execute("UPDATE residents_educationrecord SET id = id, school = '另一大学' WHERE id = %s", study.pk)
    assert study.events.latest("pgh_id").school == "另一大学"


@pytest.mark.django_db
@pytest.mark.parametrize("model", TRACKED, ids=lambda model: model._meta.db_table)
def test_the_key_of_every_row_with_a_history_stays(model):
    keys = value(
        "SELECT array_agg(attname::text) FROM pg_trigger JOIN pg_attribute ON attrelid = tgrelid"
        " AND attnum = ANY(tgattr) WHERE tgname = 'key_stays' AND tgenabled = 'O' AND tgrelid = %s::regclass",
        model._meta.db_table,
    )
    assert keys == [model._meta.pk.column]


@pytest.mark.django_db(transaction=True)
def test_a_transaction_kept_open_dates_nothing_back(enrollment, monkeypatch):
    """TRUST-55: an event has the moment at which its transaction began, so one that waits for long writes none."""
    monkeypatch.setattr(table_rights, "LONGEST_TRANSACTION", "50 milliseconds")
    with as_owner():
        table_rights.set_up()
    try:
        with transaction.atomic():
            execute("SELECT pg_sleep(0.06)")
            refused("UPDATE residents_enrollment SET remark = '昨天'", match="writes no history")
    finally:
        monkeypatch.undo()
        with as_owner():
            table_rights.set_up()
    with transaction.atomic():
        execute("SELECT pg_sleep(0.06)")
        Enrollment.objects.filter(pk=enrollment.pk).update(remark="今天")
    assert enrollment.events.latest("pgh_id").remark == "今天"


@pytest.mark.django_db
def test_words_added_within_one_act_are_of_that_act(enrollment):
    with pghistory.context(user=7):
        Enrollment.objects.filter(pk=enrollment.pk).update(remark="一")
        with pghistory.context(reason="更正"):
            Enrollment.objects.filter(pk=enrollment.pk).update(remark="二")
    one, two = enrollment.events.order_by("-pgh_id")[:2]
    assert one.pgh_context == two.pgh_context
    assert one.pgh_context.metadata == {"user": 7, "reason": "更正"}


CALL = "CALL residents_correct_identity(%s, %s, %s, %s, %s, %s, %s)"


@pytest.mark.django_db
def test_a_correction_of_an_identity_checks_and_is_recorded(enrollment, resident, base_officer):
    """PAIN-18, TRUST-55: the one way through the lock leaves its own line, which nobody takes back."""
    person = enrollment.resident
    old, new = (person.id_type, person.id_number), ("03", "E12345678")
    for arguments in (
        (*old, *old, base_officer.pk, "更正"),
        (*old, *new, base_officer.pk, "  "),
        (*old, "03", " ", base_officer.pk, "更正"),
        (*old, *new, resident.pk, "更正"),
        (*old, *new, 0, "更正"),
        ("03", "X", *new, base_officer.pk, "更正"),
    ):
        refused(CALL, person.pk, *arguments, match="identity")
    assert not IdentityCorrection.objects.exists()
    execute(CALL, person.pk, *old, *new, base_officer.pk, "护照换发")
    person.refresh_from_db()
    assert (person.id_type, person.id_number) == new
    line = IdentityCorrection.objects.get()
    assert (line.resident, line.old_id_number, line.id_number) == (person, old[1], new[1])
    assert (line.by, line.reason) == (base_officer, "护照换发")
    # The line opens the lock for this one step alone.
    for column, other in (("id_number", "E99999999"), ("id_type", "01"), ("user_id", str(base_officer.pk))):
        refused(
            f"UPDATE residents_resident SET {column} = %s WHERE id = %s", other, person.pk, match="Cannot"
        )
    other = factories.ResidentFactory()
    refused("UPDATE residents_resident SET id_number = %s WHERE id = %s", "E1", other.pk, match="Cannot")


@pytest.mark.django_db
def test_a_record_moves_to_another_base_for_a_reason_and_is_recorded(
    enrollment, other_base, base_officer, resident
):
    """AM-46, TRUST-55: the one way past the lock of a record's base leaves its own line."""
    call = "CALL residents_move_records(ARRAY[%s]::bigint[], ARRAY[NULL]::bigint[], %s, %s, %s)"
    for actor, reason in ((base_officer.pk, " "), (resident.pk, "并入"), (0, "并入")):
        refused(call, enrollment.pk, other_base.pk, actor, reason, match="records are moved")
    assert not RecordMove.objects.exists()
    former = enrollment.base_id
    execute(call, enrollment.pk, other_base.pk, base_officer.pk, "并入")
    enrollment.refresh_from_db()
    assert enrollment.base == other_base
    line = RecordMove.objects.get()
    assert (line.enrollment, line.old_base_id, line.base, line.by) == (
        enrollment,
        former,
        other_base,
        base_officer,
    )
    for column, value in (("base_id", former), ("intake_year", 2001)):
        refused(
            f"UPDATE residents_enrollment SET {column} = %s WHERE id = %s",
            value,
            enrollment.pk,
            match="Cannot",
        )


@pytest.mark.django_db
def test_a_record_changes_its_person_by_a_merger_alone(enrollment, base_officer, national_officer):
    """AM-47, TRUST-55: the association, a reason, once; and back once, within thirty days."""
    other, merge = factories.ResidentFactory(), "CALL residents_merge_persons(%s, %s, %s, %s)"
    part = "CALL residents_part_persons(%s, %s, %s)"
    pair = other.pk, enrollment.resident_id
    for actor, reason in ((national_officer.pk, " "), (base_officer.pk, "同一人"), (0, "同一人")):
        refused(merge, *pair, actor, reason, match="persons are merged")
    execute(merge, *pair, national_officer.pk, "同一人")
    refused(merge, *pair, national_officer.pk, "同一人", match="once")
    enrollment.refresh_from_db()
    made = PersonMerge.objects.get()
    assert (enrollment.resident, made.kept, made.records) == (other, other, [enrollment.pk])
    refused(
        "UPDATE residents_enrollment SET resident_id = %s WHERE id = %s",
        pair[1],
        enrollment.pk,
        match="Cannot",
    )
    refused("UPDATE residents_personmerge SET reason = 'x'")
    for actor, reason in ((national_officer.pk, " "), (base_officer.pk, "两人")):
        refused(part, made.pk, actor, reason, match="persons are parted")
    execute(part, made.pk, national_officer.pk, "两人")
    refused(part, made.pk, national_officer.pk, "两人", match="once")
    enrollment.refresh_from_db()
    assert enrollment.resident_id == pair[1]


@pytest.mark.django_db(transaction=True)
def test_functions_that_lost_their_rights_are_told_and_mended(monkeypatch):
    """TRUST-55: `pgtrigger install` makes functions anew, and a server does not start with those."""
    trigger = next(trigger.get_pgid(model) for model, trigger in pgtrigger.registered() if model is Resident)
    try:
        with as_owner():
            execute(f"ALTER FUNCTION {trigger}() SECURITY INVOKER")
        assert trigger in table_rights.faults()[0]
        with pytest.raises(Failure, match=trigger):
            checks.refuse_unguarded_history()
        for command in ("run_worker", "run_clock"):
            monkeypatch.setattr("sys.argv", ["manage.py", command])
            (fault,) = checks.history_is_guarded()
            assert trigger in fault.msg
        monkeypatch.setattr("sys.argv", ["manage.py", "migrate"])
        assert checks.history_is_guarded() == []
    finally:
        with as_owner():
            table_rights.set_up()
    assert table_rights.faults() == []
    checks.refuse_unguarded_history()


@pytest.mark.django_db(transaction=True)
def test_a_login_that_may_more_or_less_is_told():
    """TRUST-55: `check --deploy` refuses a server that works as the owner, or past what is granted."""
    try:
        with as_owner():
            (fault,) = checks.runtime_login_is_no_owner()
            assert "所有者" in fault.msg
            execute("GRANT DELETE ON portal_auditevent TO PUBLIC")
            execute("REVOKE UPDATE ON portal_user FROM PUBLIC")
        (fault,) = checks.runtime_login_is_no_owner()
        assert "portal_auditevent" in fault.msg
        assert "portal_user" not in fault.msg
    finally:
        with as_owner():
            table_rights.set_up()
    assert checks.runtime_login_is_no_owner() == []


@pytest.mark.django_db(transaction=True)
def test_an_upgrade_is_checked_before_it_migrates(monkeypatch):
    """Tables of the version before have the rights of the version before: what is to come is not held against them."""
    with as_owner():
        assert len(checks.runtime_login_is_no_owner()) == 1
        monkeypatch.setattr(checks.MigrationExecutor, "migration_plan", lambda *_: ["one to come"])
        assert checks.runtime_login_is_no_owner() == []


@pytest.mark.django_db(transaction=True)
def test_a_procedure_that_is_to_come_is_granted_later(settings):
    settings.DATABASE_RUNTIME_PROCEDURES = [
        *settings.DATABASE_RUNTIME_PROCEDURES,
        "of_a_later_version(bigint)",
    ]
    with as_owner():
        table_rights.set_up()
    assert table_rights.faults_of_login() == []


@pytest.mark.django_db(transaction=True)
def test_whoever_is_not_the_owner_migrates_nothing():
    with pytest.raises(Failure, match="DATABASE_OWNER_URL"):
        table_rights.refuse_stranger()
    with as_owner():
        table_rights.refuse_stranger()


@pytest.mark.django_db(transaction=True)
def test_a_login_that_is_not_there_is_told(settings):
    settings.DATABASE_RUNTIME_LOGIN = "nobody_of_this_name"
    with as_owner(), pytest.raises(Failure, match='CREATE ROLE "nobody_of_this_name"'):
        table_rights.set_up()


@pytest.mark.django_db(transaction=True)
def test_one_login_for_all_goes_on_working(settings, base_officer):
    """A database from before there were two logins: guarded functions, nothing granted."""
    with as_owner():
        settings.DATABASE_RUNTIME_LOGIN = connection.settings_dict["USER"]
        table_rights.set_up()
        person = factories.ResidentFactory()
        AuditEvent.objects.create(action="sign_in", actor=base_officer)
        assert person.events.count() == 1


# The developers' made-up nation, the purge of the owner, and what hears of the setting.
SWITCHES_OFF = {"review/demo/nation.py", "portal/chain/installation.py", "portal/table_rights.py"}


def test_nothing_of_the_product_switches_triggers_off():
    """TRUST-55: the runtime login could not, and what passes a lock is a procedure that records it."""
    words = re.compile(r"pgtrigger[.]ignore|TRIGGER USER|TRIGGER ALL|session_replication_role")
    found = {
        str(path.relative_to(ROOT))
        for app in ("portal", "residents", "bases", "review")
        for path in (ROOT / app).rglob("*.py")
        if "migrations" not in path.parts and words.search(path.read_text(encoding="utf-8"))
    }
    assert found == SWITCHES_OFF


@pytest.mark.parametrize("command", sorted(OWNERS_COMMANDS))
def test_commands_of_the_owner(command):
    assert works_as_owner(["/srv/portal/manage.py", command, "--noinput"])
    assert not works_as_owner(["gunicorn", command])


@pytest.mark.parametrize("command", ["run_clock", "run_worker", "check", "backup", "shell", "load_demo"])
def test_commands_of_the_runtime_login(command):
    assert not works_as_owner(["manage.py", command])
    assert not works_as_owner(["manage.py"])
    assert not works_as_owner([])
