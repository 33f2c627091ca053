import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("bases", "0023_revocations_so_far"),
    ]

    operations = [
        pgtrigger.migrations.RemoveTrigger(
            model_name="submission",
            name="snapshot_is_frozen",
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="submission",
            trigger=pgtrigger.compiler.Trigger(
                name="snapshot_is_frozen",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (OLD."id" IS DISTINCT FROM (NEW."id") OR OLD."enrollment_id" IS DISTINCT FROM (NEW."enrollment_id") OR OLD."module" IS DISTINCT FROM (NEW."module") OR OLD."number" IS DISTINCT FROM (NEW."number") OR OLD."turn" IS DISTINCT FROM (NEW."turn") OR OLD."is_put_back" IS DISTINCT FROM (NEW."is_put_back") OR OLD."cycle_id" IS DISTINCT FROM (NEW."cycle_id") OR OLD."province_id" IS DISTINCT FROM (NEW."province_id") OR OLD."base_id" IS DISTINCT FROM (NEW."base_id") OR OLD."specialty_id" IS DISTINCT FROM (NEW."specialty_id") OR OLD."intake_year" IS DISTINCT FROM (NEW."intake_year") OR OLD."trainee_type" IS DISTINCT FROM (NEW."trainee_type") OR OLD."status" IS DISTINCT FROM (NEW."status") OR OLD."approved_years" IS DISTINCT FROM (NEW."approved_years") OR OLD."sex" IS DISTINCT FROM (NEW."sex") OR OLD."highest_education" IS DISTINCT FROM (NEW."highest_education") OR OLD."highest_degree" IS DISTINCT FROM (NEW."highest_degree") OR OLD."is_fresh_graduate" IS DISTINCT FROM (NEW."is_fresh_graduate") OR OLD."is_rural_oriented" IS DISTINCT FROM (NEW."is_rural_oriented") OR OLD."is_western_support" IS DISTINCT FROM (NEW."is_western_support") OR OLD."snapshot" IS DISTINCT FROM (NEW."snapshot") OR OLD."changed_fields" IS DISTINCT FROM (NEW."changed_fields") OR OLD."channel" IS DISTINCT FROM (NEW."channel") OR OLD."declared_true" IS DISTINCT FROM (NEW."declared_true") OR OLD."reported_by_id" IS DISTINCT FROM (NEW."reported_by_id") OR OLD."reported_at" IS DISTINCT FROM (NEW."reported_at") OR OLD."report_batch" IS DISTINCT FROM (NEW."report_batch"))',
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                    hash="1b2c32a34a44dee9abb3c7619e30ac421af1f842",
                    operation="UPDATE",
                    pgid="pgtrigger_snapshot_is_frozen_f6e1f",
                    table="bases_submission",
                    when="BEFORE",
                ),
            ),
        ),
    ]
