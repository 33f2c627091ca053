"""Search of one or two characters anywhere in a name: trigram indexes know nothing below three characters."""

from django.db import migrations

CREATE = """
CREATE FUNCTION name_grams(name text) RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT coalesce(array_agg(DISTINCT substr(name, i, n)), '{}')
    FROM generate_series(1, char_length(name)) AS i, generate_series(1, 2) AS n
    WHERE i + n - 1 <= char_length(name)
$$;
CREATE INDEX resident_name_grams ON residents_resident USING gin (name_grams(full_name)) WITH (fastupdate = off);
CREATE INDEX resident_name_prefix ON residents_resident (full_name text_pattern_ops);
"""
DROP = """
DROP INDEX resident_name_prefix;
DROP INDEX resident_name_grams;
DROP FUNCTION name_grams(text);
"""


class Migration(migrations.Migration):
    dependencies = [("residents", "0001_initial")]

    operations = [migrations.RunSQL(CREATE, DROP)]
