"""The desk of provinces and of the association. The first segment of an address is the room its page is in; the queue
has the bare address. The interface and the manual have prefixes, and so a list of routes, of their own."""

from django.urls import path

from portal.moved import moved
from review.api_keys import views as api_keys
from review.assignments import views as assignments
from review.audit.views import audit, deliveries
from review.code_lists import views as code_lists
from review.completions.views import completions
from review.completions.views import statistics as completion_statistics
from review.corrections import views as corrections
from review.editions import views as editions
from review.exams.views import certificates as exam_certificates
from review.exams.views import results as exam_results
from review.exams.views import sessions as exams
from review.exports import views as exports
from review.extensions import views as extensions
from review.funding import views as funding
from review.funnel import views as funnel
from review.identity_checks import views as checks
from review.merges import views as merges
from review.national import views as national
from review.notices.views import writing as notices
from review.organisations.views import organisations
from review.organisations.views import upload as directory
from review.packages import views as packages
from review.quality import views as quality
from review.queue import views as queue
from review.records.views import lists as record_lists
from review.records.views import record
from review.running import views as running
from review.signatures import views as signatures
from review.staff import views as staff
from review.statistics.views import returns as return_statistics
from review.statistics.views import statistics
from review.successions import views as successions
from review.switches import views as switches
from review.transfers import views as transfers
from review.windows import views as windows
from review.yearbook import views as yearbook

app_name = "review"

urlpatterns = [
    path("", queue.waiting, name="queue"),
    path("queue/bulk/", queue.bulk, name="bulk"),
    path("queue/batches/", queue.batches, name="batches"),
    path("queue/batches/<uuid:batch>/", queue.batch, name="batch"),
    path("records/", record_lists.all_records, name="residents"),
    path("records/<int:pk>/", record.record, name="record"),
    path(
        "records/<int:pk>/files/<slug:block>/<slug:name>/<int:row>/", record.record_file, name="record-file"
    ),
    path("records/<int:pk>/approve/", record.approve, name="approve"),
    path("records/<int:pk>/take-back/", record.take_back, name="take-back"),
    path("records/<int:pk>/return/", record.return_for_correction, name="return"),
    path("records/<int:pk>/revoke/", record.revoke, name="revoke"),
    path("transfers/", transfers.transfer_list, name="transfers"),
    path("transfers/<int:pk>/release/", transfers.transfer_release, name="transfer-release"),
    path("identity-checks/", checks.check_list, name="identity-checks"),
    path("identity-checks/<int:pk>/", checks.check, name="identity-check"),
    path("identity-checks/<int:pk>/decide/", checks.decide, name="identity-check-decide"),
    path("identity-checks/<int:pk>/file/", checks.check_file, name="identity-check-file"),
    path("corrections/", corrections.correction_list, name="corrections"),
    path("corrections/<int:pk>/", corrections.correction, name="correction"),
    path("corrections/<int:pk>/confirm/", corrections.correction_confirm, name="correction-confirm"),
    path("corrections/<int:pk>/apply/", corrections.correction_apply, name="correction-apply"),
    path("corrections/<int:pk>/refuse/", corrections.correction_refuse, name="correction-refuse"),
    path("corrections/<int:pk>/file/", corrections.correction_file, name="correction-file"),
    path("quality/", quality.findings, name="quality"),
    path("quality/recheck/", quality.recheck, name="quality-recheck"),
    path("records/export/", record_lists.export_records, name="residents-export"),
    path("funnel/", funnel.progress, name="funnel"),
    path("funnel/circular/", funnel.circular, name="circular"),
    path("funnel/circular/file/", funnel.circular_file, name="circular-file"),
    path("funnel/updates/", funnel.updates, name="updates"),
    path("funnel/records/", funnel.records, name="funnel-records"),
    path("exams/", exams.exams, name="exams"),
    path("exams/new/", exams.new, name="exam-new"),
    path("exams/certificates/", exam_certificates.certificates, name="certificates"),
    path("exams/certificates/export/", exam_certificates.export, name="certificates-export"),
    path("exams/certificates/<int:pk>/", exam_certificates.certificate, name="certificate"),
    path("exams/corrections/<int:pk>/decide/", exam_certificates.decide, name="certificate-decide"),
    path("exams/corrections/<int:pk>/file/", exam_certificates.evidence, name="certificate-file"),
    path("exams/undo/<int:pk>/", exam_results.undo_results, name="exam-undo"),
    path("exams/<int:pk>/", exams.exam, name="exam"),
    path("exams/<int:pk>/people/", exams.people, name="exam-people"),
    path("exams/<int:pk>/confirm/", exams.confirm, name="exam-confirm"),
    path("exams/<int:pk>/accept/", exams.accept, name="exam-accept"),
    path("exams/<int:pk>/drop/", exams.drop, name="exam-drop"),
    path("exams/<int:pk>/export/", exams.export, name="exam-export"),
    path("exams/<int:pk>/print/", exams.printed, name="exam-print"),
    path("exams/<int:pk>/template/", exam_results.template, name="exam-template"),
    path("exams/<int:pk>/upload/", exam_results.results_upload, name="exam-upload"),
    path("exams/<int:pk>/photos/", exam_results.photos, name="exam-photos"),
    path("funding/", funding.funding, name="funding"),
    path("funding/export/", funding.export, name="funding-export"),
    path("funding/people/", funding.people, name="funding-people"),
    path("funding/people/print/", funding.people_printed, name="funding-people-print"),
    path("funding/people/export/", funding.people_export, name="funding-people-export"),
    path("funding/balance/", funding.balance, name="funding-balance"),
    path("funding/balance/people/", funding.balance_people, name="funding-balance-people"),
    path("funding/balance/<int:pk>/<int:base_pk>/explain/", funding.explain, name="funding-explain"),
    path("funding/print/", funding.printed, name="funding-print"),
    path("funding/rules/", funding.rules, name="funding-rules"),
    path("funding/rules/new/", funding.rules_new, name="funding-rules-new"),
    path("running/", running.status, name="running"),
    path("running/clock/", running.confirm_clock, name="clock-confirm"),
    path("running/jobs/<int:pk>/again/", running.job_again, name="running-job-again"),
    path("running/batches/<int:pk>/again/", running.batch_again, name="running-batch-again"),
    path("signatures/", signatures.signatures, name="signatures"),
    path("signatures/<int:pk>/<slug:level>/<slug:unit>/", signatures.part, name="signature"),
    path("signatures/<int:pk>/<slug:level>/<slug:unit>/sign/", signatures.sign, name="signature-sign"),
    path("signatures/<int:pk>/<slug:level>/<slug:unit>/refuse/", signatures.refuse, name="signature-refuse"),
    path("packages/<int:pk>/", packages.package, name="package"),
    path("exports/", exports.exports, name="exports"),
    path("exports/<int:pk>/file/", exports.export_file, name="export-file"),
    path("exports/<int:pk>/again/", exports.export_again, name="export-again"),
    path("exports/<int:pk>/cancel/", exports.export_cancel, name="export-cancel"),
    path("quality/export/", quality.export, name="quality-export"),
    path("quality/<int:pk>/verify/", quality.verify, name="quality-verify"),
    path("quality/<int:pk>/reopen/", quality.reopen, name="quality-reopen"),
    path("statistics/", statistics.table, name="statistics"),
    path("statistics/export/", statistics.export_table, name="statistics-export"),
    path("statistics/records/", statistics.records, name="statistics-records"),
    path("statistics/records/export/", statistics.export_records, name="statistics-records-export"),
    path("statistics/returns/", return_statistics.table, name="return-statistics"),
    path("statistics/returns/records/", return_statistics.records, name="return-records"),
    path("editions/", editions.register, name="editions"),
    path("editions/new/", editions.new, name="edition-new"),
    path("editions/<int:pk>/", editions.edition, name="edition"),
    path("editions/<int:pk>/cancel/", editions.cancel, name="edition-cancel"),
    path("editions/<int:pk>/people/", editions.people, name="edition-people"),
    path("editions/<int:pk>/check/", editions.check, name="edition-check"),
    path("editions/<int:pk>/erratum/", editions.erratum, name="edition-erratum"),
    path("editions/<int:pk>/compare/<int:old>/", editions.compare, name="edition-compare"),
    path(
        "editions/<int:pk>/compare/<int:old>/export/", editions.compare_export, name="edition-compare-export"
    ),
    path("yearbook/", yearbook.pages, name="yearbook"),
    path("yearbook/people/", yearbook.people, name="yearbook-people"),
    path("yearbook/targets/", yearbook.upload, name="targets"),
    path("yearbook/targets/template/", yearbook.template, name="targets-template"),
    path("yearbook/<int:pk>/export/", yearbook.export, name="yearbook-export"),
    path("extensions/", extensions.extension_list, name="extensions"),
    path("extensions/<int:pk>/", extensions.extension, name="extension"),
    path("extensions/<int:pk>/grant/", extensions.extension_grant, name="extension-grant"),
    path("extensions/<int:pk>/refuse/", extensions.extension_refuse, name="extension-refuse"),
    path("assignments/", assignments.of_own_province, name="assignments"),
    path("assignments/<slug:province>/", assignments.of_province, name="assignments-of"),
    path("assignments/<slug:province>/substitutes/", assignments.substitute, name="substitute"),
    path("assignments/substitutes/<int:pk>/end/", assignments.substitute_end, name="substitute-end"),
    path("audit/", audit.acts, name="audit"),
    path("audit/changes/", audit.changes, name="audit-changes"),
    path("audit/deliveries/", deliveries.delivery_log, name="deliveries"),
    path("audit/deliveries/again/", deliveries.delivery_again, name="deliveries-again"),
    path("national/", national.national, name="national"),
    path("windows/", windows.cycle, name="windows"),
    path("windows/new/", windows.create_cycle, name="cycle-create"),
    path("windows/<int:year>/", windows.cycle, name="cycle"),
    path("windows/<int:year>/delete/", windows.delete_cycle, name="cycle-delete"),
    path("windows/<int:year>/lapsed/", windows.lapsed, name="lapsed"),
    path("windows/<int:year>/board/", windows.board, name="board"),
    path("windows/<int:year>/all/", windows.edit_all, name="windows-all"),
    path("windows/<int:year>/<slug:step>/", windows.edit, name="window"),
    path("windows/remove/<int:pk>/", windows.remove, name="window-remove"),
    path("organisations/", organisations.provinces, name="organisations"),
    path("organisations/bases/", organisations.bases, name="bases"),
    path("organisations/bases/new/", organisations.base, name="base-new"),
    path("organisations/bases/<int:pk>/", organisations.base, name="base"),
    path(
        "organisations/bases/<int:base_pk>/specialties/new/",
        organisations.accreditation,
        name="accreditation-new",
    ),
    path(
        "organisations/bases/<int:base_pk>/specialties/<int:pk>/",
        organisations.accreditation,
        name="accreditation",
    ),
    path("organisations/import/<slug:kind>/", directory.upload, name="directory-upload"),
    path("organisations/import/<slug:kind>/template/", directory.template, name="directory-template"),
    path("organisations/import/<slug:kind>/apply/", directory.apply, name="directory-apply"),
    path("code-lists/", code_lists.overview, name="code-lists"),
    path("code-lists/number-shapes/", code_lists.number_shapes, name="number-shapes"),
    path("code-lists/number-shapes/<int:pk>/", code_lists.number_shape, name="number-shape"),
    path("code-lists/<slug:name>/", code_lists.code_list, name="code-list"),
    path("code-lists/<slug:name>/new/", code_lists.code, name="code-new"),
    path("code-lists/<slug:name>/<slug:code>/", code_lists.code, name="code"),
    path("merges/", merges.merges, name="merges"),
    path("merges/new/<int:pk>/", merges.new, name="merge-new"),
    path("merges/pair/<int:pk>/<int:other>/", merges.pair, name="merge-pair"),
    path("merges/<int:pk>/", merges.merge, name="merge"),
    path("merges/<int:pk>/undo/", merges.undo, name="merge-undo"),
    path("successions/new/<int:base_pk>/", successions.new, name="succession-new"),
    path("successions/<int:pk>/", successions.succession, name="succession"),
    path("successions/<int:pk>/cancel/", successions.cancel, name="succession-cancel"),
    path("organisations/specialties/", organisations.specialties, name="specialties"),
    path("organisations/specialties/<slug:code>/", organisations.specialty, name="specialty"),
    path("api-keys/", api_keys.api_keys, name="api-keys"),
    path("api-keys/new/", api_keys.api_key_new, name="api-key-new"),
    path("api-keys/<int:pk>/rotate/", api_keys.api_key_rotate, name="api-key-rotate"),
    path("api-keys/<int:pk>/revoke/", api_keys.api_key_revoke, name="api-key-revoke"),
    path("switches/", switches.switches, name="switches"),
    path("switches/new/<slug:province>/", switches.switch_new, name="switch-new"),
    path("switches/tested/<slug:province>/", switches.integration_test, name="integration-test"),
    path("switches/<int:pk>/", switches.switch, name="switch"),
    path("switches/<int:pk>/edit/", switches.switch_edit, name="switch-edit"),
    path("switches/<int:pk>/print/", switches.switch_print, name="switch-print"),
    path("switches/<int:pk>/file/", switches.switch_file, name="switch-file"),
    path("switches/<int:pk>/attach/", switches.switch_attach, name="switch-attach"),
    path("switches/<int:pk>/submit/", switches.switch_submit, name="switch-submit"),
    path("switches/<int:pk>/withdraw/", switches.switch_withdraw, name="switch-withdraw"),
    path("switches/<int:pk>/confirm/", switches.switch_confirm, name="switch-confirm"),
    path("switches/<int:pk>/refuse/", switches.switch_refuse, name="switch-refuse"),
    path("switches/<int:pk>/reverse/", switches.switch_reverse, name="switch-reverse"),
    path("completions/", completions.batches, name="completions"),
    path("completions/template/<slug:province>/", completions.template, name="completion-template"),
    path("completions/upload/<slug:province>/", completions.upload, name="completion-upload"),
    path("completions/statistics/", completion_statistics.table, name="completion-statistics"),
    path("completions/records/", completion_statistics.records, name="completion-records"),
    path("completions/records/export/", completion_statistics.export, name="completion-export"),
    path("completions/<int:pk>/", completions.batch, name="completion"),
    path("completions/<int:pk>/sample/", completions.sample, name="completion-sample"),
    path("completions/<int:pk>/withdraw/", completions.withdraw, name="completion-withdraw"),
    path("completions/<int:pk>/accept/", completions.accept, name="completion-accept"),
    path("completions/<int:pk>/return/", completions.send_back, name="completion-return"),
    path("staff/", staff.staff, name="staff"),
    path("staff/gaps/", staff.gaps, name="staff-gaps"),
    path("staff/<slug:kind>/<slug:key>/<int:pk>/hand-over/", staff.hand_over, name="staff-hand-over"),
    path("staff/<slug:kind>/<slug:key>/", staff.staff_of, name="staff-of"),
    path("staff/<slug:kind>/<slug:key>/new/", staff.appoint, name="appoint"),
    path("staff/<slug:kind>/<slug:key>/<int:pk>/", staff.change, name="staff-change"),
    path("staff/<slug:kind>/<slug:key>/<int:pk>/second-factor/", staff.reset_factor, name="staff-factor"),
    path("notices/", notices.notices, name="announcements"),
    path("notices/new/", notices.notice, name="notice-new"),
    path("notices/<int:pk>/", notices.notice, name="notice"),
    path("notices/<int:pk>/withdraw/", notices.withdraw_notice, name="notice-withdraw"),
    path("notices/<int:pk>/readings/", notices.readings, name="notice-readings"),
    path("notices/contact/", notices.contact, name="contact"),
    # Addresses of the version before.
    moved("residents/", "review:residents"),
    moved("residents/export/", "review:residents-export"),
    moved("residents/<int:pk>/", "review:record"),
    moved("residents/<int:pk>/files/<slug:block>/<slug:name>/<int:row>/", "review:record-file"),
    moved("residents/<int:pk>/approve/", "review:approve"),
    moved("residents/<int:pk>/return/", "review:return"),
    moved("residents/<int:pk>/revoke/", "review:revoke"),
    moved("bulk/", "review:bulk"),
    moved("batches/", "review:batches"),
    moved("batches/<uuid:batch>/", "review:batch"),
    moved("organisations/code-lists/", "review:code-lists"),
    moved("organisations/code-lists/number-shapes/", "review:number-shapes"),
    moved("organisations/code-lists/number-shapes/<int:pk>/", "review:number-shape"),
    moved("organisations/code-lists/<slug:name>/", "review:code-list"),
    moved("organisations/code-lists/<slug:name>/new/", "review:code-new"),
    moved("organisations/code-lists/<slug:name>/<slug:code>/", "review:code"),
    moved("announcements/", "review:announcements"),
    moved("announcements/new/", "review:notice-new"),
    moved("announcements/<int:pk>/", "review:notice"),
    moved("announcements/<int:pk>/withdraw/", "review:notice-withdraw"),
    moved("announcements/contact/", "review:contact"),
]
