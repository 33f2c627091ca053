"""GOAL-S3, TRUST-55: a line of the log says what was done to what, by name."""

import datetime

import pytest
from django.urls import reverse

from bases import staff as services
from portal.models import AuditEvent, Step
from review.audit import search
from review.exports import jobs as exports
from review.windows import services as windows
from tests import factories
from tests.review.audit.test_audit_search import ADDRESS, at_address

DAY = datetime.datetime(2026, 11, 1, tzinfo=datetime.UTC)


@pytest.fixture
def log_page(national_officer):
    return lambda **asked: at_address(national_officer).get(reverse("review:audit"), asked).text


def test_a_window_is_named_by_step_and_province_though_it_is_gone(
    cycle, province, national_officer, log_page
):
    """GOAL-N1, GOAL-S3: which step of whom was changed to what, and the province's filter finds it."""
    for whose in (None, province):
        window = windows.set_window(
            cycle,
            Step.REVIEW,
            whose,
            opens_at=DAY,
            closes_at=DAY + datetime.timedelta(hours=16),
            by=national_officer,
        )
    windows.remove_provincial_window(window, by=national_officer)
    page = log_page()
    assert page.count(f"省级审核（{province.name}）") == 2
    assert page.count("省级审核（全国）") == 1
    assert "截止：2026-11-01 23:59:59" in page
    found = search.events({"province": province})
    assert set(found.values_list("action", flat=True)) == {"set_window", "remove_window"}
    assert found.count() == 2


def test_a_right_names_the_unit_and_the_person(base, base_officer, national_officer, log_page):
    """TRUST-55: role change, of whom."""
    services.appoint(base_officer, base, by=national_officer, read_only=True)
    page = log_page()
    assert base.name in page
    assert f"人员：{base_officer.full_name}" in page
    assert "只读：是" in page


def test_an_export_is_named_and_its_later_download_has_an_address(
    provincial_reviewer, base, cycle, monkeypatch, settings, log_page
):
    """GOAL-N5, TRUST-55: each download is logged, from where."""
    settings.TASKS = {"default": {"BACKEND": "django_tasks.backends.dummy.DummyBackend", "QUEUES": []}}
    monkeypatch.setattr(exports, "MOST_AT_ONCE", 0)
    factories.EnrollmentFactory(base=base, intake_year=cycle.year)
    export = exports.ask(provincial_reviewer, "residents_list", {})
    exports.make(export.job_id)
    b"".join(at_address(provincial_reviewer).get(reverse("review:export-file", args=[export.pk])))
    assert AuditEvent.objects.get(action="download").address == ADDRESS
    assert log_page().count("住院医师名单（xlsx）") == 2


def test_changes_are_told_in_chinese_and_once():
    """GOAL-S3: every table that is kept has a Chinese name, and no table is counted twice."""
    names = [search.name_of(model) for model in search.kept_models()]
    assert [name for name in names if name.isascii()] == []
    assert len(names) == len(set(names))
