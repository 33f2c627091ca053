"""运行状况: the association sees what stands still, and repeats what was set aside."""

from django.urls import reverse
from django.utils import timezone

from bases.imports import worker
from bases.imports.batch import SET_ASIDE
from bases.imports.tasks import work_on_batch
from bases.models import ImportBatch, Specialty, SpecialtyBase
from portal import clock_trust, processes
from portal.models import AuditEvent, ClockState, CycleWindow, Job, Message
from review.running import services


def page(client) -> str:
    return client.get(reverse("review:running")).content.decode()


def test_processes_jobs_and_doubts_are_shown(signed_in, national_officer):
    client = signed_in(national_officer)
    processes.beat(processes.new_name("clock"), "clock")
    Job.objects.create(
        kind="export", state=Job.State.FAILED, requested_by=national_officer, result={"why": "存储空间不足。"}
    )
    shown = page(client)
    assert (shown.count("没有运行"), shown.count(">正常<")) == (3, 1)
    assert "存储空间不足。" in shown
    assert "时间有疑问" not in shown

    now = clock_trust.read()
    ClockState.objects.create(
        pk=1, round_at=now.wall, monotonic=now.monotonic, boot="", doubt="定时处理停止了 3 天。"
    )
    assert "定时处理停止了 3 天。" in page(client)
    client.post(reverse("review:clock-confirm"))
    assert "时间有疑问" not in page(client)
    assert AuditEvent.objects.get(action="clock_confirmed").actor == national_officer


def test_a_file_that_kills_its_workers_is_set_aside_told_and_processed_again(
    signed_in, national_officer, base, base_officer, cycle
):
    batch = ImportBatch.objects.create(
        kind="accounts",
        module="intake",
        cycle=cycle,
        base=base,
        uploaded_by=base_officer,
        file="imports/x",
        file_name="名单.xlsx",
    )
    for _ in range(worker.MOST_STARTS):
        assert worker.begin(batch.pk)
    work_on_batch.call(batch.pk)
    batch.refresh_from_db()
    assert (batch.state, batch.refusal["code"], batch.starts) == ("refused", SET_ASIDE, 0)
    assert "中断了 3 次" in Message.objects.get(recipient=base_officer).body

    client = signed_in(national_officer)
    assert "名单.xlsx" in page(client)
    client.post(reverse("review:running-batch-again", args=[batch.pk]))
    batch.refresh_from_db()
    assert batch.state in ("uploaded", "refused")
    assert AuditEvent.objects.filter(action="import_again", actor=national_officer).exists()


def test_a_new_installation_is_led_to_its_first_base(signed_in, national_officer, base, base_officer, cycle):
    """What is there is marked, what is not has its way; with everything there the list is gone."""
    client = signed_in(national_officer)
    CycleWindow.objects.all().delete()
    shown = page(client)
    assert "首次使用" in shown
    assert f'<a href="{reverse("review:windows")}">建立采集周期并设置开放时间</a>' in shown
    assert "导入机构名录：培训基地 <span" in shown


def test_first_steps_end(national_officer, base, base_officer, provincial_reviewer, cycle):
    SpecialtyBase.objects.get_or_create(
        base=base, specialty=Specialty.objects.all()[0], defaults={"valid_from": 2014}
    )
    if not CycleWindow.objects.exists():
        now = timezone.now()
        CycleWindow.objects.create(cycle=cycle, step="import", opens_at=now, closes_at=now)
    assert services.first_steps() == []
