"""结业考核成绩 as a kind of workbook of the import desk, uploaded by a province for one of its sessions."""

import uuid

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction

from bases.imports.services import store_upload
from bases.models import ImportBatch, Province
from bases.workbooks.kinds import Kind, offer
from portal.calendar import Opening, cycle_in_view
from portal.models import CollectionCycle, User
from portal.roles import Action
from residents.models.enrollment import Module
from residents.services.states import StateMoved
from review.exams.results import ResultWorkbook
from review.models import ExamSession, ExamUpload


def _opening(province: Province, module: str, cycle: CollectionCycle | None) -> Opening:
    return Opening(True)


_WORKBOOK = ResultWorkbook()
RESULTS = Kind(
    key=ImportBatch.Kind.EXAM_RESULTS.value,
    title="结业考核成绩",
    template_title="结业考核成绩模板",
    action=Action.UPLOAD_COMPLETIONS,
    opening=_opening,
    workbooks=dict.fromkeys(Module, _WORKBOOK),
    good="登记",
    same="没有变化",
    nothing_new="文件中的成绩都已登记，没有需要写入的行：新增 0 行，更新 0 行。",
    shown=("full_name", "id_type", "id_number", "result", "ended_on", "certificate_no"),
    is_filled=True,
    before="确认后登记考核结果和证书；填有结束日期的，培训状态同时改为“结束”。",
    after="已登记。培训状态有变化的，由培训基地上报后由省级审核。",
    cycle=lambda province, module: cycle_in_view(),
    home="review:exams",
    undo="review:exam-undo",
)

offer(RESULTS)


def upload(session: ExamSession, file: UploadedFile, *, token: uuid.UUID, by: User) -> ImportBatch:
    """Keep the workbook and queue its check; the same token again gives the batch of the first time. Raises
    StateMoved where no cycle exists yet."""
    if cycle_in_view() is None:
        raise StateMoved("尚未设置采集周期，请联系中国医师协会。")
    with transaction.atomic():
        batch = store_upload(
            file,
            kind=ImportBatch.Kind.EXAM_RESULTS,
            module=Module.REGISTRY,
            province=session.province,
            by=by,
            token=token,
        )
        ExamUpload.objects.get_or_create(import_batch=batch, defaults={"session": session})
    return batch
