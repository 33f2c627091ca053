"""What a file is, judged by its content and before any reader opens it. Runs in the reading child."""

import re
import zipfile
from os import stat

from portal.sheets.refusals import refused

MAX_UNPACKED_BYTES = 100 * 1024 * 1024
MAX_PARTS = 5_000
# Deflate reaches about 1,000:1 and only on filler; a sheet of blank formatted cells stays below 150:1.
_MAX_RATIO = 250
_RATIO_MATTERS_ABOVE = 10 * 1024 * 1024
_PROLOG_BYTES = 64 * 1024

_OLE = bytes.fromhex("d0cf11e0a1b11ae1")
_NOT_TABLES = (
    (b"%PDF", "PDF 文档"),
    (b"\x89PNG", "图片（PNG）"),
    (b"\xff\xd8\xff", "图片（JPG）"),
    (b"GIF8", "图片（GIF）"),
    (b"BM", "图片（BMP）"),
    (b"II*\x00", "图片（TIFF）"),
    (b"MM\x00*", "图片（TIFF）"),
    (b"Rar!", "压缩包（RAR）"),
    (b"7z\xbc\xaf", "压缩包（7z）"),
    (b"\x1f\x8b", "压缩包（gz）"),
    (b"{\\rtf", "RTF 文档"),
    (b"MZ", "程序"),
    (b"\x7fELF", "程序"),
)
# Programs that guard a firm's documents begin what they have encrypted with their own name.
_LOCKED = (b"%TSD-Header", b"E-SafeNet", b"b\x14#e")
_PAGE = re.compile(rb"<(?:!doctype html|html|head|meta|body|style|table|div)\b")
_PROLOG = re.compile(rb"(?:\xef\xbb\xbf)?(?:\s+|<\?.*?\?>|<!--.*?-->)*", re.DOTALL)


def inspect(path: str, max_bytes: int, max_unpacked: int = MAX_UNPACKED_BYTES) -> str:
    """The kind of a file: "xlsx", "xls", "ods" or "csv". Raises SheetRefused for everything else."""
    size = stat(path).st_size
    if size == 0:
        raise refused("empty_file")
    if size > max_bytes:
        raise refused("file_too_big", size=round(size / 2**20, 1), limit=round(max_bytes / 2**20, 1))
    with open(path, "rb") as file:
        head = file.read(4096)
        if head.startswith(_OLE):
            return _inspect_ole(head + file.read())
    if head.startswith(b"PK"):
        return _inspect_zip(path, max_unpacked)
    return _inspect_text(head)


def _inspect_ole(content: bytes) -> str:
    def has(name: str) -> bool:
        return name.encode("utf-16-le") in content

    if has("DRMEncryptedTransform") or has("DRMEncryptedDataSpace"):
        raise refused("rights")
    if has("EncryptedPackage"):
        raise refused("password")
    if has("_VBA_PROJECT"):
        raise refused("macros")
    if has("Workbook") or has("Book"):
        return "xls"
    if has("WordDocument"):
        raise refused("not_a_table", what="Word 文档")
    if has("PowerPoint Document"):
        raise refused("not_a_table", what="幻灯片")
    raise refused("old_format", what="旧版 WPS 表格（.et）或其他旧格式")


def _inspect_text(head: bytes) -> str:
    for magic, what in _NOT_TABLES:
        if head.startswith(magic) and (len(magic) > 2 or b"\x00" in head):
            raise refused("not_a_table", what=what)
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        head = head[: len(head) // 2 * 2].decode("utf-16", "replace").encode(errors="replace")
    elif b"\x00" in head or head.startswith(_LOCKED):
        raise refused("unknown_content")
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if b"mime-version:" in start[:1000]:
        raise refused("old_format", what="改了扩展名的单个文件网页（MHTML）")
    if start.startswith(b"<") and _PAGE.search(start):
        raise refused("old_format", what="改了扩展名的网页（HTML）")
    if start.startswith((b"<?xml", b"<workbook", b"<office:")):
        raise refused("old_format", what="XML 格式的表格")
    return "csv"


def _inspect_zip(path: str, max_unpacked: int) -> str:
    try:
        with zipfile.ZipFile(path) as archive:
            parts = archive.infolist()
            _check_directory(parts, max_unpacked)
            kind = _kind_of_archive(archive, {part.filename.replace("\\", "/").lower() for part in parts})
            if kind == "ods" and _is_encrypted_ods(archive):
                raise refused("password")
            for part in parts:
                if part.filename.lower().endswith((".xml", ".rels")):
                    _check_prolog(archive, part)
            return kind
    except (zipfile.BadZipFile, EOFError, OSError, NotImplementedError, RuntimeError, ValueError) as error:
        raise refused("broken") from error


def _check_directory(parts: list[zipfile.ZipInfo], max_unpacked: int) -> None:
    if len(parts) > MAX_PARTS:
        raise refused("too_many_parts")
    unpacked = sum(part.file_size for part in parts)
    packed = sum(part.compress_size for part in parts)
    if unpacked > max_unpacked:
        raise refused("unpacks_too_big")
    if unpacked > _RATIO_MATTERS_ABOVE and unpacked > packed * _MAX_RATIO:
        raise refused("unpacks_too_big")
    if any(part.flag_bits & 0x1 for part in parts):
        raise refused("password")
    # Two parts of one name: what is looked at here need not be what the reader opens.
    if len({part.filename.lower() for part in parts}) < len(parts):
        raise refused("broken")


def _kind_of_archive(archive: zipfile.ZipFile, names: set[str]) -> str:
    if any(name.endswith("vbaproject.bin") or name.startswith("basic/") for name in names):
        raise refused("macros")
    if "xl/workbook.xml" in names:
        return "xlsx"
    if "xl/workbook.bin" in names:
        raise refused("old_format", what="二进制工作簿（.xlsb）")
    if "mimetype" in names and "content.xml" in names:
        mimetype = archive.read("mimetype")[:200]
        if b"opendocument.spreadsheet" in mimetype:
            return "ods"
        raise refused("not_a_table", what="文档（OpenDocument）")
    if any(name.startswith("word/") for name in names):
        raise refused("not_a_table", what="Word 文档")
    if any(name.startswith("ppt/") for name in names):
        raise refused("not_a_table", what="幻灯片")
    if any(name.startswith("index/") and name.endswith(".iwa") for name in names):
        raise refused("old_format", what="苹果 Numbers 表格")
    if "[content_types].xml" in names:
        return "xlsx"  # a workbook at an unusual place; the reader decides
    raise refused("not_a_table", what="压缩包（ZIP）")


def _check_prolog(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> None:
    """Refuses a part with a DOCTYPE, the only place an entity (XXE, a billion laughs) can come from."""
    with archive.open(part) as stream:
        head = stream.read(_PROLOG_BYTES)
    if not head:
        return
    # UTF-16 would hide the declaration from this look, and no spreadsheet program writes it.
    if b"\x00" in head[:200] or head.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise refused("utf16")
    prolog = _PROLOG.match(head)
    root = prolog.end() if prolog else 0
    if re.match(rb"<[A-Za-z_]", head[root : root + 2]) is None:
        raise refused("entities" if head[root : root + 2] == b"<!" else "broken")


def _is_encrypted_ods(archive: zipfile.ZipFile) -> bool:
    try:
        return b"encryption-data" in archive.read("META-INF/manifest.xml")
    except KeyError:
        return False
