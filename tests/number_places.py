"""Every place of the product that handles an ID number or a mobile number, by what it does with it.

tests/test_full_numbers.py fails for one that is not here: whoever adds it says how the number is kept from whom it is
not for.
"""

# Shown in full: behind bases/reveal.py.
GATE = {
    "bases/imports/copies/content.py": {"_corrections", "_is_replaced"},
    "bases/imports/full_rows.py": {"show_rows"},
    "bases/imports/row_fixing.py": {"_cells", "_line", "_sharing", "_store", "module"},
    "bases/records/views/records.py": {"_sections"},
    "bases/workbooks/training_resource.py": {"in_template", "module"},
    "review/completions/statistics.py": {"_rows", "list_sheet"},
    "review/corrections/views.py": {"correction"},
    "review/exports/jobs.py": {"_sheet", "ask"},
    "review/identity_checks/views.py": {"check"},
    "review/records/export.py": {"list_sheet", "module"},
    "review/records/page.py": {"record_page"},
    "review/records/views/record.py": {"_show", "record"},
    "review/statistics/export.py": {"export_table", "list_sheet", "module"},
    "review/statistics/full_export.py": {"_value", "module", "record_sheet"},
}
# Shown masked.
MASKED = {
    "bases/accounts/services.py": {"export_lines"},
    "bases/accounts/views/papers.py": {"_as_workbook"},
    "bases/imports/page.py": {"_cell", "_made_by", "module", "page_of"},
    "bases/submissions/differences.py": {"_changes_of_entry"},
    "bases/submissions/sections.py": {"_lines"},
    "bases/workbooks/matching.py": {"module"},
    "residents/history.py": {"_changes"},
    "residents/words.py": {"module"},
    "review/quality/export.py": {"module"},
    "review/statistics/cross_table.py": {"for_list"},
}
# The person's own: his form, his sign-in, his messages.
OWN = {
    "portal/messages/deliveries.py": {"channel_of", "plan"},
    "portal/messages/forms.py": {"MessageSettingsForm._has_address"},
    "portal/messages/sending.py": {"_hand_over"},
    "portal/models/people.py": {"User"},
    "portal/sign_in/forms.py": {"ActivationForm", "ActivationForm.__init__", "ActivationForm.clean"},
    "portal/sign_in/services.py": {"_is_proven"},
    "portal/views/entrances.py": {"activate"},
    "residents/views/desk.py": {"Desk.steps"},
    "residents/views/layout.py": {"module"},
    "residents/views/saving.py": {"_facts", "_opened_with", "_show_conflict"},
}
# Read, judged, compared, searched or stored, and displayed by none of these.
JUDGED = {
    "bases/corrections/services.py": {"_judged", "apply", "ask"},
    "bases/identity_checks/services.py": {"ask", "correct_known", "free"},
    "bases/identity_checks/views.py": {"_initial"},
    "bases/imports/undo/services.py": {"_note_kept"},
    "bases/imports/worker.py": {"_row_values"},
    "bases/legacy/columns.py": {"Cells.__init__"},
    "bases/legacy/people.py": {"People.judge", "People.load", "People.take", "_key"},
    "bases/legacy/rosters.py": {"Migration._judge", "Migration._read"},
    "bases/models/organisations.py": {"TrainingBase.ActivationPolicy"},
    "bases/transfers/forms.py": {"PersonForm.clean"},
    "bases/workbooks/accounts.py": {
        "AccountResource",
        "AccountWorkbook.judge",
        "_identified",
        "_standing_problems",
    },
    "bases/workbooks/kinds.py": {"module"},
    "bases/workbooks/persons.py": {"_is_below", "module"},
    "bases/workbooks/resource.py": {"RuleWidget.render", "module"},
    "bases/workbooks/synonyms.py": {"module"},
    "bases/workbooks/training.py": {
        "Records.__init__",
        "Records.of",
        "TrainingWorkbook.apply",
        "TrainingWorkbook.judge",
        "_judge_match",
    },
    "residents/completeness.py": {"completeness", "personal_gaps"},
    "residents/field_words.py": {"module"},
    "residents/forms.py": {"_input"},
    "residents/models/resident.py": {"Resident.Meta"},
    "residents/password_validation.py": {"PersonalPasswordValidator._about"},
    "residents/rules/account.py": {"_judge_live_enrollment", "judge_identity", "module", "problems_of_rows"},
    "residents/rules/basic.py": {"_judge_against_id", "_judge_emergency", "module"},
    "residents/rules/certificate.py": {"_judge_qualification_no", "module"},
    "residents/rules/completion.py": {"_judge_known", "module", "problems_of_rows"},
    "residents/rules/delivery.py": {"_judge_basic", "context_of_parts"},
    "residents/rules/fields.py": {"module", "read_values"},
    "residents/rules/legacy.py": {"_judge_basic", "_personal_is_complete", "live_problems"},
    "residents/rules/training.py": {"problems"},
    "residents/services/accounts.py": {"_Entrance._wake_known_accounts"},
    "residents/services/delivered.py": {"correct_contacts", "module"},
    "residents/services/identity_correction.py": {"_free_login", "_write", "correct_identity"},
    "residents/services/legacy.py": {"_enter", "_key", "_with_shared_login"},
    "residents/services/personal.py": {"_told", "_write_mobile", "save_block", "stored_values"},
    "residents/services/staging.py": {"insert_new_persons", "module", "staged"},
    "residents/snapshot.py": {"context_of", "identity_values", "module"},
    "residents/standing.py": {"AccountRow.login", "_differences", "_judge", "module", "standings"},
    "residents/two_types.py": {"_facts", "module"},
    "review/api/examples.py": {"module"},
    "review/api/intake.py": {"_write_known"},
    "review/api/judging.py": {"Entry.row", "judge", "judge_standing"},
    "review/api/known_records.py": {"_is_same", "_outcome"},
    "review/completions/kind.py": {"module"},
    "review/completions/resource.py": {"module"},
    "review/completions/workbook.py": {"Known.context", "Known.of", "_key", "_person_of", "module"},
    "review/management/commands/invite_national.py": {"Command.add_arguments", "Command.handle"},
    "review/manual/chapters.py": {"module"},
    "review/models/completions.py": {"CompletionRecord.Meta"},
    "review/quality/checks.py": {"module"},
    "review/staff/forms.py": {"StaffForm.clean_mobile"},
    "review/staff/workbook.py": {"module"},
}
# Made-up persons of the demo, refused in production.
DEMO = {
    "review/demo/records.py": {"Records.imported"},
    "review/demo/values.py": {"bachelor_values", "basic_values"},
    "review/management/commands/load_demo.py": {"demo_sign_ins"},
}
# Templates that print one without a mask.
IN_TEMPLATES = {
    'templates/portal/activate.html: {% include "_parts/field.html" with field=form.mobile %}',
    "templates/portal/message_settings.html: {% if request.user.mobile %}",
    "templates/review/corrections/correction.html: {{ asked.new_id_number }}",
    "templates/review/corrections/correction.html: {{ asked.old_id_number }}",
    "templates/review/identity_checks/check.html: {{ asked.id_number }}",
    "templates/review/records/record.html: {{ enrollment.resident.id_number }}",
    "templates/review/records/record.html: {{ enrollment.resident.mobile }}",
}
