"""报送方式切换 (Annex 2): BR-05 … BR-08, BR-10, BR-24; AM-01; GOAL-N2."""

import datetime

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.urls import reverse
from django.utils import timezone

from bases.deadlines.messages import remind_of_deadlines
from bases.extensions import services as extensions
from bases.models import ImportBatch, Province, TrainingBase
from bases.report import services as reporting
from portal.calendar import last_moment
from portal.drafts import save_draft
from portal.models import AuditEvent, CycleWindow, Message, Step
from residents import openness
from residents.models import Enrollment
from residents.openness import personal_entry, report_entry, training_entry
from residents.services.refusals import Refused
from residents.services.states import StateMoved
from review.models import ModeSwitchApplication
from review.switches import services as switches
from review.switches.open_work import open_work
from review.switches.reopening import reopens
from tests import factories
from tests.bases.desk import close, complete

PDF = b"%PDF-1.4 x"
ITEMS = {
    "official_name": "周敏",
    "official_contact": "0571-87700000",
    "vendor_contact_name": "吴工",
    "vendor_contact": "13800000009",
}


@pytest.fixture
def items():
    return ITEMS | {"requested_at": timezone.localdate().isoformat()}


@pytest.fixture
def draft(province, provincial_reviewer, items, cycle):
    return switches.write(province, items, by=provincial_reviewer)


@pytest.fixture
def waiting(draft, provincial_reviewer):
    switches.submit(draft.pk, by=provincial_reviewer)
    draft.refresh_from_db()
    return draft


@pytest.fixture
def tested(province, national_officer):
    switches.record_integration_test(province, passed=True, by=national_officer)


@pytest.fixture
def confirmed(waiting, tested, national_officer):
    switches.confirm(waiting.pk, by=national_officer)
    waiting.refresh_from_db()
    return waiting


def mode(province) -> str:
    return Province.objects.get(pk=province.pk).reporting_mode


def test_the_whole_way_in_the_pages(
    signed_in, provincial_reviewer, national_officer, base_officer, province, cycle, items
):
    """GOAL-N2, BR-07, BR-08, BR-24: seven items, stamped scan, joint test, confirmation, and back with a reason."""
    at_province, at_cmda = signed_in(provincial_reviewer), signed_in(national_officer)
    saved = at_province.post(reverse("review:switch-new", args=[province.pk]), items)
    application = ModeSwitchApplication.objects.get()
    assert (saved.status_code, application.state) == (302, "draft")
    printed = at_province.get(reverse("review:switch-print", args=[application.pk])).content.decode()
    labels = [
        label for label in ("省份", "申请模块", "住院医师招收结果", *ITEMS.values()) if label in printed
    ]
    assert len(labels) == 7
    scan = {"scan": SimpleUploadedFile("../申请.pdf", PDF)}
    at_province.post(reverse("review:switch-attach", args=[application.pk]), scan)
    assert at_cmda.get(reverse("review:switch", args=[application.pk])).status_code == 404
    at_province.post(reverse("review:switch-submit", args=[application.pk]))
    assert Message.objects.filter(recipient=national_officer, kind="switch").count() == 1
    look = at_cmda.get(reverse("review:switch-file", args=[application.pk]))
    assert b"".join(look.streaming_content) == PDF

    confirm = reverse("review:switch-confirm", args=[application.pk])
    assert at_cmda.post(confirm).status_code == 422
    at_cmda.post(confirm, {"checked": "on"})
    assert mode(province) == "1"
    at_cmda.post(reverse("review:integration-test", args=[province.pk]), {"passed": "1"})
    at_cmda.post(confirm, {"checked": "on"})
    assert mode(province) == "2"
    told = Message.objects.filter(kind="switch", recipient__in=[provincial_reviewer, base_officer])
    assert sorted(told.values_list("recipient", flat=True)) == sorted(
        [provincial_reviewer.pk, base_officer.pk]
    )

    back = reverse("review:switch-reverse", args=[application.pk])
    assert at_cmda.post(back, {"reason": ""}).status_code == 422
    at_cmda.post(back, {"reason": "平台改造，恢复直报"})
    application.refresh_from_db()
    assert (mode(province), application.state, application.reason) == ("1", "reversed", "平台改造，恢复直报")
    acts = (
        AuditEvent.objects.filter(action__startswith="switch").order_by("pk").values_list("action", flat=True)
    )
    assert list(acts) == [
        "switch_scan",
        "switch_applied",
        "switch_confirmed",
        "switch_reversed",
    ]


def test_confirmation_closes_intake_and_nothing_else(
    confirmed, complete_enrollment, base, base_officer, province
):
    """BR-08, AM-01: every direct act on intake records closes with a reason; the registry stays open."""
    complete_enrollment.refresh_from_db()
    asked = (
        openness.personal_entry,
        openness.training_entry,
        openness.report_entry,
        openness.review_entry,
    )
    intake = [entry(complete_enrollment) for entry in asked]
    assert [entry.is_open for entry in intake] == [False] * 4
    assert {entry.reason for entry in intake} == {
        "本省已切换为接口传送，招收信息直接填报功能已关闭（只读）。"
    }
    result = reporting.report([complete_enrollment.pk], by=base_officer, declared=True)
    assert result.reported == []
    in_registry = factories.EnrollmentFactory(
        base=base, intake_year=complete_enrollment.intake_year - 1, registered_at=timezone.now()
    )
    assert [entry(in_registry).is_open for entry in asked] == [True] * 4


def test_reversal_opens_intake_again(confirmed, complete_enrollment, base_officer, national_officer):
    """GOAL-N2: reversible; what was open before is open again."""
    switches.reverse_switch(confirmed.pk, by=national_officer, reason="恢复直报")
    complete_enrollment.refresh_from_db()
    result = reporting.report([complete_enrollment.pk], by=base_officer, declared=True)
    assert result.reported == [complete_enrollment.pk]


def test_going_back_names_what_is_open_until_when(
    confirmed, cycle, base, base_officer, provincial_reviewer, national_officer, signed_in
):
    """GOAL-N2, AM-31: before it is done and in every letter: each step with its dates, what was returned, and until
    when those who lapsed must wait; once the intake is locked nothing is promised."""
    close(cycle, Step.RESIDENT_FILL, Step.BASE_FILL, Step.REPORT)
    factories.EnrollmentFactory(base=base, intake_year=cycle.year, review_status="3")
    factories.EnrollmentFactory(base=base, intake_year=cycle.year, lapsed_at=timezone.now())
    ends = last_moment(CycleWindow.objects.get(cycle=cycle, step=Step.REVIEW).closes_at)
    over = last_moment(CycleWindow.objects.get(cycle=cycle, step=Step.REPORT).closes_at)
    said = (
        f"培训基地上报已于 {over} 截止；省级审核开放，至 {ends}。"
        f"省级退回的 1 人由培训基地修改并重新上报，至 {ends}。"
        f"此前锁定失效的 1 人，到 {ends} 锁定以后才能补录。"
    )
    address = reverse("review:switch", args=[confirmed.pk])
    assert said in signed_in(national_officer).get(address).content.decode()
    Message.objects.all().delete()
    switches.reverse_switch(confirmed.pk, by=national_officer, reason="恢复直报")
    told = dict(Message.objects.filter(kind="switch").values_list("recipient", "body"))
    assert set(told) == {base_officer.pk, provincial_reviewer.pk}
    assert all(said in body for body in told.values())
    close(cycle, Step.REVIEW)
    assert reopens(base.province) == ["各年招收信息均已锁定，没有重新开放的环节。"]


def test_a_decided_switch_keeps_what_was_confirmed(
    waiting, tested, complete_enrollment, cycle, base, national_officer, provincial_reviewer, signed_in
):
    """GOAL-N2: the figures of the moment of the decision, with their year, whatever the intake has become since."""
    switches.confirm(waiting.pk, by=national_officer)
    complete_enrollment.delete()
    for then in ("", "恢复直报"):
        if then:
            switches.reverse_switch(waiting.pk, by=national_officer, reason=then)
        for reader in (national_officer, provincial_reviewer):
            text = signed_in(reader).get(reverse("review:switch", args=[waiting.pk])).content.decode()
            assert f"招收信息未办结的工作（{cycle.year}年）" in "".join(text.split())
            assert "确认切换时" in text
            assert "1 条" in text
            assert base.name in text


def test_a_base_that_moved_away_since_is_named_without_a_link(
    waiting,
    tested,
    complete_enrollment,
    cycle,
    base,
    other_province,
    national_officer,
    provincial_reviewer,
    signed_in,
):
    """AM-46: the list of a base of another province opens for nobody here."""
    link = f"?base={base.pk}&amp;module=intake"
    address = reverse("review:switch", args=[waiting.pk])
    switches.confirm(waiting.pk, by=national_officer)
    assert link in signed_in(provincial_reviewer).get(address).text
    TrainingBase.objects.filter(pk=base.pk).update(province=other_province)

    page = signed_in(provincial_reviewer).get(address).text
    assert link not in page
    assert "已不属于本省" in page
    assert link in signed_in(national_officer).get(address).text


def test_other_provinces_keep_their_mode(confirmed, other_province):
    """BR-05: the mode is the province's own."""
    assert mode(other_province) == "1"


def test_not_without_the_joint_test(waiting, national_officer, province):
    """BR-06: the joint test is the precondition, and stays noted while the API is in use."""
    with pytest.raises(StateMoved, match="接口联调通过"):
        switches.confirm(waiting.pk, by=national_officer)
    switches.record_integration_test(province, passed=True, by=national_officer)
    switches.confirm(waiting.pk, by=national_officer)
    with pytest.raises(StateMoved, match="先撤销切换"):
        switches.record_integration_test(province, passed=False, by=national_officer)


def test_confirmed_twice_is_refused(confirmed, national_officer):
    with pytest.raises(StateMoved, match="已确认"):
        switches.confirm(confirmed.pk, by=national_officer)


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"official_name": ""}, "official_name"),
        ({"vendor_contact": " "}, "vendor_contact"),
        ({"requested_at": ""}, "requested_at"),
        ({"requested_at": "不知道"}, "requested_at"),
        ({"requested_at": "2019-10-01"}, "requested_at"),
    ],
)
def test_an_incomplete_application_is_refused_at_its_field(
    province, provincial_reviewer, items, cycle, changed, field
):
    """BR-24: seven items, all of them; the date not in the past (docs/fields.md#switch)."""
    with pytest.raises(Refused) as refused:
        switches.write(province, items | changed, by=provincial_reviewer)
    assert list(refused.value.problems) == [field]


def test_after_the_transfer_deadline_is_refused(province, provincial_reviewer, items, cycle):
    """BR-09: what would be switched after the deadline of 接口传送 could deliver nothing."""
    late = timezone.localdate() + datetime.timedelta(days=400)
    with pytest.raises(Refused) as refused:
        switches.write(province, items | {"requested_at": late.isoformat()}, by=provincial_reviewer)
    assert [each.code for each in refused.value.problems["requested_at"]] == ["switch_after_deadline"]


def test_one_open_application_a_province(draft, province, provincial_reviewer, items):
    with pytest.raises(StateMoved, match="未办结"):
        switches.write(province, items, by=provincial_reviewer)
    switches.withdraw(draft.pk, by=provincial_reviewer)
    assert switches.write(province, items, by=provincial_reviewer).state == "draft"


def test_a_scan_is_judged_by_its_bytes(draft, provincial_reviewer):
    """TRUST-36: a web page named .pdf is no scan."""
    with pytest.raises(Refused) as refused:
        switches.attach(draft.pk, SimpleUploadedFile("申请.pdf", b"<html>"), by=provincial_reviewer)
    assert [each.code for each in refused.value.problems["scan"]] == ["file_kind"]


def test_open_work_is_listed(
    complete_enrollment, base, province, cycle, resident, base_officer, django_assert_num_queries
):
    """GOAL-N2: records by state and base, unfinished imports, and what is typed but not saved."""
    other = factories.EnrollmentFactory(base=base, intake_year=cycle.year)
    save_draft(other.resident.user, f"personal:{other.pk}:basic", "email=x%40example.com")
    save_draft(base_officer, f"training:{other.pk}", "approved_years=3")
    save_draft(base_officer, "training:999999999", "approved_years=3")
    ImportBatch.objects.create(
        kind="accounts",
        module="intake",
        cycle=cycle,
        base=base,
        uploaded_by=base_officer,
        file_name="名单.xlsx",
        file_sha256="0" * 64,
        state="checked",
    )
    reporting.report([complete_enrollment.pk], by=base_officer, declared=True)
    with django_assert_num_queries(7):
        work = open_work(province)
        by_base, batches = list(work.by_base), list(work.batches)
    assert (work.unreported, work.waiting, work.returned) == (2, 1, 0)
    assert [(row["base_id"], row["unreported"], row["waiting"]) for row in by_base] == [(base.pk, 2, 1)]
    assert [batch.file_name for batch in batches] == ["名单.xlsx"]
    assert sorted((draft.enrollment.pk, draft.form) for draft in work.drafts) == [
        (other.pk, "个人信息"),
        (other.pk, "培训信息"),
    ]


def test_the_read_only_colleague_cannot_apply(signed_in, province, items, cycle, draft):
    reader = factories.UserFactory(role="province")
    factories.grant(reader, province, read_only=True)
    client = signed_in(reader)
    assert client.get(reverse("review:switch", args=[draft.pk])).status_code == 200
    assert client.post(reverse("review:switch-submit", args=[draft.pk])).status_code == 403
    assert client.get(reverse("review:switch-new", args=[province.pk])).status_code == 404


# --- a day to come (AM-38) -------------------------------------------------------------------------------------------


@pytest.fixture
def ahead(province, provincial_reviewer, items, cycle, tested):
    """An application sent in for the day after tomorrow."""
    day = timezone.localdate() + datetime.timedelta(days=2)
    application = switches.write(province, items | {"requested_at": day.isoformat()}, by=provincial_reviewer)
    switches.submit(application.pk, by=provincial_reviewer)
    application.refresh_from_db()
    return application


def test_dated_switch_waits_for_its_day(
    ahead, province, signed_in, national_officer, provincial_reviewer, base_officer
):
    """AM-38: the day asked for is the default; shown before, and carried out by the clock as the day begins, once."""
    client, url = signed_in(national_officer), reverse("review:switch", args=[ahead.pk])
    form = client.get(url).context["confirm_form"]
    assert form["when"].value() == "requested"
    answer = client.post(
        reverse("review:switch-confirm", args=[ahead.pk]), {"checked": "on", "when": "requested"}
    )
    assert answer.status_code == 302
    ahead.refresh_from_db()
    assert (ahead.state, mode(province)) == ("scheduled", "1")
    # AM-44: what the interface delivers is still reviewed, so no letter says that the review ends.
    for words in Message.objects.filter(kind="switch", body__contains="零时").values_list("body", flat=True):
        assert ("上报和审核" in words, "由接口传送的记录照常审核" in words) == (False, True)
    assert ahead.effective_at == timezone.make_aware(
        datetime.datetime.combine(ahead.requested_at, datetime.time.min)
    )
    shown = signed_in(provincial_reviewer).get(reverse("review:switches")).content.decode()
    assert "已确认待生效" in shown
    assert f"{ahead.requested_at:%Y-%m-%d} 生效" in shown
    subjects = Message.objects.filter(recipient=base_officer).values_list("subject", flat=True)
    assert any(f"将于 {ahead.requested_at}" in subject for subject in subjects)

    second = datetime.timedelta(seconds=1)
    assert (switches.carry_out_due(ahead.effective_at - second), mode(province)) == (0, "1")
    assert (switches.carry_out_due(ahead.effective_at), mode(province)) == (1, "2")
    assert switches.carry_out_due(ahead.effective_at + second) == 0
    ahead.refresh_from_db()
    assert ahead.state == "confirmed"
    assert AuditEvent.objects.filter(action="switch_took_effect", actor=None).count() == 1


def test_the_clock_carries_switches_out(ahead, province, national_officer):
    """AM-38: among the chores of the clock, whose round does it."""
    switches.confirm(ahead.pk, by=national_officer, at_once=False)
    ModeSwitchApplication.objects.update(effective_at=timezone.now())
    call_command("run_clock", once=True)
    assert mode(province) == "2"


def test_dated_switch_is_the_end_of_the_direct_steps(
    ahead, province, base, cycle, signed_in, national_officer, provincial_reviewer, base_officer, monkeypatch
):
    """AM-38: banner, calendar, record, extension and reminders say the last moment that there really is; a switch that
    is taken back ends nothing."""
    record = complete(base, cycle.year)
    switches.confirm(ahead.pk, by=national_officer, at_once=False)
    ahead.refresh_from_db()
    ends, desk = ahead.effective_at, signed_in(base_officer)
    shown = desk.get("/base/").context
    assert [part.closes_at for band in shown["bands"] for part in band.parts] == [ends, None]
    assert {each.opening.closes_at for each in shown["openings"]} == {ends}
    record = Enrollment.objects.select_related("base__province").get(pk=record.pk)
    assert {entry(record).closes_at for entry in (personal_entry, training_entry, report_entry)} == {ends}
    deadlines = signed_in(provincial_reviewer).get("/review/").context["deadlines"]
    assert [opening.closes_at == ends for _, opening in deadlines] == [False, True]
    asked = {"step": "report", "enrollments": [], "reason": "停电", "by": base_officer}
    with pytest.raises(StateMoved, match="切换为接口传送"):
        extensions.ask(record.base, cycle, until=ends + datetime.timedelta(days=80), **asked)
    eve = ends - datetime.timedelta(hours=15)
    monkeypatch.setattr(timezone, "now", lambda: eve - datetime.timedelta(days=1))
    remind_of_deadlines()
    (reminder,) = Message.objects.filter(recipient=base_officer, kind="deadline")
    assert f"上报将于 {last_moment(ends)} 截止（届时切换为接口传送），还有 1 人未上报" in reminder.subject
    monkeypatch.undo()
    switches.reverse_switch(ahead.pk, by=national_officer, reason="推迟上线")
    assert ends not in {each.opening.closes_at for each in desk.get("/base/").context["openings"]}


def test_dated_switch_may_take_effect_at_once(ahead, province, signed_in, national_officer):
    """AM-38: 立即 is the association's choice; without a choice nothing is confirmed."""
    client, url = signed_in(national_officer), reverse("review:switch-confirm", args=[ahead.pk])
    assert client.post(url, {"checked": "on"}).status_code == 422
    client.post(url, {"checked": "on", "when": "now"})
    ahead.refresh_from_db()
    assert (ahead.state, mode(province)) == ("confirmed", "2")


def test_day_that_has_come_leaves_nothing_to_choose(waiting, tested, province, signed_in, national_officer):
    """AM-38: only a day ahead can be waited for."""
    client = signed_in(national_officer)
    page = client.get(reverse("review:switch", args=[waiting.pk])).context
    assert "when" not in page["confirm_form"].fields
    switches.confirm(waiting.pk, by=national_officer, at_once=False)
    assert mode(province) == "2"


def test_dated_switch_is_revocable_until_its_day(
    ahead, province, signed_in, national_officer, provincial_reviewer
):
    """AM-38: revoked before its day it never takes effect; the province may apply again, but not before."""
    switches.confirm(ahead.pk, by=national_officer, at_once=False)
    with pytest.raises(StateMoved, match="待生效"):
        switches.record_integration_test(province, passed=False, by=national_officer)
    assert province.pk not in switches.free_to_apply(provincial_reviewer)
    back = reverse("review:switch-reverse", args=[ahead.pk])
    signed_in(national_officer).post(back, {"reason": "平台推迟上线"})
    ahead.refresh_from_db()
    assert (ahead.state, mode(province)) == ("reversed", "1")
    assert switches.carry_out_due(ahead.effective_at) == 0
    assert mode(province) == "1"
    assert province.pk in switches.free_to_apply(provincial_reviewer)
