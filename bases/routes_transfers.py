"""Persons who change base or specialty, numbers to be corrected, statuses that ran out."""

from django.urls import path

from bases.corrections import views as corrections
from bases.records.views import specialty
from bases.transfers import views as transfers

urlpatterns = [
    path("transfers/", transfers.transfer_list, name="transfers"),
    path("transfers/new/", transfers.transfer_new, name="transfer-new"),
    path("transfers/<int:pk>/", transfers.transfer, name="transfer"),
    path("transfers/<int:pk>/release/", transfers.transfer_release, name="transfer-release"),
    path("transfers/<int:pk>/refuse/", transfers.transfer_refuse, name="transfer-refuse"),
    path("transfers/<int:pk>/cancel/", transfers.transfer_cancel, name="transfer-cancel"),
    path("record/<int:pk>/specialty/", specialty.specialty_change, name="specialty-change"),
    path("record/<int:pk>/id-correction/", corrections.correction_new, name="correction-new"),
    path("corrections/<int:pk>/", corrections.correction, name="correction"),
    path("corrections/<int:pk>/file/", corrections.correction_file, name="correction-file"),
    path("stale-statuses/", specialty.stale_statuses, name="stale-statuses"),
]
