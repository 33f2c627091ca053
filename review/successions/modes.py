"""How the intake of a base goes on in another province: by hand or by its interface, and until when (AM-42, AM-46)."""

from bases.models import Province, TrainingBase
from bases.models.organisations import ReportingMode
from review.switches.reopening import reopens


def mode_of(province: Province, base: TrainingBase) -> list[str]:
    """The paragraphs of this province as it is now, with the numbers of the base's people."""
    if province.reporting_mode == ReportingMode.API:
        return [f"{province.name}：接口传送。招收信息的直接填报和上报关闭（只读），接口传送的记录照常审核。"]
    return [f"{province.name}：直接填报。", *reopens(province, base)]
