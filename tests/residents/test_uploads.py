"""Files are judged by their bytes (PAIN-28, docs/fields.md#basic, docs/fields.md#education)."""

import io

import pytest

from residents.services.refusals import Refused
from residents.services.uploads import content_type, jpeg_size, upload_problem
from tests.residents.conftest import jpeg, upload

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 20
PDF = b"%PDF-1.7\n"


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (jpeg(413, 626), None),
        (jpeg(2000, 3000, size=300 * 1024), None),
        (jpeg(412, 626), "photo_pixels"),
        (jpeg(626, 413), "photo_pixels"),
        (jpeg(413, 626, size=300 * 1024 + 1), "photo_too_large"),
        (PNG, "photo_kind"),
        (b"<html>", "photo_kind"),
        (b"\xff\xd8\xff", "photo_broken"),
        (b"\xff\xd8\xff\xe1\x00\x00" + b"\0" * 50, "photo_broken"),
        (b"\xff\xd8" + b"\xff" * 5000, "photo_broken"),
        (b"", "file_empty"),
    ],
)
def test_photo(content, code):
    problem = upload_problem("photo", upload(content))
    assert (problem and problem.code) == code


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (PDF, None),
        (PNG, None),
        (jpeg(10, 10), None),
        (PDF.ljust(10 * 1024 * 1024, b"\0"), None),
        (PDF.ljust(10 * 1024 * 1024 + 1, b"\0"), "file_too_large"),
        (b"MZ\x90\x00", "file_kind"),
        (b"<?xml version='1.0'?><svg/>", "file_kind"),
    ],
)
def test_scan(content, code):
    """The name says nothing: every one of them is called .pdf."""
    problem = upload_problem("scan", upload(content, "毕业证书.pdf"))
    assert (problem and problem.code) == code


def test_jpeg_size_with_fill_bytes_before_the_frame():
    content = jpeg(500, 700).replace(b"\xff\xc0", b"\xff\xff\xff\xc0")
    file = io.BytesIO(content)

    assert jpeg_size(file) == (500, 700)
    assert file.tell() == 0
    assert content_type(file) == "image/jpeg"


def test_refused_photo_says_what_and_how(save):
    with pytest.raises(Refused) as refusal:
        save("basic", {"photo": upload(jpeg(100, 200)), "email": "a@example.com"})

    assert str(refusal.value) == "照片为 100×200 像素，小于 413×626 像素。请上传宽、高都达到要求的2寸照片。"
