"""Accounts page: find, reset, one-time codes, delete and restore (BR-50, BR-51, BR-72, BR-73; GOAL-B11; TRUST-09 …
TRUST-11)."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from bases.report import services as reporting
from portal.calendar import last_moment
from portal.models import AuditEvent, Message, Step, User
from portal.roles import Role
from residents.models import Enrollment, StatusChange
from residents.services.deletion import delete_enrollment, restore_enrollment
from residents.services.states import StateMoved
from review.decisions import services as decisions
from tests import factories
from tests.bases.desk import close

pytestmark = pytest.mark.django_db


@pytest.fixture
def officer(signed_in, base_officer):
    return signed_in(base_officer)


def address(name: str, *args) -> str:
    return reverse(f"bases:{name}", args=args)


def new_account(base, cycle, **values) -> Enrollment:
    values = {"resident__user__activated_at": None, "intake_year": cycle.year} | values
    enrollment = factories.EnrollmentFactory(
        base=base, **{k: v for k, v in values.items() if "user__" not in k}
    )
    User.objects.filter(pk=enrollment.resident.user_id).update(
        **{k.removeprefix("resident__user__"): v for k, v in values.items() if "user__" in k}
    )
    enrollment.refresh_from_db()
    return enrollment


def test_account_is_found_by_name_and_by_number(officer, base, cycle, other_base):
    """BR-51, PAIN-13: one piece of the name, or the whole number."""
    mine = new_account(base, cycle, resident__full_name="古丽米热·艾比布力")
    new_account(base, cycle, resident__full_name="王强")
    new_account(other_base, cycle, resident__full_name="古丽娜尔")
    for text in ("艾比", mine.resident.id_number.lower(), "古丽米热•艾比布力"):
        page = officer.get(address("accounts"), {"q": text}).context["page"]
        assert [row.pk for row in page.object_list] == [mine.pk]


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ("never", {"new", "locked"}),
        ("locked", {"locked"}),
        ("today", {"today"}),
        ("", {"new", "locked", "today", "old"}),
    ],
)
def test_filter_shows_who_needs_attention(officer, base, cycle, state, expected):
    """PAIN-14, TRUST-03: never signed in, locked out, activated today."""
    now = timezone.now()
    rows = {
        "new": new_account(base, cycle),
        "locked": new_account(base, cycle, resident__user__activation_failures=5),
        "today": new_account(base, cycle, resident__user__activated_at=now),
        "old": new_account(base, cycle, resident__user__activated_at=now - timedelta(days=2)),
    }
    answer = officer.get(address("accounts"), {"state": state})
    shown = {row.pk for row in answer.context["page"].object_list}
    assert {name for name, row in rows.items() if row.pk in shown} == expected
    assert answer.context["counts"] == {"never": 2, "locked": 1, "today": 1, "deleted": 0}


def test_list_shows_no_full_number(officer, base, cycle):
    """TRUST-51."""
    account = new_account(base, cycle)
    for page in (officer.get(address("accounts")), officer.get(address("account", account.pk))):
        assert account.resident.id_number not in page.text
        assert account.resident.mobile not in page.text
        assert account.resident.user.mobile not in page.text


def test_list_makes_the_same_queries_for_one_row_and_for_three(
    officer, base, cycle, django_assert_num_queries
):
    seen = []
    for n in (1, 2):
        for _ in range(n):
            new_account(base, cycle)
        officer.get(address("accounts"))
        with django_assert_num_queries(19, exact=False) as queries:
            officer.get(address("accounts"))
        seen.append(len(queries))
    assert seen[0] == seen[1]


def test_release_opens_a_locked_account_again(officer, base, cycle):
    """TRUST-04: after five wrong mobile numbers only the base can release it."""
    locked = new_account(base, cycle, resident__user__activation_failures=5)
    officer.post(address("account-release", locked.pk))
    person = User.objects.get(pk=locked.resident.user_id)
    assert person.activation_failures == 0
    assert person.activation_released_at is not None


@pytest.mark.parametrize("act", ["account-reset", "account-release", "account-delete", "account-restore"])
def test_acting_on_an_account_of_another_base_is_404(officer, other_base, cycle, act):
    """TRUST-11, TRUST-25."""
    foreign = new_account(other_base, cycle)
    assert officer.post(address(act, foreign.pk)).status_code == 404
    assert officer.get(address("account", foreign.pk)).status_code == 404


@pytest.mark.parametrize("act", ["account-reset", "account-release", "account-delete"])
def test_read_only_member_is_refused(signed_in, base, cycle, act):
    user = factories.UserFactory(role=Role.BASE)
    factories.grant(user, base, read_only=True)
    assert signed_in(user).post(address(act, new_account(base, cycle).pk)).status_code == 403


@pytest.mark.parametrize("act", ["account-reset", "account-release"])
def test_account_of_a_person_who_left_is_not_touched(officer, base, cycle, act):
    """AM-20: after 退培 the account is the person's; the old base keeps a copy to read."""
    left = new_account(base, cycle, status="5", resident__user__activated_at=timezone.now())
    before = User.objects.values().get(pk=left.resident.user_id)
    answer = officer.post(address(act, left.pk), follow=True)
    assert "现在也没有其他基地的在用记录" in answer.text
    assert User.objects.values().get(pk=left.resident.user_id) == before


def test_policy_of_the_first_sign_in_is_the_base_s_choice(officer, base, cycle):
    """TRUST-09."""
    assert "已改为" in officer.post(address("activation-policy"), {"policy": "code"}, follow=True).text
    base.refresh_from_db()
    assert base.activation_policy == "code"
    again = officer.post(address("activation-policy"), {"policy": "code"}, follow=True).text
    assert ("没有修改" in again, "已改为" in again) == (True, False)
    assert AuditEvent.objects.filter(action="activation_policy").count() == 1
    assert "请选择一种" in officer.post(address("activation-policy"), {"policy": "x"}, follow=True).text


# --- delete ----------------------------------------------------------------------------------------------------------


def test_delete_asks_first_whether_wrong_or_left(officer, base, cycle):
    """BR-73: 已离开培训 deletes nothing and leads to the status."""
    record = new_account(base, cycle, registered_at=timezone.now())
    page = officer.get(address("account-delete", record.pk)).text
    assert "录错了，还是已离开培训？" in page
    answer = officer.post(address("account-delete", record.pk), {"why": "left"})
    assert "请把培训状态更新为“退培”" in answer.text
    record.refresh_from_db()
    assert record.deleted_at is None


@pytest.mark.parametrize(
    ("status", "result", "words"),
    [
        ("2", "", "请把培训状态更新为“退培”"),
        ("4", "2", "已经结束的培训不能改为“退培”"),
        ("4", "1", "此人已结业并获证"),
        ("5", "", "培训状态已经是“退培”"),
    ],
)
def test_delete_of_one_who_left_names_a_way_that_is_open(officer, base, cycle, status, result, words):
    """AM-34: 退培 is advised where the status page offers it, and nowhere else."""
    record = new_account(base, cycle, registered_at=timezone.now(), status=status)
    if result:
        StatusChange.objects.create(
            enrollment=record,
            from_status="1",
            to_status="4",
            reason="41" if result == "1" else "42",
            effective_date=timezone.localdate(),
            ended_on=timezone.localdate(),
            ended_result=result,
        )
    text = officer.post(address("account-delete", record.pk), {"why": "left"}).text
    assert words in text
    form = officer.get(reverse("bases:status-edit", args=[record.pk]))
    assert ("请把培训状态更新为“退培”" in text) is form.context["offers_withdrawal"]
    account = officer.get(address("account", record.pk)).text
    assert ("请变更培训状态" in account) is form.context["offers_withdrawal"]


def test_delete_does_not_offer_a_wrong_entry_while_that_is_closed(officer, base, cycle):
    """BR-50, AM-33: after the window only the two departures are left to choose."""
    record = new_account(base, cycle)
    close(cycle, Step.BASE_FILL)
    page = officer.get(address("account-delete", record.pk))
    assert [code for code, _ in page.context["form"].fields["why"].choices] == ["no_show", "moved"]
    sent = {"why": "wrong", "reason": "证件号录错"}
    assert officer.post(address("account-delete", record.pk), sent).status_code == 422


@pytest.mark.parametrize("data", [{}, {"why": "wrong"}, {"why": "wrong", "reason": "错"}])
def test_delete_needs_answer_and_reason(officer, base, cycle, data):
    record = new_account(base, cycle)
    assert officer.post(address("account-delete", record.pk), data).status_code == 422
    record.refresh_from_db()
    assert record.deleted_at is None


def test_delete_frees_the_person_and_ends_his_entry(officer, signed_in, base, cycle, base_officer):
    """BR-50, GOAL-B11: soft, with reason, audited; a person without another record can't sign in."""
    record = new_account(base, cycle, resident__user__activated_at=timezone.now())
    theirs = signed_in(record.resident.user)
    officer.post(address("account-delete", record.pk), {"why": "wrong", "reason": "证件号末位录错"})
    record.refresh_from_db()
    assert (record.deleted_by, record.deleted_reason) == (base_officer, "证件号末位录错")
    assert not record.is_live
    assert theirs.get(reverse("portal:desk")).status_code == 302
    assert not User.objects.get(pk=record.resident.user_id).is_active
    assert AuditEvent.objects.get(action="delete_account").target_id == str(record.pk)
    assert [row.pk for row in officer.get(address("accounts"), {"state": "deleted"}).context["page"]] == [
        record.pk
    ]


def test_delete_keeps_the_account_of_a_person_with_another_record(base, other_base, cycle, base_officer):
    """AM-19."""
    old = factories.EnrollmentFactory(base=other_base, intake_year=cycle.year - 2, status="5")
    record = factories.EnrollmentFactory(resident=old.resident, base=base, intake_year=cycle.year)
    delete_enrollment(record.pk, by=base_officer, reason="录入错误")
    assert User.objects.get(pk=old.resident.user_id).is_active


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"report_status": "1", "review_status": "1"}, "请先“撤回上报”"),
        ({"lapsed_at": timezone.now()}, "已失效并留存备查"),
        ({"deleted_at": timezone.now(), "deleted_reason": "录错"}, "已经删除"),
    ],
)
def test_delete_is_refused_in_these_states(base, cycle, base_officer, values, words):
    record = factories.EnrollmentFactory(base=base, intake_year=cycle.year, **values)
    with pytest.raises(StateMoved, match=words):
        delete_enrollment(record.pk, by=base_officer, reason="录入错误")


def test_delete_in_the_intake_only_inside_the_window(base, cycle, base_officer):
    """BR-50."""
    record = factories.EnrollmentFactory(base=base, intake_year=cycle.year)
    late = factories.EnrollmentFactory(base=base, intake_year=cycle.year - 1, registered_at=timezone.now())
    now, hour = timezone.now(), timedelta(hours=1)
    factories.open_windows(cycle, base_fill=(now - 5 * hour, now - hour))
    with pytest.raises(StateMoved, match="现在不能办理"):
        delete_enrollment(record.pk, by=base_officer, reason="录入错误")
    delete_enrollment(late.pk, by=base_officer, reason="不是本基地的住院医师")  # BR-72: any time
    late.refresh_from_db()
    assert late.deleted_at is not None


def test_province_is_told_of_a_deleted_record_it_had_approved(
    officer, base, complete_enrollment, base_officer, provincial_reviewer
):
    """AM-19."""
    reporting.report([complete_enrollment.pk], by=base_officer, declared=True)
    submission = complete_enrollment.submissions.get()
    decisions.approve({submission.pk: submission.version}, by=provincial_reviewer)
    Message.objects.all().delete()
    officer.post(
        address("account-delete", complete_enrollment.pk), {"why": "wrong", "reason": "不在本基地培训"}
    )
    message = Message.objects.get(recipient=provincial_reviewer)
    assert complete_enrollment.resident.full_name in message.subject


# --- restore ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def deleted(base, cycle, base_officer):
    record = factories.EnrollmentFactory(base=base, intake_year=cycle.year)
    return delete_enrollment(record.pk, by=base_officer, reason="录入错误")


def test_restore_brings_record_and_entry_back(officer, deleted):
    """GOAL-B11."""
    assert "恢复这条记录" in officer.get(address("account", deleted.pk)).text
    officer.post(address("account-restore", deleted.pk))
    deleted.refresh_from_db()
    assert deleted.is_live
    assert User.objects.get(pk=deleted.resident.user_id).is_active
    assert AuditEvent.objects.filter(action="restore_account").count() == 1


def test_restore_after_thirty_days_is_refused(deleted):
    Enrollment.objects.filter(pk=deleted.pk).update(deleted_at=timezone.now() - timedelta(days=30))
    with pytest.raises(StateMoved, match="超过 30 天"):
        restore_enrollment(deleted.pk)


def test_restore_is_refused_while_another_base_holds_the_person(officer, deleted, other_base):
    """BR-49: one live enrollment; a message, never a 500."""
    factories.EnrollmentFactory(resident=deleted.resident, base=other_base, intake_year=deleted.intake_year)
    answer = officer.post(address("account-restore", deleted.pk), follow=True)
    assert "此人已在“宁波市第一医院”" in answer.text
    deleted.refresh_from_db()
    assert deleted.deleted_at is not None


def test_restore_in_the_intake_until_the_lock(deleted, cycle):
    """AM-33: also after the import is over; after the lock a record would come back live into a locked intake."""
    now, hour = timezone.now(), timedelta(hours=1)
    over = (now - 5 * hour, now - hour)
    factories.open_windows(cycle, base_fill=over)
    restore_enrollment(deleted.pk)
    Enrollment.objects.filter(pk=deleted.pk).update(deleted_at=now, deleted_reason="录错")
    factories.open_windows(cycle, **dict.fromkeys(("resident_fill", "base_fill", "report", "review"), over))
    with pytest.raises(StateMoved, match="锁定"):
        restore_enrollment(deleted.pk)


@pytest.mark.parametrize(("days", "what"), [(5, "lock"), (90, "thirty days")])
def test_the_last_day_told_is_the_last_day_there_is(days, what, officer, base, cycle):
    """AM-33: thirty days, or the lock where it comes first; told by form, outcome and page alike."""
    record = new_account(base, cycle)
    locks = (timezone.now() + timedelta(days=days)).replace(microsecond=0)
    cycle.windows.update(closes_at=locks)
    until = last_moment(locks) if what == "lock" else f"{timezone.localdate() + timedelta(days=30)}"
    assert f"{until}" in officer.get(address("account-delete", record.pk)).text
    reason = {"why": "wrong", "reason": "录入错误"}
    answer = officer.post(address("account-delete", record.pk), reason, follow=True)
    assert answer.text.count(until) == 2
    # An older message leads to the page of what is deleted now, not into nothing.
    led = officer.get(f"/base/records/{record.pk}/", follow=True)
    assert "这条记录已删除" in led.text
    assert "恢复这条记录" in led.text


def test_restore_of_what_is_not_deleted_is_404(officer, base, cycle):
    assert officer.post(address("account-restore", new_account(base, cycle).pk)).status_code == 404
