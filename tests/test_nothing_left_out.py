"""The suite's own rule: no test is passed over in silence."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
WAYS = {
    "a mark": "@pytest.mark.skip(reason='later')\ndef test_a(): pass",
    "a call": "def test_a(): pytest.skip('no browser')",
    "a module": "pytest.skip('not here', allow_module_level=True)",
    "a missing package": "pytest.importorskip('no_such_package')",
}


@pytest.mark.parametrize("body", WAYS.values(), ids=WAYS.keys())
def test_a_test_that_did_not_run_is_a_failure(tmp_path, body):
    """Whatever way a test is skipped, the run fails and says so."""
    done = _run(tmp_path, body)

    assert done.returncode != 0, done.stdout
    assert "did not run" in done.stdout


def test_an_expected_failure_did_run(tmp_path):
    done = _run(tmp_path, "@pytest.mark.xfail\ndef test_a(): raise AssertionError")

    assert done.returncode == 0, done.stdout


def _run(folder: Path, body: str) -> subprocess.CompletedProcess:
    (folder / "test_one.py").write_text(f"import pytest\n\n{body}\n", encoding="utf-8")
    (folder / "pytest.ini").write_text("[pytest]\n")
    plugins = ["no:django", "no:schemathesis", "no:hypothesispytest", "tests.nothing_left_out"]
    return subprocess.run(
        [sys.executable, "-m", "pytest", str(folder), "--rootdir", str(folder)]
        + [part for name in plugins for part in ("-p", name)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
