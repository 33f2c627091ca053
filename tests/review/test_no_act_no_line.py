"""Where nothing was done, no line is written (TRUST-79)."""

import uuid

import pytest
from django.urls import reverse

from bases.imports import row_fixing
from bases.imports.undo.restore import restore_all
from bases.models import ImportBatch
from bases.personal.reminders import remind
from portal.models import AuditEvent
from review.decisions.services import approve, return_for_correction, revoke_batch
from tests import factories


@pytest.fixture
def reader(province):
    user = factories.UserFactory(role="province")
    factories.grant(user, province, read_only=True)
    return user


@pytest.mark.parametrize("act", ["approve", "return"])
def test_bulk_of_somebody_who_may_not_decide(act, reader, signed_in, pending):
    order = {"act": act, "range": "all", "confirmed": "1", "loaded_at": "2099-01-01T00:00:00+08:00"}
    assert signed_in(reader).post(reverse("review:bulk"), order).status_code == 403
    assert not AuditEvent.objects.filter(action=act).exists()


def test_decisions_on_nothing(reader, pending):
    """TRUST-79."""
    before = AuditEvent.objects.count()
    approve({pending.pk: pending.version}, by=reader)
    return_for_correction({pending.pk: pending.version}, by=reader, comment="请核对")
    approve({}, by=reader)
    revoke_batch([], uuid.uuid4(), by=reader, reason="误操作")
    assert AuditEvent.objects.count() == before


def test_reminder_to_nobody(base_officer):
    remind([], by=base_officer, text="")
    assert not AuditEvent.objects.exists()


def test_restoring_and_correcting_nothing(base, base_officer, cycle):
    batch = ImportBatch.objects.create(
        base=base,
        cycle=cycle,
        kind="accounts",
        module="intake",
        uploaded_by=base_officer,
        file="x.xlsx",
        file_name="x.xlsx",
        file_sha256="0" * 64,
        state="checked",
        headers=[],
    )
    restore_all(batch, by=base_officer)
    row_fixing.correct(batch, {}, by=base_officer)
    assert not AuditEvent.objects.exists()
