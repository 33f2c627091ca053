from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("residents", "0023_identity_corrections_are_recorded"),
    ]

    operations = [
        migrations.AlterField(
            model_name="basicinfo",
            name="emergency_mobile",
            field=models.CharField(blank=True, max_length=16),
        ),
        migrations.AlterField(
            model_name="basicinfoevent",
            name="emergency_mobile",
            field=models.CharField(blank=True, max_length=16),
        ),
    ]
