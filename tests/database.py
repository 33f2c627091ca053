"""The test database: migrated once, kept as a template, copied for each process; emptied by rows, not by tables.

A copy takes a tenth of a second where the migrations take half a minute, so that even one test alone begins at once
and always on the database that the migrations make, whatever the last run left behind.

A test works with the runtime login, as web, worker and clock do: what the product may not, it may not either. The owner
makes the databases and empties them; `as_owner` lends his login to what a test must prepare past the guards.
"""

import gc
import io
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from importlib import metadata
from pathlib import Path
from urllib.parse import quote

import django
import pgtrigger
import psycopg2
from django.apps import apps
from django.conf import settings
from django.db import ProgrammingError, connection, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.test.utils import setup_databases
from psycopg2.errors import InsufficientPrivilege

from portal.bootstrap import values
from portal.bootstrap.failure import Failure
from portal.settings import database_from_url

# Beside the migrations, what decides how a fresh database looks.
BY_HAND = (
    "portal/history_plans.py",
    "portal/table_rights.py",
    "portal/chain/installation.py",
    "tests/database.py",
)
# Nobody but the migrations writes these.
LEFT_ALONE = {"django_migrations", "django_content_type", "auth_permission"}
# One maker of databases at a time: PostgreSQL copies no template that somebody is connected to.
LOCK = 20261130

_migrated_rows: dict[str, str] = {}


def make() -> None:
    """Connect this process to a fresh copy of the migrated database, named as pytest-django names it."""
    name = connection.creation._get_test_db_name()
    with owner()._nodb_cursor() as cursor:
        template = _template(cursor)
        _drop(cursor, name)
        cursor.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        # A test's commits need not outlive a power cut.
        cursor.execute(f'ALTER DATABASE "{name}" SET synchronous_commit = off')
    _connect_to(name)
    _keep_migrated_rows()


def drop() -> None:
    """Remove this process's copy; the template stays for the next run."""
    name = connection.settings_dict["NAME"]
    connections.close_all()
    with owner()._nodb_cursor() as cursor:
        _drop(cursor, name)


def empty() -> None:
    """Take the database back to what the migrations made, after a test that committed.

    Django truncates every table and makes permissions anew, a second a test; a test fills a few rows of a few tables.
    """
    with as_owner(), transaction.atomic(), connection.cursor() as cursor, pgtrigger.ignore():
        filled = _filled_tables(cursor)
        if any(_is_long(cursor, table) for table in filled):
            # Row by row each foreign key without an index would be looked for in the whole other table.
            cursor.execute("TRUNCATE {} CASCADE".format(", ".join(f'"{table}"' for table in filled)))
        else:
            for table in filled:
                cursor.execute(f'DELETE FROM "{table}"')
        for table, rows in _migrated_rows.items():
            cursor.copy_expert(f'COPY "{table}" FROM STDIN', io.StringIO(rows))


def owner() -> BaseDatabaseWrapper:
    """A connection of its own to the test's database, as its owner."""
    own = connection.copy()
    own.settings_dict |= owners_login()
    return own


@contextmanager
def as_owner() -> Iterator[None]:
    """The default connection as the owner's; not inside a transaction, which would be of the runtime login."""
    assert not connection.in_atomic_block, "mark the test with django_db(transaction=True)"
    runtime = {name: connection.settings_dict[name] for name in ("USER", "PASSWORD")}
    connection.close()
    connection.settings_dict |= owners_login()
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict |= runtime


def owners_login() -> dict[str, str]:
    """What a connection's settings need to be the owner's."""
    url = values.given("DATABASE_OWNER_URL")
    if url is None:
        raise Failure(
            "测试需要两个数据库账户：请用 DATABASE_URL 给出运行账户，用 DATABASE_OWNER_URL 给出所有者"
            "（须能建立数据库）；两个都不给，则使用项目自己的数据库。\n"
            "Tests need two logins: DATABASE_URL (runtime) and DATABASE_OWNER_URL (owner, with CREATEDB)."
        )
    found = database_from_url(url)
    return {name: found[name] for name in ("USER", "PASSWORD")}


def _drop(cursor, name: str) -> None:
    """PostgreSQL refuses while its own vacuum, which is nobody's to end, is at work there: that takes a moment."""
    for _ in range(40):
        try:
            cursor.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        except ProgrammingError as refusal:
            if not isinstance(refusal.__cause__, InsufficientPrivilege):
                raise
            time.sleep(0.25)
        else:
            return
    raise Failure(f"测试数据库 {name} 无法删除。/ The test database {name} cannot be dropped.")


def _connect_to(name: str) -> None:
    connection.close()
    settings.DATABASES["default"]["NAME"] = connection.settings_dict["NAME"] = name


def _state_of_the_migrations() -> str:
    """Changes with every migration of any app, every package and the other sources of a fresh database."""
    root = Path(settings.BASE_DIR)
    files = [root / name for name in BY_HAND]
    for app in apps.get_app_configs():
        files += sorted(Path(app.path).glob("migrations/*.py"))
    digest = sha256(b"".join(file.read_bytes() for file in files))
    digest.update(repr([settings.DATABASE_RUNTIME_LOGIN, settings.DATABASE_RUNTIME_PROCEDURES]).encode())
    for name in ("Django", "django-pghistory", "django-pgtrigger"):
        digest.update(metadata.version(name).encode())
    return digest.hexdigest()[:12]


def make_template() -> None:
    """Only the template, for whoever comes next."""
    with owner()._nodb_cursor() as cursor:
        _template(cursor)


def _template(cursor) -> str:
    """The name of the migrated database, made where it is not there yet; nobody else makes one until the connection
    ends."""
    family = f"{connection.settings_dict['NAME']}_template_"
    template = family + _state_of_the_migrations()
    cursor.execute("SELECT pg_advisory_lock(%s)", [LOCK])
    cursor.execute("SELECT datname FROM pg_database WHERE starts_with(datname, %s)", [family])
    found = {each for (each,) in cursor.fetchall()}
    if template not in found:
        _make_template(cursor, template)
    for old in found - {template}:
        cursor.execute(f'DROP DATABASE "{old}"')
    return template


def _make_template(cursor, template: str) -> None:
    """Migrate an empty database; it gets its name at the very end, so that a half-made one is never taken."""
    product = connection.settings_dict["NAME"]
    # Migrations draw every model some two hundred times; to look for their rubbish all the while costs a quarter.
    gc.disable()
    with as_owner():
        setup_databases(verbosity=0, interactive=False)
        made = connection.settings_dict["NAME"]
        _connect_to(product)
    gc.enable()
    cursor.execute(f'ALTER DATABASE "{made}" RENAME TO "{template}"')


def _filled_tables(cursor) -> list[str]:
    tables = sorted(set(connection.introspection.table_names(cursor)) - LEFT_ALONE)
    each = (f"SELECT '{table}' WHERE EXISTS (SELECT 1 FROM \"{table}\")" for table in tables)
    cursor.execute(" UNION ALL ".join(each))
    return [table for (table,) in cursor.fetchall()]


def _is_long(cursor, table: str) -> bool:
    cursor.execute(f'SELECT EXISTS (SELECT FROM "{table}" OFFSET 2000)')
    return cursor.fetchone()[0]


def _keep_migrated_rows() -> None:
    with connection.cursor() as cursor:
        for table in _filled_tables(cursor):
            rows = io.StringIO()
            cursor.copy_expert(f'COPY "{table}" TO STDOUT', rows)
            _migrated_rows[table] = rows.getvalue()


@contextmanager
def empty_one() -> Iterator[str]:
    """The owner's address of a new database beside the test's, for as long as the block runs."""
    name = f"restored_{uuid.uuid4().hex[:12]}"
    parameters = {**owner().get_connection_params(), "dbname": "postgres"}
    parameters.pop("cursor_factory", None)
    server = psycopg2.connect(**parameters)
    server.autocommit = True
    server.cursor().execute(f"CREATE DATABASE {name}")
    user, password = (quote(str(parameters.get(key) or ""), safe="") for key in ("user", "password"))
    host, port = (quote(str(parameters.get(key) or ""), safe="") for key in ("host", "port"))
    try:
        yield f"postgresql://{user}:{password}@/{name}?host={host}&port={port or 5432}"
    finally:
        server.cursor().execute(f"DROP DATABASE {name} WITH (FORCE)")
        server.close()


def addresses(url: str) -> dict[str, str]:
    """The owner's address of a database, and the runtime login's of the same."""
    logins = owner().settings_dict, connection.settings_dict
    named, runtime = (f"//{user['USER']}:{quote(user['PASSWORD'], safe='')}@" for user in logins)
    return {"DATABASE_OWNER_URL": url, "DATABASE_URL": url.replace(named, runtime)}


if __name__ == "__main__":
    django.setup()
    make_template()
