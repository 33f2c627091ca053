"""A disk that is really full, of the uploads and of the database: words on the page, nothing half stored, and all
goes on once there is room (TRUST-49)."""

import contextlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.faults.house import House, house, until
from tests.faults.test_faults import LOADED_SECONDS
from tests.faults.visitors import Visitor, batch_of, intake

# Room for the demo and its log; filled up by a ballast in one act.
DATABASE_MEGABYTES, PRIVATE_MEGABYTES = 1200, 24
pytestmark = [pytest.mark.long, pytest.mark.faults]


@pytest.fixture(scope="module")
def running() -> Iterator[House]:
    with house(f"database={DATABASE_MEGABYTES}", f"private={PRIVATE_MEGABYTES}") as made:
        yield made


@contextmanager
def filled(folder: Path) -> Iterator[None]:
    """Not a byte is left; only of a disk made for it, never of the machine's own."""
    assert os.path.ismount(folder)
    ballast = folder / "ballast"
    with ballast.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while file.write(b"\0" * 65_536):
            pass
    assert os.statvfs(folder).f_bavail == 0
    try:
        yield
    finally:
        ballast.unlink()


def files_in(folder: Path) -> set[Path]:
    return {path for path in folder.rglob("*") if path.is_file() and path.name != "ballast"}


def test_full_disk_of_uploads(running):
    running.seconds_until_well(LOADED_SECONDS)
    year = running.ask("SELECT max(year) FROM portal_collectioncycle")[0][0]
    private, batches = running.home / "private", "SELECT count(*) FROM bases_importbatch"
    base = Visitor(running.address)
    assert base.sign_in().status_code == 200
    before = running.ask(batches), files_in(private)
    with filled(private):
        answer = base.upload(intake(year))
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "10")
        assert "存储空间不足" in answer.text
        assert (running.ask(batches), files_in(private)) == before
        # What only reads goes on.
        assert base.get("/base/").status_code == 200
    assert batch_of(base.upload(intake(year)))


def test_full_disk_of_the_database(running):
    running.seconds_until_well(LOADED_SECONDS)
    year = running.ask("SELECT max(year) FROM portal_collectioncycle")[0][0]
    base = Visitor(running.address)
    assert base.sign_in().status_code == 200
    batches = "SELECT count(*) FROM bases_importbatch"
    before = running.ask(batches), len(files_in(running.home / "private"))
    with filled(running.database):
        # Until its log has used up the room it had reserved, it goes on.
        answers = []

        def is_told() -> bool:
            answers.append(base.upload(intake(year)))
            return answers[-1].status_code == 503

        until(is_told, LOADED_SECONDS)
        assert answers[-1].headers["Retry-After"] == "10"
        assert {answer.status_code for answer in answers} <= {200, 503}
        promised = sum(batch_of(answer) is not None for answer in answers)
    running.seconds_until_well(LOADED_SECONDS)
    # One commit may have come through whose answer was lost with the line; sending it again gives the same batch.
    stored = running.ask(batches)[0][0] - before[0][0][0]
    assert 0 <= stored - promised <= 1
