"""Plugin: a test that did not run is a failure. What cannot run here is either mended or not a test."""

import pytest


def _say_no(report) -> None:
    # An expected failure is reported as skipped as well; it ran.
    if report.skipped and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"{report.nodeid} did not run: {reason}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport():
    report = yield
    _say_no(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report():
    report = yield
    _say_no(report)
    return report
