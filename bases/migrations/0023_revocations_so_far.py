from django.db import migrations

# The words of a revocation stood in the comment; who, when and why stand in the log of operations too. A row that a
# revocation made repeats the report before it to the second.
REVOKED = """
UPDATE bases_submission SET
    revoked_at = told.at, revoked_by_id = told.actor_id, revocation_reason = told.reason,
    comment = regexp_replace(comment, '(^|\\n)已撤销“[^”]+”（[^）]+）：[^\\n]*$', '')
FROM (
    SELECT DISTINCT ON (target_id) target_id, at, actor_id, left(coalesce(detail->>'reason', ''), 200) AS reason
    FROM portal_auditevent
    WHERE action = 'revoke' AND target_type = 'bases.Submission' AND actor_id IS NOT NULL
    ORDER BY target_id, at DESC
) told
WHERE bases_submission.outcome = 'revoked' AND told.target_id = bases_submission.id::text
"""
PUT_BACK = """
UPDATE bases_submission SET is_put_back = true
FROM bases_submission before
WHERE before.enrollment_id = bases_submission.enrollment_id AND before.number = bases_submission.number - 1
    AND before.outcome = 'revoked' AND before.reported_at = bases_submission.reported_at
"""
TURNS = """
UPDATE bases_submission SET turn = counted.turn
FROM (
    SELECT id, count(*) FILTER (WHERE NOT is_put_back) OVER (PARTITION BY enrollment_id ORDER BY number) AS turn
    FROM bases_submission
) counted
WHERE counted.id = bases_submission.id AND counted.turn <> 1
"""


class Migration(migrations.Migration):
    dependencies = [
        ("bases", "0022_revocations_are_revocations"),
        ("portal", "0012_job_without_arguments"),
    ]

    operations = [
        migrations.RunSQL([REVOKED, PUT_BACK, TURNS], migrations.RunSQL.noop),
    ]
