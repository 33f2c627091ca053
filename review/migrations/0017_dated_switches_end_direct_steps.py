"""A switch that was confirmed for a day to come before provinces kept that day."""

from django.db import migrations

SCHEDULED = """
UPDATE bases_province AS province SET switches_at = application.effective_at
FROM review_modeswitchapplication AS application
WHERE application.province_id = province.code AND application.state = 'scheduled'
"""


class Migration(migrations.Migration):
    dependencies = [
        ("bases", "0034_province_switches_at"),
        ("review", "0016_switch_keeps_its_figures"),
    ]

    operations = [migrations.RunSQL(SCHEDULED, migrations.RunSQL.noop)]
