"""The auditor reads the audit log and does nothing else (TRUST-78)."""

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse

from bases.scope import bases_for, enrollments_for, provinces_for
from portal import audit
from portal.models import AuditEvent, User
from portal.roles import Action, role_allows
from tests import factories


@pytest.fixture
def auditor(db) -> User:
    return factories.UserFactory(role="auditor", username="shenji01", full_name="安全审计员")


def test_desk_is_the_log_and_the_menu_has_nothing_else(auditor, signed_in, enrollment, base_officer):
    audit.record("unmask", by=base_officer, target=enrollment, purpose="核对身份证原件")
    client = signed_in(auditor)
    page = client.get(reverse("portal:desk"), follow=True)
    assert page.redirect_chain == [(reverse("review:audit"), 302)]
    assert [each.words for each in page.context["menu"]()] == ["操作记录"]
    assert "查看完整号码" in page.text
    assert reverse("review:record", args=[enrollment.pk]) not in page.text
    assert reverse("review:deliveries") not in page.text
    assert client.get(reverse("review:audit-changes")).status_code == 200


@pytest.mark.parametrize("action", list(Action))
def test_auditor_may_do_nothing_and_sees_nobody(auditor, enrollment, action):
    """TRUST-78."""
    assert not role_allows(auditor.role, action)
    assert not enrollments_for(auditor, action).exists()
    assert not bases_for(auditor, action).exists()
    assert not provinces_for(auditor, action).exists()


def test_operator_makes_one_and_nobody_in_the_portal(national_officer, signed_in, capsys):
    call_command("invite_national", "Shenji02", "审计员", "13900000003", auditor=True)
    made = User.objects.get(username="shenji02")
    assert (made.role, made.is_activated) == ("auditor", False)
    assert "一次性初始密码" in capsys.readouterr().out
    with pytest.raises(CommandError, match="账号以小写字母开头"):
        call_command("invite_national", "#api-33", "审计员", "13900000003", auditor=True)
    new = {"full_name": "审计员", "username": "shenji03", "mobile": "13900000003", "role": "auditor"}
    signed_in(national_officer).post(reverse("review:appoint", args=["cmda", "all"]), new)
    assert User.objects.get(username="shenji03").role == "cmda"


def test_reading_the_log_writes_no_line(auditor, signed_in):
    """TRUST-79."""
    client = signed_in(auditor)
    client.get(reverse("review:audit"))
    assert not AuditEvent.objects.exists()
