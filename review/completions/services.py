"""提前结业补报: a province uploads 附件1 with its certificate sample, the association receives it (BR-16 … BR-18,
GOAL-N6).

The workbook runs through the import engine; a batch joins that import with the certificate sample and the decision.
"""

import uuid
from collections.abc import Mapping

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.db.models import Count, Q, QuerySet
from django.urls import reverse
from django.utils import timezone

from bases.imports.services import store_upload
from bases.models import ImportBatch, Province
from bases.scope import province_codes_for
from bases.staff import recipients
from portal import audit
from portal.calendar import Opening, opening, step_now
from portal.messages import services as messages
from portal.models import CollectionCycle, Step, User
from portal.roles import Action, Role
from residents.models.enrollment import Module
from residents.services.refusals import Refused
from residents.services.states import StateMoved
from residents.services.uploads import upload_problem
from review.models import CompletionBatch, CompletionRecord

State = CompletionBatch.State
# What the association sees: a batch whose rows are written.
WRITTEN = (State.SENT, State.ACCEPTED, State.RETURNED)
KIND = "completion"


def batch_opening(province: Province, cycle: CollectionCycle | None = None) -> Opening:
    """May this province report early completions now (BR-18), in this cycle or in the one open for it (AM-42)?"""
    if cycle is not None:
        return opening(cycle, Step.BACK_REPORT, province_id=province.pk)
    return step_now(Step.BACK_REPORT, province_id=province.pk)[1]


def batch_cycle(province: Province) -> CollectionCycle | None:
    """The cycle in which this province reports early completions now."""
    return step_now(Step.BACK_REPORT, province_id=province.pk)[0]


def in_view(user: User, action: Action = Action.VIEW) -> QuerySet[CompletionBatch]:
    """Batches of the user's provinces, those not yet sent too; to the association what was sent."""
    found = CompletionBatch.objects.select_related(
        "province", "import_batch__base", "import_batch__province", "sent_by", "decided_by"
    )
    if user.role == Role.CMDA:
        found = found.filter(state__in=WRITTEN)
    else:
        found = found.filter(province__in=province_codes_for(user, action))
    return found.annotate(rows=Count("records")).order_by("-sent_at", "-pk")


def upload(
    province: Province, *, workbook: UploadedFile, sample: UploadedFile, token: uuid.UUID, by: User
) -> CompletionBatch:
    """Keep workbook and certificate sample and queue the check; the same token again gives the batch of the first
    time. Raises Refused with what is wrong with the sample, StateMoved outside the window (BR-16, AM-13)."""
    state = batch_opening(province)
    if not state.is_open:
        raise StateMoved(state.reason)
    if refused := upload_problem("sample", sample):
        raise Refused({"sample": [refused]})
    # What the sender called the file is never a path.
    sample.name = uuid.uuid4().hex
    with transaction.atomic():
        stored = store_upload(
            workbook,
            kind=ImportBatch.Kind.COMPLETIONS,
            module=Module.REGISTRY,
            province=province,
            by=by,
            token=token,
        )
        batch, _ = CompletionBatch.objects.get_or_create(
            import_batch=stored,
            defaults={
                "province": province,
                "cycle": stored.cycle,
                "certificate_sample": sample,
                "sent_by": by,
            },
        )
    return batch


def tell_sent(batch: CompletionBatch, rows: int) -> None:
    """The association learns of a batch once its rows are written."""
    people = User.objects.filter(role=Role.CMDA, is_active=True).values_list("pk", flat=True)
    messages.send(
        people,
        kind=KIND,
        subject=f"提前结业补报待接收：{batch.province.name} {rows} 人",
        link=reverse("review:completion", args=[batch.pk]),
    )


def accept(batch_id: int, *, by: User) -> None:
    """待接收 → 已接收: its rows count in the statistics of completions. Raises StateMoved."""
    with transaction.atomic():
        batch = _locked(batch_id)
        _decide(batch, State.ACCEPTED, by, "")
        audit.record("completions_accepted", by=by, target=batch)
        _tell(batch, "提前结业补报已接收")


def send_back(batch_id: int, *, by: User, comment: str) -> None:
    """待接收 → 已退回 with words; its rows count no longer and may be sent again, corrected. Raises StateMoved."""
    with transaction.atomic():
        batch = _locked(batch_id)
        _release(batch)
        _decide(batch, State.RETURNED, by, comment)
        audit.record("completions_returned", by=by, target=batch)
        _tell(batch, "提前结业补报被退回", f"退回意见：{comment}")


def withdraw(batch_id: int, *, by: User) -> None:
    """The province takes a batch back before it is received, to correct it. Raises StateMoved."""
    with transaction.atomic():
        batch = _locked(batch_id)
        _release(batch)
        _decide(batch, State.WITHDRAWN, by, "")
        audit.record("completions_withdrawn", by=by, target=batch)


def accepted(user: User, filters: Mapping[str, object] | None = None) -> QuerySet[CompletionRecord]:
    """The early completions that count, of the provinces the user sees (BR-20)."""
    found = CompletionRecord.objects.filter(
        Q(is_current=True, batch__state=State.ACCEPTED), **(filters or {})
    ).select_related("province", "base", "specialty")
    if user.role != Role.CMDA:
        found = found.filter(province__in=province_codes_for(user, Action.VIEW))
    return found


def _locked(batch_id: int) -> CompletionBatch:
    batch = (
        CompletionBatch.objects.select_for_update(of=("self",)).select_related("province").get(pk=batch_id)
    )
    if batch.state != State.SENT:
        raise StateMoved(f"这批补报现在是“{batch.get_state_display()}”，不能再这样办理。")
    return batch


def _release(batch: CompletionBatch) -> None:
    batch.records.update(is_current=False)


def _decide(batch: CompletionBatch, state: str, by: User, comment: str) -> None:
    batch.state, batch.decided_by = state, by
    batch.decided_at, batch.comment = timezone.now(), comment
    batch.save(update_fields=["state", "decided_by", "decided_at", "comment"])


def _tell(batch: CompletionBatch, subject: str, body: str = "") -> None:
    staff = recipients(Province, [batch.province_id]).get(batch.province_id, [])
    messages.send(
        staff,
        kind=KIND,
        subject=subject,
        body=body,
        link=reverse("review:completion", args=[batch.pk]),
    )
