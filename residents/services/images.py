"""Pictures of strangers: judged by their header before a pixel is decoded, then put upright and stripped of all that is
no picture (place, camera, thumbnail) by being written anew (PAIN-28)."""

import io
from dataclasses import dataclass
from typing import IO

import pillow_heif
from PIL import Image, ImageCms

from residents.services.media import HEIC, JPEG, PNG

# A4 at 600 dpi, or the largest picture a telephone takes by itself; decoded it takes 150 MB.
MOST_PIXELS = 50_000_000
_FORMATS = {JPEG: "JPEG", PNG: "PNG", HEIC: "HEIF"}
_ORIENTATION = 0x0112
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
# On its side: width and height change places when it is put upright.
_ON_ITS_SIDE = frozenset({5, 6, 7, 8})
_QUALITIES = (92, 85, 75, 65, 50, 35)

pillow_heif.register_heif_opener()
# We count the pixels ourselves, before decoding, to say how many there are.
Image.MAX_IMAGE_PIXELS = None


class Unreadable(Exception):
    """The file is damaged, or is no picture of the kind that its first bytes promise."""


@dataclass(frozen=True, slots=True)
class Size:
    """Width and height of a picture as people see it."""

    width: int
    height: int

    @property
    def pixels(self) -> int:
        return self.width * self.height


def size_of(file: IO[bytes], kind: str) -> Size:
    """The size of the picture upright, from its header alone. Leaves the file at its start; raises Unreadable."""
    with _opened(file, kind) as image:
        width, height = image.size
        # Asking a PNG for its turn may decode it, so not before its pixels are counted.
        turned = width * height <= MOST_PIXELS and _turn(image) in _ON_ITS_SIDE
    return Size(height, width) if turned else Size(width, height)


def rewritten(file: IO[bytes], kind: str, most_bytes: int, *, fits: tuple[int, int] | None = None) -> bytes:
    """The picture upright, in the colours every screen shows, without metadata: a PNG stays one, all else is a JPG.

    As sharp as `most_bytes` allow; `fits` is a size beyond which it is scaled down first. Raises Unreadable.
    """
    with _opened(file, kind) as image:
        try:
            image.load()
            turn = _UPRIGHT.get(_turn(image))
            upright = _in_common_colours(image if turn is None else image.transpose(turn))
            if fits:
                upright.thumbnail(fits)
        # A decoder of strangers' bytes raises whatever it likes.
        except Exception as broken:
            raise Unreadable from broken
    written = _as_png(upright) if kind == PNG else b""
    return written if written and len(written) <= most_bytes else _as_jpeg(upright, most_bytes)


def _opened(file: IO[bytes], kind: str) -> Image.Image:
    file.seek(0)
    try:
        return Image.open(io.BytesIO(file.read()), formats=(_FORMATS[kind],))
    except Exception as broken:
        raise Unreadable from broken
    finally:
        file.seek(0)


def _turn(image: Image.Image) -> int:
    """How the picture is to be turned, by its EXIF; 1 is upright, and what nobody can read says nothing."""
    try:
        return image.getexif().get(_ORIENTATION, 1)
    except Exception:
        return 1


def _in_common_colours(image: Image.Image) -> Image.Image:
    profile = image.info.get("icc_profile")
    if profile and image.mode in ("RGB", "CMYK"):
        try:
            own, common = ImageCms.ImageCmsProfile(io.BytesIO(profile)), ImageCms.createProfile("sRGB")
            image = ImageCms.profileToProfile(image, own, common, outputMode="RGB") or image
        except ImageCms.PyCMSError:
            pass  # a profile that nobody can read says nothing about the colours
    # What a writer would take over from the file read; the transparent colour of a palette is part of the picture.
    image.info = {name: value for name, value in image.info.items() if name == "transparency"}
    return image


def _as_png(image: Image.Image) -> bytes:
    target = io.BytesIO()
    image.save(target, "PNG")
    return target.getvalue()


def _as_jpeg(image: Image.Image, most_bytes: int) -> bytes:
    if image.mode in ("RGBA", "LA", "PA", "P"):
        # Transparent parts stand on white, as paper and photo are.
        image = image.convert("RGBA")
        paper = Image.new("RGB", image.size, "white")
        paper.paste(image, mask=image.getchannel("A"))
        image = paper
    elif image.mode not in ("RGB", "L"):
        image = image.convert("RGB")
    written = b""
    for quality in _QUALITIES:
        target = io.BytesIO()
        image.save(target, "JPEG", quality=quality)
        written = target.getvalue()
        if len(written) <= most_bytes:
            break
    return written
