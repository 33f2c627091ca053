"""AM-45: after an accreditation ends whoever began before may finish, and nobody may begin, by whatever way, in the
same words; the preview says exactly this, and those whom it concerns are told."""

import datetime
import uuid

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from bases.accreditation import CUT_OFF, finishing
from bases.imports import services as imports
from bases.imports.worker import check_batch
from bases.models import Specialty, SpecialtyBase
from bases.records.services import save_training
from bases.report.services import check, examine, report
from portal.models import Message
from residents.models import Enrollment
from residents.services.refusals import Refused
from review.decisions.services import approve, return_for_correction
from review.organisations.effects import effects
from review.organisations.messages import tell_of_years
from tests import factories
from tests.bases.desk import approved, complete, reported
from tests.bases.workbooks.training_files import edited, template
from tests.review.api.delivered import record
from tests.review.api.test_api_intake import post

pytestmark = pytest.mark.django_db


def end(base, year: int, *, nationwide: bool = False) -> int:
    """The specialty 0100 ends at the base, or in the nation, with the year before; returns that year."""
    if nationwide:
        Specialty.objects.filter(pk="0100").update(valid_to=year - 1)
    else:
        SpecialtyBase.objects.filter(base=base, specialty="0100").update(valid_to=year - 1)
    return year - 1


def words(last: int) -> str:
    return f"“内科”在本培训基地已于{last}年12月31日终止，此后开始的培训不能填报、上报和审核通过。"


def late(base, year: int, **values) -> Enrollment:
    """A 漏报 of the year before in the registry, who began then."""
    return complete(base, year - 1, origin="late", registered_at="2026-01-01T00:00Z", **values)


@pytest.mark.parametrize("nationwide", [False, True])
def test_whoever_begins_after_the_end_is_refused_by_form_check_report_and_review(
    base, cycle, base_officer, provincial_reviewer, nationwide
):
    """AM-45: "nobody who begins after it is accepted by form, template, 上报, review or API, in the same words"."""
    waiting, recruit = reported(complete(base, cycle.year), base_officer), complete(base, cycle.year)
    last = end(base, cycle.year, nationwide=nationwide)
    with pytest.raises(Refused) as refused:
        save_training(recruit.pk, {"remark": "门诊"}, by=base_officer)
    assert refused.value.problems["actual_start_date"][0].text == words(last)
    assert [words(last) in each.text for each in check(recruit)] == [True]
    result = report([recruit.pk], by=base_officer, declared=True)
    assert words(last) in dict(result.refused)[recruit.pk]
    submission = waiting.submissions.get()
    done = approve({submission.pk: submission.version}, by=provincial_reviewer)
    assert (done.decided, words(last) in done.left_out[0].reason) == ([], True)
    choice = {submission.pk: submission.version}
    assert return_for_correction(choice, by=provincial_reviewer, comment="请核对。").decided


def test_he_is_refused_by_template_and_interface_too(base, cycle, base_officer, make_key):
    """AM-45: in the same words."""
    recruit = complete(base, cycle.year)
    last = end(base, cycle.year)
    file = SimpleUploadedFile("培训信息.xlsx", edited(template([recruit], base), {(1, "备注"): "门诊"}))
    batch = imports.store_upload(
        file, kind="training", module="intake", base=base, by=base_officer, token=uuid.uuid4()
    )
    check_batch(batch.pk)
    told = [each["text"] for each in batch.rows.get().problems if not each["is_warning"]]
    assert any(words(last) in each for each in told), told
    base.province.reporting_mode = "2"
    answer = post(make_key(base.province)[1], [record(base, cycle.year, 1)]).json()["results"][0]
    assert answer["outcome"] == "refused"
    assert any(words(last) in str(each) for each in answer["problems"]), answer["problems"]


def test_whoever_began_before_may_finish_and_is_reported_with_a_remark(
    base, cycle, base_officer, provincial_reviewer
):
    """AM-45: "whoever began before the end may finish and is reported with a remark"."""
    record = late(base, cycle.year)
    last = end(base, cycle.year)
    change, _ = save_training(record.pk, {"remark": "门诊"}, by=base_officer)
    assert change
    record.refresh_from_db()
    found = examine([record])[record.pk]
    assert found.blockers == []
    remark = f"“内科”在本培训基地已于{last}年12月31日终止；该住院医师此前已开始培训，可以完成培训。"
    assert any(remark in each for each in found.warnings)
    assert approved(record, base_officer, provincial_reviewer).review_status == "2"


def test_an_approval_stands_with_the_start_that_was_approved(base, cycle, base_officer, provincial_reviewer):
    """AM-45: an end that is written down late takes nothing back; another start after it is refused."""
    record = approved(complete(base, cycle.year), base_officer, provincial_reviewer)
    end(base, cycle.year)
    assert save_training(record.pk, {"remark": "门诊"}, by=base_officer)[0]
    assert report([record.pk], by=base_officer, declared=True).reported == [record.pk]
    later = {"actual_start_date": f"{cycle.year}-10-01"}
    with pytest.raises(Refused):
        save_training(record.pk, later, by=base_officer)


def test_preview_counts_exactly_what_the_rules_say(base, cycle, base_officer):
    """AM-45: "The preview says exactly this": over starts around the end, with and without one, approved or not."""
    held = SpecialtyBase.objects.get(base=base, specialty="0100")
    records = []
    for year in (cycle.year - 2, cycle.year - 1, cycle.year):
        for start in (datetime.date(year, 12, 31), datetime.date(year, 1, 1), None):
            records.append(complete(base, year))
            Enrollment.objects.filter(pk=records[-1].pk).update(actual_start_date=start)
    held.valid_from, held.valid_to = cycle.year - 2, cycle.year - 1
    (told,) = effects([], [held])
    held.save()
    rows = list(Enrollment.objects.filter(pk__in=[each.pk for each in records]))
    ends = [said for row in rows for said in check(row) if "已于" in said.text]
    assert (told.records, told.cut_off, told.finishing) == (9, len(ends), 6)
    assert len(ends) == 3
    # The list of the base shows those of the number.
    assert Enrollment.objects.filter(CUT_OFF).count() == told.cut_off
    assert Enrollment.objects.filter(finishing()).count() == told.finishing
    held.valid_from, held.valid_to = cycle.year + 1, None
    (told,) = effects([], [held])
    held.save()
    assert Enrollment.objects.filter(CUT_OFF).count() == told.cut_off > 3


def test_bases_provinces_and_people_are_told(
    signed_in,
    national_officer,
    base,
    cycle,
    base_officer,
    provincial_reviewer,
    django_capture_on_commit_callbacks,
):
    """AM-45: "the bases and people concerned are told"."""
    began, begins = late(base, cycle.year), complete(base, cycle.year)
    other = factories.EnrollmentFactory(base=base, intake_year=cycle.year, specialty_id="0200")
    held = SpecialtyBase.objects.get(base=base, specialty="0100")
    url = reverse("review:accreditation", args=[base.pk, held.pk])
    asked = {"valid_from": held.valid_from, "valid_to": cycle.year - 1}
    shown = signed_in(national_officer).post(url, asked)
    assert [(each.records, each.finishing, each.cut_off) for each in shown.context["effects"]] == [(2, 1, 1)]
    with django_capture_on_commit_callbacks(execute=True):
        signed_in(national_officer).post(url, asked | {"confirmed": "1"})
    told = dict(Message.objects.filter(kind="directory").values_list("recipient", "body"))
    assert "现有 1 人" in told[base_officer.pk]
    assert "现有 1 人" in told[provincial_reviewer.pk]
    links = dict(Message.objects.filter(kind="directory").values_list("recipient", "link"))
    rows = signed_in(base_officer).get(links[base_officer.pk]).context["page"].object_list
    assert [row.pk for row in rows] == [begins.pk]
    page = signed_in(provincial_reviewer).get(links[provincial_reviewer.pk]).context["page"]
    assert [row.pk for row in page.rows] == [begins.pk]
    assert "可以继续完成培训" in told[began.resident.user_id]
    assert "不能上报审核" in told[begins.resident.user_id]
    assert other.resident.user_id not in told
    for _ in range(2):
        with django_capture_on_commit_callbacks(execute=True):
            signed_in(national_officer).post(url, {"valid_from": held.valid_from, "confirmed": "1"})
    for person in (began, begins):
        (last,) = Message.objects.filter(recipient=person.resident.user, body__contains="不再适用")
        assert last.subject.endswith(held.specialty.name)
    assert not Message.objects.filter(recipient=other.resident.user, kind="directory").exists()


def test_the_letter_opens_those_who_may_finish_where_nobody_is_refused(
    signed_in, national_officer, base, cycle, base_officer, provincial_reviewer
):
    """AM-45: the base and its province read the number and open exactly its people; lapsed and others are not there."""
    began = late(base, cycle.year)
    factories.EnrollmentFactory(
        base=base, intake_year=cycle.year - 1, specialty_id="0100", lapsed_at=timezone.now()
    )
    end(base, cycle.year)
    tell_of_years("0100", [base.pk])
    for reader, rows in ((base_officer, "object_list"), (provincial_reviewer, "rows")):
        message = Message.objects.get(recipient=reader, kind="directory")
        assert "可以完成培训，上报时带备注：现有 1 人" in message.body
        page = signed_in(reader).get(message.link).context["page"]
        assert [row.pk for row in getattr(page, rows)] == [began.pk]


def test_end_of_a_specialty_of_the_catalogue_is_shown_first(signed_in, national_officer, base, cycle):
    """AM-45: the same for the nation."""
    complete(base, cycle.year)
    specialty = Specialty.objects.get(pk="0100")
    asked = {"name": specialty.name, "valid_from": specialty.valid_from, "valid_to": cycle.year - 1}
    client, url = signed_in(national_officer), reverse("review:specialty", args=["0100"])
    shown = client.post(url, asked)
    assert [(each.records, each.cut_off) for each in shown.context["effects"]] == [(1, 1)]
    specialty.refresh_from_db()
    assert specialty.valid_to is None
    client.post(url, asked | {"confirmed": "1"})
    specialty.refresh_from_db()
    assert specialty.valid_to == cycle.year - 1


def test_form_offers_only_where_a_training_may_begin(signed_in, base_officer, base, cycle):
    """AM-45: the form and the template offer no specialty that has ended, but the one that is chosen already."""
    last = end(base, cycle.year)
    recruit = factories.EnrollmentFactory(base=base, intake_year=cycle.year)
    form = signed_in(base_officer).get(reverse("bases:training-edit", args=[recruit.pk])).context["form"]
    assert "0100" not in dict(form.fields["specialty"].widget.choices)
    former = late(base, last + 1, specialty_id="0100")
    form = signed_in(base_officer).get(reverse("bases:training-edit", args=[former.pk])).context["form"]
    assert "0100" in dict(form.fields["specialty"].widget.choices)
