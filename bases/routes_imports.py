"""The import desk, one for every kind of workbook; and accounts: finding, resetting and deleting them."""

from django.urls import path, register_converter

from bases.accounts.views import accounts
from bases.accounts.views import papers as account_papers
from bases.imports.views import acts as batch_acts
from bases.imports.views import batches as imports
from bases.workbooks.kinds import KINDS, Kind


class KindConverter:
    """The name of a kind of workbook in an address."""

    regex = "|".join(KINDS)

    def to_python(self, value: str) -> Kind:
        return KINDS[value]

    def to_url(self, value: Kind | str) -> str:
        return KINDS[str(value)].key


register_converter(KindConverter, "kind")

urlpatterns = [
    path("imports/", imports.uploads, name="import-list"),
    path("imports/<kind:kind>/<module:module>/", imports.uploads, name="import-upload"),
    path("imports/<kind:kind>/<module:module>/template/", imports.template, name="import-template"),
    path("imports/<int:pk>/", imports.batch, name="import-batch"),
    path("imports/<int:pk>/confirm/", imports.confirm, name="import-confirm"),
    path("imports/<int:pk>/cancel/", imports.cancel, name="import-cancel"),
    path("imports/<int:pk>/annotated/", imports.annotated, name="import-annotated"),
    path("imports/<int:pk>/correct/", batch_acts.correct, name="import-correct"),
    path("imports/<int:pk>/undo/", batch_acts.undo, name="import-undo"),
    path("imports/<int:pk>/restore/", accounts.restore_import, name="import-restore"),
    path("accounts/", accounts.accounts, name="accounts"),
    path("accounts/codes/", account_papers.codes, name="account-codes"),
    path("accounts/sheet/", account_papers.account_sheet, name="account-sheet"),
    path("accounts/export/", account_papers.account_export, name="account-export"),
    path("accounts/policy/", accounts.policy, name="activation-policy"),
    path("accounts/<int:pk>/", accounts.account, name="account"),
    path("accounts/<int:pk>/reset/", account_papers.reset, name="account-reset"),
    path("accounts/<int:pk>/release/", accounts.release, name="account-release"),
    path("accounts/<int:pk>/delete/", accounts.delete, name="account-delete"),
    path("accounts/<int:pk>/restore/", accounts.restore, name="account-restore"),
]
