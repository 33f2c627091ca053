"""What the chain needs in the database: a column in every sealed table and the owner's functions.

Set after every migration, by the owner, so that a table of audit or history that is new is sealed from its beginning.
"""

import re

from django.apps import apps
from django.db import DEFAULT_DB_ALIAS, connections, transaction
from django.db.backends.utils import CursorWrapper

from portal.table_rights import CHANGE, REMOVE, expected_rights

# Which transaction wrote the row. No field of a model: nobody but the chain asks for it.
COLUMN = "chain_xid"
# One sealer, purger or recoverer at a time.
LOCK = 2019_855
PART_ROWS = 10_000
# History that is younger is not expired, whoever asks.
KEPT_YEARS = 3
NOT_SEALED = {
    "django_migrations",
    "django_content_type",
    "auth_permission",
    "portal_sealedbatch",
    "portal_sealedrows",
}
# The texts of values, the same in every session.
FORMATS = {
    "timezone": "UTC",
    "datestyle": "ISO, YMD",
    "intervalstyle": "postgres",
    "extra_float_digits": "1",
    "bytea_output": "hex",
}
_FIXED = "SET search_path = public, pg_temp " + " ".join(
    f"SET {name} = '{value}'" for name, value in FORMATS.items()
)


def leaf(table: str, key: str, values: str) -> str:
    """SQL of a row's hash: bound to table and key, told apart from the hashes above it by its first byte."""
    text = rf"{table} || E'\n' || {key}::text || E'\n' || ROW({values})::text"
    return rf"sha256('\x00'::bytea || convert_to({text}, 'UTF8'))"


_PRIMARY_KEY = (
    "(SELECT quote_ident(a.attname) FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid"
    " AND a.attnum = i.indkey[0] WHERE i.indrelid = c.oid AND i.indisprimary)"
)
_FUNCTIONS = rf"""
CREATE OR REPLACE FUNCTION public.history_tables()
RETURNS TABLE (name text, key text, columns text[], moment text) LANGUAGE sql STABLE {_FIXED} AS $$
    SELECT c.relname, {_PRIMARY_KEY}, array_agg(a.attname::text ORDER BY a.attnum),
        min(a.attname) FILTER (WHERE a.attname IN ('pgh_created_at', 'at')
            OR (a.attname, c.relname) = ('created_at', 'pghistory_context'))
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r'
        AND EXISTS (SELECT FROM pg_attribute x WHERE x.attrelid = c.oid AND x.attname = '{COLUMN}')
    GROUP BY c.oid ORDER BY c.relname COLLATE "C"
$$;

-- The hashes of the rows of one table that `condition` chooses, kept as parts of a batch.
CREATE OR REPLACE FUNCTION public.history_add(batch bigint, t record, condition text, low bigint, high bigint)
RETURNS void LANGUAGE plpgsql {_FIXED} AS $$
BEGIN
    EXECUTE format(
        $sql$
        INSERT INTO portal_sealedrows (batch_id, "table", part, columns, keys, leaves, root)
        SELECT $1, %1$L, part, $2, keys, leaves, sha256('\x01'::bytea || convert_to(concat_ws(
                E'\n', %1$L, part, array_to_string($2, ','), array_to_string(keys, ',')
            ), 'UTF8') || leaves)
        FROM (
            SELECT ((n - 1) / {PART_ROWS})::int AS part, array_agg(key ORDER BY n) AS keys,
                string_agg(leaf, ''::bytea ORDER BY n) AS leaves
            FROM (
                SELECT row_number() OVER (ORDER BY {COLUMN}, t.%2$s) AS n, t.%2$s::text AS key,
                    {leaf("%1$L", "t.%2$s", "%3$s")} AS leaf
                FROM public.%1$I t WHERE {COLUMN} >= $3 AND {COLUMN} < $4 AND (%4$s)
            ) AS numbered GROUP BY 1
        ) AS parts
        $sql$,
        t.name, t.key, (SELECT string_agg('t.' || quote_ident(c), ', ') FROM unnest(t.columns) c), condition
    ) USING batch, t.columns, low, high;
END $$;

CREATE OR REPLACE FUNCTION public.history_close(
    batch bigint, kind text, low bigint, high bigint, shift bigint, detail jsonb, previous bytea
) RETURNS void LANGUAGE sql {_FIXED} AS $$
    INSERT INTO portal_sealedbatch (number, kind, sealed_at, low, high, shift, rows, detail, previous, root)
    SELECT batch, kind, now(), low, high, shift,
        COALESCE((SELECT sum(cardinality(keys)) FROM portal_sealedrows WHERE batch_id = batch), 0), detail, previous,
        sha256('\x02'::bytea || convert_to(
            concat_ws(E'\n', batch, kind, now(), low, high, shift, detail), 'UTF8'
        ) || previous || COALESCE((
            SELECT string_agg(root, ''::bytea ORDER BY "table" COLLATE "C", part) FROM portal_sealedrows
            WHERE batch_id = batch
        ), ''::bytea))
$$;

-- The last link; before the first one, nothing.
CREATE OR REPLACE FUNCTION public.history_head() RETURNS portal_sealedbatch LANGUAGE sql STABLE {_FIXED} AS $$
    SELECT * FROM (
        SELECT * FROM portal_sealedbatch UNION ALL
        SELECT 0, '', now(), 0, 0, 0, 0, '{{}}', ''::bytea, ''::bytea
    ) AS links ORDER BY number DESC LIMIT 1
$$;

-- Seal what finished transactions have written; the batch's number, or none where there was nothing to seal.
CREATE OR REPLACE FUNCTION public.history_seal() RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER {_FIXED} AS $$
DECLARE
    head portal_sealedbatch;
    bound bigint;
    t record;
BEGIN
    IF NOT pg_try_advisory_xact_lock({LOCK}) THEN
        RETURN NULL;
    END IF;
    head := history_head();
    -- Below it no transaction is left that could still write or take back.
    bound := pg_snapshot_xmin(pg_current_snapshot())::text::bigint + head.shift;
    FOR t IN SELECT * FROM history_tables() LOOP
        PERFORM history_add(head.number + 1, t, 'true', head.high, bound);
    END LOOP;
    IF NOT EXISTS (SELECT FROM portal_sealedrows WHERE batch_id = head.number + 1) THEN
        RETURN NULL;
    END IF;
    PERFORM history_close(head.number + 1, 'rows', head.high, bound, head.shift, '{{}}', head.root);
    RETURN head.number + 1;
END $$;

-- Take expired, sealed rows away and seal which. Rows that others point to stay.
CREATE OR REPLACE FUNCTION public.history_purge(before timestamptz, why text) RETURNS bigint
LANGUAGE plpgsql {_FIXED} AS $$
DECLARE
    head portal_sealedbatch;
    condition text;
    t record;
BEGIN
    IF before > now() - INTERVAL '{KEPT_YEARS} years' OR btrim(why) = '' THEN
        RAISE EXCEPTION 'history of the last {KEPT_YEARS} years is kept, and a purge has its reason';
    END IF;
    PERFORM pg_advisory_xact_lock({LOCK});
    head := history_head();
    -- The audit log, the events and whose they were; other tables that nobody changes are no history.
    FOR t IN SELECT * FROM history_tables() WHERE moment IS NOT NULL AND name ~ '(event|_context)$' LOOP
        -- A context is up to an hour older than its events.
        condition := format('t.%I < %L', t.moment, before - CASE t.moment
            WHEN 'created_at' THEN INTERVAL '1 day' ELSE INTERVAL '0' END) || COALESCE((
            SELECT string_agg(format(
                ' AND NOT EXISTS (SELECT FROM %s r WHERE r.%I = t.%s)', f.conrelid::regclass, a.attname, t.key
            ), '') FROM pg_constraint f JOIN pg_attribute a ON a.attrelid = f.conrelid AND a.attnum = f.conkey[1]
            WHERE f.confrelid = to_regclass('public.' || quote_ident(t.name)) AND f.contype = 'f'
        ), '');
        PERFORM history_add(head.number + 1, t, condition, 0, head.high);
        -- The owner's guard against himself steps aside for this one statement.
        PERFORM set_config('pgtrigger.ignore', (
            SELECT array_agg(tgname)::text FROM pg_trigger
            WHERE tgrelid = to_regclass('public.' || quote_ident(t.name)) AND tgname LIKE 'pgtrigger\_append_only%'
        ), true);
        EXECUTE format('DELETE FROM public.%I t WHERE {COLUMN} < $1 AND (%s)', t.name, condition) USING head.high;
        PERFORM set_config('pgtrigger.ignore', '', true);
    END LOOP;
    PERFORM history_close(
        head.number + 1, 'purge', head.high, head.high, head.shift,
        jsonb_build_object('before', before, 'reason', why), head.root
    );
    RETURN head.number + 1;
END $$;

-- That the database was brought back to an earlier state. In another server transactions are numbered from their
-- beginning again: what is written from now on is numbered after all that is here.
CREATE OR REPLACE FUNCTION public.history_recovery(why text, is_other_server boolean) RETURNS bigint
LANGUAGE plpgsql {_FIXED} AS $$
DECLARE
    head portal_sealedbatch;
    past bigint;
    latest bigint;
    t record;
BEGIN
    IF btrim(why) = '' THEN
        RAISE EXCEPTION 'a recovery has its reason';
    END IF;
    PERFORM pg_advisory_xact_lock({LOCK});
    head := history_head();
    IF is_other_server THEN
        past := head.high;
        FOR t IN SELECT * FROM history_tables() LOOP
            EXECUTE format('SELECT COALESCE(max({COLUMN}) + 1, 0) FROM public.%I', t.name) INTO latest;
            past := GREATEST(past, latest);
        END LOOP;
        head.shift := past - pg_current_xact_id()::text::bigint;
    END IF;
    PERFORM history_close(
        head.number + 1, 'recovery', head.high, head.high, head.shift, jsonb_build_object('reason', why), head.root
    );
    RETURN head.number + 1;
END $$;

-- What is added by hand says of itself neither when nor in which transaction.
CREATE OR REPLACE FUNCTION public.history_stamp() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.{COLUMN} := pg_current_xact_id()::text::bigint + TG_ARGV[0]::bigint;
    IF TG_TABLE_NAME = 'portal_auditevent' THEN
        -- Ahead by as much as a demonstration's clock is.
        NEW.at := clock_timestamp() + (now() - pg_catalog.now());
    END IF;
    RETURN NEW;
END $$;
"""  # nosec B608 # constants
OWNERS_FUNCTIONS = (
    "history_add(bigint, record, text, bigint, bigint)",
    "history_close(bigint, text, bigint, bigint, bigint, jsonb, bytea)",
    "history_purge(timestamptz, text)",
    "history_recovery(text, boolean)",
    "history_seal()",
)


def sealed_tables() -> list[str]:
    """What the runtime login may not change: audit and history, but for what migrations write."""
    tables = {
        model._meta.db_table for model in apps.get_models(include_auto_created=True) if model._meta.managed
    }
    return sorted(table for table in tables - never_sealed() if not {CHANGE, REMOVE} & expected_rights(table))


def never_sealed() -> set[str]:
    """What migrations write, the seals themselves, and rows that may change because their events are sealed."""
    events = [model for model in apps.get_models() if hasattr(model, "pgh_tracked_model")]
    return NOT_SEALED | {model.pgh_tracked_model._meta.db_table for model in events}


def set_up(using: str = DEFAULT_DB_ALIAS, **_: object) -> None:
    """Receiver of post_migrate, before the rights are granted: columns, functions and stamps of the chain."""
    with transaction.atomic(using), connections[using].cursor() as cursor:
        cursor.execute("SELECT to_regclass('public.portal_sealedbatch')")
        if cursor.fetchone()[0] is None:
            return
        cursor.execute(_FUNCTIONS)
        for function in OWNERS_FUNCTIONS:
            cursor.execute(f"REVOKE EXECUTE ON FUNCTION public.{function} FROM PUBLIC")
        number_transactions(cursor)


def number_transactions(cursor: CursorWrapper) -> None:
    """Every row that comes knows its transaction, by the numbers of this server and what the last link adds to them."""
    cursor.execute("SELECT (history_head()).shift")
    (shift,) = cursor.fetchone()
    cursor.execute(
        "SELECT c.relname, pg_get_expr(d.adbin, c.oid) FROM pg_class c LEFT JOIN pg_attribute a"
        " ON a.attrelid = c.oid AND a.attname = %s LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum"
        " WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r'",
        [COLUMN],
    )
    defaults = dict(cursor.fetchall())
    for table in sealed_tables():
        # Nothing is locked where all is as it should be.
        if table not in defaults or re.search(rf"\+ '?{shift}\b", defaults[table] or ""):
            continue
        default = f"pg_current_xact_id()::text::bigint + {shift}"
        cursor.execute(
            f'ALTER TABLE "{table}" ADD COLUMN IF NOT EXISTS {COLUMN} bigint NOT NULL DEFAULT ({default})'
        )
        cursor.execute(f'ALTER TABLE "{table}" ALTER COLUMN {COLUMN} SET DEFAULT ({default})')
        # As small as a table of contents, and no work for writers.
        cursor.execute(
            f'CREATE INDEX IF NOT EXISTS "{table}_chain" ON "{table}" USING brin ({COLUMN})'
            " WITH (pages_per_range = 32, autosummarize = on)"
        )
        if "INSERT" in expected_rights(table):
            cursor.execute(
                f'CREATE OR REPLACE TRIGGER chain_stamp BEFORE INSERT ON "{table}" FOR EACH ROW'
                f" EXECUTE FUNCTION history_stamp('{shift}')"
            )
