"""A name is found with and without dot, blank, accent or variation selector, and by the beginning of its pinyin.

`name_search_key` is residents.rules.text.name_key in SQL: what one changes, the other must change.
"""

from django.db import migrations

CREATE = r"""
CREATE FUNCTION name_search_key(name text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT lower(regexp_replace(
        normalize(name, NFD), '[ ·''\u0300-\u036f\ufe00-\ufe0f\U000e0100-\U000e01ef-]+', '', 'g'
    ))
$$;
DROP INDEX resident_name_grams;
CREATE INDEX resident_name_grams ON residents_resident USING gin (name_grams(name_search_key(full_name)))
    WITH (fastupdate = off);
CREATE INDEX resident_pinyin ON residents_resident (name_search_key(name_key) text_pattern_ops);
"""
DROP = """
DROP INDEX resident_pinyin;
DROP INDEX resident_name_grams;
CREATE INDEX resident_name_grams ON residents_resident USING gin (name_grams(full_name)) WITH (fastupdate = off);
DROP FUNCTION name_search_key(text);
"""


class Migration(migrations.Migration):
    dependencies = [("residents", "0014_undone_records_know_their_batch")]

    operations = [migrations.RunSQL(CREATE, DROP)]
