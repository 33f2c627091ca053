"""The kinds of workbook of the import desk: what each is called, who may bring it when, what reads and writes it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast

from django.db.models import QuerySet

from bases.models import ImportBatch, TrainingBase
from bases.models.organisations import ReportingMode
from bases.workbooks.accounts import AccountWorkbook
from bases.workbooks.rows import BaseWorkbook, Workbook
from bases.workbooks.training import TrainingWorkbook
from portal.calendar import Opening, opening, step_now
from portal.models import CollectionCycle, Step
from portal.roles import Action
from residents.models import Enrollment
from residents.models.enrollment import Module
from residents.openness import OUT_OF_USE, SWITCHED, until_switch
from residents.snapshot import for_check

_NO_CYCLE = Opening(False, reason="尚未设置采集周期，请联系中国医师协会。")


def import_opening(base: TrainingBase, module: str, cycle: CollectionCycle | None) -> Opening:
    """May this base import accounts now? Intake: in its window and where the province reports directly (BR-08, BR-39);
    registry: at any time (BR-60)."""
    if not base.is_active:
        return OUT_OF_USE
    if cycle is None:
        return _NO_CYCLE
    if module == Module.REGISTRY:
        return Opening(True)
    if base.province.reporting_mode == ReportingMode.API:
        return SWITCHED
    state = opening(cycle, Step.BASE_FILL, province_id=base.province_id, base_id=base.pk)
    return until_switch(state, base.province.switches_at)


def training_opening(base: TrainingBase, module: str, cycle: CollectionCycle | None) -> Opening:
    """A training workbook is always taken: each of its records is open or closed by itself (AM-03)."""
    if not base.is_active:
        return OUT_OF_USE
    return Opening(True) if cycle else _NO_CYCLE


def cycle_of_base(base: TrainingBase, module: str) -> CollectionCycle | None:
    """The cycle of a base's workbook where none is chosen: of the intake the oldest that takes accounts of this base
    now, of the registry the one that is updated (AM-42)."""
    step = Step.BASE_FILL if module == Module.INTAKE else Step.REGISTRY_UPDATE
    return step_now(step, province_id=base.province_id, base_id=base.pk)[0]


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of workbook.

    `good` and `same` say what an import does with a good row and with one that would change nothing, `nothing_new`
    that no row is a good one, `before` and `after` what the page adds to a confirmation and to its result. `is_filled`:
    the template holds the records chosen, and so their full numbers; `shown`: the fields in the list of rows.
    `cycle`: to which a file belongs where its uploader chose none. `home`: the page from which it is uploaded, where
    that isn't the base's own; `undo`: the page that takes a batch back, where that isn't either.
    """

    key: str
    title: str
    template_title: str
    action: Action
    opening: Callable[[Any, str, CollectionCycle | None], Opening]
    workbooks: Mapping[str, Workbook]
    good: str
    same: str
    nothing_new: str
    shown: tuple[str, ...]
    is_filled: bool = False
    before: str = ""
    after: str = ""
    cycle: Callable[[Any, str], CollectionCycle | None] = cycle_of_base
    home: str = ""
    undo: str = ""

    def __str__(self) -> str:
        return self.key


_ACCOUNTS = AccountWorkbook()
KINDS: dict[str, Kind] = {
    kind.key: kind
    for kind in (
        Kind(
            key=ImportBatch.Kind.ACCOUNTS.value,
            title="账号导入",
            template_title="账号模板",
            action=Action.IMPORT_ACCOUNTS,
            opening=import_opening,
            workbooks={Module.INTAKE: _ACCOUNTS, Module.REGISTRY: _ACCOUNTS},
            good="新增",
            same="已存在",
            nothing_new="这些住院医师都已在本基地，没有需要导入的行：新增 0 行，更新 0 行。",
            shown=("intake_year", "full_name", "id_type", "id_number", "mobile"),
            before="导入后证件类型和证件号不能修改。",
        ),
        Kind(
            key=ImportBatch.Kind.TRAINING.value,
            title="培训信息导入",
            template_title="培训信息模板",
            action=Action.EDIT_TRAINING,
            opening=training_opening,
            workbooks={module: TrainingWorkbook(module) for module in Module},
            good="更新",
            same="没有变化",
            nothing_new="读取的各列与系统中的内容完全一致，没有需要写入的改动：新增 0 行，更新 0 行。",
            shown=("full_name", "id_number"),
            is_filled=True,
        ),
    )
}


_OTHERS: dict[str, Kind] = {}


def offer(kind: Kind) -> None:
    """Let an app above bring a workbook of a province: its batches run through the same engine and pages."""
    _OTHERS[kind.key] = kind


def kind_named(key: str) -> Kind:
    return KINDS.get(key) or _OTHERS[key]


def filled_template(
    kind: Kind, records: QuerySet[Enrollment], *, base: TrainingBase, module: str, cycle_year: int
) -> bytes:
    """The template of this kind, with these records in it."""
    ordered = for_check(records).order_by("-intake_year", "pk")
    workbook = cast(BaseWorkbook, kind.workbooks[module])
    return workbook.template(ordered, base=base, module=module, cycle_year=cycle_year)


def kind_of(batch: ImportBatch) -> Kind:
    return kind_named(batch.kind)


def workbook_of(batch: ImportBatch) -> Workbook:
    return kind_of(batch).workbooks[batch.module]


def opening_of(batch: ImportBatch) -> Opening:
    """May rows of this batch be written, corrected or taken back now?"""
    return kind_of(batch).opening(batch.base or batch.province, batch.module, batch.cycle)
