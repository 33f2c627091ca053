from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("bases", "0006_import_row_without_flag")]

    operations = [
        migrations.AddField("importrow", "corrected_at", models.DateTimeField(null=True)),
    ]
