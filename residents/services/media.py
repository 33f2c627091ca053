"""What kind of file this is, by its bytes and never by its name (docs/fields.md#basic, docs/fields.md#education)."""

from typing import IO

JPEG, PNG, HEIC, PDF = "image/jpeg", "image/png", "image/heic", "application/pdf"
SUFFIXES = {JPEG: ".jpg", PNG: ".png", PDF: ".pdf"}
PICTURES = (JPEG, PNG, HEIC)
_SIGNATURES = ((b"\xff\xd8\xff", JPEG), (b"\x89PNG\r\n\x1a\n", PNG))
# The brands under which telephones write HEIC; AVIF and videos begin alike and are none.
_HEIC_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"})
# Readers look for the mark of a PDF in so many bytes: some programs write a byte order mark or blank lines before it.
_PDF_WITHIN = 1024


def content_type(file: IO[bytes]) -> str | None:
    """The media type the first bytes tell, None for anything but JPG, PNG, HEIC and PDF. Leaves the file at its
    start."""
    file.seek(0)
    head = file.read(_PDF_WITHIN)
    file.seek(0)
    for signature, kind in _SIGNATURES:
        if head.startswith(signature):
            return kind
    if head[4:8] == b"ftyp" and head[8:12] in _HEIC_BRANDS:
        return HEIC
    return PDF if b"%PDF-" in head else None
