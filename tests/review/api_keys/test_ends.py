"""What ends soon is told at 14, 7 and 1 days, once each, to those who can act (TRUST-08, TRUST-30)."""

import datetime

import pytest
from django.utils import timezone

from portal.models import Message, User
from review.api import keys
from review.api_keys.messages import remind_of_ends
from review.models import ApiClient
from tests import factories

pytestmark = pytest.mark.django_db


def test_a_key_is_told_of_before_it_ends(make_key, provincial_reviewer, national_officer):
    client, _ = make_key()
    told = []
    for left in (20, 13, 13, 6, 0.5):
        ApiClient.objects.update(expires_at=timezone.now() + datetime.timedelta(days=left))
        remind_of_ends()
        told.append(Message.objects.filter(recipient=provincial_reviewer, kind="ending").count())
    assert told == [0, 1, 1, 2, 3]
    assert Message.objects.filter(recipient=national_officer, kind="ending").count() == 3
    ApiClient.objects.update(expires_at=timezone.now() + datetime.timedelta(days=6))
    Message.objects.all().delete()
    keys.rotate(client.pk, by=national_officer)
    ApiClient.objects.exclude(pk=client.pk).update(expires_at=timezone.now() + datetime.timedelta(days=90))
    assert remind_of_ends() == 0


def test_a_code_is_told_of_to_the_colleagues(base, base_officer):
    person = factories.UserFactory(activated_at=None, full_name="新人")
    factories.grant(person, base)
    ends = timezone.now() + datetime.timedelta(days=5)
    User.objects.filter(pk=person.pk).update(initial_code_hash="x", initial_code_expires_at=ends)
    assert (remind_of_ends(), remind_of_ends()) == (1, 0)
    assert "新人" in Message.objects.get(recipient=base_officer).subject
