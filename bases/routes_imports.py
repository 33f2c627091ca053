"""Accounts: bringing them in by workbook, finding, resetting and deleting them."""

from django.urls import path

from bases.views import imports

urlpatterns = [
    path("imports/", imports.uploads, name="import-list"),
    path("imports/<module:module>/", imports.uploads, name="import-upload"),
    path("imports/<module:module>/template/", imports.template, name="account-template"),
    path("imports/<int:pk>/", imports.batch, name="import-batch"),
    path("imports/<int:pk>/confirm/", imports.confirm, name="import-confirm"),
    path("imports/<int:pk>/cancel/", imports.cancel, name="import-cancel"),
    path("imports/<int:pk>/annotated/", imports.annotated, name="import-annotated"),
]
