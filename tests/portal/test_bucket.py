"""Uploads in a bucket of an S3-compatible store (UPLOADS_BUCKET), on a server of moto's: stored, shown, forgotten,
saved and brought back; a store that does not answer is told, and nothing is half stored (TRUST-49)."""

import io
import tarfile
from datetime import timedelta

import boto3
import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils import timezone
from moto.server import ThreadedMotoServer

from bases.stored_files import sweep_files
from portal import backups
from portal import settings as product
from residents.models import BasicInfo
from residents.services.media import content_type
from tests.residents.conftest import jpeg, upload

pytestmark = [pytest.mark.long, pytest.mark.django_db(transaction=True)]
PAGE = "/resident/section/basic/"


@pytest.fixture
def store():
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def bucket(store, settings, monkeypatch):
    """The product's own setting, on that server; its contents as the store has them."""
    host, port = store.get_host_and_port()
    given = {"ENDPOINT": f"http://{host}:{port}", "REGION": "us-east-1", "ACCESS_KEY": "a", "SECRET_KEY": "s"}
    for name, value in given.items():
        monkeypatch.setenv(f"UPLOADS_{name}", value)
    monkeypatch.setattr(product, "UPLOADS_BUCKET", "uploads")
    keys = {"aws_access_key_id": "a", "aws_secret_access_key": "s", "region_name": "us-east-1"}
    made = boto3.resource("s3", endpoint_url=given["ENDPOINT"], **keys).Bucket("uploads")
    made.create()
    settings.STORAGES = settings.STORAGES | {"default": product.uploads_storage()}
    return made


@pytest.fixture
def client(signed_in, enrollment):
    return signed_in(enrollment.resident.user)


def names(bucket) -> set[str]:
    return {each.key for each in bucket.objects.all()}


def test_a_photo_is_stored_shown_and_swept(client, bucket):
    assert client.post(PAGE, {"photo": upload(jpeg(413, 626)), "version": "0"}).status_code == 302
    stored = BasicInfo.objects.get().photo.name
    assert names(bucket) == {stored}
    answer = client.get("/resident/files/basic/photo/")
    assert content_type(io.BytesIO(b"".join(answer.streaming_content))) == "image/jpeg"
    # What no row names goes; what a row names stays.
    lost = default_storage.save(f"evidence/{timezone.localtime():%Y/%m}/lost", ContentFile(b"x"))
    assert names(bucket) == {stored, lost}
    assert sweep_files(timezone.now() + timedelta(hours=25)) == 1
    assert names(bucket) == {stored}


def test_a_file_that_is_gone_is_not_found(client, bucket):
    client.post(PAGE, {"photo": upload(jpeg(413, 626)), "version": "0"})
    bucket.objects.all().delete()
    assert client.get("/resident/files/basic/photo/").status_code == 404


def test_uploads_are_saved_and_come_back(bucket, tmp_path):
    content = {"imports/2026/11/a": b"one", "evidence/2026/11/b": b"two" * 1000, "c": b""}
    for name, each in content.items():
        assert default_storage.save(name, ContentFile(each)) == name
    with tarfile.open(tmp_path / "uploads.tar", "w") as archive:
        for name in backups.stored_files():
            backups._put_in(archive, name)
    bucket.objects.all().delete()
    with tarfile.open(tmp_path / "uploads.tar") as archive:
        for member in backups._own_files(archive):
            backups._bring_back(archive, member)
    assert {each.key: each.get()["Body"].read() for each in bucket.objects.all()} == content


def test_a_store_that_is_away_is_told_and_nothing_is_half_stored(client, bucket, store):
    client.raise_request_exception = False
    client.post(PAGE, {"photo": upload(jpeg(413, 626)), "version": "0"})
    before = BasicInfo.objects.values().get()
    store.stop()
    answer = client.post(PAGE, {"photo": upload(jpeg(500, 700)), "version": before["version"]})
    assert (answer.status_code, "存放文件的服务没有应答" in answer.text) == (503, True)
    answer = client.get("/resident/files/basic/photo/")
    assert (answer.status_code, "存放文件的服务没有应答" in answer.text) == (503, True)
    assert BasicInfo.objects.values().get() == before
