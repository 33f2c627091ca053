"""What the tests of the resident's desk share: sound values of each block as a browser sends them, and files."""

import struct

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from residents.services.personal import save_block

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


def jpeg(width: int, height: int, size: int = 0) -> bytes:
    """The header of a JPEG of these pixels (with EXIF before the frame), padded to `size` bytes."""
    exif = b"\xff\xe1" + struct.pack(">H", 8) + b"Exif\0\0"
    frame = b"\xff\xc0" + struct.pack(">HBHHB", 11, 8, height, width, 1) + b"\x01\x11\x00"
    return (b"\xff\xd8" + exif + frame + b"\xff\xd9").ljust(size, b"\0")


def upload(content: bytes, name: str = "photo.jpg") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content)
