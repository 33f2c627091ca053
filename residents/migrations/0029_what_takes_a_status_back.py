import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("residents", "0028_mergers_are_told_by_their_events")]

    operations = [
        migrations.RemoveConstraint(model_name="statuschange", name="status_change_has_date"),
        migrations.AddField(
            model_name="statuschange",
            name="takes_back",
            field=models.OneToOneField(
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="taken_back_by",
                to="residents.statuschange",
            ),
        ),
        migrations.AddConstraint(
            model_name="statuschange",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("from_status", ""),
                    ("effective_date__isnull", False),
                    ("is_undated", True),
                    ("takes_back__isnull", False),
                    _connector="OR",
                ),
                name="status_change_has_date",
            ),
        ),
    ]
