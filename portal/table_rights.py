"""What the runtime login may do in the database: set after every migration, by the owner (TRUST-55, GOAL-S8).

Web, worker and clock sign in to the database as the runtime login. On the audit log it may read and add, in the history
read only; a row gets there by a trigger, whose function runs with the owner's rights. Table by table and not by default
privileges, which would give a new audit table DELETE.
"""

import pgtrigger
from django.apps import apps
from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, connections, models, transaction
from django.db.backends.utils import CursorWrapper

from portal import clock
from portal.bootstrap.failure import Failure

READ, ADD, CHANGE, REMOVE = RIGHTS = ("SELECT", "INSERT", "UPDATE", "DELETE")
# Written by migrations only, and by the history's triggers.
_READ_ONLY = {"django_migrations", "django_content_type", "auth_permission", "pghistory_context"}
# What an owner's function looks into: nothing of its caller's. Where the clock can be moved, its now() first.
_SEARCH_PATHS = {False: "public, pg_temp", True: f"{clock.SCHEMA}, public, pg_catalog, pg_temp"}
_TABLES = """
SELECT c.relname FROM pg_class c
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') ORDER BY c.relname
"""
_TRIGGER_FUNCTIONS = """
FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace AND p.prorettype = 'trigger'::regtype
AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')
"""
# django-pgtrigger's own, but for the first condition: whoever is not the owner switches nothing off.
_SHOULD_IGNORE = """
CREATE OR REPLACE FUNCTION public._pgtrigger_should_ignore(trigger_name NAME) RETURNS BOOLEAN LANGUAGE plpgsql AS $$
BEGIN
    RETURN pg_has_role(session_user, {owner}, 'MEMBER')
        AND COALESCE(
            trigger_name = ANY (NULLIF(current_setting('pgtrigger.ignore', TRUE), '')::TEXT[]), FALSE
        );
END $$
"""
# An event has the moment at which its transaction began: one that is kept open would date its rows back by as much.
LONGEST_TRANSACTION = "1 hour"
# django-pghistory's own rewrites a context by its id, whosever it was. What an earlier transaction has written stays:
# other words, or a later hour, make a context of their own. Once a statement that writes history, so the refusal of
# what is dated back costs nothing here.
_ATTACH_CONTEXT = """
CREATE OR REPLACE FUNCTION public._pgh_attach_context() RETURNS UUID LANGUAGE plpgsql AS $$
DECLARE
    said JSONB := NULLIF(current_setting('pghistory.context_metadata', TRUE), '')::JSONB;
    wanted UUID := NULLIF(current_setting('pghistory.context_id', TRUE), '')::UUID;
    known RECORD;
BEGIN
    IF clock_timestamp() - transaction_timestamp() > INTERVAL '{longest}'
        AND NOT pg_has_role(session_user, {owner}, 'MEMBER')
    THEN
        RAISE EXCEPTION 'a transaction that began more than {longest} ago writes no history';
    END IF;
    IF wanted IS NULL OR said IS NULL THEN
        RETURN NULL;
    END IF;
    SELECT metadata, created_at INTO known FROM public.pghistory_context WHERE id = wanted;
    IF NOT FOUND THEN
        INSERT INTO public.pghistory_context (id, metadata, created_at, updated_at)
            VALUES (wanted, said, now(), now()) ON CONFLICT (id) DO NOTHING;
        IF FOUND THEN
            RETURN wanted;
        END IF;
        SELECT metadata, created_at INTO known FROM public.pghistory_context WHERE id = wanted;
    END IF;
    IF known.metadata = said AND known.created_at > now() - INTERVAL '1 hour' THEN
        RETURN wanted;
    END IF;
    IF known.created_at = now() THEN
        UPDATE public.pghistory_context SET metadata = said WHERE id = wanted;
        RETURN wanted;
    END IF;
    wanted := md5(concat_ws('|', wanted, now(), pg_backend_pid(), said))::UUID;
    INSERT INTO public.pghistory_context (id, metadata, created_at, updated_at)
        VALUES (wanted, said, now(), now()) ON CONFLICT (id) DO NOTHING;
    RETURN wanted;
END $$
"""
# The triggers of the history pair a statement's old and new rows by their key: a row that changed it in between would
# change unseen. Named by column, so that it costs nothing where no statement names the key.
_KEY_STAYS = """
CREATE OR REPLACE FUNCTION public.key_stays() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the key of a row stays: its history follows it by the key';
END $$
"""
_HOLD_KEY = """
CREATE TRIGGER key_stays BEFORE UPDATE OF {key} ON {table} FOR EACH ROW
WHEN (OLD.{key} IS DISTINCT FROM NEW.{key}) EXECUTE FUNCTION public.key_stays()
"""


def expected_rights(table: str) -> set[str]:
    """What the runtime login may do with this table: nothing that a trigger of its model forbids for every row, and
    nothing but read where triggers and procedures write (`written_by_database` of the model)."""
    if table in _READ_ONLY:
        return {READ}
    model = _models().get(table)
    if model is None:
        return set(RIGHTS)
    # The events of django-pghistory, and what a model says of itself.
    if hasattr(model, "pgh_tracked_model") or hasattr(model, "written_by_database"):
        return {READ}
    forbidden = {
        operation
        for trigger in getattr(model._meta, "triggers", ())
        if type(trigger) is pgtrigger.Protect and trigger.condition is None
        for operation in str(trigger.operation).split(" OR ")
    }
    return set(RIGHTS) - forbidden


def set_up(using: str = DEFAULT_DB_ALIAS, **_: object) -> None:
    """Receiver of post_migrate: the owner's functions keep their rights to themselves, the runtime login gets its own.

    Raises Failure where there is no such login.
    """
    with transaction.atomic(using), connections[using].cursor() as cursor:
        _hold_keys(cursor)
        _guard_functions(cursor)
        cursor.execute("SELECT current_user")
        if settings.DATABASE_RUNTIME_LOGIN not in {"", cursor.fetchone()[0]}:
            _grant(cursor, settings.DATABASE_RUNTIME_LOGIN)


def refuse_stranger(using: str = DEFAULT_DB_ALIAS, **_: object) -> None:
    """Receiver of pre_migrate. Raises Failure where the tables belong to another login than the one that migrates."""
    with connections[using].cursor() as cursor:
        cursor.execute(
            "SELECT pg_get_userbyid(relowner) FROM pg_class WHERE oid = to_regclass('public.django_migrations')"
            " AND NOT pg_has_role(current_user, relowner, 'MEMBER')"
        )
        found = cursor.fetchone()
    if found:
        raise Failure(
            f"数据表属于数据库账户 {found[0]}，当前账户不能修改表结构。"
            "请用设置 DATABASE_OWNER_URL 给出该账户的地址，再运行一次。\n"
            f"The tables belong to {found[0]}: name its address in DATABASE_OWNER_URL and run this again."
        )


def faults(using: str = DEFAULT_DB_ALIAS) -> list[str]:
    """What of the guard does not stand, in words, as the login of this connection finds it."""
    found = []
    with connections[using].cursor() as cursor:
        cursor.execute(
            f"SELECT p.proname {_TRIGGER_FUNCTIONS} AND (NOT p.prosecdef OR p.proconfig IS NULL"
            " OR NOT p.proconfig && %s) ORDER BY 1",
            [[f"search_path={path}" for path in _SEARCH_PATHS.values()]],
        )
        if bare := [name for (name,) in cursor.fetchall()]:
            found.append(f"以下触发器函数失去了所有者权限，历史记录的保护不完整：{'、'.join(bare)}")
    return found


def faults_of_login(using: str = DEFAULT_DB_ALIAS) -> list[str]:
    """What the login of this connection may do beyond serving, in words; empty for a right runtime login."""
    with connections[using].cursor() as cursor:
        cursor.execute(
            "SELECT current_user, (SELECT rolsuper OR rolcreaterole OR rolbypassrls OR rolreplication FROM pg_roles"
            " WHERE rolname = current_user), pg_has_role(current_user, datdba, 'MEMBER') OR EXISTS"
            " (SELECT FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')"
            " AND pg_has_role(current_user, relowner, 'MEMBER')),"
            " has_schema_privilege('public', 'CREATE') FROM pg_database WHERE datname = current_database()"
        )
        login, is_mighty, is_owner, may_create = cursor.fetchone()
        if is_mighty or is_owner:
            return [
                f"程序以数据表的所有者或管理员（{login}）连接数据库，可以改写操作记录和历史。"
                "请另建运行账户，写入 DATABASE_URL，所有者只写入 DATABASE_OWNER_URL（见 docs/deploy.md）"
            ]
        found = []
        if may_create:
            found.append(
                f"运行账户 {login} 可以在 public 中建立对象。请由数据库管理员执行："
                "REVOKE CREATE ON SCHEMA public FROM PUBLIC"
            )
        if other := [table for table in _tables(cursor) if _rights(cursor, table) != expected_rights(table)]:
            found.append(f"运行账户 {login} 在以下表上的权限与规定不符：{'、'.join(other)}")
        cursor.execute(f"SELECT p.proname {_TRIGGER_FUNCTIONS} AND has_function_privilege(p.oid, 'EXECUTE')")
        if callable_by_it := [name for (name,) in cursor.fetchall()]:
            found.append(f"运行账户 {login} 可以使用触发器函数：{'、'.join(callable_by_it)}")
    return found


def _models() -> dict[str, type[models.Model]]:
    return {
        model._meta.db_table: model
        for model in apps.get_models(include_auto_created=True)
        if not model._meta.proxy
    }


def _tables(cursor: CursorWrapper) -> list[str]:
    cursor.execute(_TABLES)
    return [name for (name,) in cursor.fetchall()]


def _rights(cursor: CursorWrapper, table: str) -> set[str]:
    cursor.execute(
        "SELECT r FROM unnest(%s) r WHERE has_table_privilege(quote_ident(%s), r)",
        [[*RIGHTS, "TRUNCATE", "REFERENCES", "TRIGGER"], table],
    )
    return {right for (right,) in cursor.fetchall()}


def _hold_keys(cursor: CursorWrapper) -> None:
    cursor.execute(_KEY_STAYS)
    cursor.execute("SELECT tgrelid::regclass::text FROM pg_trigger WHERE tgname = 'key_stays'")
    held = {table for (table,) in cursor.fetchall()}
    quote = connections[cursor.db.alias].ops.quote_name
    # Nothing is locked where all is as it should be.
    for table in set(_tables(cursor)) - held:
        model = _models().get(table)
        if model is not None and hasattr(model, "pgh_event_model"):
            column = model._meta.pk.column
            assert column is not None
            cursor.execute(_HOLD_KEY.format(key=quote(column), table=quote(table)))


def _guard_functions(cursor: CursorWrapper) -> None:
    cursor.execute("SELECT quote_literal(current_user), to_regproc('public._pgtrigger_should_ignore')")
    owner, has_triggers = cursor.fetchone()
    if not has_triggers:
        return
    cursor.execute(_SHOULD_IGNORE.format(owner=owner))
    cursor.execute(_ATTACH_CONTEXT.format(owner=owner, longest=LONGEST_TRANSACTION))
    path = _SEARCH_PATHS[settings.CLOCK_CAN_MOVE]
    cursor.execute(f"SELECT p.oid::regprocedure::text {_TRIGGER_FUNCTIONS}")
    for (function,) in cursor.fetchall():
        cursor.execute(f"ALTER FUNCTION {function} SECURITY DEFINER SET search_path = {path}")
        # Whoever may execute it can hang it on a table of his own and write what he likes into the history.
        cursor.execute(f"REVOKE EXECUTE ON FUNCTION {function} FROM PUBLIC")


def _grant(cursor: CursorWrapper, login: str) -> None:
    quoted = connections[cursor.db.alias].ops.quote_name(login)
    cursor.execute("SELECT FROM pg_roles WHERE rolname = %s", [login])
    if not cursor.rowcount:
        raise Failure(
            f"数据库中没有运行账户 {login}（DATABASE_URL 所写）。请由数据库管理员执行："
            f"CREATE ROLE {quoted} LOGIN PASSWORD '口令'，再运行一次 migrate。\n"
            f"There is no login {login}: create it, then run migrate again."
        )
    for table in _tables(cursor):
        rights = expected_rights(table)
        cursor.execute(f'REVOKE ALL ON TABLE public."{table}" FROM PUBLIC, {quoted}')
        cursor.execute(f'GRANT {", ".join(sorted(rights))} ON TABLE public."{table}" TO {quoted}')
    # SELECT for a backup, USAGE for rows that are numbered before they are written.
    cursor.execute(f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {quoted}")
    for signature in settings.DATABASE_RUNTIME_PROCEDURES:
        cursor.execute("SELECT prokind FROM pg_proc WHERE oid = to_regprocedure(%s)", [f"public.{signature}"])
        found = cursor.fetchone()
        if found is None:
            # A database on its way through the migrations.
            continue
        if found[0] == "p":
            # The now() of a demonstration is that of the moved clock in here, too.
            path = _SEARCH_PATHS[settings.CLOCK_CAN_MOVE]
            cursor.execute(f"ALTER PROCEDURE {signature} SET search_path = {path}")
        cursor.execute(f"REVOKE EXECUTE ON ROUTINE {signature} FROM PUBLIC")
        cursor.execute(f"GRANT EXECUTE ON ROUTINE {signature} TO {quoted}")
