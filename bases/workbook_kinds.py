"""Which workbook a batch holds."""

from bases.lists import Module
from bases.models import ImportBatch
from bases.training_workbook import TrainingWorkbook
from bases.workbooks import AccountWorkbook, Workbook

_ACCOUNTS = AccountWorkbook()
_KINDS: dict[tuple[str, str], Workbook] = {
    (ImportBatch.Kind.ACCOUNTS, Module.INTAKE): _ACCOUNTS,
    (ImportBatch.Kind.ACCOUNTS, Module.REGISTRY): _ACCOUNTS,
    (ImportBatch.Kind.TRAINING, Module.INTAKE): TrainingWorkbook(Module.INTAKE),
    (ImportBatch.Kind.TRAINING, Module.REGISTRY): TrainingWorkbook(Module.REGISTRY),
}


def workbook_of(batch: ImportBatch) -> Workbook:
    return _KINDS[batch.kind, batch.module]
