"""Pages that everybody may open: whom to call, and what the association announces."""

import pytest
from django.urls import reverse
from django.utils import timezone

from portal.models import Notice

CONTACT = {
    "department": "毕业后医学教育部",
    "department_phone": "010-63310000",
    "support": "平台技术支持",
    "support_phone": "010-63310001",
    "service_line": "400-001-8080",
}


@pytest.mark.parametrize("route", ["portal:resident-sign-in", "portal:staff-sign-in", "manual:index"])
def test_association_edits_whom_to_call(client, signed_in, national_officer, route):
    """BR-94: on the pages of those who cannot get in."""
    answer = signed_in(national_officer).post(reverse("review:contact"), CONTACT)
    assert answer.status_code == 302

    page = client.get(reverse(route)).content.decode()

    assert [words for words in CONTACT.values() if words not in page] == []


def test_notice_reaches_bases_and_provinces(client, signed_in, base_officer, provincial_reviewer, resident):
    """BR-95: to the bases, with a copy to the provinces; what is for staff is not for residents and strangers."""
    Notice.objects.create(
        title="关于开展信息采集工作的通知", body="各培训基地：", audience=Notice.Audience.STAFF
    )
    Notice.objects.create(title="已撤下的公告", body="旧", withdrawn_at=timezone.now())

    pages = {
        who: browser.get(reverse("notices:list")).content.decode()
        for who, browser in {
            "base": signed_in(base_officer),
            "province": signed_in(provincial_reviewer),
            "resident": signed_in(resident),
            "stranger": client,
        }.items()
    }

    assert {who for who, page in pages.items() if "关于开展信息采集工作的通知" in page} == {
        "base",
        "province",
    }
    assert not any("已撤下的公告" in page for page in pages.values())
