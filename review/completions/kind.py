"""附件1 as a kind of workbook of the import desk: uploaded by a province, together with its certificate sample."""

from bases.models import ImportBatch, Province
from bases.workbooks.kinds import Kind, offer
from portal.calendar import Opening
from portal.models import CollectionCycle
from portal.roles import Action
from residents.models.enrollment import Module
from review.completions.services import batch_cycle, batch_opening
from review.completions.workbook import CompletionWorkbook


def _opening(province: Province, module: str, cycle: CollectionCycle | None) -> Opening:
    return batch_opening(province, cycle)


_WORKBOOK = CompletionWorkbook()
COMPLETIONS = Kind(
    key=ImportBatch.Kind.COMPLETIONS.value,
    title="提前结业补报",
    template_title="提前结业信息采集模板",
    action=Action.UPLOAD_COMPLETIONS,
    opening=_opening,
    workbooks=dict.fromkeys(Module, _WORKBOOK),
    good="补报",
    same="已补报",
    nothing_new="文件中的人员都已补报，没有需要提交的行：新增 0 行，更新 0 行。",
    shown=("full_name", "id_type", "id_number", "training_base", "specialty", "certificate_no"),
    before="确认后提交中国医师协会接收。",
    after="已提交中国医师协会，等待接收。",
    cycle=lambda province, module: batch_cycle(province),
    home="review:completions",
)

offer(COMPLETIONS)
