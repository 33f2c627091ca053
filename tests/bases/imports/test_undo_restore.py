"""Undone imports in the recycle bin: one line each, and back as a whole (GOAL-B11)."""

import re
from datetime import timedelta
from importlib import import_module

import pytest
from django.db import ProgrammingError, connection
from django.urls import reverse
from django.utils import timezone

from bases.imports.undo import services as undo
from portal.models import AuditEvent, User
from portal.roles import Role
from residents.models import Enrollment
from residents.services.deletion import delete_enrollment
from tests import factories
from tests.bases.conftest import account_line
from tests.database import as_owner

# An undo looks at what was saved after the import's transaction.
pytestmark = pytest.mark.django_db(transaction=True)

BIN = {"state": "deleted"}


@pytest.fixture
def officer(signed_in, base_officer):
    return signed_in(base_officer)


@pytest.fixture
def undone(imported, base_officer):
    """A function: so many persons imported, and the import undone."""

    def make(count: int):
        batch = imported([account_line(mobile=f"139{n:08d}") for n in range(count)])
        undo.undo(batch, by=base_officer)
        return batch

    return make


def shown(client, **params) -> list[int]:
    return [row.pk for row in client.get(reverse("bases:accounts"), BIN | params).context["page"]]


def restore(client, batch):
    return client.post(reverse("bases:import-restore", args=[batch.pk]), follow=True)


def test_bin_holds_an_undone_import_in_one_line(officer, undone, base, base_officer, cycle):
    """GOAL-B11: records deleted one by one are not lost among hundreds of an import."""
    batch = undone(3)
    single = factories.EnrollmentFactory(base=base, intake_year=cycle.year)
    delete_enrollment(single.pk, by=base_officer, reason="录入错误")

    page = officer.get(reverse("bases:accounts"), BIN)
    assert [(each.pk, each.gone) for each in page.context["undone"]] == [(batch.pk, 3)]
    assert (
        Enrollment.objects.filter(deleted_with=batch, deleted_reason=f"撤销导入（批次 {batch.pk}）").count()
        == 3
    )
    assert page.context["counts"]["deleted"] == 4
    # The number of the tile is explained: one row below, the others by their batch.
    assert re.search(r"共 4 条，下面列出单独删除的 1 条；\s*其余 3 条", page.text)
    assert shown(officer) == [single.pk]
    rows = Enrollment.objects.filter(import_batch=batch)
    assert sorted(shown(officer, batch=batch.pk)) == sorted(rows.values_list("pk", flat=True))
    assert shown(officer, q=rows[0].resident.id_number) == [rows[0].pk]


def test_whole_import_comes_back(officer, undone):
    """GOAL-B11: records, and the entry of their people."""
    batch = undone(3)
    assert "已恢复 3 人" in restore(officer, batch).text
    rows = Enrollment.objects.filter(import_batch=batch)
    assert all(each.is_live and each.version == 2 for each in rows)
    assert User.objects.filter(resident__enrollments__in=rows, is_active=True).count() == 3
    assert "其中 3 人后来已恢复" in officer.get(reverse("bases:import-batch", args=[batch.pk])).text
    event = AuditEvent.objects.get(action="import_restore")
    assert (event.detail["rows"], event.detail["kept"]) == (3, 0)
    assert "已恢复 0 人" in restore(officer, batch).text


def test_who_is_held_by_now_stays_in_the_bin(officer, undone, other_base, cycle):
    """BR-49: nobody has two live records."""
    batch = undone(2)
    taken, free = Enrollment.objects.filter(import_batch=batch).order_by("pk")
    factories.EnrollmentFactory(resident=taken.resident, base=other_base, intake_year=cycle.year)
    text = restore(officer, batch).text
    assert "已恢复 1 人" in text
    assert "另有 1 人不能恢复：此人已重新导入" in text
    assert list(Enrollment.objects.filter(import_batch=batch, deleted_at=None)) == [free]


def test_closed_window_lets_nobody_back(officer, undone, cycle):
    """BR-50, AM-33: otherwise a record would come back live into a locked intake."""
    batch = undone(1)
    now, hour = timezone.now(), timedelta(hours=1)
    cycle.windows.update(opens_at=now - 5 * hour, closes_at=now - hour)
    assert "1 人不能恢复" in restore(officer, batch).text
    assert not Enrollment.objects.filter(deleted_at=None).exists()


def test_after_thirty_days_the_line_is_gone(officer, undone):
    batch = undone(1)
    Enrollment.objects.update(deleted_at=timezone.now() - timedelta(days=30))
    assert officer.get(reverse("bases:accounts"), BIN).context["undone"] == []
    assert "已恢复 0 人" in restore(officer, batch).text


def test_read_only_member_and_other_base_restore_nothing(signed_in, undone, base, other_base_officer):
    """TRUST-25."""
    batch = undone(1)
    reader = factories.UserFactory(role=Role.BASE)
    factories.grant(reader, base, read_only=True)
    assert restore(signed_in(reader), batch).status_code == 403
    assert restore(signed_in(other_base_officer), batch).status_code == 404
    assert not Enrollment.objects.filter(deleted_at=None).exists()


def test_undone_before_there_was_a_key_is_known_by_its_reason(undone):
    """The migration of T18: what went with an undo is told in the record and in its history, and nothing else is."""
    batch = undone(2)
    typed, gone = Enrollment.objects.filter(import_batch=batch).order_by("pk")
    Enrollment.objects.update(deleted_with=None)
    Enrollment.objects.filter(pk=typed.pk).update(deleted_reason=f"撤销导入（批次 {batch.pk}）的人")
    migration = import_module("residents.migrations.0014_undone_records_know_their_batch")
    with as_owner(), connection.cursor() as cursor:
        cursor.execute("ALTER TABLE residents_enrollmentevent DISABLE TRIGGER USER")
        cursor.execute("UPDATE residents_enrollmentevent SET deleted_with_id = NULL")
        cursor.execute("ALTER TABLE residents_enrollmentevent ENABLE TRIGGER USER")
        cursor.execute(migration.FILL)
    assert list(Enrollment.objects.filter(deleted_with=batch)) == [gone]
    told = gone.events.filter(deleted_with=batch)
    assert set(told.values_list("deleted_reason", flat=True)) == {f"撤销导入（批次 {batch.pk}）"}
    with pytest.raises(ProgrammingError, match="permission denied"):
        told.update(deleted_with=None)
