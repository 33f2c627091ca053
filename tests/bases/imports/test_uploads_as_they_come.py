"""Files as they come in, each with its outcome beside it (AM-39, AM-35; PAIN-01, PAIN-04 … PAIN-11, PAIN-28; TRUST-34):
the file's verdict, and the page's after "change nothing, save"."""

import io
import json
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from bases.imports import row_fixing
from bases.imports.choices import has_open_questions, other_sheets, questions_of
from bases.models import ImportRow
from residents.services.uploads import upload_problem
from tests import factories
from tests.bases.conftest import problem_codes

pytestmark = pytest.mark.django_db

FOLDER = Path(__file__).resolve().parents[2] / "files" / "uploads"
OUTCOMES = {path.stem: json.loads(path.read_text("utf-8")) for path in sorted(FOLDER.glob("*.json"))}
WORKBOOKS = [name for name, outcome in OUTCOMES.items() if "field" not in outcome]
PICTURES = [name for name, outcome in OUTCOMES.items() if "field" in outcome]


@pytest.fixture
def sent(checked):
    """A function: the file of this name, uploaded as a list of recruits of 2026, and checked."""

    def upload(name):
        factories.open_windows(factories.CycleFactory(year=2026))
        return checked((FOLDER / name).read_bytes(), name=name)

    return upload


def verdicts(batch) -> dict[int, tuple]:
    codes = problem_codes(batch)
    return {row.sheet_row: (row.verdict, sorted(codes.get(row.sheet_row, []))) for row in batch.rows.all()}


def test_every_file_has_its_outcome():
    names = {path.name for path in FOLDER.iterdir() if path.suffix not in (".json", ".py")}
    assert names == OUTCOMES.keys()
    assert len(names) >= 40


@pytest.mark.parametrize("name", WORKBOOKS)
def test_workbook_comes_to_its_outcome(name, sent):
    outcome, batch = OUTCOMES[name], sent(name)
    if expected := outcome.get("refusal"):
        assert batch.state == "refused"
        assert expected in ("*", batch.refusal["code"])
        assert batch.refusal["text"]
        return
    assert batch.state == "checked", batch.refusal
    told = verdicts(batch)
    refused = batch.rows.filter(verdict=ImportRow.Verdict.REFUSED)
    good = batch.rows.filter(verdict=ImportRow.Verdict.CREATE)
    assert (good.count(), refused.count()) == (outcome["created"], outcome.get("refused", 0)), told
    assert [each.name for each in questions_of(batch)] == outcome.get("asked", [])
    for sheets in (outcome.get("hidden_sheets"), outcome.get("other_sheets")):
        assert set(sheets or []) <= set(other_sheets(batch))
    for row, codes in outcome.get("faults", {}).items():
        assert set(codes) <= {code for _, code in problem_codes(batch)[int(row)]}, told
    if names := outcome.get("names"):
        assert sorted({row.values["full_name"] for row in good}) == sorted(names)


@pytest.mark.parametrize("name", [name for name in WORKBOOKS if OUTCOMES[name].get("refused")])
def test_page_never_judges_more_kindly_than_the_file(name, sent, base_officer):
    """T14: what is known of a file is kept with its batch; "change nothing, save" changes no verdict."""
    batch = sent(name)
    assert not has_open_questions(batch)
    before, page = verdicts(batch), row_fixing.page_to_correct(batch, 1)
    typed = {each.name: each.value for line in page for each in (*line.inputs, *line.other)}
    row_fixing.correct(batch, row_fixing.texts_of(batch, typed), by=base_officer)
    assert verdicts(batch) == before


@pytest.mark.parametrize("name", PICTURES)
def test_picture_or_scan_comes_to_its_outcome(name):
    """PAIN-28: upright, without place and camera, in the colours of a screen; or one refusal in words."""
    outcome = OUTCOMES[name]
    upload = SimpleUploadedFile(name, (FOLDER / name).read_bytes())
    problem = upload_problem(outcome["field"], upload)
    if expected := outcome.get("refusal"):
        assert problem is not None
        assert expected in ("*", problem.code)
        return
    assert problem is None, problem
    upload.seek(0)
    if "size" not in outcome:
        return
    with Image.open(io.BytesIO(upload.read())) as stored:
        assert list(stored.size) == outcome["size"]
        assert not stored.getexif()
        assert stored.mode in ("RGB", "L", "RGBA")
