"""A nation of made-up residents in every state, made by the database itself: what lists, searches and exports are
measured over, and who takes part in an evening of `make evening`.

Every trait of a person is drawn by a hash of his number and the seed, so that the same seed makes the same nation.
"""

import itertools
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from django.db import connection, transaction
from django.db.models import CharField, FileField, Model
from django.utils import timezone

from bases.counts import count_anew
from bases.models import Submission
from portal.histories import event_model
from portal.models import User
from residents.models import (
    BasicInfo,
    CertificateInfo,
    EducationRecord,
    Enrollment,
    PersonalReturn,
    Resident,
    StatusChange,
    WorkInfo,
)
from residents.snapshot import FIELDS
from review.demo.national_bases import programmes, words
from review.demo.people import WEIGHTS, pools
from review.demo.values import SPONSOR_USCC

SEED = 854
# Two characters that are side by side in the name of every 10,000th person only, as in the study of searches.
RARE, RARE_EVERY = "龘龖", 10_000
# No county has the code …99, so none of these numbers can belong to a living person; the demo's begin with 01.
COUNTY = "0299"
# How many in a hundred of each intake year there are, this year's first.
_YEARS = (24, 23, 21, 14, 11, 7)
# The highest level and degree; of who studies further, once he has finished.
_BACHELOR, _MASTER = ("3", "410"), ("4", "345")

# What becomes of people: of this year's intake by how far it has come, of former ones by how their training went on.
_STAGE = """CASE
    WHEN years > 0 THEN CASE WHEN fate < 10 THEN 'lapsed' ELSE 'approved' END
    WHEN fate < 120 THEN 'new' WHEN fate < 220 THEN 'filling' WHEN fate < 340 THEN 'ready'
    WHEN fate < 360 THEN 'asked' WHEN fate < 400 THEN 'returned' WHEN fate < 620 THEN 'pending' ELSE 'approved' END"""
_STATUS = """CASE
    WHEN stage <> 'approved' OR years = 0 THEN '1'
    WHEN course < 25 THEN '5' WHEN course < 35 THEN '3'
    WHEN years >= 3 THEN CASE WHEN course < 80 THEN '2' ELSE '4' END ELSE '1' END"""
# A change of base: the record at the old one has ended by 退培, the person goes on at another with one more (AM-32).
_MOVES = "stage = 'approved' AND years BETWEEN 1 AND 2 AND course < 12"


def _draw(purpose: int, most: int | str) -> str:
    """A number from 0 below `most` that the person and the purpose decide."""
    return f"mod(hashint8extended(n, %(seed)s * 100 + {purpose}) & 9223372036854775807, {most})"


def _one_of(name: str, purpose: int) -> str:
    """One of the texts of this parameter, all of one chance."""
    return f"(%({name})s::text[])[1 + {_draw(purpose, f'array_length(%({name})s::text[], 1)')}]"


def _weighed(name: str, purpose: int) -> str:
    """Which of the parts is drawn whose upper ends are this parameter, from 1."""
    return f"(1 + width_bucket({_draw(purpose, 1_000_000_000)} / 1e9::float8, %({name})s::float8[]))"


_CHECKED = "+".join(f"{weight}*substr(body, {place}, 1)::int" for place, weight in enumerate(WEIGHTS, 1))
_PEOPLE = f"""
CREATE TEMPORARY TABLE drawn AS SELECT n, programme, years, sex, fate, course,
    CASE WHEN n <= %(own)s THEN %(own_base)s::bigint ELSE (%(programme_bases)s::bigint[])[programme] END AS base_id,
    (%(programme_codes)s::text[])[programme] AS specialty_id,
    %(year)s - years AS intake_year, make_date(%(year)s - years + 3, 6, 30) < %(today)s::date AS has_finished,
    make_date(%(year)s - years - 22 - {_draw(5, 6)}::int, 1 + {_draw(6, 12)}::int, 1 + {_draw(7, 28)}::int)
        AS birth_date,
    CASE WHEN mod(n, %(rare_every)s) = 0 THEN '李' || %(rare)s
        WHEN mod(n, 37) = 0 THEN {_one_of("minority", 8)}
        ELSE (%(surnames)s::text[])[{_weighed("surname_upto", 9)}]
            || CASE sex WHEN '1' THEN {_one_of("male", 10)} ELSE {_one_of("female", 10)} END
            || CASE WHEN {_draw(11, 8)} = 0 THEN ''
                WHEN sex = '1' THEN {_one_of("male", 12)} ELSE {_one_of("female", 12)} END END AS name,
    (ARRAY['1','1','1','1','1','1','1','2','2','2','3','3','3','3','3','3','4','4','4','4'])[1 + {_draw(13, 20)}]
        AS trainee_type,
    {_one_of("schools", 14)} AS school, (%(majors)s::text[])[{_weighed("major_upto", 15)}] AS major,
    {_one_of("roads", 16)} AS road, {_draw(17, 10)} AS licence, {_draw(18, 8)} = 0 AS was_returned,
    {_draw(19, 40)}::int AS days
FROM (SELECT n::bigint, {_weighed("programme_upto", 1)} AS programme, {_weighed("year_upto", 2)} - 1 AS years,
        CASE WHEN {_draw(3, 100)} < 43 THEN '1' ELSE '2' END AS sex, {_draw(4, 1000)} AS fate,
        {_draw(20, 1000)} AS course
    FROM generate_series(1, %(rows)s) AS n) AS first;

CREATE TEMPORARY TABLE made AS SELECT *, body || substr('10X98765432', 1 + mod({_CHECKED}, 11), 1) AS number,
    '1' || (ARRAY['3','5','7','8'])[1 + {_draw(21, 4)}] || lpad(n::text, 9, '0') AS mobile,
    nextval(pg_get_serial_sequence('portal_user', 'id')) AS user_id,
    nextval(pg_get_serial_sequence('residents_resident', 'id')) AS resident_id,
    stage NOT IN ('new', 'filling', 'lapsed') AS is_filled,
    (CASE WHEN years > 0 THEN make_date(intake_year, 10, 1) + days ELSE %(today)s::date - 2 - mod(days, 9) END)
        + interval '10 hours' AS reported_at
FROM (SELECT *, {_STAGE} AS stage, place || %(county)s || to_char(birth_date, 'YYYYMMDD') || lpad((100 + 2 *
        row_number() OVER (PARTITION BY place, birth_date, sex ORDER BY n) + mod(sex::int, 2))::text, 3, '0') AS body
    FROM (SELECT drawn.*, CASE b.province_id WHEN '66' THEN '65' ELSE b.province_id END AS place, b.province_id
        FROM drawn JOIN bases_trainingbase b ON b.id = drawn.base_id) AS placed) AS numbered
ORDER BY n;

CREATE TEMPORARY TABLE record AS SELECT made.*, nextval(pg_get_serial_sequence('residents_enrollment', 'id')) AS id,
    reported_at - interval '20 days' AS created_at, 'intake' AS origin, {_STATUS} AS status,
    LEAST(CASE WHEN years >= 3 THEN make_date(intake_year + 3, 8, 31) ELSE make_date(intake_year + 1, 3, 1) + days END,
        %(today)s::date - 20) AS changed_on,
    CASE WHEN {_MOVES} THEN {_weighed("programme_upto", 22)} END AS next_programme, NULL::bigint AS next_base
FROM made ORDER BY n;
UPDATE record SET next_base = (%(programme_bases)s::bigint[])[next_programme]
    WHERE (%(programme_bases)s::bigint[])[next_programme] <> base_id;

CREATE TEMPORARY TABLE moved AS SELECT * FROM record WHERE next_base IS NOT NULL ORDER BY n;
UPDATE moved SET id = nextval(pg_get_serial_sequence('residents_enrollment', 'id')), origin = 'transfer', status = '1',
    base_id = next_base, next_base = NULL, was_returned = false, created_at = changed_on, reported_at = changed_on + 10,
    specialty_id = (%(programme_codes)s::text[])[next_programme],
    province_id = (SELECT b.province_id FROM bases_trainingbase b WHERE b.id = next_base);
INSERT INTO record SELECT * FROM moved;
CREATE UNIQUE INDEX ON record (id);
"""  # nosec B608 # constants
_REPORTED = """
CREATE TEMPORARY TABLE report AS SELECT nextval(pg_get_serial_sequence('bases_submission', 'id')) AS id, told.*
FROM (
    SELECT record.id AS record_id, 1 AS number, 'returned' AS outcome, origin = 'intake' AS is_intake,
        false AS is_change, reported_at - interval '6 days' AS at
    FROM record WHERE stage = 'returned' OR (was_returned AND stage IN ('pending', 'approved'))
    UNION ALL
    SELECT id, 1 + was_returned::int, stage, origin = 'intake', false, reported_at
    FROM record WHERE stage IN ('pending', 'approved')
    UNION ALL
    SELECT id, 2 + was_returned::int, 'approved', false, true, changed_on + interval '5 days'
    FROM record WHERE status <> '1'
    ORDER BY 1, 2
) AS told;
CREATE INDEX ON report (record_id);
ANALYZE made; ANALYZE record; ANALYZE report;
"""

_GRADUATED = "make_date(intake_year, 6, 30)"
_KIND = (
    "CASE WHEN specialty_id BETWEEN '2800' AND '3400' THEN {} WHEN specialty_id = '2700' THEN {} ELSE {} END"
)
_CLASS, _SCOPE = _KIND.format("'20'", "'30'", "'10'"), _KIND.format("'2001'", "'3001'", "'1001'")
# Who is two years after his studies has passed, nine of ten of them.
_PASSED = "(years >= 2 AND licence > 0)"
_EMPLOYED = "trainee_type IN ('1', '2')"
_SPONSORED = "trainee_type = '2'"
_REPORTS = "report JOIN record r ON r.id = report.record_id"


def add_residents(
    rows: int,
    *,
    year: int,
    bases: Collection[int],
    reported_by: User,
    decided_by: User,
    own_base: int | None = None,
    own_records: int = 0,
    seed: int = SEED,
    password: str = "!",  # nosec B107 # matches no password
) -> None:
    """So many residents more, over these bases (ids) and the six years up to `year`, in every state: what they have
    filled in is complete by the rules, and what was reported is a snapshot of it. The first `own_records` go to
    `own_base`. `password` is the hash with which those who are activated sign in.

    Writes past guards, with a line of history for what is approved, then counts the kept numbers anew and has the
    planner look at the tables. Not to be called within a transaction.
    """
    with (
        transaction.atomic(),
        connection.cursor() as cursor,
        without_triggers(*_TABLES),
    ):
        draw_people(rows, year=year, bases=bases, own_base=own_base, own_records=own_records, seed=seed)
        _add_accounts(password)
        _add_blocks()
        _add_records(reported_by)
        _add_reports(reported_by, decided_by)
        _remember_approved(cursor)
        cursor.execute("DROP TABLE drawn, made, record, moved, report")
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    # The triggers were off.
    count_anew()
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


def draw_people(
    rows: int,
    *,
    year: int,
    bases: Collection[int],
    own_base: int | None = None,
    own_records: int = 0,
    seed: int = SEED,
) -> None:
    """The temporary tables `made` (people), `record` and `report`, from which all the rest is written."""
    found, demo = words(), pools()
    places, codes, upto = programmes(bases, seed=seed)
    values: dict[str, Any] = {
        "rows": rows,
        "seed": seed,
        "rare": RARE,
        "rare_every": RARE_EVERY,
        "county": COUNTY,
        "year": year,
        "today": timezone.localdate(),
        "own": own_records,
        "own_base": own_base,
        "programme_bases": places,
        "programme_codes": codes,
        "programme_upto": upto[:-1],
        "year_upto": _upto(_YEARS),
        "surnames": list(found["surnames"]),
        "surname_upto": _upto(found["surnames"].values()),
        "male": list(found["male"]),
        "female": list(found["female"]),
        "majors": list(found["majors"]),
        "major_upto": _upto(found["majors"].values()),
        "roads": found["roads"],
        "schools": demo["schools"],
        "minority": [name for name, _ in demo["minority"]],
    }
    with connection.cursor() as cursor:
        cursor.execute(_PEOPLE, values)
        cursor.execute(_REPORTED)


_TABLES = (
    User,
    Resident,
    BasicInfo,
    EducationRecord,
    WorkInfo,
    CertificateInfo,
    Enrollment,
    StatusChange,
    PersonalReturn,
    Submission,
)


def _upto(weights: Collection[float]) -> list[float]:
    """The upper ends of all parts but the last, of 1."""
    total = sum(weights)
    return [part / total for part in itertools.accumulate(weights)][:-1]


def _add_accounts(password: str) -> None:
    is_active = "stage NOT IN ('new', 'lapsed')"
    activated = f"CASE WHEN {is_active} THEN reported_at - interval '18 days' END"
    _fill(
        User,
        User(role="resident"),
        id="user_id",
        mobile="mobile",
        username="number",
        full_name="name",
        created_at="reported_at - interval '20 days'",
        activated_at=activated,
        password_changed_at=activated,
        password=f"CASE WHEN {is_active} THEN %(password)s ELSE '!' END",
        parameters={"password": password},
    )
    _fill(
        Resident,
        Resident(id_type="01"),
        id="resident_id",
        mobile="mobile",
        user_id="user_id",
        id_number="number",
        full_name="name",
        created_at="reported_at - interval '20 days'",
    )


def _add_blocks() -> None:
    """The personal blocks; who is filling in has begun with the first one."""
    filled, given = "made WHERE is_filled", "CASE WHEN is_filled THEN {} ELSE '' END"
    _fill(
        BasicInfo,
        BasicInfo(),
        source="made WHERE is_filled OR stage = 'filling'",
        resident_id="resident_id",
        sex="sex",
        birth_date="birth_date",
        nationality="'CHN'",
        ethnicity=given.format("CASE WHEN mod(n, 37) = 0 THEN '05' ELSE '01' END"),
        marital_status=given.format("CASE WHEN licence < 3 THEN '20' ELSE '10' END"),
        hukou_province=given.format("place"),
        email=given.format("'zhuyuan' || n || '@example.com'"),
        postal_address=given.format("road || (1 + days) || '号'"),
        emergency_name=given.format("left(name, 1) || '建国'"),
        emergency_mobile=given.format("'136' || right(mobile, 8)"),
        military_status=given.format("'0'"),
        language_exam_type=given.format("'5'"),
    )
    certificate_year = "to_char(intake_year, 'FM0000')"
    _fill(
        EducationRecord,
        EducationRecord(level="3", is_full_time=True, is_enrolled=False, education_code="21"),
        source=filled,
        without=("id",),
        resident_id="resident_id",
        school="school",
        major="major",
        graduation_date=_GRADUATED,
        has_diploma="true",
        diploma_no=f"'10335' || '1' || {certificate_year} || '05' || lpad(mod(n, 1000000)::text, 6, '0')",
        diploma_date=_GRADUATED,
        has_degree="true",
        degree_code="'410'",
        degree_no=f"'10335' || '4' || {certificate_year} || lpad(mod(n, 1000000)::text, 6, '0')",
        degree_date=_GRADUATED,
    )
    further, ended = "CASE WHEN has_finished THEN {} ELSE '' END", "make_date(intake_year + 3, 6, 30)"
    serial = "(intake_year + 3)::text || '{}' || lpad(mod(n, 1000000)::text, 6, '0')"
    _fill(
        EducationRecord,
        EducationRecord(level="4", is_full_time=True, degree_type="1"),
        source=f"{filled} AND trainee_type = '4'",
        without=("id",),
        resident_id="resident_id",
        is_enrolled="NOT has_finished",
        enrolled_level="CASE WHEN has_finished THEN '' ELSE '4' END",
        expected_graduation=f"CASE WHEN NOT has_finished THEN {ended} END",
        school="school",
        major="major",
        graduation_date=f"CASE WHEN has_finished THEN {ended} END",
        education_code=further.format("'14'"),
        has_diploma="CASE WHEN has_finished THEN true END",
        diploma_no=further.format("'103351' || " + serial.format("02")),
        diploma_date=f"CASE WHEN has_finished THEN {ended} END",
        has_degree="CASE WHEN has_finished THEN true END",
        degree_code=further.format(f"'{_MASTER[1]}'"),
        degree_no=further.format("'103353' || " + serial.format("")),
        degree_date=f"CASE WHEN has_finished THEN {ended} END",
    )
    employed, sponsored = (
        f"CASE WHEN {_EMPLOYED} THEN {{}} ELSE '' END",
        f"CASE WHEN {_SPONSORED} THEN {{}} ELSE '' END",
    )
    _fill(
        WorkInfo,
        WorkInfo(),
        source="made JOIN bases_trainingbase b ON b.id = made.base_id WHERE is_filled",
        resident_id="resident_id",
        employer_name=f"CASE WHEN {_SPONSORED} THEN '示范县人民医院' WHEN {_EMPLOYED} THEN b.name ELSE '' END",
        employer_uscc=sponsored.format(f"'{SPONSOR_USCC}'"),
        employer_is_military=f"CASE WHEN {_SPONSORED} THEN false END",
        employer_kind=employed.format("'1'"),
        hospital_category=employed.format("'1'"),
        hospital_level=f"CASE WHEN {_SPONSORED} THEN '2' WHEN {_EMPLOYED} THEN '3' ELSE '' END",
        hospital_grade=employed.format("'1'"),
        affiliation=employed.format("'2'"),
    )
    passed, text = f"CASE WHEN {_PASSED} THEN {{}} END", f"CASE WHEN {_PASSED} THEN {{}} ELSE '' END"
    _fill(
        CertificateInfo,
        CertificateInfo(),
        source=filled,
        resident_id="resident_id",
        passed_qualification_exam=_PASSED,
        exam_pass_date=passed.format("make_date(intake_year + 1, 9, 1)"),
        has_qualification_cert=passed.format("true"),
        qualification_date=passed.format("make_date(intake_year + 1, 12, 15)"),
        qualification_level=text.format("'1'"),
        qualification_class=text.format(_CLASS),
        qualification_no=text.format(f"(intake_year + 1)::text || place || '1' || {_CLASS} || number"),
        has_license=passed.format("true"),
        license_date=passed.format("make_date(intake_year + 1, 12, 30)"),
        practice_class=text.format(_CLASS),
        practice_scope=text.format(_SCOPE),
        license_no=text.format("'110' || place || lpad(n::text, 10, '0')"),
    )


def _add_records(by: User) -> None:
    """The records with their 培训信息, every change of their 培训状态, and what bases have returned to residents."""
    has_training = "CASE WHEN is_filled THEN {} END"
    text = "CASE WHEN is_filled AND {} THEN {} ELSE '' END"
    approved = (
        "LEFT JOIN (SELECT record_id, max(report.id) FILTER (WHERE is_intake) AS intake, max(report.id) AS latest,"
        " max(at) FILTER (WHERE is_intake) AS registered FROM report WHERE outcome = 'approved' GROUP BY 1) AS told"
        " ON told.record_id = record.id"
    )
    _fill(
        Enrollment,
        Enrollment(),
        source=f"record {approved}",
        id="record.id",
        resident_id="resident_id",
        base_id="base_id",
        intake_year="intake_year",
        origin="origin",
        created_at="created_at",
        created_by_id="%(by)s",
        specialty_id=has_training.format("specialty_id"),
        specialty_locked="told.latest IS NOT NULL",
        trainee_type=text.format("true", "trainee_type"),
        is_fresh_graduate=has_training.format("true"),
        is_rural_oriented=has_training.format("false"),
        approved_years=has_training.format("3"),
        actual_start_date=has_training.format("make_date(intake_year, 9, 1)"),
        planned_end_date=has_training.format("make_date(intake_year + 3, 9, 1)"),
        current_degree=text.format("true", "'1'"),
        degree_school=text.format("trainee_type = '4'", "school"),
        sponsor_name=text.format(_SPONSORED, "'示范县人民医院'"),
        sponsor_uscc=text.format(_SPONSORED, f"'{SPONSOR_USCC}'"),
        sponsor_is_military=f"CASE WHEN is_filled AND {_SPONSORED} THEN false END",
        at_partner_unit=has_training.format("false"),
        is_western_support=has_training.format("false"),
        status="status",
        status_since="CASE WHEN status <> '1' THEN changed_on END",
        extended_until="CASE WHEN status = '2' THEN make_date(intake_year + 4, 9, 1) END",
        expected_resume="CASE WHEN status = '3' THEN changed_on + 180 END",
        report_status="CASE WHEN stage IN ('pending', 'approved') THEN '1' ELSE '0' END",
        review_status="CASE stage WHEN 'pending' THEN '1' WHEN 'approved' THEN '2' WHEN 'returned' THEN '3'"
        " ELSE '0' END",
        personal_state="CASE stage WHEN 'asked' THEN '3' WHEN 'filling' THEN '1' WHEN 'new' THEN '0'"
        " WHEN 'lapsed' THEN '0' ELSE '2' END",
        training_complete="is_filled",
        state_since="reported_at",
        registered_at="CASE WHEN origin = 'transfer' THEN created_at ELSE told.registered + interval '1 day' END",
        intake_submission_id="told.intake",
        approved_submission_id="told.latest",
        lapsed_at="CASE WHEN stage = 'lapsed' THEN make_date(intake_year, 12, 1)::timestamptz END",
        parameters={"by": by.pk},
    )
    _fill(
        StatusChange,
        StatusChange(to_status="1", changed_by=by),
        source="record",
        without=("id",),
        enrollment_id="id",
        changed_at="created_at",
    )
    _fill(
        StatusChange,
        StatusChange(from_status="1", changed_by=by),
        source=f"record r JOIN bases_trainingbase b ON b.id = coalesce(r.next_base, r.base_id) {_BLOCKS}"
        " WHERE r.status <> '1'",
        without=("id",),
        enrollment_id="r.id",
        to_status="r.status",
        effective_date="r.changed_on",
        reason="CASE WHEN r.next_base IS NOT NULL THEN '11' ELSE"
        " CASE r.status WHEN '2' THEN '23' WHEN '3' THEN '32' WHEN '4' THEN '41' ELSE '13' END END",
        withdrawal_kind="CASE WHEN r.status = '5' AND r.next_base IS NULL THEN '1' ELSE '' END",
        destination="CASE WHEN r.next_base IS NOT NULL THEN b.name WHEN r.status = '5' THEN '其他医院就业' ELSE '' END",
        extended_until="CASE WHEN r.status = '2' THEN make_date(r.intake_year + 4, 9, 1) END",
        suspended_from="CASE WHEN r.status = '3' THEN r.changed_on END",
        expected_resume="CASE WHEN r.status = '3' THEN r.changed_on + 180 END",
        ended_on="CASE WHEN r.status = '4' THEN r.changed_on END",
        ended_result="CASE WHEN r.status = '4' THEN '1' ELSE '' END",
        personal_then=f"CASE WHEN r.status = '5' THEN {_object(_PERSONAL)} END",
        changed_at="r.changed_on + interval '9 hours'",
    )
    _fill(
        PersonalReturn,
        PersonalReturn(field="basic.email", comment="请写本人常用的邮箱。", returned_by=by),
        source="record WHERE stage = 'asked'",
        without=("id",),
        enrollment_id="id",
        batch="md5(n::text)::uuid",
        returned_at="reported_at",
    )


def _add_reports(reported_by: User, decided_by: User) -> None:
    studied = "CASE WHEN r.trainee_type = '4' AND has_finished THEN '{}' ELSE '{}' END"
    status = {
        **{
            name: f"CASE WHEN is_change THEN {sql} END"
            for name, sql in _of(StatusChange, "status", "c").items()
        },
        "status": "CASE WHEN is_change THEN r.status ELSE '1' END",
    }
    _fill(
        Submission,
        Submission(
            approved_years=3,
            is_fresh_graduate=True,
            is_rural_oriented=False,
            is_western_support=False,
            snapshot={},
            declared_true=True,
            reported_by=reported_by,
        ),
        source=f"{_REPORTS} JOIN residents_enrollment e ON e.id = r.id JOIN bases_trainingbase b ON b.id = r.base_id"
        f" {_BLOCKS} LEFT JOIN residents_statuschange c ON is_change AND c.enrollment_id = r.id"
        " AND c.from_status <> ''",
        parameters={"by": decided_by.pk},
        id="report.id",
        enrollment_id="r.id",
        module="CASE WHEN is_intake THEN 'intake' ELSE 'registry' END",
        number="report.number",
        turn="report.number",
        province_id="r.province_id",
        base_id="r.base_id",
        specialty_id="r.specialty_id",
        intake_year="r.intake_year",
        trainee_type="r.trainee_type",
        sex="r.sex",
        highest_education=studied.format(_MASTER[0], _BACHELOR[0]),
        highest_degree=studied.format(_MASTER[1], _BACHELOR[1]),
        status=status["status"],
        snapshot=_object({**_PERSONAL, "training": _object(_TRAINING), "status": _object(status)}),
        reported_at="at",
        outcome="outcome",
        decided_by_id="CASE WHEN outcome <> 'pending' THEN %(by)s END",
        decided_at="CASE WHEN outcome <> 'pending' THEN at + interval '1 day' END",
        comment="CASE WHEN outcome = 'returned' THEN '培训实际开始时间与招收年份不一致，请核对后重新上报。'"
        " ELSE '' END",
        reason_codes="CASE WHEN outcome = 'returned' THEN '[\"07\"]' ELSE '[]' END::jsonb",
    )


# --- snapshots: what residents/snapshot.py reads of the rows, read by SQL ---------------------------------------------


def _object(parts: Mapping[str, str]) -> str:
    """A JSON object of these names and expressions."""
    pairs = ", ".join(f"'{name}', {sql}" for name, sql in parts.items())
    return f"jsonb_build_object({pairs})"


def _of(model: type[Model], block: str, alias: str) -> dict[str, str]:
    """Name and value of each field of a block that this table holds, null for a blank."""
    columns = {field.name: field for field in model._meta.concrete_fields}
    found = {}
    for name in (field.name for field in FIELDS[block]):
        if name not in columns:
            found[name] = "NULL"
        elif isinstance(columns[name], CharField | FileField):
            found[name] = f"NULLIF({alias}.{columns[name].column}, '')"
        else:
            found[name] = f"{alias}.{columns[name].column}"
    return found


_BLOCKS = (
    "LEFT JOIN residents_basicinfo ba ON ba.resident_id = r.resident_id"
    " LEFT JOIN residents_workinfo wo ON wo.resident_id = r.resident_id"
    " LEFT JOIN residents_certificateinfo ce ON ce.resident_id = r.resident_id"
)
_PERSONAL = {
    "identity": _object(
        {
            "intake_year": "r.intake_year",
            "full_name": "r.name",
            "id_type": "'01'",
            "id_number": "r.number",
            "mobile": "r.mobile",
        }
    ),
    "basic": _object(_of(BasicInfo, "basic", "ba")),
    "education": f"(SELECT jsonb_agg({_object(_of(EducationRecord, 'education', 'ed'))} ORDER BY ed.level, ed.id)"
    " FROM residents_educationrecord ed WHERE ed.resident_id = r.resident_id)",  # nosec B608 # names of models
    "work": _object(_of(WorkInfo, "work", "wo")),
    "certificate": _object(_of(CertificateInfo, "certificate", "ce")),
}
_TRAINING = _of(Enrollment, "training", "e") | {"training_base": "b.name", "province": "b.province_id"}


def _remember_approved(cursor: Any) -> None:
    """The one line of history that a record approved at once has: editions read it."""
    columns = ", ".join(
        field.column for field in event_model(Enrollment)._meta.concrete_fields if "pgh_" not in field.column
    )
    events, records = event_model(Enrollment)._meta.db_table, Enrollment._meta.db_table
    cursor.execute(
        f"INSERT INTO {events} (pgh_created_at, pgh_label, pgh_obj_id, {columns})"
        f" SELECT now(), 'insert', id, {columns} FROM {records}"
        " WHERE id IN (SELECT id FROM record WHERE stage = 'approved')"  # nosec B608 # names of models
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
    without: Collection[str] = (),
    **selected: str,
) -> None:
    """INSERT … SELECT of one row for each of the source: `selected` by SQL, the other columns as the template has them,
    but for those `without`, which the database numbers."""
    columns, values = dict(selected), dict(parameters or {})
    for field in model._meta.concrete_fields:
        assert field.column is not None
        if field.column not in selected and field.column not in without:
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
