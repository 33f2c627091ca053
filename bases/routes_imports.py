"""Accounts: bringing them in by workbook, finding, resetting and deleting them."""

from django.urls import path

from bases.views import accounts, batch_acts, imports

urlpatterns = [
    path("imports/", imports.uploads, name="import-list"),
    path("imports/<module:module>/", imports.uploads, name="import-upload"),
    path("imports/<module:module>/template/", imports.template, name="account-template"),
    path("imports/<int:pk>/", imports.batch, name="import-batch"),
    path("imports/<int:pk>/confirm/", imports.confirm, name="import-confirm"),
    path("imports/<int:pk>/cancel/", imports.cancel, name="import-cancel"),
    path("imports/<int:pk>/annotated/", imports.annotated, name="import-annotated"),
    path("imports/<int:pk>/correct/", batch_acts.correct, name="import-correct"),
    path("imports/<int:pk>/undo/", batch_acts.undo, name="import-undo"),
    path("accounts/", accounts.accounts, name="accounts"),
    path("accounts/codes/", accounts.codes, name="account-codes"),
    path("accounts/policy/", accounts.policy, name="activation-policy"),
    path("accounts/<int:pk>/", accounts.account, name="account"),
    path("accounts/<int:pk>/reset/", accounts.reset, name="account-reset"),
    path("accounts/<int:pk>/release/", accounts.release, name="account-release"),
    path("accounts/<int:pk>/delete/", accounts.delete, name="account-delete"),
    path("accounts/<int:pk>/restore/", accounts.restore, name="account-restore"),
]
