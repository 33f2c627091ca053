"""History on bulk paths: one single save must not make later bulk updates of the connection slow."""

import pghistory.models
import pytest
from django.apps import apps
from django.db import connection

from portal.history_plans import comparing_functions
from residents.models import Enrollment
from tests.factories import EnrollmentFactory


def _tracked_tables() -> int:
    events = [model for model in apps.get_models() if issubclass(model, pghistory.models.Event)]
    return len({event.pgh_tracked_model for event in events})


@pytest.mark.django_db
def test_every_comparing_trigger_plans_without_nested_loops():
    functions = comparing_functions()
    assert len(functions) == _tracked_tables()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM unnest(%s::regprocedure[]) AS f JOIN pg_proc p ON p.oid = f::oid"
            " WHERE p.proconfig @> ARRAY['enable_nestloop=off', 'jit=off']",
            [functions],
        )
        assert cursor.fetchone() == (len(functions),)


@pytest.mark.django_db
def test_history_is_complete_after_a_single_save_and_a_bulk_update_on_one_connection():
    records = [EnrollmentFactory() for _ in range(3)]
    records[0].remark = "单条"
    records[0].save()
    Enrollment.objects.update(remark="批量")
    updates = Enrollment.events.rel.related_model.objects.filter(pgh_label="update")
    assert list(updates.order_by("pgh_id").values_list("remark", flat=True)) == [
        "单条",
        "批量",
        "批量",
        "批量",
    ]
