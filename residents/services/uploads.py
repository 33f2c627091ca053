"""What a file sent as evidence or photo must be, by its bytes and never by its name (PAIN-28, docs/fields.md#basic,
docs/fields.md#education)."""

import io
from typing import IO

from django.core.files.uploadedfile import UploadedFile

from portal import scanning
from residents.catalogue.catalogue import Problem
from residents.rules import scans
from residents.services.images import MOST_PIXELS, Size, Unreadable, rewritten, size_of
from residents.services.media import HEIC, JPEG, PICTURES, content_type

SCAN_MAX_BYTES = scans.MAX_MB * 1024 * 1024
PHOTO_MAX_BYTES = 300 * 1024
PHOTO_WIDTH, PHOTO_HEIGHT = 413, 626
# Width to height: 2寸 is 35×53 or 35×49, upright telephone pictures are 3:4; lying or square ones are no such photo.
NARROWEST, WIDEST = 0.6, 0.75
# A picture of a telephone is scaled to what is printed twice as fine.
_TELEPHONE_FITS = (2 * PHOTO_WIDTH, 2 * PHOTO_HEIGHT)

# The page that checks before anything is sent says the same (PAIN-28).
_PHOTO_WORDS = {
    "photo_kind": (
        "照片不是 JPG 格式，也不是手机拍的 HEIC 格式。",
        "请改用其中一种，或在填写页面中裁剪后上传；仅改文件名后缀无效。",
    ),
    "photo_too_large": ("照片有 {kb} KB，超过 {most} KB。", "请压缩后重新上传。"),
    "photo_broken": ("照片文件已损坏或不完整，读不出来。", "请重新导出照片后上传。"),
    "photo_huge": (
        f"照片为 {{width}}×{{height}} 像素，超过 {MOST_PIXELS // 10_000} 万像素。",
        "请缩小后重新上传。",
    ),
    "photo_pixels": (
        f"照片为 {{width}}×{{height}} 像素，小于 {PHOTO_WIDTH}×{PHOTO_HEIGHT} 像素。",
        "请上传宽、高都达到要求的2寸照片。",
    ),
    "photo_ratio": (
        "照片为 {width}×{height} 像素，不是2寸竖版照片的比例。",
        f"请裁剪成宽 {PHOTO_WIDTH}、高 {PHOTO_HEIGHT} 的比例后重新上传。",
    ),
}
# For a page whose browser cannot show the picture; the server can.
_HEIC_WORDS = "这是手机拍的 HEIC 照片，本浏览器不能预览；保存时会自动转为 JPG，并检查像素和比例。"


def upload_problem(name: str, upload: UploadedFile) -> Problem | None:
    """Why this file cannot be stored as the field `name`, None when it can.

    A picture that can be stored is then upright and without metadata, and a HEIC one is a JPG: its bytes in `upload`
    are replaced.
    """
    if not upload.size:
        return Problem("file_empty", "文件是空的。", "请重新选择文件。")
    is_photo, kind = name == "photo", content_type(upload)
    fault = _photo_problem(upload, kind) if is_photo else _scan_problem(upload, kind)
    try:
        found = scanning.finding(upload) if fault is None else None
    except scanning.NotScanned:
        return Problem("file_not_scanned", scanning.NOT_SCANNED, scanning.NOT_SCANNED_REPAIR)
    if found:
        return Problem(
            "file_unsafe",
            f"文件未通过安全检查（{found}）。",
            "请用杀毒软件处理原件，重新扫描或导出后再上传。",
        )
    return fault or _rewrite(upload, kind, is_photo=is_photo)


def _rewrite(upload: UploadedFile, kind: str | None, *, is_photo: bool) -> Problem | None:
    """Put the picture's new bytes in place of those that came; the fault where it cannot be decoded."""
    if kind not in PICTURES:
        return None
    most = PHOTO_MAX_BYTES if is_photo else SCAN_MAX_BYTES
    try:
        content = rewritten(upload, kind, most, fits=_TELEPHONE_FITS if is_photo and kind == HEIC else None)
    except Unreadable:
        return _photo_refusal("photo_broken") if is_photo else _BROKEN_SCAN
    upload.file = io.BytesIO(content)
    upload.size = len(content)
    return None


_BROKEN_SCAN = Problem("file_broken", "图片文件已损坏或不完整，读不出来。", "请重新扫描或导出后上传。")


def _scan_problem(upload: UploadedFile, kind: str | None) -> Problem | None:
    size = upload.size or 0
    if size > SCAN_MAX_BYTES:
        return Problem(
            "file_too_large",
            f"文件有 {_megabytes(size)} MB，超过 {scans.MAX_MB} MB。",
            "请降低扫描分辨率或压缩后重新上传。",
        )
    if kind is None:
        return Problem(
            "file_kind",
            f"文件不是 {scans.KINDS}。",
            "请另存为其中一种格式后重新上传，仅改文件名后缀无效。",
        )
    if kind not in PICTURES:
        return None
    try:
        pixels = size_of(upload, kind)
    except Unreadable:
        return _BROKEN_SCAN
    if pixels.pixels > MOST_PIXELS:
        return Problem(
            "file_huge",
            f"图片为 {pixels.width}×{pixels.height} 像素，超过 {MOST_PIXELS // 10_000} 万像素。",
            "请降低扫描分辨率或缩小后重新上传。",
        )
    return None


def photo_told() -> dict[str, object]:
    """What a page needs to judge a photo as the server does; it fills {kb}, {most}, {width}, {height} in the words."""
    return {
        "width": PHOTO_WIDTH,
        "height": PHOTO_HEIGHT,
        "bytes": PHOTO_MAX_BYTES,
        "telephone_bytes": SCAN_MAX_BYTES,
        "pixels": MOST_PIXELS,
        "ratio": [NARROWEST, WIDEST],
        "words": {code: "".join(words) for code, words in _PHOTO_WORDS.items()},
        "heic": _HEIC_WORDS,
    }


def _photo_problem(upload: UploadedFile, kind: str | None) -> Problem | None:
    if kind not in (JPEG, HEIC):
        return _photo_refusal("photo_kind")
    weight = upload.size or 0
    # A telephone writes no small HEIC; what is stored of it is a JPG within the limit.
    most = PHOTO_MAX_BYTES if kind == JPEG else SCAN_MAX_BYTES
    if weight > most:
        return _photo_refusal("photo_too_large", kb=-(-weight // 1024), most=most // 1024)
    if kind == JPEG and not _is_whole(upload):
        return _photo_refusal("photo_broken")
    try:
        size = size_of(upload, kind)
    except Unreadable:
        return _photo_refusal("photo_broken")
    code = _fault_of(size)
    return _photo_refusal(code, width=size.width, height=size.height) if code else None


def _fault_of(size: Size) -> str:
    if size.pixels > MOST_PIXELS:
        return "photo_huge"
    if size.width < PHOTO_WIDTH or size.height < PHOTO_HEIGHT:
        return "photo_pixels"
    return "" if NARROWEST <= size.width / size.height <= WIDEST else "photo_ratio"


def _is_whole(file: IO[bytes]) -> bool:
    """Whether a JPEG's last scan is ended: a browser shows half of one without a word, so the page looks here, too."""
    file.seek(0)
    content = file.read()
    file.seek(0)
    return content.rfind(b"\xff\xd9") > content.rfind(b"\xff\xda") > 0


def _photo_refusal(code: str, **measured: int) -> Problem:
    text, repair = _PHOTO_WORDS[code]
    return Problem(code, text.format(**measured), repair)


def _megabytes(size: int) -> str:
    return f"{size / 1024 / 1024:.1f}"
