"""The suite's own rule: no test is passed over in silence."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LEFT_OUT = {
    "by_mark": "@pytest.mark.skip(reason='later')\ndef test_a(): pass",
    "by_call": "def test_a(): pytest.skip('no browser')",
    "as_a_module": "pytest.skip('not here', allow_module_level=True)",
    "for_a_package": "pytest.importorskip('no_such_package')",
}
RUN = {
    "good": "def test_a(): pass",
    "expected_to_fail": "@pytest.mark.xfail\ndef test_a(): raise AssertionError",
}


def test_a_test_that_did_not_run_is_a_failure(tmp_path):
    """Whatever way it is skipped; an expected failure ran."""
    for name, body in (LEFT_OUT | RUN).items():
        (tmp_path / f"test_{name}.py").write_text(f"import pytest\n\n{body}\n", encoding="utf-8")

    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "tests.nothing_left_out", "--continue-on-collection-errors"]
        + ["-c", os.devnull, "--rootdir", str(tmp_path), str(tmp_path)],
        cwd=ROOT,
        env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1, done.stdout
    assert "1 failed, 1 passed, 1 xfailed, 3 errors in" in done.stdout
    for name in LEFT_OUT:
        assert f"test_{name}.py" in done.stdout.partition("short test summary")[2]
