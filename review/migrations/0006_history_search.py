from django.db import migrations

# The package that keeps the history indexes its contexts by key only; the search asks by time and by person.
CREATE = """
CREATE INDEX history_context_by_time ON pghistory_context (created_at, id);
CREATE INDEX history_context_by_user ON pghistory_context ((metadata ->> 'user'), created_at, id);
"""
DROP = "DROP INDEX history_context_by_user; DROP INDEX history_context_by_time;"


class Migration(migrations.Migration):
    dependencies = [
        ("pghistory", "0007_auto_20250421_0444"),
        ("review", "0005_claims_and_assignments"),
    ]

    operations = [migrations.RunSQL(CREATE, DROP)]
