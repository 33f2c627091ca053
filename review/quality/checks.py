"""What the quality list looks for (GOAL-P9): each check one statement over all records, with its words.

Every statement answers with enrollment_id (NULL for a finding about a base), base_id, intake_year, detail and facts.
`detail` is displayed to people of other bases and provinces too, so it names bases and years, never persons or their
numbers (AM-28). `facts` is hashed: when it changes, a mark made for the old facts falls away.
"""

from dataclasses import dataclass

# A base's intake is a jump from this factor on, up or down, if it is at least so many people.
JUMP_FACTOR = 2
JUMP_PEOPLE = 20
# Numbers of one length are near-equal up to so many different characters: two swapped ones and the check digit.
NEAR_CHARACTERS = 3
# How far the planned end may lie from start + approved years, in days.
DAYS_OF_GRACE = 62
AGES = (18, 65)
# Of a group of duplicates so many places are named.
MOST_NAMED = 4

_RECORDS = "residents_enrollment WHERE deleted_at IS NULL AND lapsed_at IS NULL"
# Each person's latest record represents him where the finding is about the person.
_NEWEST = f"""newest AS (
    SELECT DISTINCT ON (e.resident_id) e.resident_id, e.id, e.base_id, e.intake_year,
        b.name || '（' || e.intake_year || '年）' AS place
    FROM (SELECT * FROM {_RECORDS}) e JOIN bases_trainingbase b ON b.id = e.base_id
    ORDER BY e.resident_id, e.id DESC)"""  # nosec B608 # constants
# Eight digits as text: a cast would fail on one impossible date and stop the whole check.
_BIRTH = """COALESCE(to_char(basic.birth_date, 'YYYYMMDD'),
    CASE WHEN r.id_type = '01' THEN substr(r.id_number, 7, 8) END)"""
_SAID = f"(array_agg(n.place ORDER BY n.id))[1:{MOST_NAMED}]"


@dataclass(frozen=True, slots=True)
class Check:
    """One kind of finding: its key, its name, what it means and what to do, and the statement that finds it."""

    kind: str
    title: str
    help: str
    sql: str


_SAME_PERSON = f"""
WITH {_NEWEST}, person AS (
    SELECT r.id, r.full_name, r.id_type, r.id_number, {_BIRTH} AS birth
    FROM residents_resident r LEFT JOIN residents_basicinfo basic ON basic.resident_id = r.id),
pair AS (
    SELECT a.id AS resident_id, n.id, n.place
    FROM person a JOIN person o ON o.full_name = a.full_name AND o.birth = a.birth AND o.id <> a.id
    JOIN newest n ON n.resident_id = o.id
    WHERE o.id_type = a.id_type AND length(o.id_number) = length(a.id_number) AND {NEAR_CHARACTERS} >= (
        SELECT count(*) FROM generate_series(1, length(a.id_number)) AS i
        WHERE substr(a.id_number, i, 1) <> substr(o.id_number, i, 1)))
SELECT own.id AS enrollment_id, own.base_id, own.intake_year,
    '姓名和出生日期相同、证件号相近的另有 ' || count(*) || ' 人：'
        || array_to_string({_SAID}, '、') || CASE WHEN count(*) > {MOST_NAMED} THEN '等。' ELSE '。' END AS detail,
    string_agg(n.id::text, ' ' ORDER BY n.id) AS facts
FROM newest own JOIN pair n ON n.resident_id = own.resident_id GROUP BY own.id, own.base_id, own.intake_year
"""  # nosec B608 # constants

# One side of each pair has no resident ID: these few are compared with everybody. No base is named (AM-36).
_TWO_TYPES = f"""
WITH {_NEWEST}, person AS (
    SELECT r.id, r.full_name, r.id_type, r.mobile, {_BIRTH} AS birth
    FROM residents_resident r LEFT JOIN residents_basicinfo basic ON basic.resident_id = r.id),
few AS (
    SELECT a.id, o.id AS other, a.mobile = o.mobile AND a.mobile <> '' AS by_mobile, a.birth = o.birth AS by_birth
    FROM person a JOIN person o ON o.full_name = a.full_name AND o.id_type <> a.id_type
        AND ((a.mobile = o.mobile AND a.mobile <> '') OR a.birth = o.birth)
    WHERE a.id_type <> '01'),
pair AS (
    SELECT id, other, by_mobile, by_birth FROM few UNION SELECT other, id, by_mobile, by_birth FROM few)
SELECT own.id AS enrollment_id, own.base_id, own.intake_year,
    '姓名和' || concat_ws('、', CASE WHEN bool_or(by_mobile) THEN '手机号' END,
        CASE WHEN bool_or(by_birth) THEN '出生日期' END)
        || '相同、证件类型不同的另有 ' || count(*) || ' 人。' AS detail,
    string_agg(n.id::text, ' ' ORDER BY n.id) AS facts
FROM newest own JOIN pair ON pair.id = own.resident_id JOIN newest n ON n.resident_id = pair.other
GROUP BY own.id, own.base_id, own.intake_year
"""  # nosec B608 # constants

_SAME_MOBILE = f"""
WITH {_NEWEST}, shared AS (
    SELECT r.mobile, count(*) AS people, {_SAID} AS places, md5(string_agg(r.id::text, ' ' ORDER BY r.id)) AS ids
    FROM residents_resident r JOIN newest n ON n.resident_id = r.id
    WHERE r.mobile <> '' GROUP BY r.mobile HAVING count(*) > 1)
SELECT n.id AS enrollment_id, n.base_id, n.intake_year,
    '共 ' || people || ' 人使用同一手机号：' || array_to_string(places, '、')
        || CASE WHEN people > {MOST_NAMED} THEN '等。' ELSE '。' END AS detail,
    shared.mobile || ' ' || ids AS facts
FROM shared JOIN residents_resident r ON r.mobile = shared.mobile JOIN newest n ON n.resident_id = r.id
"""  # nosec B608 # constants

_SAME_CERTIFICATE = f"""
WITH {_NEWEST}, numbered AS (
    SELECT resident_id, '医师资格证书' AS paper, qualification_no AS number FROM residents_certificateinfo
    UNION SELECT resident_id, '医师执业证书', license_no FROM residents_certificateinfo
    UNION SELECT resident_id, '学历证书', diploma_no FROM residents_educationrecord
    UNION SELECT resident_id, '学位证书', degree_no FROM residents_educationrecord),
shared AS (
    SELECT paper, number, count(*) AS people, {_SAID} AS places,
        md5(string_agg(n.resident_id::text, ' ' ORDER BY n.resident_id)) AS ids
    FROM numbered JOIN newest n USING (resident_id)
    WHERE number <> '' GROUP BY paper, number HAVING count(*) > 1)
SELECT n.id AS enrollment_id, n.base_id, n.intake_year,
    string_agg('共 ' || people || ' 人填写了同一' || paper || '编号：' || array_to_string(places, '、')
        || CASE WHEN people > {MOST_NAMED} THEN '等。' ELSE '。' END, '' ORDER BY paper) AS detail,
    string_agg(paper || number || ' ' || ids, ';' ORDER BY paper) AS facts
FROM shared JOIN numbered USING (paper, number) JOIN newest n USING (resident_id)
GROUP BY n.id, n.base_id, n.intake_year
"""  # nosec B608 # constants

_START_BEFORE_GRADUATION = f"""
SELECT e.id AS enrollment_id, e.base_id, e.intake_year,
    '培训开始 ' || e.actual_start_date || '，早于' || study.word || '毕业 ' || study.graduation_date || '。' AS detail,
    e.actual_start_date || ' ' || study.graduation_date AS facts
FROM (SELECT * FROM {_RECORDS}) e JOIN (
    SELECT DISTINCT ON (resident_id) resident_id, graduation_date, level,
        CASE level WHEN '3' THEN '本科' WHEN '4' THEN '硕士' ELSE '博士' END AS word
    FROM residents_educationrecord WHERE level >= '3' AND graduation_date IS NOT NULL
    ORDER BY resident_id, graduation_date) study ON study.resident_id = e.resident_id
WHERE e.actual_start_date < study.graduation_date AND NOT (e.trainee_type = '4' AND study.level >= '4')
"""  # nosec B608 # constants

_ENDED = """(SELECT max(s.ended_on) FROM residents_statuschange s
    WHERE s.enrollment_id = e.id AND s.to_status = '4'
        AND NOT EXISTS (SELECT FROM residents_statuschange t WHERE t.takes_back_id = s.id))"""
_END_BEFORE_START = f"""
SELECT id AS enrollment_id, base_id, intake_year,
    '培训开始 ' || actual_start_date || concat(
        CASE WHEN planned_end_date <= actual_start_date THEN '，预计结束 ' || planned_end_date END,
        CASE WHEN extended_until <= actual_start_date THEN '，延期至 ' || extended_until END,
        CASE WHEN ended <= actual_start_date THEN '，实际结束 ' || ended END) || '。' AS detail,
    concat_ws(' ', actual_start_date, planned_end_date, extended_until, ended) AS facts
FROM (SELECT e.*, CASE WHEN status = '4' THEN {_ENDED} END AS ended FROM (SELECT * FROM {_RECORDS}) e) e
WHERE least(planned_end_date, extended_until, ended) <= actual_start_date
"""  # nosec B608 # constants

_AGE = f"""
SELECT id AS enrollment_id, base_id, intake_year,
    '培训开始 ' || actual_start_date || ' 时为 ' || age || ' 岁。' AS detail,
    actual_start_date || ' ' || birth AS facts
FROM (SELECT e.*, birth, CASE WHEN birth ~ '^[0-9]{{8}}$'
        THEN (to_char(e.actual_start_date, 'YYYYMMDD')::int - birth::int) / 10000 END AS age
    FROM (SELECT * FROM {_RECORDS}) e JOIN (
        SELECT r.id AS resident_id, {_BIRTH} AS birth
        FROM residents_resident r LEFT JOIN residents_basicinfo basic ON basic.resident_id = r.id
    ) born ON born.resident_id = e.resident_id) aged
WHERE age NOT BETWEEN {AGES[0]} AND {AGES[1]}
"""  # nosec B608 # constants

# Who changed base or specialty keeps his year and begins when he came (AM-48).
_START_OUTSIDE_YEAR = f"""
SELECT id AS enrollment_id, base_id, intake_year,
    intake_year || ' 年招收，培训开始 ' || actual_start_date || '。' AS detail, actual_start_date::text AS facts
FROM {_RECORDS}
    AND origin <> 'transfer'
    AND actual_start_date NOT BETWEEN make_date(intake_year - 1, 11, 1) AND make_date(intake_year, 10, 31)
"""  # nosec B608 # constants

_DURATION = f"""
SELECT id AS enrollment_id, base_id, intake_year,
    '核定 ' || approved_years || ' 年，培训开始 ' || actual_start_date || concat(
        CASE WHEN is_planned_odd THEN '，预计结束 ' || planned_end_date END,
        CASE WHEN is_ended_early THEN '，实际结束 ' || ended END) || '。' AS detail,
    concat_ws(' ', approved_years, actual_start_date, planned_end_date, ended) AS facts
FROM (
    SELECT e.*, extended_until IS NULL AND planned_end_date > actual_start_date AND {DAYS_OF_GRACE} <
            abs(planned_end_date - (actual_start_date + make_interval(years => approved_years))::date)
            AS is_planned_odd,
        ended > actual_start_date
            AND ended + 1 < actual_start_date + make_interval(months => approved_years * 12 - 2)
            AS is_ended_early
    FROM (SELECT e.*, CASE WHEN status = '4' THEN {_ENDED} END AS ended
        FROM (SELECT * FROM {_RECORDS} AND approved_years IS NOT NULL) e) e) judged
WHERE is_planned_odd OR is_ended_early
"""  # nosec B608 # constants

# Usual practice by degree at the start (docs/fields.md#training); earlier clinical work is an accepted reason of its
# own.
_YEARS = f"""
SELECT id AS enrollment_id, base_id, intake_year,
    '核定 ' || approved_years || ' 年，按人员类型和学位通常为 ' || usual || ' 年。' AS detail,
    concat_ws(' ', approved_years, trainee_type, current_degree, reduction_reason) AS facts
FROM (SELECT *, CASE WHEN trainee_type = '4' THEN 3 WHEN current_degree IN ('0', '1') THEN 3
        WHEN current_degree = '3' THEN 2 WHEN current_degree = '5' THEN 1 END AS usual
    FROM {_RECORDS}) e
WHERE approved_years < usual AND reduction_reason <> '3'
"""  # nosec B608 # constants

# The step of the factor, not the very count, is the fact: a mark outlives the next imported account.
_JUMP = f"""
SELECT NULL::bigint AS enrollment_id, base_id, %(year)s AS intake_year,
    %(year)s || ' 年招收 ' || now || ' 人，' || %(year)s - 1 || ' 年 ' || before || ' 人。' AS detail,
    %(year)s || CASE WHEN now > before THEN ' up ' || now / before ELSE ' down ' || before / greatest(now, 1) END
        AS facts
FROM (SELECT base_id, count(*) FILTER (WHERE intake_year = %(year)s) AS now,
        count(*) FILTER (WHERE intake_year = %(year)s - 1) AS before
    FROM {_RECORDS} AND intake_year IN (%(year)s, %(year)s - 1) AND origin NOT IN ('late', 'transfer')
    GROUP BY base_id) counted
WHERE before > 0 AND abs(now - before) >= {JUMP_PEOPLE}
    AND (now >= before * {JUMP_FACTOR} OR (%(is_closed)s AND now * {JUMP_FACTOR} <= before))
"""  # nosec B608 # constants

# Findings that two entries may be one person.
DOUBLES = ("same_person", "two_types", "same_mobile", "same_certificate")
CHECKS = {
    check.kind: check
    for check in (
        Check(
            "same_person",
            "疑似同一人",
            "姓名、出生日期相同，证件号相差很少。请核对证件；录错的走证件更正，确为一人两个账号的由中国医师协会合并。",
            _SAME_PERSON,
        ),
        Check(
            "two_types",
            "疑似一人两种证件",
            "姓名相同，手机号或出生日期也相同，证件类型不同。请向本人核实；确为一人的，由中国医师协会合并。",
            _TWO_TYPES,
        ),
        Check(
            "same_mobile",
            "手机号重复",
            "多人登记了同一手机号，激活账号和接收通知会受影响。请核对本人手机号。",
            _SAME_MOBILE,
        ),
        Check(
            "same_certificate", "证书编号重复", "多人填写了同一证书编号。请对照证书原件。", _SAME_CERTIFICATE
        ),
        Check(
            "start_before_graduation",
            "培训早于毕业",
            "培训实际开始时间早于本科（或最早的更高学历）毕业时间。请核对两个日期。",
            _START_BEFORE_GRADUATION,
        ),
        Check("end_before_start", "结束早于开始", "结束时间不晚于开始时间。请核对日期。", _END_BEFORE_START),
        Check("age", "年龄异常", f"培训开始时不在 {AGES[0]} 至 {AGES[1]} 岁之间。请核对出生日期。", _AGE),
        Check(
            "start_outside_year",
            "开始时间不在招收年度",
            "培训实际开始时间一般在上一年 11 月 1 日至招收年份 10 月 31 日之间。",
            _START_OUTSIDE_YEAR,
        ),
        Check(
            "duration",
            "培训时长与核定年限不符",
            f"预计结束时间与开始时间加核定年限相差超过 {DAYS_OF_GRACE} 天，或比核定年限提前 2 个月以上结束。",
            _DURATION,
        ),
        Check(
            "years",
            "核定年限少于通常年限",
            "按人员类型和学位，核定的培训年限偏短，且减免原因不是已有临床工作经历。请核对减免依据。",
            _YEARS,
        ),
        Check(
            "jump",
            "招收人数突变",
            f"本年招收人数达到上年的 {JUMP_FACTOR} 倍以上，或填报结束后不足上年的 {JUMP_FACTOR} 分之一，"
            f"且相差 {JUMP_PEOPLE} 人以上。",
            _JUMP,
        ),
    )
}
