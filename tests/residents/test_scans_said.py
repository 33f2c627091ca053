"""What may be uploaded is said the same everywhere, and is what is taken: PAIN-28, GOAL-S7."""

import re
from pathlib import Path

import pytest
from django import forms
from django.core.files.uploadedfile import SimpleUploadedFile

from bases.corrections.forms import CorrectionForm, EndCorrectionForm
from bases.identity_checks.forms import IdentityCheckForm
from residents.rules import certificate, education, scans, status, training
from residents.services.uploads import SCAN_MAX_BYTES, upload_problem
from review.completions.forms import BatchForm as CompletionForm
from review.switches.forms import ScanForm

ROOT = Path(__file__).parents[2]
FILES = ROOT / "tests" / "files" / "uploads"
LISTS_KINDS = re.compile(r"(?:JPG|PDF|PNG)、[A-Z、]* ?(?:HEIC |或 )+[A-Z]+")


def sources():
    for folder, pattern in (
        ("templates", "*.html"),
        ("residents", "*.py"),
        ("bases", "*.py"),
        ("review", "*.py"),
    ):
        for path in (ROOT / folder).rglob(pattern):
            if "migrations" not in path.parts:
                yield path


def test_no_page_lists_other_kinds():
    other = {
        f"{path.relative_to(ROOT)}: {found[0]}"
        for path in sources()
        for found in LISTS_KINDS.finditer(path.read_text("utf-8"))
        if found[0] != scans.KINDS
    }
    assert other == set()


def test_every_scan_of_the_dictionary_says_it():
    fields = [
        field
        for block in (certificate, education, status, training)
        for field in block.FIELDS
        if field.kind == "file"
    ]
    assert len(fields) >= 6
    assert {field.help for field in fields} == {scans.HELP}


@pytest.mark.parametrize(
    "form", [CorrectionForm, EndCorrectionForm, IdentityCheckForm, CompletionForm, ScanForm]
)
def test_every_other_scan_says_and_offers_it(form):
    found = [
        field
        for field in form.base_fields.values()
        if isinstance(field, forms.FileField) and "image" in field.widget.attrs.get("accept", "")
    ]
    assert found
    for field in found:
        assert scans.HELP in field.help_text
        assert field.widget.attrs["accept"] == scans.ACCEPT


def test_the_manual_says_the_sizes_that_are_kept():
    """W12: a limit told twice is told the same."""
    assert SCAN_MAX_BYTES == scans.MAX_MB * 1024 * 1024
    chapters = ROOT / "templates" / "review" / "manual" / "chapters"
    told = {
        size for path in chapters.glob("*.html") for size in re.findall(r"(\d+) ?MB", path.read_text("utf-8"))
    }
    assert told == {str(scans.MAX_MB)}


@pytest.mark.parametrize(
    "name", ["scan_turned_with_place.jpg", "scan_see_through.png", "scan_after_mark.pdf"]
)
def test_what_is_said_is_taken(name):
    assert upload_problem("scan", SimpleUploadedFile(name, (FILES / name).read_bytes())) is None
