"""The hook for a virus scanner: every upload passes it, none by default (TRUST-34)."""

import uuid

from django.core.files.uploadedfile import SimpleUploadedFile

from bases.imports.forms import UploadForm
from residents.services.uploads import upload_problem

PDF = b"%PDF-1.4 EICAR"


def scanner(file) -> str | None:
    """An operator's scanner: finds one kind of thing."""
    return "Eicar-Test" if b"EICAR" in file.read() else None


def test_nothing_is_scanned_without_a_scanner(settings):
    assert settings.UPLOAD_SCANNER == ""
    assert upload_problem("evidence", SimpleUploadedFile("a.pdf", PDF)) is None


def test_a_finding_refuses_evidence_and_workbook(settings):
    settings.UPLOAD_SCANNER = "tests.portal.test_scanning.scanner"
    refused = upload_problem("evidence", SimpleUploadedFile("a.pdf", PDF))
    assert (refused.code, refused.text) == ("file_unsafe", "文件未通过安全检查（Eicar-Test）。")
    form = UploadForm(
        {"token": uuid.uuid4()}, {"file": SimpleUploadedFile("a.xlsx", PDF)}, template="账号模板"
    )
    assert form.errors["file"] == ["文件未通过安全检查（Eicar-Test）。请用杀毒软件处理后重新上传。"]


def test_a_clean_file_is_read_from_its_start_afterwards(settings):
    settings.UPLOAD_SCANNER = "tests.portal.test_scanning.scanner"
    file = SimpleUploadedFile("a.pdf", b"%PDF-1.4 clean")
    assert upload_problem("evidence", file) is None
    assert file.read(4) == b"%PDF"
