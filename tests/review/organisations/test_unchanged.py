"""A form that is saved as it was opened says so, and leaves no line in the audit log."""

import pytest
from django.urls import reverse

from portal.models import AuditEvent, MessageSettings
from residents.models import CodeEntry

pytestmark = pytest.mark.django_db


def test_a_form_saved_unchanged_says_so_and_is_no_act(national, base, province, cycle):
    # As the page stores them: whole seconds.
    window = cycle.windows.get(step="review", province=None)
    window.opens_at, window.closes_at = (
        each.replace(microsecond=0) for each in (window.opens_at, window.closes_at)
    )
    window.save()
    accredited = base.specialty_bases.first()
    addresses = [
        reverse("review:base", args=[base.pk]),
        reverse("review:accreditation", args=[base.pk, accredited.pk]),
        reverse("review:specialty", args=[accredited.specialty_id]),
        reverse("portal:message-settings"),
        reverse("review:code", args=["reason", "11"]),
        reverse("review:window", args=[cycle.year, "review"]),
        reverse("review:contact"),
    ]
    names = ("department", "department_phone", "support", "support_phone", "service_line")
    contact = dict.fromkeys(names, "010-12345678")
    assert "联系方式已更新" in national.post(addresses[-1], contact, follow=True).text
    before = AuditEvent.objects.count()
    for address in addresses:
        form = national.get(address).context["form"]
        values = {each.html_name: each.value() for each in form}
        sent = {name: value for name, value in values.items() if value is not None and value is not False}
        answer = national.post(address, {"reason": "核对", **sent}, follow=True)
        assert "没有修改，内容与原来相同。" in answer.text, address
    assert AuditEvent.objects.count() == before
    assert not MessageSettings.objects.exists()
    assert not CodeEntry.objects.exists()
