"""What the record's page, the board and the accounts offer is open now, and what is not offered is closed: one question
answers for the act and for its button, in every state and at every time (BR-39, BR-55, AM-03)."""

import datetime
from contextlib import contextmanager

import pytest
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from bases.accounts.forms import DeletionForm
from bases.corrections import services as corrections
from bases.lists.records import Stage
from bases.models.organisations import ReportingMode
from bases.report.services import report
from bases.report.withdrawal import withdraw
from portal.calendar import INTAKE_STEPS
from portal.models import CycleWindow, Extension, Step
from residents.models import Enrollment
from residents.services.deletion import restore_enrollment
from residents.services.returns import return_personal
from residents.services.states import StateMoved
from tests import factories
from tests.bases.desk import approved, close, complete, page, reported, returned, told
from tests.width import mostly_long

BASE_STEPS = (Step.RESIDENT_FILL, Step.BASE_FILL, Step.REPORT)


def new(base, year, officer, reviewer):
    return factories.EnrollmentFactory(base=base, intake_year=year)


def ready(base, year, officer, reviewer):
    return complete(base, year)


def waiting(base, year, officer, reviewer):
    return reported(complete(base, year), officer)


def sent_back(base, year, officer, reviewer):
    return returned(complete(base, year), officer, reviewer)


def in_registry(base, year, officer, reviewer):
    return approved(complete(base, year), officer, reviewer)


def updated(base, year, officer, reviewer):
    record = approved(complete(base, year), officer, reviewer)
    Enrollment.objects.filter(pk=record.pk).update(report_status="0")
    return record


def withdrawn(base, year, officer, reviewer):
    record = approved(complete(base, year), officer, reviewer)
    Enrollment.objects.filter(pk=record.pk).update(status="4", report_status="0")
    return record


def lapsed(base, year, officer, reviewer):
    record = complete(base, year)
    Enrollment.objects.filter(pk=record.pk).update(lapsed_at=timezone.now())
    return record


def at_return_only(cycle, base, record):
    close(cycle, *BASE_STEPS)


def all_over(cycle, base, record):
    close(cycle, *BASE_STEPS, Step.REVIEW)


def locked(cycle, base, record):
    all_over(cycle, base, record)
    cycle.locked_at = timezone.now()
    cycle.save()


def not_begun(cycle, base, record):
    CycleWindow.objects.filter(cycle=cycle).update(
        opens_at=timezone.now() + datetime.timedelta(days=5),
        closes_at=timezone.now() + datetime.timedelta(days=9),
    )


def prolonged(cycle, base, record):
    """Over for all but this record."""
    close(cycle, *BASE_STEPS)
    for step in BASE_STEPS:
        Extension.objects.create(
            cycle=cycle,
            step=step,
            enrollment=record,
            until=timezone.now() + datetime.timedelta(days=2),
            reason="停电",
            granted_by=factories.UserFactory(role="cmda"),
        )


def switched(cycle, base, record):
    base.province.reporting_mode = ReportingMode.API
    base.province.save()


STATES = [new, ready, waiting, sent_back, in_registry, updated, withdrawn, lapsed]
TIMES = [None, at_return_only, all_over, locked, not_begun, prolonged, switched]


@contextmanager
def tried():
    """Whatever is done inside is undone."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def succeeds(act) -> bool:
    with tried():
        try:
            act()
        except StateMoved:
            return False
        return True
    raise AssertionError


@pytest.mark.parametrize("make", STATES)
@pytest.mark.parametrize("when", mostly_long(TIMES, 3), ids=lambda each: each.__name__ if each else "open")
def test_record_page_offers_exactly_what_is_open(
    signed_in, base, cycle, base_officer, provincial_reviewer, make, when
):
    record = make(base, cycle.year, base_officer, provincial_reviewer)
    if when:
        when(cycle, base, record)
    desk = signed_in(base_officer)
    answer = desk.get(reverse("bases:record", args=[record.pk]))
    may, text, pk = answer.context["may"], page(answer), record.pk

    blockers = answer.context["examination"].blockers
    went_up = False
    with tried():
        went_up = pk in report([pk], by=base_officer, declared=True, untouched=[pk]).reported
    # What keeps a report that is offered from going up is in the record, and the page says what.
    assert went_up == (may["report"] and not blockers)
    if may["report"] and make is not new:
        assert went_up
    assert ("检查并上报" in text) == may["report"]
    given_back = succeeds(lambda: return_personal(record, {"": ("", "请核对")}, by=base_officer))
    assert may["return"] == given_back
    assert may["withdraw"] == succeeds(lambda: withdraw(pk, by=base_officer))
    for name, route in (("change_status", "status-edit"), ("change_specialty", "specialty-change")):
        assert may[name] == (desk.get(reverse(f"bases:{route}", args=[pk])).status_code == 200), name
    values = {"reason": "证件号录错", "left_on": timezone.localdate().isoformat()}
    deleted = []
    for why in DeletionForm.KINDS:
        with tried():
            desk.post(reverse("bases:account-delete", args=[pk]), values | {"why": why})
            deleted.append(Enrollment.objects.filter(pk=pk, deleted_at__isnull=False).exists())
    assert may["delete"] == any(deleted) == ("删除…" in text)
    with tried():
        assert may["log_in"] == (desk.post(reverse("bases:account-reset", args=[pk])).status_code == 200)
    extension = desk.get(reverse("bases:extension-new"), {"record": pk})
    named = extension.status_code == 200 and pk in {
        int(value.value) for value, _ in extension.context["form"].fields["people"].choices
    }
    if may["extend"]:
        assert named
    assert ("申请延长填报时间" in text) == may["extend"]
    if named:
        assert may["extend"] == may["check"]


def test_a_second_request_to_correct_a_number_is_not_offered(signed_in, base_officer, enrollment):
    desk, address = signed_in(base_officer), reverse("bases:record", args=[enrollment.pk])
    assert "申请更正证件" in page(desk.get(address))
    values = {"id_type": "01", "id_number": "110101199003078515", "reason": "导入时录错"}
    corrections.ask(enrollment, values=values, evidence=None, by=base_officer)
    assert "申请更正证件" not in page(desk.get(address))


@pytest.mark.parametrize("when", TIMES, ids=lambda each: each.__name__ if each else "open")
def test_board_asks_for_nothing_that_nobody_can_do(
    signed_in, base, cycle, base_officer, provincial_reviewer, when
):
    """The tiles 可上报, 待修改 and 待填: the same question as the act, for each record behind the number."""
    made = {
        Stage.READY: [ready(base, cycle.year, base_officer, provincial_reviewer) for _ in range(2)],
        Stage.PROVINCE: [sent_back(base, cycle.year, base_officer, provincial_reviewer)],
    }
    if when:
        when(cycle, base, made[Stage.READY][0])
    tiles = signed_in(base_officer).get(reverse("bases:desk")).context["tasks"]
    for stage, records in made.items():
        open_ones = 0
        for record in records:
            with tried():
                done = report([record.pk], by=base_officer, declared=True, untouched=[record.pk])
                open_ones += len(done.reported)
        found = [tile for tile in tiles if f"stage={stage}" in tile.url]
        assert bool(found) == bool(open_ones), stage
        for tile in found:
            assert tile.count == len(records)
            shut = len(records) - open_ones
            assert ("现在不能办理" in tile.label) == bool(shut)
            assert not shut or f"其中 {shut} 人" in tile.label


@pytest.mark.parametrize(
    ("when", "word", "asks"),
    [
        (not_begun, "未开始", True),
        (all_over, "已截止", False),
        (switched, "已切换接口", False),
        (locked, "已截止", False),
    ],
)
def test_a_step_that_is_closed_says_which_way(signed_in, base, cycle, base_officer, when, word, asks):
    when(cycle, base, None)
    desk = signed_in(base_officer)
    text = page(desk.get(reverse("bases:desk")))
    # The review of what is delivered goes on where the rest is switched.
    assert text.count(word) >= (3 if when is switched else 4)
    assert "未开放" not in text
    for other in {"未开始", "已截止", "已切换接口"} - {word}:
        assert f"\n                  {other}" not in text
    assert ("延长填报时间申请记录" in text) != asks
    listed = desk.get(reverse("bases:extensions"))
    assert listed.context["may_ask"] == asks
    assert desk.get(reverse("bases:extension-new")).status_code == (200 if asks else 302)


@pytest.mark.parametrize("held", [False, True])
@pytest.mark.parametrize("when", [None, all_over, switched], ids=["open", "over", "switched"])
def test_restore_is_offered_only_where_it_works(signed_in, base, cycle, base_officer, when, held):
    record = complete(base, cycle.year)
    Enrollment.objects.filter(pk=record.pk).update(
        deleted_at=timezone.now(), deleted_by=base_officer, deleted_reason="录错"
    )
    if held:
        factories.EnrollmentFactory(base=base, intake_year=cycle.year, resident=record.resident)
    if when:
        when(cycle, base, record)
    text = page(signed_in(base_officer).get(reverse("bases:account", args=[record.pk])))
    assert ("恢复这条记录" in text) == succeeds(lambda: restore_enrollment(record.pk))


@pytest.mark.parametrize("when", TIMES, ids=lambda each: each.__name__ if each else "open")
def test_lists_offer_the_template_where_accounts_can_be_imported(signed_in, base, cycle, base_officer, when):
    """BR-27: 账号模板 stands in 招收信息管理 while its window is open; 补录 in the registry at any time (BR-60)."""
    if when:
        when(cycle, base, factories.EnrollmentFactory(base=base, intake_year=cycle.year))
    desk = signed_in(base_officer)
    upload = desk.get(reverse("bases:import-upload", args=["accounts", "intake"]))
    shown = page(desk.get(reverse("bases:record-list", args=["intake"])))
    assert (reverse("bases:import-template", args=["accounts", "intake"]) in shown) == upload.context[
        "opening"
    ].is_open
    assert "补录</a>" in page(desk.get(reverse("bases:record-list", args=["registry"]))).replace(
        "\n", ""
    ).replace(" ", "")


def test_who_only_looks_is_offered_no_template(signed_in, base, cycle):
    reader = factories.UserFactory()
    factories.grant(reader, base, read_only=True)
    for module in ("intake", "registry"):
        shown = page(signed_in(reader).get(reverse("bases:record-list", args=[module])))
        assert "accounts/" + module not in shown


def test_a_lapsed_record_is_not_shown_in_training(base, cycle, base_officer, desk):
    """AM-29: 培训状态 of a lapsed record is that it lapsed."""
    record = complete(base, cycle.year)
    badge = '<span class="state state-green">在培</span>'
    assert badge in desk.get(f"/base/records/{record.pk}/").text
    Enrollment.objects.filter(pk=record.pk).update(lapsed_at=timezone.now())
    text = desk.get(f"/base/records/{record.pk}/").text
    assert (badge in text, "锁定失效</span>" in text) == (False, True)


@pytest.mark.parametrize("review", ["0", "1", "3"])
def test_a_lapsed_record_waits_for_nobody_and_names_the_next_door(base, cycle, base_officer, desk, review):
    """AM-05, AM-41: whatever it was when it lapsed; the door is named while the person is on no other record."""
    record = complete(base, cycle.year)
    return_personal(record, {"": ("", "请核对。")}, by=base_officer)
    Enrollment.objects.filter(pk=record.pk).update(
        lapsed_at=timezone.now(), review_status=review, report_status="1" if review == "1" else "0"
    )
    address = f"/base/records/{record.pk}/"
    text = page(desk.get(address))
    assert "未通过，已失效" in text
    for word in ("待审核</span>", "等待其修改并保存", "取回退回"):
        assert word not in text
    # The very import that takes him is named (AM-31): while the year is open, that of the intake.
    assert "招收信息管理的账号导入（招收年份填" in text
    assert 'href="/base/imports/accounts/intake/"' in text
    close(cycle, *INTAKE_STEPS)
    text = page(desk.get(address))
    assert "住院医师信息管理的账号导入（招收年份填" in text
    assert 'href="/base/imports/accounts/registry/"' in text
    assert "不能取回退回" in told(desk.post(f"{address}returns/take-back/"))
    assert record.personal_returns.filter(answered_at=None).count() == 1
    factories.EnrollmentFactory(base=base, intake_year=cycle.year, resident=record.resident)
    assert "补录" not in page(desk.get(address))


def test_base_out_of_use_reads_of_nothing_it_cannot_do(signed_in, base, base_officer, cycle):
    """AM-46: record page and list of a closed base name no correction, template or import."""
    left = complete(base, cycle.year - 1, registered_at=timezone.now(), status="5")
    client = signed_in(base_officer)
    record, found = (
        reverse("bases:record", args=[left.pk]),
        reverse("bases:record-list", args=["registry"]) + "?status=5",
    )
    assert "培训状态有误的仍可更正" in client.get(record).text
    assert "用表格填写培训信息" in client.get(found).text
    type(base).objects.filter(pk=base.pk).update(is_active=False)
    assert "仍可更正" not in client.get(record).text
    assert "用表格填写培训信息" not in client.get(found).text
    assert "在上面上传" not in client.get(reverse("bases:import-upload", args=["training", "registry"])).text
