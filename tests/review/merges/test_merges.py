"""重复人员合并 by the association, beside the correction of an ID (AM-47): moved, counted once (AM-32), both histories
kept, told, logged, reversible for 30 days; where it cannot be, the page says what to do first."""

import datetime

import pytest
from django.db.models import Sum
from django.urls import reverse
from django.utils import timezone

from bases.counts import differences
from bases.models import ApprovedCount, CorrectionRequest, CountedPerson
from portal.calendar import INTAKE_STEPS
from portal.chain.verification import verify
from portal.models import AuditEvent, Message
from residents.history import timeline
from residents.models import Disclosure, PersonMerge
from residents.own_copy import record as own_copy
from residents.services.deletion import delete_enrollment
from residents.services.states import StateMoved
from residents.standing import AccountRow, Known, standings
from review.merges import services
from review.quality.services import recheck
from tests import factories
from tests.bases.desk import approved, close, complete, reported
from tests.database import as_owner
from tests.portal.test_chain import seal

pytestmark = pytest.mark.django_db
WHY = "核对居民身份证原件"


@pytest.fixture
def entries(base, other_base, cycle, base_officer, other_base_officer, provincial_reviewer):
    """One person twice: an approved recruit of one base, and of another one, which deleted him as a double."""
    own = approved(complete(base, cycle.year), base_officer, provincial_reviewer)
    twice = complete(other_base, cycle.year)
    type(twice.resident).objects.filter(pk=twice.resident_id).update(full_name=own.resident.full_name)
    twice = approved(twice, other_base_officer, provincial_reviewer)
    delete_enrollment(twice.pk, by=other_base_officer, reason="重复的账号")
    return own.resident, twice.resident


def numbers() -> dict[str, int]:
    assert differences() == {}
    found = ApprovedCount.objects.values_list("source").annotate(sum=Sum("number"))
    return {source: number for source, number in found if number}


def merge(kept, merged, by) -> PersonMerge:
    return services.merge(kept.pk, merged.pk, by=by, reason=WHY)


def test_a_person_counts_once_before_between_and_after(entries, national_officer):
    """AM-32: "Persons, each once"; 招收原始信息 has him once a year (AM-31), and has both again when they are two."""
    kept, merged = entries
    assert numbers() == {"current": 1, "all": 1, "intake": 2}
    made = merge(kept, merged, national_officer)
    assert numbers() == {"current": 1, "all": 1, "intake": 1}
    assert services.plan(kept, merged).records == []
    services.part(made.pk, by=national_officer, reason="确为两人")
    assert numbers() == {"current": 1, "all": 1, "intake": 2}
    assert set(merged.enrollments.values_list("pk", flat=True)) == set(made.records)


def test_the_approved_record_of_the_other_entry_stands_for_the_person(
    base, other_base, cycle, other_base_officer, provincial_reviewer, national_officer
):
    """AM-32: whoever had it, it counts for the person who was kept, at once and with the right reversal."""
    lost = complete(base, cycle.year, lapsed_at=timezone.now())
    through = approved(complete(other_base, cycle.year), other_base_officer, provincial_reviewer)
    before = numbers()
    made = merge(lost.resident, through.resident, national_officer)
    standing = CountedPerson.objects.exclude(submission=None).values_list("resident", "submission")
    through.refresh_from_db()
    assert list(standing) == [(lost.resident_id, through.approved_submission_id)]
    assert (numbers(), through.has_unreported_update) == (before, True)
    services.part(made.pk, by=national_officer, reason="确为两人")
    assert list(standing.all()) == [(made.merged_id, through.approved_submission_id)]
    assert numbers() == before


def test_both_histories_are_kept_and_the_other_account_closes(entries, national_officer):
    """What was filled in under either entry is found at the record, by the person himself, and after the reversal."""
    kept, merged = entries
    own, moved = kept.enrollments.get(), merged.enrollments.get()
    before = {each.pk: len(timeline(each, with_names=True)) for each in (own, moved)}
    made = merge(kept, merged, national_officer)
    moved.refresh_from_db()
    assert moved.resident == kept
    found = timeline(moved, with_names=True)
    assert len(found) > before[moved.pk]
    assert any(change.label == "所属账号" for entry in found for change in entry.changes)
    told = {part.title: part.rows for part in own_copy(kept.user)}
    assert told["重复人员合并"][0]["理由"] == WHY
    assert merged.id_number not in str(told["重复人员合并"])
    for person, is_open in ((kept, True), (merged, False)):
        person.user.refresh_from_db()
        assert person.user.is_active is is_open
    services.part(made.pk, by=national_officer, reason="确为两人")
    # The account of a person whose only record is deleted was closed before.
    assert not type(merged.user).objects.get(pk=merged.user_id).is_active
    assert len(timeline(own, with_names=True)) == before[own.pk]


def test_whoever_imports_the_old_number_finds_the_person_who_was_kept(entries, base, national_officer):
    """The double does not come back by the next workbook."""
    kept, merged = entries
    row = AccountRow(1, 2026, merged.full_name, merged.id_type, merged.id_number, merged.mobile)
    made = merge(kept, merged, national_officer)
    found = standings([row], base_id=base.pk)[1]
    assert (found.known, found.resident_id) == (Known.HERE, kept.pk)
    services.part(made.pk, by=national_officer, reason="确为两人")
    found = standings([row], base_id=base.pk)[1]
    assert (found.known, found.resident_id) == (Known.FREE, merged.pk)


def test_what_stands_in_the_way_is_said_with_who_does_what_first(
    entries, base, other_base, cycle, base_officer, other_base_officer, national_officer
):
    """Each in words, by the plan and by the act alike; nothing is half done."""
    kept, merged = entries
    waits = reported(complete(other_base, cycle.year), other_base_officer).resident
    begun = complete(other_base, cycle.year).resident
    asked = factories.EnrollmentFactory(base=other_base, lapsed_at=timezone.now()).resident
    CorrectionRequest.objects.create(
        resident=asked,
        base=other_base,
        old_id_type="01",
        old_id_number=asked.id_number,
        new_id_type="01",
        new_id_number=factories.id_number(),
        reason="录错",
        asked_by=other_base_officer,
    )
    cases = [
        (kept, begun, "两个账号各有一条占用中的记录"),
        (kept, waits, "待审核的上报"),
        (merged, begun, "该年的招收已审核通过"),
        (kept, asked, "未办结的更正申请"),
    ]
    for one, other, words in cases:
        assert any(words in each for each in services.plan(one, other).hindrances), words
        with pytest.raises(StateMoved):
            merge(one, other, national_officer)
    assert not PersonMerge.objects.exists()
    merge(kept, merged, national_officer)
    third = factories.EnrollmentFactory(base=base, lapsed_at=timezone.now()).resident
    for one, other, words in (
        (third, merged, "已经合并到另一个账号"),
        (third, kept, "先前一次合并中保留的账号"),
    ):
        with pytest.raises(StateMoved, match=words):
            merge(one, other, national_officer)


@pytest.mark.django_db(transaction=True)
def test_undoing_is_no_tampering(entries, national_officer):
    """GOAL-S8: the chain was sealed between the two acts; both are told by events that nobody changes."""
    made = merge(*entries, national_officer)
    seal()
    services.part(made.pk, by=national_officer, reason="确为两人")
    seal()
    assert verify().findings == []
    assert [each.undone_reason for each in made.events.order_by("pgh_id")] == ["", "确为两人"]


@pytest.mark.django_db(transaction=True)
def test_it_is_undone_once_and_within_thirty_days(entries, national_officer):
    kept, merged = entries
    made = merge(kept, merged, national_officer)
    with as_owner():
        PersonMerge.objects.update(at=timezone.now() - datetime.timedelta(days=31))
    with pytest.raises(StateMoved, match="超过 30 天"):
        services.part(made.pk, by=national_officer, reason="确为两人")
    with as_owner():
        PersonMerge.objects.update(at=timezone.now())
    services.part(made.pk, by=national_officer, reason="确为两人")
    with pytest.raises(StateMoved, match="已经撤销"):
        services.part(made.pk, by=national_officer, reason="确为两人")


def test_the_way_through_the_pages(
    signed_in, entries, base_officer, other_base_officer, provincial_reviewer, national_officer
):
    """From the finding of the quality list to the act and back; everybody concerned is told, numbers masked."""
    kept, merged = entries
    own, moved = kept.enrollments.get(), merged.enrollments.get()
    type(merged).objects.filter(pk=merged.pk).update(mobile=kept.mobile)
    client = signed_in(national_officer)
    start = reverse("review:merge-new", args=[own.pk])
    assert start in client.get(reverse("review:record", args=[own.pk])).text
    found = client.get(start)
    address = reverse("review:merge-pair", args=[own.pk, moved.pk])
    assert address in found.text
    by_number = client.post(start, {"id_number": merged.id_number})
    assert by_number.headers["Location"] == address
    nobody = client.post(start, {"id_number": "110101199001010000"})
    assert (nobody.status_code, "没有查到" in nobody.text) == (422, True)
    side_by_side = client.get(address)
    assert kept.id_number not in side_by_side.text
    shown = client.post(address, {"purpose": "核对是否同一人"}).text
    assert (kept.id_number in shown, merged.id_number in shown) == (True, True)
    assert set(Disclosure.objects.get().residents) == {kept.pk, merged.pk}
    assert client.post(address, {"keep": "", "reason": ""}).status_code == 422
    asked = {"keep": str(own.pk), "reason": WHY}
    preview = client.post(address, asked)
    assert (preview.context["plan"].doubled, PersonMerge.objects.count()) == ([own.intake_year], 0)
    done = client.post(address, asked | {"confirmed": "1"}, follow=True)
    made = PersonMerge.objects.get()
    assert (made.kept, made.by, "30 天内可以撤销" in done.text) == (kept, national_officer, True)
    assert "已合并" in client.get(reverse("review:merges")).text
    told = set(Message.objects.filter(kind="correction").values_list("recipient", flat=True))
    assert {kept.user_id, base_officer.pk, provincial_reviewer.pk} <= told
    assert {"/review/records/", "/base/records/"} == {
        each.link[: each.link.index("records/") + 8]
        for each in Message.objects.exclude(recipient__role="resident")
    }
    assert not any(kept.id_number in each.body + each.subject for each in Message.objects.all())
    back = reverse("review:merge-undo", args=[made.pk])
    assert client.post(back, {"reason": ""}).status_code == 422
    assert "合并已撤销" in client.post(back, {"reason": "确为两人"}, follow=True).text
    acts = AuditEvent.objects.filter(action__in=["persons_merged", "persons_parted"])
    assert [each.action for each in acts.order_by("pk")] == ["persons_merged", "persons_parted"]


def test_a_double_of_the_quality_list_leads_to_the_merger(
    signed_in, base, other_base, national_officer, provincial_reviewer
):
    one, other = (factories.EnrollmentFactory(base=each) for each in (base, other_base))
    type(one.resident).objects.filter(pk=other.resident_id).update(mobile=one.resident.mobile)
    recheck()
    link = reverse("review:merge-new", args=[one.pk])
    assert link in signed_in(national_officer).get(reverse("review:quality")).text
    assert link not in signed_in(provincial_reviewer).get(reverse("review:quality")).text


def test_a_refusal_names_the_ways_open_to_each_record(
    base, other_base, cycle, base_officer, provincial_reviewer
):
    """AM-31, AM-47: a recruit can be deleted and not withdrawn, one of the registry both; nobody when it is late."""
    recruit = complete(other_base, cycle.year)
    through = approved(complete(base, cycle.year), base_officer, provincial_reviewer)
    (said,) = services.plan(recruit.resident, through.resident).hindrances[:1]
    _, ways = said.split("：", 1)
    of = dict(zip(("recruit", "through"), ways.split("；"), strict=True))
    assert (other_base.name in of["recruit"], base.name in of["through"]) == (True, True)
    assert ("可以删除" in of["recruit"], "退培" in of["recruit"]) == (True, False)
    assert ("可以删除" in of["through"], "退培" in of["through"]) == (True, True)
    close(cycle, *INTAKE_STEPS)
    (said,) = services.plan(recruit.resident, through.resident).hindrances[:1]
    assert "现在不能删除" in said
