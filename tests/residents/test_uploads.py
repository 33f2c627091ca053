"""Files are judged by their bytes, and pictures stored upright and bare (PAIN-28, docs/fields.md#basic,
docs/fields.md#education)."""

import io
import struct
import zlib

import pytest
from PIL import Image

from residents.services.media import content_type
from residents.services.refusals import Refused
from residents.services.uploads import PHOTO_MAX_BYTES, upload_problem
from tests.residents.conftest import ORIENTATION, jpeg, picture, upload

MB = 1024 * 1024
PNG = picture(20, 20, "PNG")
PDF = b"%PDF-1.7\n"
BOM = b"\xef\xbb\xbf"


def header(width: int, height: int) -> bytes:
    """A JPEG that promises these pixels and holds none."""
    frame = b"\xff\xc0" + struct.pack(">HBHHB", 11, 8, height, width, 1) + b"\x01\x11\x00"
    return (
        b"\xff\xd8\xff\xe0\x00\x02"
        + frame
        + b"\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00"
        + b"\0" * 9
        + b"\xff\xd9"
    )


def chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def png_header(width: int, height: int) -> bytes:
    """A PNG that promises these pixels in a few bytes."""
    body = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", body) + chunk(b"IDAT", zlib.compress(b"\0" * 100))


def with_place() -> bytes:
    """A photo that tells where it was taken, and a comment."""
    exif = Image.Exif()
    exif.get_ifd(0x8825)[2] = (30.0, 15.0, 20.0)
    exif.get_ifd(0x8825)[1] = "N"
    exif[0x010F] = "CameraMaker"
    return picture(500, 700, exif=exif, comment=b"at home", dpi=(300, 300))


def kept(name: str, content: bytes, code: str | None = None) -> Image.Image:
    """What is stored of this file."""
    file = upload(content)
    problem = upload_problem(name, file)
    assert problem is None, problem
    assert file.size == len(file.read())
    file.seek(0)
    image = Image.open(io.BytesIO(file.read()))
    image.load()
    return image


PHOTOS = {
    "least": (jpeg(413, 626), None),
    "heavy": (jpeg(2000, 3000, size=PHOTO_MAX_BYTES), None),
    "too narrow by one": (jpeg(412, 626), "photo_pixels"),
    "lying": (jpeg(626, 413), "photo_pixels"),
    "too heavy by one": (jpeg(413, 626, size=PHOTO_MAX_BYTES + 1), "photo_too_large"),
    "lying, and told to be upright": (jpeg(640, 430, turn=6), None),
    "lying, turned to the left": (jpeg(640, 430, turn=8), None),
    "upright, told to lie": (jpeg(430, 640, turn=6), "photo_pixels"),
    "upside down": (jpeg(430, 640, turn=3), None),
    "unknown turn": (jpeg(430, 640, turn=77), None),
    "landscape of a camera": (jpeg(1600, 1200), "photo_ratio"),
    "square": (jpeg(700, 700), "photo_ratio"),
    "panorama on end": (jpeg(413, 1400), "photo_ratio"),
    "3 to 4": (jpeg(600, 800), None),
    "grey": (jpeg(413, 626, mode="L"), None),
    "for print": (picture(413, 626, mode="CMYK"), None),
    "progressive": (picture(413, 626, progressive=True), None),
    "place": (with_place(), None),
    "heic": (picture(600, 900, "HEIF"), None),
    "heic lying": (picture(900, 600, "HEIF"), "photo_pixels"),
    "heic landscape": (picture(1600, 1200, "HEIF"), "photo_ratio"),
    "heic cut off": (picture(600, 900, "HEIF")[:600], "photo_broken"),
    "heic of nothing": (b"\0\0\0\x18ftypheic" + b"\0" * 40, "photo_broken"),
    "bomb": (header(65500, 65500), "photo_huge"),
    "bomb of the right shape": (header(6500, 9800), "photo_huge"),
    "header only": (header(413, 626)[:-2], "photo_broken"),
    "cut off": (jpeg(500, 700)[:3000], "photo_broken"),
    "cut off behind a thumbnail": (jpeg(500, 700).replace(b"Exif", b"\xff\xd9if")[:3000], "photo_broken"),
    "png": (PNG, "photo_kind"),
    "gif": (picture(413, 626, "GIF"), "photo_kind"),
    "webp": (picture(413, 626, "WEBP"), "photo_kind"),
    "pdf": (PDF, "photo_kind"),
    "page": (b"<html>", "photo_kind"),
    "film": (b"\0\0\0\x18ftypmp42" + b"\0" * 40, "photo_kind"),
    "three bytes": (b"\xff\xd8\xff", "photo_broken"),
    "no length": (b"\xff\xd8\xff\xe1\x00\x00" + b"\0" * 50, "photo_broken"),
    "fill": (b"\xff\xd8" + b"\xff" * 5000, "photo_broken"),
    "empty": (b"", "file_empty"),
}
SCANS = {
    "pdf": (PDF, None),
    "pdf after a byte order mark": (BOM + PDF, None),
    "pdf after blank lines": (b"\r\n\r\n \t" + PDF, None),
    "pdf at the last place": (b"\n" * 1019 + PDF, None),
    "pdf a byte too late": (b"\n" * 1020 + PDF, "file_kind"),
    "pdf as large as may be": (PDF.ljust(10 * MB, b"\0"), None),
    "pdf too large by one": (PDF.ljust(10 * MB + 1, b"\0"), "file_too_large"),
    "png": (PNG, None),
    "transparent png": (picture(20, 20, "PNG", mode="RGBA"), None),
    "png of two colours": (picture(20, 20, "PNG", mode="1"), None),
    "png cut off": (PNG[:60], "file_broken"),
    "png bomb": (png_header(60000, 60000), "file_huge"),
    "jpeg": (jpeg(10, 10), None),
    "jpeg cut off": (jpeg(500, 700)[:3000], "file_broken"),
    "jpeg bomb": (header(65500, 65500), "file_huge"),
    "heic": (picture(64, 64, "HEIF"), None),
    "program": (b"MZ\x90\x00", "file_kind"),
    "drawing": (b"<?xml version='1.0'?><svg/>", "file_kind"),
    "tiff": (picture(10, 10, "TIFF"), "file_kind"),
    "empty": (b"", "file_empty"),
}


@pytest.mark.parametrize("case", PHOTOS)
def test_photo(case):
    """W10 of the findings: upright, of the right shape, bounded before it is decoded."""
    content, code = PHOTOS[case]
    problem = upload_problem("photo", upload(content))
    assert (problem and problem.code) == code


@pytest.mark.parametrize("case", SCANS)
def test_scan(case):
    """The name says nothing: every one of them is called .pdf."""
    content, code = SCANS[case]
    problem = upload_problem("scan", upload(content, "毕业证书.pdf"))
    assert (problem and problem.code) == code


def is_red(pixel: tuple[int, ...]) -> bool:
    return pixel[0] > 200 and pixel[1] < 80


@pytest.mark.parametrize(("turn", "red"), [(1, "left"), (6, "top"), (8, "bottom"), (3, "right")])
def test_what_is_stored_stands_upright(turn, red):
    size = (430, 640) if turn in (1, 3) else (640, 430)
    image = kept("photo", jpeg(*size, turn=turn))
    assert (image.format, image.size) == ("JPEG", (430, 640))
    assert image.getexif().get(ORIENTATION) is None
    edges = {"left": (5, 320), "right": (425, 320), "top": (215, 5), "bottom": (215, 635)}
    assert {name: is_red(image.getpixel(at)) for name, at in edges.items() if name != red} != {}
    assert is_red(image.getpixel(edges[red]))
    assert not is_red(
        image.getpixel(edges[{"left": "right", "right": "left", "top": "bottom", "bottom": "top"}[red]])
    )


@pytest.mark.parametrize("name", ["photo", "scan"])
def test_what_is_stored_tells_no_place_and_no_camera(name):
    content = with_place()
    assert b"CameraMaker" in content
    assert b"at home" in content
    image = kept(name, content)
    assert dict(image.getexif()) == {}
    assert image.info.keys() <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
    file = upload(content)
    upload_problem(name, file)
    assert b"CameraMaker" not in (stored := file.read())
    assert b"at home" not in stored


def test_a_png_stays_one_without_its_texts():
    told = picture(20, 20, "PNG", mode="P", transparency=0, dpi=(72, 72), exif=b"Exif\0\0MM\0*\0\0\0\x08\0\0")
    image = kept("scan", told)
    assert image.format == "PNG"
    assert image.info.keys() <= {"transparency"}


@pytest.mark.long
def test_a_telephones_photo_becomes_a_jpg_within_the_limit():
    """Heavier than a photo may be; a finer one is scaled down."""
    noise = Image.effect_noise((420, 630), 120).convert("RGB")
    target = io.BytesIO()
    noise.save(target, "HEIF", quality=97)
    assert PHOTO_MAX_BYTES < len(target.getvalue()) < 10 * MB
    file = upload(target.getvalue())
    assert upload_problem("photo", file) is None
    assert file.size <= PHOTO_MAX_BYTES
    assert kept("photo", picture(1200, 1600, "HEIF")).size == (826, 1101)


def test_a_photo_at_the_limit_is_within_it_after_being_written_anew():
    noise, target = Image.effect_noise((500, 700), 90).convert("RGB"), io.BytesIO()
    noise.save(target, "JPEG", quality=78)
    content = target.getvalue()
    assert 200 * 1024 < len(content) <= PHOTO_MAX_BYTES
    file = upload(content)
    assert upload_problem("photo", file) is None
    assert file.size <= PHOTO_MAX_BYTES


def test_a_file_that_was_taken_is_taken_again():
    """A form judges it, and the service behind the form again."""
    file = upload(jpeg(640, 430, turn=6))
    assert upload_problem("photo", file) is None
    assert upload_problem("photo", file) is None
    assert content_type(file) == "image/jpeg"
    assert file.tell() == 0


def test_refused_photo_says_what_and_how(save):
    with pytest.raises(Refused) as refusal:
        save("basic", {"photo": upload(jpeg(100, 200)), "email": "a@example.com"})

    assert str(refusal.value) == "照片为 100×200 像素，小于 413×626 像素。请上传宽、高都达到要求的2寸照片。"
