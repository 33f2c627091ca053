"""Persons who change base or specialty, numbers to be corrected, statuses that ran out."""

from django.urls import path

from bases.views import transfers

urlpatterns = [
    path("transfers/", transfers.transfer_list, name="transfers"),
    path("transfers/new/", transfers.transfer_new, name="transfer-new"),
    path("transfers/<int:pk>/", transfers.transfer, name="transfer"),
    path("transfers/<int:pk>/release/", transfers.transfer_release, name="transfer-release"),
    path("transfers/<int:pk>/refuse/", transfers.transfer_refuse, name="transfer-refuse"),
    path("transfers/<int:pk>/cancel/", transfers.transfer_cancel, name="transfer-cancel"),
]
