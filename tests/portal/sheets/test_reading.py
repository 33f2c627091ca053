"""Every file has a good outcome: values, a marker at the cell, or one plain refusal (TRUST-34 … TRUST-36, TRUST-42)."""

import json
import subprocess
import sys

import pytest

from portal.sheets import reading
from portal.sheets.reading import SheetRefused, read_table
from tests.portal.sheets import corpus, hostile, unseen
from tests.portal.sheets.corpus import HEADERS, OPTIONAL

ACCEPTED = [*corpus.ACCEPTED, *unseen.UNSEEN]
REFUSED = [*hostile.REFUSED, *unseen.UNSEEN_ONLY]


def read(path, **options):
    options = {"max_rows": 20, "max_bytes": 2_000_000} | options
    return read_table(
        path,
        expected_headers=HEADERS,
        optional_headers=OPTIONAL,
        aliases={"身份证件号码": "证件号"},
        **options,
    )


def known_values(table):
    """The values of the four headers as (row, values), in the caller's order of headers if the file's is ours."""
    keep = [index for index, (_, header) in enumerate(table.headers) if header in (*HEADERS, *OPTIONAL)]
    rows = []
    for number, values in table.rows:
        kept = [values[index] for index in keep]
        while kept and kept[-1] is None:
            kept.pop()
        rows.append((number, kept))
    return rows


def stored(case, tmp_path):
    path = tmp_path / f"{case.name}{case.suffix}"
    path.write_bytes(case.make())
    return path


@pytest.mark.parametrize("case", ACCEPTED, ids=lambda case: case.name)
def test_file_with_a_quirk_is_read(case, tmp_path):
    table = read(stored(case, tmp_path))
    assert known_values(table) == case.rows
    assert {name: getattr(table, name) for name in case.table} == case.table


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case.name)
def test_file_that_cannot_be_read_is_refused_in_plain_words(case, tmp_path):
    """The parent lives on: it is this test (PAIN-06, TRUST-42)."""
    with pytest.raises(SheetRefused) as caught:
        read(stored(case, tmp_path))
    refusal = caught.value
    assert refusal.code == case.code
    assert [word for word in case.words if word not in str(refusal)] == []
    assert refusal.text.endswith("。")
    assert refusal.repair.startswith("请")
    assert refusal.repair.endswith("。")


def test_corpus_has_at_least_sixty_files():
    """TRUST-34."""
    names = [case.name for case in (*ACCEPTED, *REFUSED)]
    assert len(names) >= 60
    assert len(set(names)) == len(names)


def test_missing_file_is_refused(tmp_path):
    with pytest.raises(SheetRefused) as caught:
        read(tmp_path / "none.xlsx")
    assert caught.value.code == "no_file"


def child_says(code):
    command = [sys.executable, "-E", "-s", "-c", code]
    return subprocess.run(command, capture_output=True, check=True, cwd=reading._PROJECT).stdout.decode()


def test_child_limits_its_memory_time_and_files():
    """TRUST-35: killer files are bounded by construction, not by luck."""
    code = (
        "import json, resource; from portal.sheets import child; child.limit_resources(child.CPU_SECONDS);"
        "print(json.dumps([resource.getrlimit(kind) for kind in"
        " (resource.RLIMIT_AS, resource.RLIMIT_CPU, resource.RLIMIT_FSIZE, resource.RLIMIT_CORE)]))"
    )
    limits = [[2**30, 2**30], [7, 7], [300 * 2**20, 300 * 2**20], [0, 0]]
    assert json.loads(child_says(code)) == limits


def test_child_starts_without_django_and_openpyxl():
    code = "import sys, portal.sheets.child; print({'django', 'openpyxl', 'xlsxwriter'} & sys.modules.keys())"
    assert child_says(code) == "set()\n"


@pytest.mark.parametrize(
    "body", ["raise SystemExit(3)", "import os; os.abort()", "print('no json')", "print('[]')"]
)
def test_child_that_dies_or_talks_nonsense_is_a_refusal(body, tmp_path, monkeypatch):
    (tmp_path / "impostor.py").write_text(body)
    monkeypatch.setattr(reading, "_PROJECT", tmp_path)
    with pytest.raises(SheetRefused) as caught:
        reading.run_child("impostor", {})
    assert caught.value.code == "too_demanding"


def test_child_that_hangs_is_killed(tmp_path, monkeypatch):
    (tmp_path / "impostor.py").write_text("import time; time.sleep(600)")
    monkeypatch.setattr(reading, "_PROJECT", tmp_path)
    with pytest.raises(SheetRefused) as caught:
        reading.run_child("impostor", {}, seconds=0.5)
    assert caught.value.code == "too_demanding"
