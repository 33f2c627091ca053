"""谁查看过: every way a person's full numbers leave stands in his own list (GOAL-R7, TRUST-51)."""

import pytest
from django.urls import reverse
from django.utils import timezone

from bases.corrections import services as corrections
from portal import audit
from portal.models import AuditEvent
from residents.models import Disclosure
from residents.models.enrollment import Status
from residents.services.disclosures import looks_at
from review.decisions.services import approve
from review.editions.comparison import CAME
from review.exports import jobs as exports
from review.models import ExamSession, FundingRules
from tests import factories

PURPOSE = {"purpose": "核对身份证原件"}
FULL = {"unmasked": "on", "purpose": "核发补助"}


@pytest.fixture(autouse=True)
def _worker_waits(settings):
    settings.TASKS = {"default": {"BACKEND": "django_tasks.backends.dummy.DummyBackend", "QUEUES": []}}


@pytest.fixture
def other(base, cycle):
    """Somebody of the same base whose numbers nobody asks for."""
    return factories.EnrollmentFactory(base=base, intake_year=cycle.year)


def ways(enrollment) -> list[tuple[str, str]]:
    return [(look.way, look.purpose) for look in looks_at(enrollment.resident)]


def shown(signed_in, enrollment) -> str:
    return signed_in(enrollment.resident.user).get(reverse("residents:history")).text


def test_nobody_is_said_where_nobody_looked(signed_in, enrollment):
    text = shown(signed_in, enrollment)
    assert "谁查看过完整的证件号和手机号" in text
    assert "无人查看" in text


def test_looks_at_pages_and_files(signed_in, pending, other, base_officer, provincial_reviewer):
    record = pending.enrollment
    signed_in(base_officer).post(reverse("bases:record", args=[record.pk]), PURPOSE)
    signed_in(provincial_reviewer).post(reverse("review:record", args=[record.pk]), PURPOSE)
    audit.record("file", by=base_officer, target=record, file="basic.photo")
    assert sorted(ways(record)) == sorted(
        [("在页面查看完整号码", "核对身份证原件")] * 2 + [("查看扫描件或照片", "证件照片")]
    )
    text = shown(signed_in, record)
    for words in ("在页面查看完整号码", "查看扫描件或照片", "核对身份证原件", "省级"):
        assert words in text
    assert base_officer.full_name not in text
    assert "无人查看" not in text
    assert ways(other) == []


def test_a_look_at_a_request_to_correct_the_number(
    signed_in, enrollment, other, base_officer, provincial_reviewer
):
    values = {"id_type": "01", "id_number": "110101199003078515", "reason": "导入时录错"}
    asked = corrections.ask(enrollment, values=values, evidence=None, by=base_officer)
    signed_in(provincial_reviewer).post(reverse("review:correction", args=[asked.pk]), PURPOSE)
    assert ways(enrollment) == [("在页面查看完整号码", "核对身份证原件")]
    assert ways(other) == []


def test_an_export_in_full_and_none_that_is_masked(signed_in, enrollment, other, provincial_reviewer):
    client, address = signed_in(provincial_reviewer), reverse("review:residents-export")
    only = f"?q={enrollment.resident.id_number}"
    b"".join(client.post(address + only, {}).streaming_content)
    assert ways(enrollment) == []
    b"".join(client.post(address + only, FULL).streaming_content)
    assert ways(enrollment) == [("导出含完整号码的名单", "核发补助")]
    assert ways(other) == []
    assert "导出含完整号码的名单" in shown(signed_in, enrollment)


def test_a_long_export_puts_them_down_once_however_often_it_is_made(
    monkeypatch, enrollment, other, provincial_reviewer
):
    monkeypatch.setattr(exports, "MOST_AT_ONCE", 1)
    export = exports.ask(provincial_reviewer, "residents_list", {}, unmasked=True, purpose="核发补助")
    assert Disclosure.objects.count() == 0
    exports.make(export.job_id)
    exports.make(export.job_id)
    (row,) = Disclosure.objects.all()
    assert row.residents == sorted([enrollment.resident_id, other.resident_id])
    assert row.event == AuditEvent.objects.get(action="export")


def test_a_filled_template(signed_in, enrollment, other, base_officer):
    address = reverse("bases:import-template", args=["training", "intake"])
    signed_in(base_officer).post(address, {"range": "selected", "choice": [enrollment.pk]})
    assert ways(enrollment) == [("导出填好的表格", "填写并导回培训信息")]
    assert ways(other) == []


def test_a_look_at_an_earlier_record_is_a_look_at_the_person(enrollment, other, base_officer):
    earlier = factories.EnrollmentFactory(
        base=other.base,
        intake_year=enrollment.intake_year - 3,
        resident=enrollment.resident,
        status=Status.WITHDRAWN,
    )
    audit.record("unmask", by=base_officer, target=earlier, purpose="核对退培证明")
    assert ways(enrollment) == [("在页面查看完整号码", "核对退培证明")]


@pytest.mark.parametrize("kind", sorted(exports.KINDS))
def test_every_list_that_can_be_exported_in_full_knows_its_persons(
    kind, national_officer, provincial_reviewer, pending, freeze, settings
):
    """A new kind of list either masks always or says whose numbers are in it."""
    asked = {"source": "current"} if kind in ("statistics_list", "records_in_full") else {}
    if kind.startswith("edition_"):
        settings.TASKS = {
            "default": {"BACKEND": "django_tasks.backends.immediate.ImmediateBackend", "QUEUES": []}
        }
        empty = freeze()
        approve({pending.pk: pending.version}, by=provincial_reviewer)
        edition = freeze()
        asked = {"old": str(empty.pk), "new": str(edition.pk), "side": CAME, "edition": str(edition.pk)}
    if kind.startswith("exam_"):
        day = timezone.localdate()
        session = ExamSession.objects.create(
            province_id="33",
            year=day.year,
            name="测试批次",
            due_until=day,
            confirm_until=day,
            made_by=provincial_reviewer,
        )
        asked = {"session": str(session.pk)}
    if kind.startswith("funding_"):
        rules = FundingRules.objects.create(
            year=2026,
            number=1,
            statuses=["1"],
            trainee_types=["1"],
            counts_overrun=False,
            shortage=[],
            amount=30_000,
            basis="测试",
            made_by=national_officer,
        )
        settings.TASKS = {
            "default": {"BACKEND": "django_tasks.backends.immediate.ImmediateBackend", "QUEUES": []}
        }
        asked = {"rules": str(rules.pk), "edition": str(freeze().pk)}
    full = exports.KINDS[kind].sheet(national_officer, asked, unmasked=True)
    assert exports.KINDS[kind].sheet(national_officer, asked, unmasked=False).people is None
    if kind == "quality_list":
        # Masked whatever was asked.
        assert full.people is None
        return
    assert set(full.people) <= {pending.enrollment.resident_id}
    if kind.startswith("edition_"):
        assert list(full.people) == [pending.enrollment.resident_id]
