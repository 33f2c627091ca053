"""What a file sent as evidence or photo must be, by its bytes and never by its name (PAIN-28, docs/fields.md#basic,
docs/fields.md#education)."""

import struct
from typing import IO

from django.core.files.uploadedfile import UploadedFile

from portal import scanning
from residents.catalogue.catalogue import Problem

SCAN_MAX_BYTES = 10 * 1024 * 1024
PHOTO_MAX_BYTES = 300 * 1024
PHOTO_WIDTH, PHOTO_HEIGHT = 413, 626
JPEG, PNG, PDF = "image/jpeg", "image/png", "application/pdf"
SUFFIXES = {JPEG: ".jpg", PNG: ".png", PDF: ".pdf"}
_SIGNATURES = ((b"\xff\xd8\xff", JPEG), (b"\x89PNG\r\n\x1a\n", PNG), (b"%PDF-", PDF))
# Start-of-frame markers carry the size; C4, C8 and CC in the same range mean something else.
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_STANDALONE = frozenset({0x01, *range(0xD0, 0xD8)})

# The page that checks before anything is sent says the same (PAIN-28).
_PHOTO_WORDS = {
    "photo_kind": ("照片不是 JPG 格式。", "请另存为 JPG 后重新上传，仅改文件名后缀无效。"),
    "photo_too_large": (f"照片有 {{kb}} KB，超过 {PHOTO_MAX_BYTES // 1024} KB。", "请压缩后重新上传。"),
    "photo_broken": ("照片文件已损坏，读不出尺寸。", "请重新导出照片后上传。"),
    "photo_pixels": (
        f"照片为 {{width}}×{{height}} 像素，小于 {PHOTO_WIDTH}×{PHOTO_HEIGHT} 像素。",
        "请上传宽、高都达到要求的2寸照片。",
    ),
}


def content_type(file: IO[bytes]) -> str | None:
    """The media type the first bytes tell, None for anything but JPG, PNG and PDF. Leaves the file at its start."""
    file.seek(0)
    head = file.read(8)
    file.seek(0)
    return next((kind for signature, kind in _SIGNATURES if head.startswith(signature)), None)


def jpeg_size(file: IO[bytes]) -> tuple[int, int] | None:
    """(width, height) in pixels from the header of a JPEG, None where there is none. Leaves the file at its start."""
    try:
        file.seek(2)
        while True:
            marker, length = struct.unpack(">HH", file.read(4))
            kind = marker & 0xFF
            if marker >> 8 != 0xFF or length < 2:
                return None
            if marker == 0xFFFF or kind in _STANDALONE:
                # Fill bytes and markers without a length: go on at the next byte pair.
                file.seek(-3 if marker == 0xFFFF else -2, 1)
            elif kind in _FRAMES:
                height, width = struct.unpack(">xHH", file.read(5))
                return width, height
            else:
                file.seek(length - 2, 1)
    except struct.error:
        return None
    finally:
        file.seek(0)


def upload_problem(name: str, upload: UploadedFile) -> Problem | None:
    """Why this file cannot be stored as the field `name`, None when it can."""
    if not upload.size:
        return Problem("file_empty", "文件是空的。", "请重新选择文件。")
    fault = _photo_problem(upload) if name == "photo" else _scan_problem(upload)
    if fault is None and (found := scanning.finding(upload)):
        return Problem(
            "file_unsafe",
            f"文件未通过安全检查（{found}）。",
            "请用杀毒软件处理原件，重新扫描或导出后再上传。",
        )
    return fault


def _scan_problem(upload: UploadedFile) -> Problem | None:
    size = upload.size or 0
    if size > SCAN_MAX_BYTES:
        return Problem(
            "file_too_large",
            f"文件有 {_megabytes(size)} MB，超过 10 MB。",
            "请降低扫描分辨率或压缩后重新上传。",
        )
    if content_type(upload) is None:
        return Problem(
            "file_kind", "文件不是 JPG、PNG 或 PDF。", "请另存为其中一种格式后重新上传，仅改文件名后缀无效。"
        )
    return None


def photo_words() -> dict[str, str]:
    """Every refusal of a photo that a page can find by itself, code → words; {kb}, {width}, {height} to be filled."""
    return {code: "".join(words) for code, words in _PHOTO_WORDS.items()}


def _photo_problem(upload: UploadedFile) -> Problem | None:
    if content_type(upload) != JPEG:
        return _photo_refusal("photo_kind")
    weight = upload.size or 0
    if weight > PHOTO_MAX_BYTES:
        return _photo_refusal("photo_too_large", kb=-(-weight // 1024))
    size = jpeg_size(upload)
    if size is None:
        return _photo_refusal("photo_broken")
    if size[0] < PHOTO_WIDTH or size[1] < PHOTO_HEIGHT:
        return _photo_refusal("photo_pixels", width=size[0], height=size[1])
    return None


def _photo_refusal(code: str, **measured: int) -> Problem:
    text, repair = _PHOTO_WORDS[code]
    return Problem(code, text.format(**measured), repair)


def _megabytes(size: int) -> str:
    return f"{size / 1024 / 1024:.1f}"
