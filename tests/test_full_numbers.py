"""No way to a full number but through the gate (TRUST-70; GOAL-S9): every place that handles one is known, and every
answer of every role that holds one has its line, which names the person."""

import io
import re
import zipfile

import pytest
from django.db import transaction

from bases.models import ImportRow
from portal.models import AuditEvent
from residents.models import Disclosure, Enrollment
from tests import number_places as known
from tests.access_table import ROUTES
from tests.number_scan import in_code, in_templates
from tests.test_access import World
from tests.width import mostly_long

# Asks for everything that can be asked for in full.
SENT = {
    "purpose": "核对身份证原件",
    "unmasked": "on",
    "range": "all",
    "source": "current",
    "file_format": "xlsx",
    "reason": "核对身份证原件",
}


def test_every_place_that_handles_a_number_is_known():
    """TRUST-70, GOAL-S9."""
    table = (known.GATE, known.MASKED, known.OWN, known.JUDGED, known.DEMO)
    listed = {f"{path}::{name}" for each in table for path, names in each.items() for name in names}
    assert in_code() - listed == set()


def test_every_template_that_prints_a_number_masks_it_or_is_known():
    assert in_templates() - known.IN_TEMPLATES == set()


def test_the_scan_finds_an_attribute_a_key_and_a_column(tmp_path, monkeypatch):
    """The scan itself can fail."""
    (tmp_path / "review").mkdir()
    for name, source in {
        "attribute": "person.id_number",
        "key": "values['resident__mobile']",
        "column": "'SELECT r.id_number FROM residents_resident r'",
        "nothing": "person.full_name",
    }.items():
        (tmp_path / "review" / f"{name}.py").write_text(f"def show(person, values):\n    return {source}\n")
    monkeypatch.setattr("tests.number_scan.ROOT", tmp_path)
    assert in_code() == {f"review/{name}.py::show" for name in ("attribute", "key", "column")}


@pytest.fixture
def world(cycle):
    return World(cycle)


@pytest.fixture
def marked(world) -> Enrollment:
    """The person of the walk, also in the rows of the base's import, whose faults quote his numbers."""
    record = Enrollment.objects.select_related("resident").get(
        base__province_id="33", resident__user=world.people["r"]
    )
    person = record.resident
    cells = {"姓名": person.full_name, "证件号": person.id_number, "手机号": person.mobile}
    for batch in world.own["import batch"].values():
        ImportRow.objects.create(
            batch_id=batch,
            sheet_row=2,
            raw=cells | {"备注": f"联系 {person.mobile}"},
            values={"id_number": person.id_number, "full_name": person.full_name, "mobile": person.mobile},
            verdict="refused",
            problems=[
                {
                    "header": "证件号",
                    "column": "D",
                    "code": "id_format",
                    "title": "号码格式",
                    "text": f"“{person.id_number}”不是护照的号码格式。",
                    "repair": "请对照证件。",
                    "is_warning": False,
                }
            ],
        )
    return record


def content_of(answer) -> str:
    """The text of an answer, of every part of a workbook."""
    data = b"".join(answer.streaming_content) if answer.streaming else answer.content
    if data[:2] != b"PK":
        return data.decode("utf-8", "ignore")
    with zipfile.ZipFile(io.BytesIO(data)) as book:
        return " ".join(book.read(name).decode("utf-8", "ignore") for name in book.namelist())


@pytest.mark.parametrize("method", ["get", pytest.param("post", marks=pytest.mark.long)])
@pytest.mark.parametrize("letter", mostly_long(["b", "p", "c"], 3))
def test_no_answer_holds_a_full_number_without_its_line(world, marked, letter, method):
    """TRUST-70: every route, asked for everything: an answer with the number has a line that names the person."""
    numbers = re.compile(f"{marked.resident.id_number}|{marked.resident.mobile}")
    silent, shown = [], 0
    for name, route in ROUTES.items():
        if letter not in route.roles or name.startswith("api:"):
            continue
        # Another client each time: one of the routes signs out.
        client = world.client(letter)
        client.raise_request_exception = False
        with transaction.atomic():
            before = AuditEvent.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
            address = World.address(name, world.own, letter)
            answer = client.get(address) if method == "get" else client.post(address, SENT)
            if numbers.search(content_of(answer)):
                shown += 1
                if not Disclosure.objects.filter(
                    event__gt=before, residents__contains=[marked.resident_id]
                ).exists():
                    silent.append(name)
            transaction.set_rollback(True)
    assert silent == []
    # The walk meets some: it would find another.
    assert shown or (letter, method) in {("c", "get"), ("p", "get")}
