"""What the page of a batch offers: each button works, and none is missing (GOAL-B6, GOAL-B7, GOAL-B11)."""

import re

import pytest
from django.urls import reverse

from bases.imports import services as imports
from bases.models import ImportBatch
from tests import factories
from tests.bases.conftest import account_line

pytestmark = pytest.mark.django_db


@pytest.fixture
def officer(signed_in, base_officer):
    return signed_in(base_officer)


def offered(client, batch) -> set[str]:
    """The acts on this batch that its page leads to."""
    page = client.get(reverse("bases:import-batch", args=[batch.pk])).text
    return set(re.findall(rf"/imports/{batch.pk}/(\w+)/", page))


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ("refused", set()),
        ("checked", {"confirm", "cancel", "annotated", "correct"}),
        ("applied", {"annotated", "correct", "undo"}),
        ("cancelled", set()),
        ("undone", set()),
    ],
)
def test_page_offers_what_the_state_allows(state, expected, officer, checked):
    batch = checked([account_line(), account_line(mobile="12")])
    values = {"applied_at": batch.uploaded_at, "confirmed_by": batch.uploaded_by}
    if state in ("applied", "undone"):
        ImportBatch.objects.update(**values)
    ImportBatch.objects.update(state=state, undone_at=batch.uploaded_at if state == "undone" else None)
    assert offered(officer, batch) == expected
    # The annotated copy is made by the worker first (test_annotated_copy.py).
    for act in expected & {"correct", "undo"}:
        answer = officer.get(reverse(f"bases:import-{act}", args=[batch.pk]))
        assert answer.status_code == 200, act


def test_reader_is_offered_nothing(signed_in, base, checked):
    reader = factories.UserFactory()
    factories.grant(reader, base, read_only=True)
    batch = checked([account_line(), account_line(mobile="12")])
    assert offered(signed_in(reader), batch) == set()


def test_closed_window_leaves_giving_up_and_the_copy(officer, checked, cycle):
    """BR-39: nothing is written any more, and no batch stands open for good."""
    batch = checked([account_line(), account_line(mobile="12")])
    page = reverse("bases:import-batch", args=[batch.pk])
    assert "上传另一份文件" in officer.get(page).text
    cycle.windows.update(closes_at=batch.uploaded_at)
    assert offered(officer, batch) == {"cancel", "annotated"}
    assert "上传另一份文件" not in officer.get(page).text


def test_list_of_imports_is_narrowed_by_state(officer, checked, cycle):
    """The batches that wait for somebody are found among hundreds."""
    waiting, given_up = (
        checked([account_line()], name="待办.xlsx"),
        checked([account_line()], name="不要.xlsx"),
    )
    imports.cancel(given_up)
    for shown, names in {"": 2, "open": 1, "applied": 0, "closed": 1, "x": 2}.items():
        page = officer.get(reverse("bases:import-list"), {"batches": shown}).context["batches"]
        assert page.paginator.count == names
    assert list(officer.get(reverse("bases:import-list"), {"batches": "open"}).context["batches"]) == [
        waiting
    ]
    page = officer.get(reverse("bases:import-upload", args=["training", "registry"]), {"page": "1"})
    assert page.context["carried"] == []
