"""A record that its resident has answered comes back to the base as 已修改待复核 (GOAL-B14, GOAL-R3)."""

import uuid

import pytest

from bases.lists.records import Todo
from bases.report import services as report
from portal.models import Message
from residents.models import Enrollment, PersonalReturn
from residents.services.personal import save_block
from residents.services.returns import answer_without_change, return_personal
from tests import factories
from tests.bases.desk import complete, page

pytestmark = pytest.mark.django_db


@pytest.fixture
def given_back(base, cycle, base_officer):
    """A complete record, returned for one field and for another."""
    enrollment = complete(base, cycle.year)
    comments = {"basic.email": ("", "邮箱有误"), "basic.qq": ("", "QQ 号有误")}
    return_personal(enrollment, comments, by=base_officer)
    return Enrollment.objects.get(pk=enrollment.pk)


@pytest.fixture
def answered(given_back):
    """The first comment answered by a change, the second with a reason."""
    resident = given_back.resident.user
    save_block(given_back, "basic", {"email": "new@example.com"}, by=resident)
    answer_without_change(PersonalReturn.objects.get(field="basic.qq"), "QQ 号无误", by=resident)
    return Enrollment.objects.get(pk=given_back.pk)


def listed(desk) -> int:
    return desk.get("/base/records/intake/", {"todo": Todo.ANSWERED}).context["page"].paginator.count


def test_half_answered_record_does_not_come_back(desk, given_back, base_officer):
    save_block(given_back, "basic", {"email": "new@example.com"}, by=given_back.resident.user)

    assert listed(desk) == 0
    assert not Message.objects.filter(recipient=base_officer, kind="personal_answered").exists()
    words = page(desk.get(f"/base/records/{given_back.pk}/"))
    assert "住院医师的答复（另有意见等待答复）" in words
    assert "复核完毕" not in words


def test_answered_record_comes_back_with_its_answers(desk, answered, base_officer):
    """GOAL-B14: the list marks it, the board counts it, who returned it is told, the page shows each answer."""
    assert "已修改待复核" in page(desk.get("/base/records/intake/"))
    assert listed(desk) == 1
    (tile,) = [item for item in desk.get("/base/").context["tasks"] if item.label == Todo.ANSWERED.label]
    assert desk.get(tile.url).context["page"].paginator.count == tile.count == 1
    (message,) = Message.objects.filter(recipient=base_officer, kind="personal_answered")
    words = page(desk.get(message.link))
    for expected in ("住院医师的答复，待复核", "邮箱有误", "已修改", "QQ 号有误", "无需修改", "QQ 号无误"):
        assert expected in words


def test_looking_at_the_answers_ends_it(desk, answered):
    response = desk.post(f"/base/records/{answered.pk}/answers/", follow=True)

    assert "的答复已复核" in page(response)
    assert "待复核" not in page(response)
    assert listed(desk) == 0
    assert "的答复已复核" not in page(desk.post(f"/base/records/{answered.pk}/answers/", follow=True))


@pytest.mark.parametrize("act", ["report", "return"])
def test_report_and_new_return_end_it_too(desk, answered, base_officer, act):
    if act == "report":
        assert report.report([answered.pk], by=base_officer, declared=True).reported == [answered.pk]
    else:
        return_personal(answered, {"basic.qq": ("", "请再核对")}, by=base_officer, batch=uuid.uuid4())

    assert listed(desk) == 0
    assert not PersonalReturn.objects.filter(answered_at__isnull=False, reviewed_at__isnull=True).exists()


def test_reader_sees_the_answers_but_may_not_end_them(signed_in, base, answered):
    """TRUST-28: a read-only member gets no button, and 403 for the request."""
    reader = factories.UserFactory(full_name="吴静")
    factories.grant(reader, base, read_only=True)
    browser = signed_in(reader)

    assert "复核完毕" not in page(browser.get(f"/base/records/{answered.pk}/"))
    assert browser.post(f"/base/records/{answered.pk}/answers/").status_code == 403
    assert PersonalReturn.objects.filter(reviewed_at__isnull=True).count() == 2
