"""数据包: what is in it, who gets the persons, and what its own check tells (GOAL-N8)."""

import csv
import io
import json
import subprocess
import sys
import zipfile

import pytest
from django.urls import reverse

from bases.models import Submission
from portal.models import AuditEvent
from residents.models import Disclosure
from review.models import Export
from review.packages import archive
from review.packages.verify import file_sha256

pytestmark = pytest.mark.django_db


@pytest.fixture
def edition(life, freeze):
    for acts in (
        ["recruits A", "approves A"],
        ["recruits A", "approves A", "ends A", "approves A"],
        ["recruits A", "approves A", "withdraws A 14", "approves A"],
    ):
        life().live(acts)
    return freeze()


@pytest.fixture
def unpacked(edition, tmp_path):
    """The folder a recipient has, persons included."""
    content = b"".join(archive.stream(edition, with_persons=True))
    zipfile.ZipFile(io.BytesIO(content)).extractall(tmp_path / "package")
    return tmp_path / "package"


def verify(folder, *arguments: str) -> tuple[int, str]:
    """As the recipient runs it: a bare Python without our packages, our folder, or a network."""
    answer = subprocess.run(
        [sys.executable, "-I", "-S", "verify.py", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    assert answer.stderr == ""
    return answer.returncode, answer.stdout


def test_a_package_holds_what_is_listed_and_verifies(edition, unpacked):
    """GOAL-N8: "csv and xlsx of every table, code lists, data dictionary, manifest with counts and hashes (Frictionless
    Data Package), a check that the recipient runs without us"."""
    names = {str(each.relative_to(unpacked)) for each in unpacked.rglob("*") if each.is_file()}
    year = {f"tables/year-{number}-province.{kind}" for number in range(1, 8) for kind in ("csv", "xlsx")}
    year |= {f"tables/year-{number}-specialty.{kind}" for number in (1, 2, 4, 5) for kind in ("csv", "xlsx")}
    assert names == year | {
        "datapackage.json",
        "edition.json",
        "tables/counts.csv",
        "tables/counts.xlsx",
        "tables/bases.csv",
        "tables/bases.xlsx",
        "persons.csv",
        "codes.csv",
        "definitions.csv",
        "checks.csv",
        "revisions.csv",
        "signoffs.csv",
        "README.txt",
        "ROWSUMS",
        "SHA256SUMS",
        "verify.py",
    }
    for by in ("province", "specialty"):
        current = (unpacked / f"tables/year-2-{by}.csv").read_text(encoding="utf-8").splitlines()
        assert current[-1].startswith(f"合计,{edition.counts['current']},")
    code, told = verify(unpacked, "--sha256", edition.sha256)
    assert code == 0, told
    assert "核对通过。" in told
    assert "名单 3 人逐人重算" in told
    about = json.loads((unpacked / "datapackage.json").read_text(encoding="utf-8"))
    assert about["hash"] == f"sha256:{edition.sha256}"
    persons = next(each for each in about["resources"] if each["path"] == "persons.csv")
    assert (persons["rows"], persons["schema"]["primaryKey"]) == (3, ["resident_id"])


@pytest.mark.parametrize(
    "name", ["persons.csv", "tables/counts.csv", "codes.csv", "tables/bases.xlsx", "edition.json"]
)
def test_a_changed_byte_is_told(unpacked, name):
    """GOAL-N8: one byte of any file: the file is named, of a table its line."""
    path = unpacked / name
    content = bytearray(path.read_bytes())
    place = len(content) - 3
    content[place] ^= 1
    path.write_bytes(content)
    code, told = verify(unpacked)
    assert code == 1
    assert f"文件被改动：{name}" in told
    if name in ("tables/counts.csv", "codes.csv"):
        last = content.rstrip(b"\n").count(b"\n") + 1
        assert f"{name} 第 {last} 行被改动" in told


def rewrite(folder, name: str, change) -> None:
    """Change one line, and the sums of the files with it, as a careful forger would."""
    lines = (folder / name).read_text(encoding="utf-8").splitlines()
    change(lines)
    (folder / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
    sums = (folder / "SHA256SUMS").read_text(encoding="utf-8").splitlines()
    sums = [f"{file_sha256(folder / name)}  {name}" if each.endswith(f"  {name}") else each for each in sums]
    (folder / "SHA256SUMS").write_text("\n".join(sums) + "\n", encoding="utf-8")


def test_a_changed_person_is_named(unpacked):
    """GOAL-N8: one row; also where the forger has put the sums of the files right."""

    def change(lines: list[str]) -> None:
        row = next(csv.reader([lines[2]]))
        row[2] = "current" if row[2] != "current" else "ended"
        lines[2] = ",".join(row)

    person = (unpacked / "persons.csv").read_text(encoding="utf-8").splitlines()[2].split(",")[0]
    rewrite(unpacked, "persons.csv", change)
    code, told = verify(unpacked)
    assert code == 1
    assert f"persons.csv 第 3 行（人员序号 {person}）与其校验值不符" in told
    assert "名单人数与登记的人数不符" in told


def test_a_removed_person_and_a_forged_total_are_told(unpacked):
    rewrite(unpacked, "persons.csv", lambda lines: lines.pop(1))
    code, told = verify(unpacked)
    assert code == 1
    assert "由名单重算的版本校验值与登记的" in told
    rewrite(unpacked, "tables/counts.csv", lambda lines: lines.append(lines[-1]))
    _, told = verify(unpacked)
    assert "tables/counts.csv 的合计与登记的人数不符" in told


def test_a_missing_and_an_added_file_are_told(unpacked):
    (unpacked / "codes.csv").unlink()
    (unpacked / "tables" / "more.csv").write_text("x")
    _, told = verify(unpacked)
    assert "缺少文件 codes.csv" in told
    assert "多出的文件 tables/more.csv" in told


def test_without_a_purpose_no_person_leaves(edition, national, django_capture_on_commit_callbacks):
    """GOAL-N8, GOAL-N5: the persons pass the gate of full exports; without them the package is anybody's to read."""
    page = reverse("review:package", args=[edition.pk])
    answer = national.post(page, {"unmasked": "on"})
    assert "用途" in answer.content.decode()
    assert not Export.objects.exists()
    with django_capture_on_commit_callbacks(execute=True):
        national.post(page, {})
    plain = Export.objects.get()
    with plain.file.open() as file:
        archived = zipfile.ZipFile(io.BytesIO(file.read()))
    numbers = set(Submission.objects.values_list("snapshot__identity__id_number", flat=True))
    for name in archived.namelist():
        content = archived.read(name)
        assert not any(number.encode() in content for number in numbers), name
    assert "persons.csv" not in archived.namelist()
    with django_capture_on_commit_callbacks(execute=True):
        national.post(page, {"unmasked": "on", "purpose": "报送国家卫生健康委"})
    full = Export.objects.exclude(pk=plain.pk).get()
    assert full.purpose == "报送国家卫生健康委"
    event = AuditEvent.objects.get(action="export", target_id=str(full.pk))
    told = Disclosure.objects.filter(event=event)
    assert sorted(who for each in told for who in each.residents) == sorted(
        edition.people.values_list("resident_id", flat=True)
    )
    fetched = national.get(reverse("review:export-file", args=[full.pk]))
    assert fetched["Content-Type"] == "application/zip"
    assert zipfile.ZipFile(io.BytesIO(b"".join(fetched.streaming_content))).testzip() is None
