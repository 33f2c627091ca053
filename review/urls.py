from django.urls import path

from review.views import (
    national,
    notices,
    organisations,
    queue,
    record,
    staff,
    statistics,
    transfers,
    windows,
)

app_name = "review"

urlpatterns = [
    path("", queue.waiting, name="queue"),
    path("bulk/", queue.bulk, name="bulk"),
    path("batches/<uuid:batch>/", queue.batch, name="batch"),
    path("residents/", queue.all_records, name="residents"),
    path("residents/<int:pk>/", record.record, name="record"),
    path(
        "residents/<int:pk>/files/<slug:block>/<slug:name>/<int:row>/", record.record_file, name="record-file"
    ),
    path("residents/<int:pk>/approve/", record.approve, name="approve"),
    path("residents/<int:pk>/return/", record.return_for_correction, name="return"),
    path("residents/<int:pk>/revoke/", record.revoke, name="revoke"),
    path("transfers/", transfers.transfer_list, name="transfers"),
    path("transfers/<int:pk>/release/", transfers.transfer_release, name="transfer-release"),
    path("statistics/", statistics.table, name="statistics"),
    path("statistics/export/", statistics.export_table, name="statistics-export"),
    path("statistics/records/", statistics.records, name="statistics-records"),
    path("statistics/records/export/", statistics.export_records, name="statistics-records-export"),
    path("national/", national.national, name="national"),
    path("windows/", windows.cycle, name="windows"),
    path("windows/new/", windows.create_cycle, name="cycle-create"),
    path("windows/<int:year>/", windows.cycle, name="cycle"),
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
    path("organisations/specialties/", organisations.specialties, name="specialties"),
    path("organisations/specialties/<slug:code>/", organisations.specialty, name="specialty"),
    path("staff/", staff.staff, name="staff"),
    path("staff/<slug:kind>/<slug:key>/", staff.staff_of, name="staff-of"),
    path("staff/<slug:kind>/<slug:key>/new/", staff.appoint, name="appoint"),
    path("staff/<slug:kind>/<slug:key>/<int:pk>/", staff.change, name="staff-change"),
    path("announcements/", notices.notices, name="announcements"),
    path("announcements/new/", notices.notice, name="notice-new"),
    path("announcements/<int:pk>/", notices.notice, name="notice"),
    path("announcements/<int:pk>/withdraw/", notices.withdraw_notice, name="notice-withdraw"),
    path("announcements/contact/", notices.contact, name="contact"),
]
