"""A lost password of the association: by a command, with a reason, known to its other people (TRUST-11)."""

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from portal.models import AuditEvent, Message
from portal.roles import Role
from portal.sign_in import one_time_codes
from tests import factories


def test_lost_password_of_the_association(db, capsys):
    lost = factories.UserFactory(username="national", role=Role.CMDA)
    other = factories.UserFactory(role=Role.CMDA)
    call_command("reset_password", "National", reason="张主任电话核实")
    code = one_time_codes.SHAPE.search(capsys.readouterr().out)[0]
    lost.refresh_from_db()
    assert not lost.is_activated
    assert not lost.has_usable_password()
    assert lost.initial_code_hash
    line = AuditEvent.objects.get(action="password_reset")
    assert (line.actor, line.target_id, line.detail) == (None, str(lost.pk), {"reason": "张主任电话核实"})
    # The owner is told as well: it may not be he who asked.
    assert {each.recipient for each in Message.objects.all()} == {lost, other}
    assert code not in str(list(AuditEvent.objects.values()))


@pytest.mark.parametrize(
    ("name", "reason"), [("national", "  "), ("nobody", "x"), ("330102199803120029", "x")]
)
def test_command_refuses(db, name, reason):
    factories.UserFactory(username="national", role=Role.CMDA)
    factories.UserFactory(username="330102199803120029", role=Role.RESIDENT)
    with pytest.raises(CommandError):
        call_command("reset_password", name, reason=reason)
    assert not AuditEvent.objects.exists()
