"""公告与联系方式: what the association publishes, changes and takes back (BR-94, BR-95; TRUST-55)."""

import re

import pytest
from django.db import DatabaseError

from portal import audit
from portal.models import AuditEvent, Notice, SiteContact
from portal.roles import Role
from tests import factories
from tests.bases.desk import page, told

NOTICE = {"title": "2026 年招收信息填报安排", "body": "请于 11 月 5 日前上报。", "audience": "all"}
CONTACT = {
    "department": "毕业后医学教育部",
    "department_phone": "010-63319000",
    "support": "平台技术支持",
    "support_phone": "010-63319001",
    "service_line": "400-000-0000",
    "email": "help@example.com",
}


@pytest.fixture
def published(national):
    national.post("/review/notices/new/", NOTICE)
    return Notice.objects.get()


def lines() -> list[tuple]:
    return list(AuditEvent.objects.order_by("pk").values_list("action", "detail"))


def test_a_notice_is_published_with_its_author(client, national, national_officer):
    said = told(national.post("/review/notices/new/", NOTICE))
    assert NOTICE["title"] in said
    notice = Notice.objects.get()
    assert notice.published_by == national_officer
    assert NOTICE["title"] in page(client.get("/"))
    event = AuditEvent.objects.get()
    assert (event.action, event.actor, event.target_id) == ("save_notice", national_officer, str(notice.pk))
    assert event.detail == {"title": NOTICE["title"], "changed": ["title", "body"]}
    assert (event.address, bool(event.request_id)) == ("127.0.0.1", True)


def test_a_notice_reaches_its_audience_only(client, national, signed_in, base_officer, resident):
    for audience in ("all", "staff", "residents"):
        national.post("/review/notices/new/", NOTICE | {"title": f"给 {audience}", "audience": audience})

    def titles(visitor) -> set[str]:
        return set(re.findall(r"给 (\w+)", page(visitor.get("/notices/"))))

    assert titles(client) == {"all"}
    assert titles(signed_in(base_officer)) == {"all", "staff"}
    assert titles(signed_in(resident)) == {"all", "residents"}


def test_a_published_notice_is_changed_and_keeps_its_author_and_day(published, signed_in):
    colleague = factories.UserFactory(role=Role.CMDA)
    before = published.published_at, published.published_by
    signed_in(colleague).post(
        f"/review/notices/{published.pk}/", NOTICE | {"body": "改期。", "is_pinned": "on"}
    )
    published.refresh_from_db()
    assert (published.body, published.is_pinned) == ("改期。", True)
    assert (published.published_at, published.published_by) == before
    event = AuditEvent.objects.latest("pk")
    assert (event.actor, event.detail["changed"]) == (colleague, ["body", "is_pinned"])


@pytest.mark.parametrize("missing", ["title", "body", "audience"])
def test_an_incomplete_notice_is_told_at_its_field_and_kept_nowhere(national, missing):
    answer = national.post("/review/notices/new/", NOTICE | {missing: ""})
    assert list(answer.context["form"].errors) == [missing]
    assert (Notice.objects.count(), AuditEvent.objects.count()) == (0, 0)


def test_a_notice_is_withdrawn_and_comes_back(client, national, published):
    address = f"/review/notices/{published.pk}/withdraw/"
    assert "已撤下" in told(national.post(address))
    assert NOTICE["title"] not in page(client.get("/"))
    assert client.get(f"/notices/{published.pk}/").status_code == 404
    assert "已撤下" in page(national.get("/review/notices/"))
    assert "已恢复显示" in told(national.post(address))
    assert NOTICE["title"] in page(client.get("/"))
    assert [action for action, _ in lines()] == ["save_notice", "withdraw_notice", "restore_notice"]


def test_the_contacts_are_written_and_shown(client, national):
    """On the page where they are changed, and on every page's foot."""
    assert "尚未填写" in page(national.get("/review/notices/"))
    national.post("/review/notices/contact/", CONTACT)
    assert SiteContact.objects.get().support == CONTACT["support"]
    (shown,) = re.findall(r'<dl class="facts">.*?</dl>', page(national.get("/review/notices/")), re.S)
    for text in CONTACT.values():
        assert text in shown
    assert CONTACT["support_phone"] in page(client.get("/"))
    national.post("/review/notices/contact/", CONTACT | {"email": ""})
    assert "点“修改”填写" in page(national.get("/review/notices/"))
    assert [detail["changed"] for _, detail in lines()] == [[*CONTACT], ["email"]]


def test_an_unreadable_address_is_refused(national):
    answer = national.post("/review/notices/contact/", CONTACT | {"email": "help"})
    assert list(answer.context["form"].errors) == ["email"]
    assert not SiteContact.objects.exists()


def test_what_cannot_be_logged_is_not_done(national, published, monkeypatch):
    """TRUST-55: the row and its line in the audit log are one transaction."""

    def fail(*args, **more):
        raise DatabaseError("no room for the log")

    monkeypatch.setattr(audit.AuditEvent.objects, "create", fail)
    for address, form in (
        ("/review/notices/new/", NOTICE),
        (f"/review/notices/{published.pk}/", NOTICE | {"body": "改期。"}),
        (f"/review/notices/{published.pk}/withdraw/", {}),
        ("/review/notices/contact/", CONTACT),
    ):
        with pytest.raises(DatabaseError):
            national.post(address, form)
    notice = Notice.objects.get()
    assert (notice.body, notice.withdrawn_at) == (NOTICE["body"], None)
    assert not SiteContact.objects.exists()


@pytest.mark.parametrize("visitor", ["provincial_reviewer", "base_officer", "resident"])
def test_nobody_else_publishes(request, signed_in, published, visitor):
    client = signed_in(request.getfixturevalue(visitor))
    for address in ("", "new/", "contact/", f"{published.pk}/"):
        assert client.get(f"/review/notices/{address}").status_code == 403
    assert client.post(f"/review/notices/{published.pk}/withdraw/").status_code == 403
    assert Notice.objects.get().withdrawn_at is None
