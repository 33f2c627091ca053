"""The base's desk. The first segment of an address is the room its page is in; the board has the bare address."""

from django.urls import path, register_converter

from bases.accounts.views import accounts, papers
from bases.board import views as board
from bases.corrections import views as corrections
from bases.deadlines import views as deadlines
from bases.extensions import views as extensions
from bases.handed_over import views as handed_over
from bases.identity_checks import views as checks
from bases.imports.views import acts, batches
from bases.personal import views as personal
from bases.records.views import lists, records, specialty, take_home, training
from bases.report import views as report
from bases.transfers import views as transfers
from bases.workbooks.kinds import KINDS, Kind
from portal.moved import moved
from residents.models.enrollment import Module

app_name = "bases"


class ModuleConverter:
    """The name of one of the two modules in an address."""

    regex = "|".join(Module.values)

    def to_python(self, value: str) -> Module:
        return Module(value)

    def to_url(self, value: str) -> str:
        return str(Module(value).value)


class KindConverter:
    """The name of a kind of workbook in an address."""

    regex = "|".join(KINDS)

    def to_python(self, value: str) -> Kind:
        return KINDS[value]

    def to_url(self, value: Kind | str) -> str:
        return KINDS[str(value)].key


register_converter(ModuleConverter, "module")
register_converter(KindConverter, "kind")

urlpatterns = [
    path("", board.desk, name="desk"),
    path("board/choose/", board.choose_base, name="choose-base"),
    path("handed-over/", handed_over.copies, name="handed-over"),
    path("handed-over/<int:pk>/", handed_over.one, name="handed-over-copy"),
    path("imports/", batches.uploads, name="import-list"),
    path("imports/<kind:kind>/<module:module>/", batches.uploads, name="import-upload"),
    path("imports/<kind:kind>/<module:module>/template/", batches.template, name="import-template"),
    path("imports/templates/<int:pk>/", batches.template_file, name="template-file"),
    path("imports/<kind:kind>/export/", batches.export, name="imports-export"),
    path("imports/<int:pk>/", batches.batch, name="import-batch"),
    path("imports/<int:pk>/confirm/", batches.confirm, name="import-confirm"),
    path("imports/<int:pk>/choose/", acts.choose, name="import-choose"),
    path("imports/<int:pk>/headers/", acts.headers, name="import-headers"),
    path("imports/<int:pk>/sheet/", acts.sheet, name="import-sheet"),
    path("imports/<int:pk>/again/", batches.process_again, name="import-again"),
    path("imports/<int:pk>/cancel/", batches.cancel, name="import-cancel"),
    path("imports/<int:pk>/annotated/", batches.annotated, name="import-annotated"),
    path("imports/<int:pk>/correct/", acts.correct, name="import-correct"),
    path("imports/<int:pk>/correct/group/", acts.correct_group, name="import-correct-group"),
    path("imports/<int:pk>/undo/", acts.undo, name="import-undo"),
    path("accounts/", accounts.accounts, name="accounts"),
    path("accounts/codes/", papers.codes, name="account-codes"),
    path("accounts/sheet/", papers.account_sheet, name="account-sheet"),
    path("accounts/export/", papers.account_export, name="account-export"),
    path("accounts/policy/", accounts.policy, name="activation-policy"),
    path("accounts/<int:pk>/", accounts.account, name="account"),
    path("accounts/<int:pk>/reset/", papers.reset, name="account-reset"),
    path("accounts/<int:pk>/release/", accounts.release, name="account-release"),
    path("accounts/<int:pk>/delete/", accounts.delete, name="account-delete"),
    path("accounts/<int:pk>/restore/", accounts.restore, name="account-restore"),
    path("accounts/imports/<int:pk>/restore/", accounts.restore_import, name="import-restore"),
    path("records/<module:module>/", lists.record_list, name="record-list"),
    path("records/<module:module>/export/", take_home.export, name="record-export"),
    path("records/<module:module>/views/", lists.view_save, name="view-save"),
    path("records/views/<int:pk>/delete/", lists.view_delete, name="view-delete"),
    path("records/exports/<int:pk>/", take_home.export_file, name="export-file"),
    path("records/sheets/", take_home.sheets, name="record-sheets"),
    path("records/<int:pk>/", records.record, name="record"),
    path("records/<int:pk>/returns/take-back/", records.take_back_return, name="return-take-back"),
    path("records/<int:pk>/reports/<int:number>/", records.submission, name="submission"),
    path(
        "records/<int:pk>/files/<slug:block>/<slug:name>/<int:row>/", records.record_file, name="record-file"
    ),
    path("records/<int:pk>/answers/", records.review_answers, name="review-answers"),
    path("records/<int:pk>/history/", records.record_history, name="record-history"),
    path("records/<int:pk>/training/", training.training_edit, name="training-edit"),
    path("records/<int:pk>/status/", training.status_edit, name="status-edit"),
    path("records/<int:pk>/name/", training.name_correct, name="name-correct"),
    path("records/<int:pk>/specialty/", specialty.specialty_change, name="specialty-change"),
    path("report/", report.report, name="report"),
    path("report/check/", report.check, name="report-check"),
    path("report/sheet/", report.sheet, name="report-sheet"),
    path("report/export/", report.export, name="report-export"),
    path("report/<int:pk>/withdraw/", report.withdraw, name="withdraw"),
    path("personal/return/", personal.return_to_resident, name="return-personal"),
    path("personal/remind/", personal.remind, name="remind"),
    path("extensions/", extensions.extension_list, name="extensions"),
    path("extensions/new/", extensions.extension_new, name="extension-new"),
    path("extensions/<int:pk>/withdraw/", extensions.extension_withdraw, name="extension-withdraw"),
    path("transfers/", transfers.transfer_list, name="transfers"),
    path("transfers/new/", transfers.transfer_new, name="transfer-new"),
    path("transfers/<int:pk>/", transfers.transfer, name="transfer"),
    path("transfers/<int:pk>/release/", transfers.transfer_release, name="transfer-release"),
    path("transfers/<int:pk>/refuse/", transfers.transfer_refuse, name="transfer-refuse"),
    path("transfers/<int:pk>/cancel/", transfers.transfer_cancel, name="transfer-cancel"),
    path("corrections/new/<int:pk>/", corrections.correction_new, name="correction-new"),
    path("identity-checks/", checks.check_list, name="identity-checks"),
    path("identity-checks/new/", checks.check_new, name="identity-check-new"),
    path("corrections/end/<int:pk>/", corrections.end_correction_new, name="end-correction-new"),
    path("corrections/<int:pk>/", corrections.correction, name="correction"),
    path("corrections/<int:pk>/file/", corrections.correction_file, name="correction-file"),
    path("deadlines/statuses/", deadlines.stale_statuses, name="stale-statuses"),
    # Addresses of the version before.
    moved("imports/<int:pk>/restore/", "bases:import-restore"),
    moved("record/<int:pk>/", "bases:record"),
    moved("record/<int:pk>/reports/<int:number>/", "bases:submission"),
    moved("record/<int:pk>/files/<slug:block>/<slug:name>/<int:row>/", "bases:record-file"),
    moved("record/<int:pk>/answers/", "bases:review-answers"),
    moved("record/<int:pk>/history/", "bases:record-history"),
    moved("record/<int:pk>/training/", "bases:training-edit"),
    moved("record/<int:pk>/status/", "bases:status-edit"),
    moved("record/<int:pk>/name/", "bases:name-correct"),
    moved("record/<int:pk>/specialty/", "bases:specialty-change"),
    moved("record/<int:pk>/withdraw/", "bases:withdraw"),
    moved("record/<int:pk>/id-correction/", "bases:correction-new"),
    moved("return-personal/", "bases:return-personal"),
    moved("remind/", "bases:remind"),
    moved("choose/", "bases:choose-base"),
    moved("stale-statuses/", "bases:stale-statuses"),
]
