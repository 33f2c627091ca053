"""BR-21, GOAL-S3, TRUST-55: the audit log is complete and can be searched."""

import re
import uuid
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from bases.models import ImportBatch
from portal.models import AuditEvent
from review.audit import search
from review.audit.words import ACTS, details_in_words
from review.decisions import services as decisions
from review.switches import services as switches
from tests import factories
from tests.bases.conftest import account_line, workbook

pytestmark = pytest.mark.django_db
ADDRESS = "203.0.113.7"
ROOT = Path(__file__).parents[3]


def at_address(user) -> Client:
    client = Client(REMOTE_ADDR=ADDRESS)
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def line(action: str) -> tuple:
    """The one line of this act: who, where, result, and whether it has a request."""
    event = AuditEvent.objects.get(action=action)
    return event.actor, event.address, event.result, len(event.request_id)


def done_by(user, result: str = "ok") -> tuple:
    return user, ADDRESS, result, 32


def sign_in(user, password: str) -> None:
    Client(REMOTE_ADDR=ADDRESS).post(
        reverse("portal:staff-sign-in"), {"account": user.username, "password": password}
    )


def test_act_1_sign_in(national_officer):
    """TRUST-55: login."""
    sign_in(national_officer, factories.PASSWORD)
    assert line("sign_in") == done_by(national_officer)


def test_act_2_refused_sign_in_names_the_account_it_was_tried_on(national_officer):
    """TRUST-55: fail."""
    sign_in(national_officer, "falsch-Falsch-1")
    assert line("sign_in") == done_by(None, "refused")
    event = AuditEvent.objects.get()
    assert (event.target_type, event.target_id) == ("portal.User", str(national_officer.pk))


def test_too_many_tries_can_be_found(national_officer, signed_in):
    """TRUST-55: on the page, by its result, the account masked."""
    for _ in range(7):
        sign_in(national_officer, "falsch-Falsch-1")
    page = signed_in(national_officer).get(reverse("review:audit"), {"result": "limited"})
    rows = re.findall(r"<tr>.*?尝试过多.*?</tr>", page.content.decode(), re.DOTALL)
    assert len(rows) == 1
    assert "账号：c***01" in rows[0]
    assert "cmda01" not in rows[0]


def test_act_3_reset(national_officer, base, base_officer):
    """TRUST-55: reset."""
    address = reverse("review:staff-change", args=["base", base.pk, base_officer.pk])
    at_address(national_officer).post(address, {"act": "code"})
    assert line("password_reset") == done_by(national_officer)


def test_act_4_unmask(provincial_reviewer, pending):
    """TRUST-55: unmask."""
    address = reverse("review:record", args=[pending.enrollment_id])
    at_address(provincial_reviewer).post(address, {"purpose": "核对身份证原件"})
    assert line("unmask") == done_by(provincial_reviewer)


def test_act_5_export(national_officer):
    """TRUST-55: export."""
    at_address(national_officer).post(reverse("review:quality-export"))
    assert line("export") == done_by(national_officer)


def test_act_6_import(base_officer, base, cycle, django_capture_on_commit_callbacks):
    """TRUST-55: import – confirmed from somewhere, written by the worker later with its counts."""
    client = at_address(base_officer)
    content = workbook([account_line(intake_year=str(cycle.year))])
    with django_capture_on_commit_callbacks(execute=True):
        answer = client.post(
            reverse("bases:import-upload", args=["accounts", "intake"]),
            {"file": SimpleUploadedFile("名单.xlsx", content), "token": str(uuid.uuid4())},
        )
        confirm = answer.url + "confirm/"
    with django_capture_on_commit_callbacks(execute=True):
        client.post(confirm, {"mode": "good_rows"})
    assert line("import_confirm") == done_by(base_officer)
    done = AuditEvent.objects.get(action="import")
    assert (done.actor, done.target_id, done.result) == (
        base_officer,
        str(ImportBatch.objects.get().pk),
        "ok",
    )


def test_act_7_edit_is_in_the_history(base, base_officer, national_officer):
    """TRUST-55: edit – the history holds who, when, where and what."""
    address = reverse("review:base", args=[base.pk])
    at_address(national_officer).post(
        address,
        {"province": "33", "code": base.code, "name": "浙江医院", "is_active": "on", "confirmed": "1"},
    )
    event = base.events.latest("pgh_id")
    metadata = event.pgh_context.metadata
    assert event.name == "浙江医院"
    assert (metadata["user"], metadata["address"], len(metadata["request"])) == (
        national_officer.pk,
        ADDRESS,
        32,
    )


@pytest.mark.parametrize(
    ("action", "more"),
    [("return", {"comment": "请核对。", "reasons": ["07"]}), ("approve", {})],
    ids=["act 8", "act 9"],
)
def test_acts_8_and_9_decisions(provincial_reviewer, pending, action, more):
    """TRUST-55: return, approve."""
    address = reverse(f"review:{action}", args=[pending.enrollment_id])
    seen = {"submission": pending.pk, "version": pending.version}
    at_address(provincial_reviewer).post(address, seen | more)
    assert line(action) == done_by(provincial_reviewer)


def test_act_10_revoke(provincial_reviewer, pending):
    """TRUST-55: revoke."""
    decisions.approve({pending.pk: pending.version}, by=provincial_reviewer)
    pending.refresh_from_db()
    at_address(provincial_reviewer).post(
        reverse("review:revoke", args=[pending.enrollment_id]),
        {"submission": pending.pk, "version": pending.version, "reason": "误点"},
    )
    assert line("revoke") == done_by(provincial_reviewer)


def test_act_11_switch(province, provincial_reviewer, national_officer, cycle):
    """TRUST-55: switch."""
    items = {
        "official_name": "周敏",
        "official_contact": "0571-87700000",
        "vendor_contact_name": "吴工",
        "vendor_contact": "13800000009",
        "requested_at": timezone.localdate().isoformat(),
    }
    application = switches.write(province, items, by=provincial_reviewer)
    switches.submit(application.pk, by=provincial_reviewer)
    switches.record_integration_test(province, passed=True, by=national_officer)
    at_address(national_officer).post(
        reverse("review:switch-confirm", args=[application.pk]), {"checked": "on"}
    )
    assert line("switch_confirmed") == done_by(national_officer)


def test_act_12_role_change(national_officer, base, base_officer):
    """TRUST-55: role change."""
    address = reverse("review:staff-change", args=["base", base.pk, base_officer.pk])
    asked = at_address(national_officer).post(address, {"act": "read_only"})
    assert "confirmed" in asked.content.decode()  # nobody would be left to act: shown first
    at_address(national_officer).post(address, {"act": "read_only", "confirmed": "1"})
    assert line("appoint") == done_by(national_officer)


def test_every_act_has_its_words():
    """BR-21: nobody reads an English word in the log."""
    written = set()
    for app in ("portal", "residents", "bases", "review"):
        for path in (ROOT / app).rglob("*.py"):
            written |= set(re.findall(r'audit\.record\(\s*"(\w+)"', path.read_text()))
    assert written - ACTS.keys() == set()


def test_numbers_in_details_are_masked():
    """TRUST-51: what someone typed into a purpose shows no whole number."""
    detail = {
        "purpose": "核对 330102199503124526 和 13800138000",
        "rows": 3,
        "batch": "x",
        "masked": False,
        "kept": 2,
    }
    assert details_in_words(detail) == [
        "用途：核对 330***********4526 和 13******000",
        "条数：3",
        "号码已脱敏：否",
        "批次号：x",
    ]


@pytest.fixture
def log(base, other_base, base_officer, other_base_officer, enrollment, national_officer):
    """Five lines: two persons, two organisations, a record."""
    rows = [
        ("unmask", base_officer, enrollment, "ok"),
        ("export", base_officer, base, "ok"),
        ("export", other_base_officer, other_base, "ok"),
        ("sign_in", None, base_officer, "refused"),
        ("save_base", national_officer, base, "ok"),
    ]
    for action, by, target, result in rows:
        AuditEvent.objects.create(
            action=action, actor=by, target_type=target._meta.label, target_id=str(target.pk), result=result
        )
    return {"base": base, "enrollment": enrollment}


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"who": "周晓兰"}, ["unmask", "export"]),
        ({"who": "ZJYY01"}, ["unmask", "export"]),
        ({"act": "export"}, ["export", "export"]),
        ({"result": "refused"}, ["sign_in"]),
        ({"act": "export", "who": "郑伟"}, ["export"]),
        ({"who": "谁也不是"}, []),
    ],
)
def test_search_by_who_act_and_result(log, asked, found):
    """GOAL-S3: who, act, result."""
    assert list(search.events(asked).order_by("pk").values_list("action", flat=True)) == found


def test_search_by_organisation_record_and_day(log):
    """GOAL-S3: an organisation is what was done to it and by its people; a record by its number or the ID number."""

    def found(**asked) -> list[str]:
        return list(search.events(asked).order_by("pk").values_list("action", flat=True))

    assert found(base=log["base"]) == ["unmask", "export", "save_base"]
    assert found(province=log["base"].province) == ["unmask", "export", "export"]
    assert found(record=str(log["enrollment"].pk)) == ["unmask"]
    assert found(record=log["enrollment"].resident.id_number.lower()) == ["unmask"]
    day = AuditEvent.objects.first().at.date()
    assert found(since=day.replace(year=day.year + 1)) == []
    assert found(until=day.replace(year=day.year - 1)) == []


def test_bulk_decision_is_found_by_each_of_its_records(reported, provincial_reviewer):
    """GOAL-S3: one line a batch, found from every record in it."""
    rows = reported(2)
    decisions.approve({row.pk: row.version for row in rows}, by=provincial_reviewer)
    for row in rows:
        found = search.events({"record": str(row.enrollment_id)})
        assert [event.action for event in found] == ["approve"]


def test_history_is_searched_by_who_record_and_organisation(base, base_officer, provincial_reviewer, pending):
    """GOAL-S3: what one request wrote, found by who did it, by the record and by the person's organisation."""
    client = at_address(provincial_reviewer)
    client.post(
        reverse("review:approve", args=[pending.enrollment_id]),
        {"submission": pending.pk, "version": pending.version},
    )
    for asked in (
        {"who": provincial_reviewer.full_name},
        {"record": str(pending.enrollment_id)},
        {"province": base.province},
    ):
        deeds, older = search.deeds(asked, before=None)
        assert [(deed.who, deed.address, older) for deed in deeds] == [("何敏", ADDRESS, "")]
        written = {(row.table, row.act, row.record) for row in deeds[0].written}
        assert ("培训记录", "修改", pending.enrollment_id) in written
    assert search.deeds({"who": base_officer.full_name}, before=None) == ([], "")


@pytest.mark.parametrize("number", [1, 3])
def test_pages_take_the_same_queries_for_one_and_three(
    national_officer, base_officer, base, signed_in, django_assert_num_queries, number
):
    """Target 9 of tests/benchmarks: constant queries."""
    for _ in range(number):
        enrollment = factories.EnrollmentFactory(base=base)
        AuditEvent.objects.create(
            action="unmask",
            actor=base_officer,
            target_type="residents.Enrollment",
            target_id=str(enrollment.pk),
        )
    client = signed_in(national_officer)
    client.get(reverse("review:audit"))
    with django_assert_num_queries(14):
        assert client.get(reverse("review:audit")).context["page"].count == number


def test_log_is_the_associations_alone(signed_in, provincial_reviewer, base_officer):
    """TRUST-23: no other role reads it."""
    for user in (provincial_reviewer, base_officer):
        for name in ("review:audit", "review:audit-changes"):
            assert signed_in(user).get(reverse(name)).status_code == 403


def test_pages_show_no_whole_number_and_no_english(log, national_officer, signed_in):
    """TRUST-51: names lead to records, ID numbers stay out."""
    client = signed_in(national_officer)
    shown = client.get(reverse("review:audit")).text + client.get(reverse("review:audit-changes")).text
    assert log["enrollment"].resident.id_number not in shown
    assert [word for word in ACTS if f">{word}<" in shown] == []
