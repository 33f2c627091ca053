"""AM-46: a base that is merged or moves to another province: living records, waiting reviews, counts, copies."""

import datetime

import pytest
from django.urls import reverse
from django.utils import timezone

from bases import staff
from bases.models import (
    ApprovedCount,
    CorrectionRequest,
    HandedOver,
    SpecialtyBase,
    Submission,
    Succession,
    TransferRequest,
)
from bases.records.services import save_training
from bases.report.services import check
from bases.scope import enrollments_for
from bases.transfers import services as transfers
from portal.models import AuditEvent, Extension, Message
from portal.roles import Action
from residents.history import timeline
from residents.models import Enrollment
from residents.openness import Times
from residents.services.lock import carry_out_locks
from residents.services.revival import lapsed_of
from residents.services.states import StateMoved
from review.decisions.services import approve, why_not_revocable
from review.models import Assignment
from review.successions import services
from review.windows import revival
from tests import factories
from tests.bases.desk import approved, close, complete, reported

pytestmark = pytest.mark.django_db


@pytest.fixture
def successor(other_province):
    return factories.TrainingBaseFactory(province_id=other_province.pk, name="广东省人民医院", code="G1")


@pytest.fixture
def waiting(base, cycle, base_officer):
    return reported(complete(base, cycle.year), base_officer)


@pytest.fixture
def through(base, cycle, base_officer, provincial_reviewer):
    return approved(complete(base, cycle.year), base_officer, provincial_reviewer)


@pytest.fixture
def gone(base, cycle):
    return complete(base, cycle.year, lapsed_at=timezone.now())


def merge(base, successor, by, *, day=None, **more):
    return services.decide(
        base,
        kind="merged",
        successor=successor,
        province=None,
        day=day or timezone.localdate(),
        reason="国卫科教〔2026〕1号",
        by=by,
        **{"takes_staff": False, **more},
    )


def current() -> dict[str, int]:
    rows = ApprovedCount.objects.filter(source="current").values_list("province", "number")
    found: dict[str, int] = {}
    for province, number in rows:
        found[province] = found.get(province, 0) + number
    return {province: number for province, number in found.items() if number}


def test_living_records_and_waiting_reviews_move_with_their_history(
    base, successor, waiting, through, gone, national_officer, other_province_reviewer
):
    """AM-46: "all living records and pending reviews move in one act with their history"."""
    before = len(timeline(through, with_names=True))
    made = merge(base, successor, national_officer)
    assert made.counts["移交的培训记录"] == 2
    for record in (waiting, through, gone):
        record.refresh_from_db()
    assert [waiting.base_id, through.base_id, gone.base_id] == [successor.pk, successor.pk, base.pk]
    assert len(timeline(through, with_names=True)) >= before
    submission = Submission.objects.get(enrollment=waiting, outcome="pending")
    old = Submission.objects.get(enrollment=waiting, outcome="withdrawn")
    assert (submission.base_id, submission.province_id) == (successor.pk, "44")
    assert (submission.reported_at, submission.snapshot) == (old.reported_at, old.snapshot)
    assert approve({submission.pk: submission.version}, by=other_province_reviewer).decided
    waiting.refresh_from_db()
    assert (waiting.review_status, waiting.registered_at is not None) == ("2", True)


def test_whoever_lapsed_while_he_waited_stays_where_he_was(base, successor, waiting, cycle, national_officer):
    """AM-46: "all living records and pending reviews": what lapsed unreviewed waits for nobody (AM-29)."""
    close(cycle, "review", "report")
    Enrollment.objects.filter(pk=waiting.pk).update(lapsed_at=timezone.now())
    made = merge(base, successor, national_officer)
    waiting.refresh_from_db()
    assert (waiting.base_id, made.counts["移交的培训记录"], made.counts["其中待审核的上报"]) == (
        base.pk,
        0,
        0,
    )


def test_current_counts_follow_and_the_original_stays(base, successor, through, national_officer):
    """AM-46: "current counts follow the successor from that day", "past editions stay": 招收原始信息 does."""
    original = through.intake_submission
    assert current() == {"33": 1}
    merge(base, successor, national_officer)
    assert current() == {"44": 1}
    through.refresh_from_db()
    assert through.intake_submission == original
    intake = ApprovedCount.objects.filter(source="intake").values_list("province", "number")
    assert list(intake) == [("33", 1)]
    assert why_not_revocable(through, through.approved_submission, Times([through]))


def test_old_base_keeps_its_read_only_copy(
    base, successor, through, gone, base_officer, national_officer, signed_in
):
    """AM-46: "the old base keeps its read-only copy": as it stood on the day, whatever the successor does since."""
    merge(base, successor, national_officer)
    kept = HandedOver.objects.get()
    Enrollment.objects.filter(pk=through.pk).update(remark="后来的备注")
    client = signed_in(base_officer)
    assert through.resident.full_name in client.get(reverse("bases:handed-over")).text
    page = client.get(reverse("bases:handed-over-copy", args=[kept.pk]))
    assert (page.status_code, "后来的备注" in page.text) == (200, False)
    assert through.resident.id_number not in page.text
    assert client.get(reverse("bases:record", args=[through.pk])).status_code == 404
    assert list(enrollments_for(base_officer, Action.VIEW)) == [gone]
    assert not enrollments_for(base_officer, Action.EDIT_TRAINING).exists()
    assert "已停用" in client.get(reverse("bases:desk")).text
    for kind in ("accounts", "training"):
        assert "已停用" in client.get(reverse("bases:import-upload", args=[kind, "registry"])).text


def test_successor_goes_on_with_them(base, successor, cycle, waiting, national_officer):
    """AM-45, AM-46: who has begun finishes at the successor, in a specialty that it did not have, too."""
    SpecialtyBase.objects.filter(base=successor, specialty="0100").delete()
    officer = factories.UserFactory()
    factories.grant(officer, successor)
    recruit = complete(base, cycle.year)
    made = merge(base, successor, national_officer)
    assert services.plan(base, successor, made.day).counts["移交的培训记录"] == 0
    held = SpecialtyBase.objects.get(base=successor, specialty="0100")
    assert held.valid_to == timezone.localdate().year
    assert save_training(recruit.pk, {"remark": "门诊"}, by=officer)[0]
    recruit.refresh_from_db()
    assert check(recruit) == []


def test_move_to_another_province(base, other_province, waiting, through, base_officer, national_officer):
    """AM-46: the base stays what it is; its province is another one, with all that waits and counts."""
    services.decide(
        base,
        kind="moved",
        successor=None,
        province=other_province,
        day=timezone.localdate(),
        reason="行政区划调整",
        takes_staff=False,
        by=national_officer,
    )
    base.refresh_from_db()
    assert (base.province_id, base.is_active, current()) == ("44", True, {"44": 1})
    assert Submission.objects.get(outcome="pending").province_id == "44"
    assert enrollments_for(base_officer, Action.REPORT).count() == 2
    assert not HandedOver.objects.exists()


def test_a_later_day_is_carried_out_by_the_clock_and_may_be_cancelled(
    base, successor, waiting, national_officer
):
    """AM-46: "successor and day": nothing moves before it, once on it, and never what was cancelled."""
    tomorrow = timezone.localdate() + datetime.timedelta(days=1)
    made = merge(base, successor, national_officer, day=tomorrow)
    assert (made.is_planned, services.carry_out_due()) == (True, 0)
    with pytest.raises(StateMoved):
        merge(base, successor, national_officer)
    services.cancel(made.pk, by=national_officer)
    Succession.objects.update(day=timezone.localdate())
    assert services.carry_out_due() == 0
    made = merge(base, successor, national_officer, day=tomorrow)
    Succession.objects.filter(pk=made.pk).update(day=timezone.localdate())
    assert (services.carry_out_due(), services.carry_out_due()) == (1, 0)
    waiting.refresh_from_db()
    assert waiting.base_id == successor.pk
    with pytest.raises(StateMoved):
        services.cancel(made.pk, by=national_officer)


def test_requests_time_and_assignments_go_too(
    base, successor, cycle, waiting, base_officer, national_officer, provincial_reviewer
):
    """AM-46: what the base asked for and what it was given; nobody is left with a base that is gone."""
    correction = CorrectionRequest.objects.create(
        resident=waiting.resident,
        base=base,
        old_id_type="01",
        old_id_number=waiting.resident.id_number,
        new_id_type="01",
        new_id_number=factories.id_number(),
        reason="录错",
        asked_by=base_officer,
    )
    until = timezone.now() + datetime.timedelta(days=30)
    Extension.objects.create(
        cycle=cycle, step="review", base=base, until=until, reason="台风", granted_by=national_officer
    )
    Assignment.objects.create(base=base, reviewer=provincial_reviewer, assigned_by=provincial_reviewer)
    made = merge(base, successor, national_officer, takes_staff=True)
    assert made.counts["未办结的申请"] == 1
    correction.refresh_from_db()
    assert correction.base_id == successor.pk
    assert set(Extension.objects.values_list("base", "until")) == {(base.pk, until), (successor.pk, until)}
    assert not Assignment.objects.exists()
    assert enrollments_for(base_officer, Action.REPORT).filter(pk=waiting.pk).exists()
    close(cycle, "review", "report")
    carry_out_locks()
    waiting.refresh_from_db()
    assert waiting.lapsed_at is None


def test_department_secretaries_hear_of_it_and_of_their_own_people(
    signed_in, base, successor, waiting, through, national_officer
):
    """AM-46: of both bases; at the successor the link opens exactly those of her specialty who came."""
    code = through.specialty_id
    factories.secretary(successor, code)
    there = SpecialtyBase.objects.get(base=successor, specialty=code)
    leaving, other = factories.secretary(base, code), factories.secretary(base, "0200")
    coming = staff.staff_of(SpecialtyBase, [there.pk])[0].user
    merge(base, successor, national_officer)
    told = {each.recipient: each for each in Message.objects.filter(kind="directory")}
    assert "其中没有本专业的培训记录" in told[other].body
    for user in (leaving, coming):
        assert "住院医师信息管理 1 条，招收信息管理 1 条" in told[user].body
    opened = signed_in(coming).get(told[coming].address)
    assert [row.pk for row in opened.context["page"].object_list] == [through.pk]
    assert "名单见下面的链接" not in told[leaving].body


def test_the_preview_says_what_the_act_does_and_all_are_told(
    signed_in, base, successor, waiting, through, base_officer, provincial_reviewer, national_officer
):
    """AM-46: named on the page, shown, confirmed; bases, provinces and people hear of it."""
    client, url = signed_in(national_officer), reverse("review:succession-new", args=[base.pk])
    asked = {
        "kind": "merged",
        "successor": "G1",
        "day": str(timezone.localdate()),
        "reason": "国卫科教〔2026〕1号",
    }
    shown = client.post(url, asked)
    assert not Succession.objects.exists()
    counts = shown.context["plan"].counts
    assert [counts["移交的培训记录"], counts["其中待审核的上报"]] == [2, 1]
    answer = client.post(url, asked | {"confirmed": "1"}, follow=True)
    made = Succession.objects.get()
    assert (made.counts, "已办理" in answer.text) == (counts, True)
    told = set(Message.objects.filter(kind="directory").values_list("recipient", flat=True))
    assert {
        base_officer.pk,
        provincial_reviewer.pk,
        waiting.resident.user_id,
        through.resident.user_id,
    } <= told
    assert AuditEvent.objects.filter(action="succession_carried_out").count() == 1
    base.refresh_from_db()
    assert not base.is_active


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"successor": ""}, "successor"),
        ({"successor": "没有"}, "successor"),
        ({"successor": "own"}, "successor"),
        ({"kind": "moved"}, "province"),
        ({"kind": "moved", "province": "33"}, "province"),
        ({"day": "2100-01-01"}, "day"),
        ({"reason": "无"}, "reason"),
    ],
)
def test_what_cannot_be_done_is_told_at_its_field(
    signed_in, base, successor, national_officer, changes, field
):
    """Each with the way out."""
    asked = {
        "kind": "merged",
        "successor": "G1",
        "day": str(timezone.localdate()),
        "reason": "国卫科教〔2026〕1号",
    }
    sent = {key: base.code if value == "own" else value for key, value in (asked | changes).items()}
    page = signed_in(national_officer).post(reverse("review:succession-new", args=[base.pk]), sent)
    assert (page.status_code, list(page.context["form"].errors)) == (422, [field])


def test_what_the_base_was_asked_is_counted_and_goes_too(
    base, successor, through, waiting, other_base, other_base_officer, base_officer, national_officer
):
    """AM-46: a person asked of the old base is asked of the successor; what the two asked of each other is over."""
    of_successor = factories.EnrollmentFactory(base=successor, registered_at=timezone.now())
    theirs = factories.UserFactory()
    factories.grant(theirs, successor)
    asked = transfers.ask(through.pk, other_base, reason="转入", by=other_base_officer)
    between = [
        transfers.ask(waiting.pk, successor, reason="转入", by=theirs),
        transfers.ask(of_successor.pk, base, reason="转入", by=base_officer),
    ]
    made = merge(base, successor, national_officer)
    named = {words: number for words, number in made.counts.items() if "请求" in words or "申请" in words}
    assert named == {"未办结的申请": 3, "其中请求其他基地转出": 1, "其中其他基地请求本基地转出": 2}
    asked.refresh_from_db()
    assert (asked.state, asked.enrollment.base_id) == ("open", successor.pk)
    assert list(TransferRequest.objects.filter(state="open")) == [asked]
    assert {each.state for each in TransferRequest.objects.filter(pk__in=[each.pk for each in between])} == {
        "cancelled"
    }


@pytest.mark.parametrize(("code", "is_told"), [("33", False), ("44", True)])
def test_another_province_assigns_anew_only_where_there_is_one(
    signed_in, base, successor, national_officer, code, is_told
):
    """AM-46: within one province nobody new assigns."""
    type(successor).objects.filter(pk=successor.pk).update(province=code)
    asked = {"kind": "merged", "successor": "G1", "day": str(timezone.localdate()), "reason": "批文1号"}
    shown = signed_in(national_officer).post(reverse("review:succession-new", args=[base.pk]), asked)
    assert ("由新的省级单位重新分配" in shown.text) == is_told
    assert ("按承接基地的审核分工审核" in shown.text) != is_told


def test_who_lapsed_at_a_merged_base_is_its_successors_to_import(
    base, successor, gone, national_officer, cycle
):
    """AM-43, AM-46: nobody lives again at a base where nobody can go on; the list names who can."""
    merge(base, successor, national_officer)
    [row] = lapsed_of(cycle).select_related("resident", "base__province")
    found = revival.prospects([row])
    assert found.workable == []
    assert f"由承接基地“{successor.name}”重新导入账号" in found.why[gone.pk]
    revived = revival.bring_back([gone.pk], cycle=cycle, by=national_officer, reason="补报")
    assert (revived.done, len(revived.left)) == ([], 1)


def test_a_move_names_how_and_until_when_the_intake_goes_on(
    signed_in, base, other_province, cycle, base_officer, national_officer
):
    """AM-42, AM-46: preview and message of a base that leaves 接口传送 for a province whose report is over."""
    base.province.reporting_mode = "2"
    base.province.save()
    complete(base, cycle.year)
    close(cycle, "report")
    client, url = signed_in(national_officer), reverse("review:succession-new", args=[base.pk])
    asked = {
        "kind": "moved",
        "province": other_province.pk,
        "day": str(timezone.localdate()),
        "reason": "行政区划调整",
    }
    shown = client.post(url, asked).content.decode()
    for words in (
        f"{base.province.name}：接口传送",
        f"{other_province.name}：直接填报",
        "未上报的 1 人现在不能上报",
    ):
        assert words in shown
    client.post(url, asked | {"confirmed": "1"})
    told = Message.objects.filter(recipient=base_officer, kind="directory").latest("pk").body
    assert f"按{base.province.name}办理的不再适用" in told
    assert f"{other_province.name}：直接填报" in told
    assert f"{cycle.year}年招收信息" in told
    assert "未上报的 1 人现在不能上报" in told
    assert "接口传送" not in told


def test_nothing_is_asked_for_a_base_out_of_use_nor_for_another_in_its_place(
    signed_in, base, successor, cycle, base_officer, national_officer
):
    """AM-46: at the desk of a closed base no form of another one of the same person opens."""
    complete(successor, cycle.year)
    merge(base, successor, national_officer)
    factories.grant(base_officer, successor)
    client = signed_in(base_officer)
    client.get(f"/base/?desk={base.pk}")
    for address in ("/base/", "/base/extensions/"):
        assert "/base/extensions/new/" not in client.get(address).text
    assert client.get("/base/extensions/new/").status_code == 403
    client.get(f"/base/?desk={successor.pk}")
    assert client.get("/base/extensions/new/").context["base"] == successor
