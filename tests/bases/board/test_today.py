"""What waits for a base today, ranked, each number with its list (GOAL-B16)."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from bases.accounts.services import account_counts
from bases.lists.records import Todo
from bases.models import SpecialtyBase
from bases.report.services import check
from bases.transfers import services as transfers
from portal.messages.services import send
from portal.models import Message, Step
from residents.models import Enrollment
from tests import factories
from tests.bases.desk import approved, complete, page, reported, returned

pytestmark = pytest.mark.django_db


@pytest.fixture
def busy(base, cycle, base_officer, provincial_reviewer):
    """One of nearly everything that can wait."""
    returned(complete(base, cycle.year), base_officer, provincial_reviewer)
    waits = complete(base, cycle.year)
    Enrollment.objects.filter(pk=waits.pk).update(state_since=timezone.now() - timedelta(days=12))
    complete(base, cycle.year)
    reported(complete(base, cycle.year), base_officer)
    late = approved(complete(base, cycle.year), base_officer, provincial_reviewer)
    gone = timezone.localdate() - timedelta(days=30)
    Enrollment.objects.filter(pk=late.pk).update(status="2", extended_until=gone)
    asked_for = approved(complete(base, cycle.year), base_officer, provincial_reviewer)
    other = factories.TrainingBaseFactory(province=base.province)
    asking = factories.UserFactory()
    factories.grant(asking, other)
    transfers.ask(asked_for.pk, other, reason="户籍迁移", by=asking)
    new = factories.EnrollmentFactory(base=base, intake_year=cycle.year)
    user = new.resident.user
    user.initial_code_hash, user.initial_code_expires_at = "x", timezone.now() + timedelta(days=2)
    user.activated_at = None
    user.save()
    return base


def tasks_of(client):
    return client.get("/base/").context["tasks"]


def number_behind(client, task):
    """How many the list shows to which the task leads."""
    context = client.get(task.url).context
    if "incoming" in context:
        return len(context["incoming"])
    return context["page"].paginator.count


def test_tasks_are_ranked_and_lead_to_exactly_their_records(desk, busy):
    found = tasks_of(desk)
    assert [(task.label, task.count) for task in found][:6] == [
        ("省级退回，待修改", 1),
        ("其他基地请求转出，待答复", 1),
        ("信息完整，可上报", 2),
        ("培训状态已到期，待更新", 1),
        ("省级退回或撤销审核的消息未读", 1),
        ("初始密码 3 天内失效", 1),
    ]
    for task in found:
        assert number_behind(desk, task) == task.count, task
    by_label = {task.label: task for task in found}
    ready = by_label["信息完整，可上报"]
    assert (timezone.now() - ready.since).days == 12
    assert "最久已等 12 天" in page(desk.get("/base/"))
    assert by_label["其他基地请求转出，待答复"].due > timezone.localdate()
    assert (timezone.localdate() - by_label["培训状态已到期，待更新"].since).days == 30


def test_a_request_counts_at_the_desk_of_single_specialties_as_its_page_lists_it(
    signed_in, busy, other_base, base_officer
):
    factories.grant(base_officer, SpecialtyBase.objects.filter(base=other_base).first())
    client = signed_in(base_officer)
    client.post("/base/board/choose/", {"base": "specialties"})

    (asked,) = [task for task in tasks_of(client) if "请求转出" in task.label]

    assert asked.count == number_behind(client, asked) == 1


def test_an_answered_request_and_an_opened_message_wait_no_more(desk, busy, base_officer):
    (asked,) = transfers.incoming(base_officer)
    transfers.refuse(asked.pk, answer="本人不同意", by=base_officer)
    Message.objects.filter(recipient=base_officer).update(read_at=timezone.now())
    labels = [task.label for task in tasks_of(desk)]
    assert not [label for label in labels if "请求转出" in label or "未读" in label]


def test_a_message_in_a_digest_counts_once(desk, base, cycle, base_officer):
    digest = Message.objects.create(recipient=base_officer, kind="digest", subject="每日汇总：2 条消息")
    send([base_officer], kind="approved", subject="省级审核：甲审核通过")
    send([base_officer], kind="approved", subject="省级审核：乙审核通过")
    Message.objects.filter(kind="approved").update(digest=digest)
    (task,) = tasks_of(desk)
    assert task.count == number_behind(desk, task) == 1


def test_board_costs_few_queries_whatever_waits(desk, busy, cycle):
    """It made 31 before it ranked anything; two are for those whose specialty has ended."""

    def asked():
        with CaptureQueriesContext(connection) as found:
            desk.get("/base/")
        return len(found)

    asked()  # The first page of a session writes the session.
    few = asked()
    assert few <= 27
    for year in (cycle.year, cycle.year - 1):
        for _ in range(3):
            complete(busy, year)
    assert asked() == few


def test_what_the_end_of_a_specialty_refuses_is_not_called_reportable(desk, base, cycle, base_officer):
    """AM-45: board and 检查并上报 agree, in the intake and for 漏报."""
    complete(base, cycle.year)
    for record in (
        complete(base, cycle.year),
        complete(base, cycle.year - 1, origin="late", registered_at=timezone.now()),
    ):
        Enrollment.objects.filter(pk=record.pk).update(specialty="0200")
    SpecialtyBase.objects.filter(base=base, specialty="0200").update(valid_to=cycle.year - 2)
    words = "信息完整，可上报"
    assert [(task.label, task.count) for task in tasks_of(desk) if task.label.startswith(words)] == [
        (f"{words}（其中 1 人现在不能办理）", 2)
    ]
    for enrollment in Enrollment.objects.all():
        assert bool(check(enrollment)) == (enrollment.specialty_id == "0200")


def test_whom_the_end_of_a_specialty_blocks_has_a_line_of_his_own(desk, base, cycle, base_officer):
    """AM-45: also where nobody else waits at that stage; the line opens exactly these, in both modules."""
    rows = [
        complete(base, cycle.year),
        *(complete(base, cycle.year - 1, origin="late", registered_at=timezone.now()) for _ in "12"),
        complete(base, cycle.year - 5, registered_at=timezone.now()),
    ]
    Enrollment.objects.filter(pk__in=[row.pk for row in rows]).update(specialty="0200")
    SpecialtyBase.objects.filter(base=base, specialty="0200").update(valid_to=cycle.year - 3)
    found = [task for task in tasks_of(desk) if task.label.startswith("不在专业基地招收年份")]
    assert [(task.module, task.count) for task in found] == [("招收信息管理", 1), ("住院医师信息管理", 2)]
    for task in found:
        assert number_behind(desk, task) == task.count


def test_never_signed_in_is_one_number_wherever_it_stands(desk, base, cycle, base_officer):
    """BR-40, PAIN-14: tile, list behind it and page of accounts, over all years, without who has lapsed or left."""
    for year, fields in (
        (cycle.year, {}),
        (cycle.year + 1, {}),
        (cycle.year, {"lapsed_at": timezone.now()}),
        (cycle.year, {"status": "5"}),
    ):
        new = factories.EnrollmentFactory(base=base, intake_year=year, **fields)
        new.resident.user.activated_at = None
        new.resident.user.save()
    (task,) = [task for task in tasks_of(desk) if task.label == "从未登录"]
    assert task.count == number_behind(desk, task) == 2
    assert account_counts(base_officer, base)["never"] == 2


def test_a_task_of_this_year_waits_no_longer_than_its_update(
    desk, base, cycle, base_officer, provincial_reviewer
):
    """BR-14: whoever was approved three years ago has not been late for so long."""
    record = approved(complete(base, cycle.year), base_officer, provincial_reviewer)
    Enrollment.objects.filter(pk=record.pk).update(state_since=timezone.now() - timedelta(days=1100))
    begun = cycle.windows.get(step=Step.REGISTRY_UPDATE).opens_at
    (task,) = [task for task in tasks_of(desk) if task.label == Todo.STALE.label]
    assert task.since == begun
