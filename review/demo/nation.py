"""A nation of made-up residents in every state, made by the database itself: what lists, searches and exports are
measured over."""

import json
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from django.db import connection, transaction
from django.db.models import Model

from bases.counts import count_anew
from bases.models import Specialty, Submission
from portal.histories import event_model
from portal.models import User
from residents.models import Enrollment, Resident
from residents.models.enrollment import PersonalState

# Two characters that are side by side in the name of every 10,000th person only, as in the study of searches.
RARE, RARE_EVERY = "龘龖", 10_000
# How their account names begin.
PREFIX = "bench"

_MADE = """
CREATE TEMPORARY TABLE made AS SELECT n,
    nextval(pg_get_serial_sequence('portal_user', 'id')) AS user_id,
    nextval(pg_get_serial_sequence('residents_resident', 'id')) AS resident_id,
    nextval(pg_get_serial_sequence('residents_enrollment', 'id')) AS enrollment_id,
    CASE WHEN mod(n, 10) = 0 OR mod(n, 2) = 1
        THEN nextval(pg_get_serial_sequence('bases_submission', 'id')) END AS submission_id,
    mod(n, 10) = 0 AS is_pending, mod(n, 2) = 1 AS is_approved,
    %(year)s - CASE WHEN mod(n, 4) = 3 THEN 1 + mod(chance, 5) ELSE 0 END AS intake_year, 'bench' || n AS number,
    (%(specialties)s::text[])[1 + mod(chance / 5, array_length(%(specialties)s, 1))] AS specialty_id,
    (1 + mod(chance / 200, 4))::text AS trainee_type,
    CASE WHEN mod(chance / 1000, 10) < 2 THEN (2 + mod(chance / 1000, 10))::text ELSE '1' END AS status,
    CASE WHEN mod(n, %(rare_every)s) = 0 THEN '李' || %(rare)s ELSE chr(19968 + mod(n, 100)::int)
        || chr(20000 + mod(n * 7919::bigint, 2500)::int) || chr(20000 + mod(n * 104729::bigint, 2500)::int) END AS name,
    CASE WHEN n <= %(own)s THEN %(own_base)s::bigint
        ELSE (%(bases)s::bigint[])[1 + mod(n / 2, array_length(%(bases)s, 1))] END AS base_id
FROM generate_series(1, %(rows)s) AS n, LATERAL (SELECT hashint4(n::integer) & 1048575 AS chance) AS drawn
"""
# What statistics split by varies as it does among people, so that there are many kinds.
_SPLIT: dict[str, Any] = {name: name for name in ("intake_year", "specialty_id", "trainee_type", "status")}
# Everybody's own: one for all would be a million faults of the data.
_MOBILE = "'13' || lpad(n::text, 9, '0')"
_APPROVED_NOW = "CASE WHEN is_approved THEN now() END"
_STATE = "CASE WHEN is_pending THEN '1' WHEN is_approved THEN '2' ELSE '0' END"


def add_residents(
    rows: int,
    *,
    year: int,
    snapshot: Mapping[str, Any],
    bases: Collection[int],
    reported_by: User,
    decided_by: User,
    own_base: int | None = None,
    own_records: int = 0,
) -> None:
    """So many residents more, over these bases (ids) and the years up to `year`: half approved, every tenth waiting
    for review; the first `own_records` go to `own_base`. All are reported with this snapshot but for who they are.

    Writes past guards, with a line of history for what is approved, then counts the kept numbers anew and has the
    planner look at the tables. Not to be called within a transaction.
    """
    with (
        transaction.atomic(),
        connection.cursor() as cursor,
        without_triggers(User, Resident, Enrollment, Submission),
    ):
        values: dict[str, Any] = {
            "rows": rows,
            "rare": RARE,
            "rare_every": RARE_EVERY,
            "year": year,
            "own": own_records,
        }
        values["specialties"] = list(Specialty.objects.values_list("pk", flat=True))
        cursor.execute(_MADE, values | {"own_base": own_base, "bases": list(bases)})
        _fill(
            User,
            User(role="resident", password="!"),  # nosec B106 # matches no password
            id="user_id",
            mobile=_MOBILE,
            username="number",
            full_name="name",
            activated_at="CASE WHEN is_pending OR is_approved THEN now() END",
        )
        _fill(
            Resident,
            Resident(id_type="03"),
            id="resident_id",
            mobile=_MOBILE,
            user_id="user_id",
            id_number="number",
            full_name="name",
        )
        _fill(
            Submission,
            Submission(
                number=1,
                approved_years=3,
                sex="1",
                is_fresh_graduate=False,
                is_rural_oriented=False,
                is_western_support=False,
                snapshot={},
                declared_true=True,
                reported_by=reported_by,
            ),
            source="made JOIN bases_trainingbase b ON b.id = made.base_id WHERE submission_id IS NOT NULL",
            parameters={"snapshot": json.dumps(snapshot, ensure_ascii=False), "by": decided_by.pk},
            id="submission_id",
            enrollment_id="enrollment_id",
            base_id="base_id",
            province_id="b.province_id",
            module="'intake'",
            **_SPLIT,
            snapshot="%(snapshot)s::jsonb || jsonb_build_object('identity', jsonb_build_object('full_name', made.name,"
            f" 'id_type', '03', 'id_number', number, 'mobile', {_MOBILE}, 'intake_year', intake_year))",
            outcome="CASE WHEN is_pending THEN 'pending' ELSE 'approved' END",
            decided_by_id="CASE WHEN is_approved THEN %(by)s END",
            decided_at=_APPROVED_NOW,
        )
        approved = "CASE WHEN is_approved THEN submission_id END"
        _fill(
            Enrollment,
            Enrollment(approved_years=3, personal_state=PersonalState.COMPLETE, training_complete=True),
            id="enrollment_id",
            resident_id="resident_id",
            base_id="base_id",
            **_SPLIT,
            review_status=_STATE,
            report_status="CASE WHEN is_pending OR is_approved THEN '1' ELSE '0' END",
            registered_at=_APPROVED_NOW,
            intake_submission_id=approved,
            approved_submission_id=approved,
        )
        _remember_approved(cursor)
        cursor.execute("DROP TABLE made")
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    # The triggers were off.
    count_anew()
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


def _remember_approved(cursor: Any) -> None:
    """The one line of history that a record approved at once has: editions read it."""
    columns = ", ".join(
        field.column for field in event_model(Enrollment)._meta.concrete_fields if "pgh_" not in field.column
    )
    events, records = event_model(Enrollment)._meta.db_table, Enrollment._meta.db_table
    cursor.execute(
        f"INSERT INTO {events} (pgh_created_at, pgh_label, pgh_obj_id, {columns})"
        f" SELECT now(), 'insert', id, {columns} FROM {records}"
        " WHERE id IN (SELECT enrollment_id FROM made WHERE is_approved)"  # nosec B608 # names of models
    )


@contextmanager
def without_triggers(*models: type[Model]) -> Iterator[None]:
    """The tables without history and guards; not by the setting that skips them, of which COPY does not hear."""
    for act in ("DISABLE", "ENABLE"):
        with connection.cursor() as cursor:
            for model in models:
                cursor.execute(f'ALTER TABLE "{model._meta.db_table}" {act} TRIGGER USER')
        if act == "DISABLE":
            yield


def _fill(
    model: type[Model],
    template: Model,
    *,
    source: str = "made",
    parameters: dict | None = None,
    **selected: str,
) -> None:
    """INSERT … SELECT of one row a person: `selected` by SQL, the other columns as the template has them."""
    columns, values = dict(selected), dict(parameters or {})
    for field in model._meta.concrete_fields:
        assert field.column is not None
        if field.column not in selected:
            columns[field.column] = f"%({field.column}_)s::{field.db_type(connection)}".replace(
                "serial", "int"
            )
            value = field.pre_save(template, add=True)
            values[f"{field.column}_"] = field.get_db_prep_save(value, connection)
    names = ", ".join(f'"{name}"' for name in columns)
    with connection.cursor() as cursor:
        cursor.execute(
            f'INSERT INTO "{model._meta.db_table}" ({names}) SELECT {", ".join(columns.values())} FROM {source}',  # nosec B608 # names of models
            values,
        )
