"""Pictures stored by an earlier version lose place and camera where they lie: PAIN-28; BR-20, BR-21; TRUST-48."""

import io
from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.management import call_command
from django.db import models
from PIL import Image

from bases.models import CorrectionRequest, IdentityCheck
from portal.models import AuditEvent
from residents.models import BasicInfo, CertificateInfo, EducationRecord, Enrollment, StatusChange
from residents.services import stored_pictures
from review.models import CompletionBatch, ModeSwitchApplication

pytestmark = pytest.mark.django_db

FILES = Path(__file__).parents[1] / "files" / "uploads"
UNTOUCHED = ("photo_upright.jpg", "scan_after_mark.pdf", "scan_see_through.png", "photo_cut_off.jpg")


@pytest.fixture(autouse=True)
def folder(settings, tmp_path):
    settings.STORAGES = settings.STORAGES | {
        "default": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": str(tmp_path), "base_url": None},
        }
    }
    return tmp_path


def store(name: str, place: str) -> str:
    return default_storage.save(place, ContentFile((FILES / name).read_bytes()))


def read(place: str) -> bytes:
    with default_storage.open(place) as file:
        return file.read()


def test_stored_pictures_are_upright_and_tell_nothing():
    places = {
        name: store(name, f"{folder}/2026/11/{place}")
        for place, (name, folder) in enumerate(
            [
                ("photo_turned.jpg", "evidence"),
                ("photo_with_place.jpg", "evidence"),
                ("scan_turned_with_place.jpg", "corrections"),
                ("photo_upside_down.jpg", "switches"),
            ]
        )
    }
    left = {name: store(name, f"evidence/2026/10/{name}") for name in UNTOUCHED}
    cut = (FILES / "photo_with_place.jpg").read_bytes()[:3000]
    broken = default_storage.save("samples/b", ContentFile(cut))
    call_command("strip_pictures")
    assert read(broken) == cut
    for place in places.values():
        with Image.open(io.BytesIO(read(place))) as image:
            assert image.size == (500, 760)
            assert not image.getexif()
    for name, place in left.items():
        assert read(place) == (FILES / name).read_bytes()
    event = AuditEvent.objects.get(action="pictures_stripped")
    assert (event.detail["seen"], event.detail["changed"], event.detail["unreadable"]) == (8, 4, 1)
    after = {place: read(place) for place in places.values()}
    assert stored_pictures.strip_stored_pictures().changed == 0
    assert {place: read(place) for place in places.values()} == after


@pytest.mark.parametrize("call", [1, 2, 3, 4])
def test_whoever_is_interrupted_loses_nothing(call, monkeypatch):
    place, calls = store("photo_with_place.jpg", "evidence/2026/11/a"), [0]

    def counted(real):
        def act(*args, **options):
            calls[0] += 1
            if calls[0] == call:
                raise OSError("full")
            return real(*args, **options)

        return act

    with monkeypatch.context() as broken:
        for name in ("save", "delete"):
            broken.setattr(default_storage, name, counted(getattr(default_storage, name)))
        with pytest.raises(OSError, match="full"):
            stored_pictures.strip_stored_pictures()
    stored_pictures.strip_stored_pictures()
    with Image.open(io.BytesIO(read(place))) as image:
        assert not image.getexif()
    assert default_storage.listdir("evidence/2026/11") == ([], ["a"])


def test_every_folder_that_takes_a_picture_is_looked_at():
    """A field added later fails here until its folder is named."""
    named = set()
    for model in (BasicInfo, CertificateInfo, EducationRecord, Enrollment, StatusChange, CorrectionRequest,
                  IdentityCheck, CompletionBatch, ModeSwitchApplication):  # fmt: skip
        for field in model._meta.get_fields():
            if isinstance(field, models.FileField):
                named.add(field.generate_filename(model(), "x").partition("/")[0])
    assert named - {"completions", "imports"} == set(stored_pictures.FOLDERS)
