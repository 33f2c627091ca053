"""What the tests of the resident's desk share: sound values of each block as a browser sends them, and files."""

import io
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from residents.services.personal import save_block

ORIENTATION = 0x0112
BASIC = {
    "nationality": "CHN",
    "ethnicity": "01",
    "hukou_province": "33",
    "mobile": "13812345678",
    "email": "chenyutong@example.com",
    "emergency_name": "陈建国",
    "emergency_mobile": "13700000001",
    "military_status": "0",
    "language_exam_type": "5",
}
EDUCATION = {
    "level": "3",
    "is_full_time": "True",
    "is_enrolled": "False",
    "school": "浙江大学",
    "major": "临床医学",
    "graduation_date": "2019-06-30",
    "education_code": "21",
    "has_diploma": "True",
    "diploma_no": "103351201905000123",
    "diploma_date": "2019-06-30",
    "has_degree": "True",
    "degree_code": "410",
    "degree_no": "1033542019000123",
    "degree_date": "2019-06-30",
}


@pytest.fixture
def basic_values():
    return dict(BASIC)


@pytest.fixture
def education_values():
    return dict(EDUCATION)


@pytest.fixture
def save(enrollment, resident):
    """A function: save a one-row block of the fixture's record as its own person."""

    def save(block, raw, **others):
        return save_block(enrollment, block, raw, by=resident, **others)

    return save


def picture(width: int, height: int, kind: str = "JPEG", *, mode: str = "RGB", **more: Any) -> bytes:
    """A picture of this kind: its left half red, so that a turn is seen."""
    image = Image.new("RGB", (width, height), "white")
    image.paste("red", (0, 0, width // 2, height))
    target = io.BytesIO()
    image.convert(mode).save(target, kind, **more)
    return target.getvalue()


def jpeg(width: int, height: int, size: int = 0, *, turn: int = 1, **more: Any) -> bytes:
    """A JPEG of these pixels as they lie in the file, with EXIF that says how to turn it, padded to `size` bytes."""
    exif = Image.Exif()
    exif[ORIENTATION] = turn
    return picture(width, height, exif=exif, **more).ljust(size, b"\0")


def upload(content: bytes, name: str = "photo.jpg") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content)
