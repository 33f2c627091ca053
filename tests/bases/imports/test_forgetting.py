"""What of an import goes with time: full numbers with their file, batches that nobody confirms (PAIN-26; TRUST-38)."""

import json
from datetime import timedelta

import pytest
from django.urls import reverse

from bases.imports.batch import State
from bases.imports.forgetting import end_unconfirmed, forget_old_files
from bases.imports.services import confirm
from bases.models import ImportRow
from tests.bases.conftest import account_line

pytestmark = pytest.mark.django_db


def kept_of(batch) -> str:
    rows = list(ImportRow.objects.filter(batch=batch).values("raw", "typed", "values", "problems", "before"))
    return json.dumps(rows, ensure_ascii=False)


def test_full_numbers_go_with_their_file(checked, signed_in):
    """Of every row, good or refused, in whichever cell they were; the page still opens."""
    good, bad = account_line(), account_line(full_name="440106199503120015")
    passport = account_line(full_name="王海涛", id_type="护照", id_number="E12345678", mobile="13800138001")
    batch = checked([good, bad, passport])
    confirm(batch, mode="good_rows", by=batch.uploaded_by)
    numbers = [row.values.get("id_number") for row in batch.rows.all()]
    numbers += [row.values.get("mobile") for row in batch.rows.all()] + ["440106199503120015"]
    batch.refresh_from_db()
    assert forget_old_files(batch.uploaded_at + timedelta(days=91)) == 1
    for number in filter(None, numbers):
        assert number not in kept_of(batch)
    assert batch.rows.count() == 3
    page = signed_in(batch.uploaded_by).get(reverse("bases:import-batch", args=[batch.pk]))
    assert page.status_code == 200


def test_a_batch_that_nobody_confirms_ends(checked):
    """After its days it is cancelled, with its file and its numbers."""
    batch = checked([account_line()])
    number = batch.rows.get().values["id_number"]
    assert end_unconfirmed(batch.uploaded_at + timedelta(days=29)) == 0
    assert end_unconfirmed(batch.uploaded_at + timedelta(days=31)) == 1
    batch.refresh_from_db()
    assert (batch.state, batch.file.name) == (State.CANCELLED, "")
    assert number not in kept_of(batch)
    assert end_unconfirmed(batch.uploaded_at + timedelta(days=31)) == 0
