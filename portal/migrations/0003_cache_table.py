"""The table of Django's database cache: made here so that a deployment needs no step beyond `migrate`."""

from django.db import migrations

CREATE = """
CREATE TABLE portal_cache (
    cache_key varchar(255) NOT NULL PRIMARY KEY,
    value text NOT NULL,
    expires timestamp with time zone NOT NULL
);
CREATE INDEX portal_cache_expires ON portal_cache (expires);
"""


class Migration(migrations.Migration):
    dependencies = [("portal", "0002_initial")]

    operations = [migrations.RunSQL(CREATE, "DROP TABLE portal_cache")]
