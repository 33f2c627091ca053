"""结业考核: due, signed up by base and province, results by workbook, certificates checked and unique (GOAL-N10)."""

import csv
import hashlib
import io
import zipfile
from datetime import timedelta

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from bases.models import ImportBatch
from residents.codes import CODE_LISTS
from residents.models import Enrollment, StatusChange
from residents.services.identity_correction import correct_identity
from residents.services.states import StateMoved
from residents.services.status import change_status
from review.exams import services
from review.exams.due import CHECKS, STAGES, at_stage, due, missing_of
from review.exams.results import ResultResource
from review.exports import jobs as exports
from review.models import CertificateCorrection, ExamEntry, ExamSession
from tests import factories

pytestmark = pytest.mark.django_db


def stages(user, session) -> dict[str, int]:
    found = due(user, session)
    return {stage: at_stage(found, stage).count() for stage in STAGES}


# --- who is due ----------------------------------------------------------------------------------------------------


def test_due_is_whose_planned_end_as_moved_by_extensions_and_reductions_has_come(
    session, resident, base_officer
):
    """GOAL-N10: "who is due (planned end moved by 延期 and 减免)"."""
    today, later = timezone.localdate(), session.due_until + timedelta(days=1)
    on_time = resident(planned_end_date=session.due_until)
    reduced = resident(approved_years=1, planned_end_date=today)
    resident(planned_end_date=later)
    extended = resident(planned_end_date=today)
    for until, reason in ((later, "29"), (session.due_until, "29")):
        StatusChange.objects.create(
            enrollment=extended,
            from_status="1",
            to_status="2",
            effective_date=today,
            reason=reason,
            reason_note="产假",
            extended_until=until,
        )
    found = due(base_officer, session)
    assert set(found) == {on_time, reduced}
    short = resident(planned_end_date=today)
    StatusChange.objects.create(
        enrollment=short,
        from_status="1",
        to_status="2",
        effective_date=today,
        reason="29",
        reason_note="产假",
        extended_until=session.due_until,
    )
    Enrollment.objects.filter(pk=short.pk).update(status="2")
    told = due(base_officer, session).get(pk=short.pk)
    assert told.due_on == session.due_until
    assert [check.words for check in missing_of([told])[short.pk]] == ["培训状态不是“在培”"]


LACKING = {
    "status": {"status": "2"},
    "approval": {"report_status": "0"},
    "personal": {"personal_state": "1"},
    "training": {"training_complete": False},
    "photo": {"without_photo": True},
}


@pytest.mark.parametrize("check", LACKING)
def test_what_is_missing_is_named_and_leads_to_where_it_is_mended(
    check, session, resident, base_officer, signed_in, provincial_reviewer
):
    """GOAL-N10, BR-82: only 在培; every gap is a link."""
    record = resident(**LACKING[check])
    assert missing_of([record])[record.pk] == [CHECKS[check]]
    assert services.confirm(session, None, by=base_officer) == 0
    page = signed_in(base_officer).get(reverse("review:exam-people", args=[session.pk]), {"stage": "missing"})
    ((words, link),) = page.context["page"].rows[0].missing
    assert (words, link) == (CHECKS[check].words, reverse(CHECKS[check].route, args=[record.pk]))
    seen = signed_in(provincial_reviewer).get(reverse("review:exam-people", args=[session.pk]))
    assert seen.context["page"].rows[0].missing[0][1] == reverse("review:record", args=[record.pk])


def test_a_laboratory_physician_needs_no_certificate(session, resident, base_officer):
    record, other = resident(), resident()
    for each in (record, other):
        type(each.resident.certificate).objects.filter(resident=each.resident).update(
            has_qualification_cert=False
        )
    Enrollment.objects.filter(pk=record.pk).update(specialty="2100", specialty_locked=False)
    assert [bool(each) for each in missing_of([record, other]).values()] == [False, True]


# --- signing up ----------------------------------------------------------------------------------------------------


def test_the_funnel_goes_from_due_to_province_and_every_figure_opens_its_people(
    session, resident, base, base_officer, provincial_reviewer, signed_in, national
):
    """GOAL-N10: base confirms, province confirms."""
    first, second, _ = resident(), resident(), resident(personal_state="1")
    base_client, province_client = signed_in(base_officer), signed_in(provincial_reviewer)
    base_client.post(reverse("review:exam-confirm", args=[session.pk]), {"ids": [first.pk]})
    base_client.post(reverse("review:exam-confirm", args=[session.pk]), {"range": "all"})
    assert ExamEntry.objects.count() == 2
    province_client.post(reverse("review:exam-accept", args=[session.pk]), {"ids": [first.pk]})
    assert stages(provincial_reviewer, session) == {
        "due": 3,
        "missing": 1,
        "eligible": 2,
        "confirmed": 2,
        "accepted": 1,
        "sat": 0,
        "passed": 0,
        "certified": 0,
    }
    for client in (base_client, province_client, national):
        table = client.get(reverse("review:exam", args=[session.pk])).context["table"]
        for figure in (figure for line in table.lines for figure in line.figures if figure.link):
            assert client.get(figure.link).context["page"].count == figure.value
    base_client.post(reverse("review:exam-drop", args=[session.pk]), {"ids": [first.pk, second.pk]})
    assert list(ExamEntry.objects.values_list("enrollment", flat=True)) == [first.pk]
    province_client.post(reverse("review:exam-drop", args=[session.pk]), {"ids": [first.pk]})
    assert ExamEntry.objects.exists()
    asked = {"ids": [first.pk], "reason": "材料不符，请核对"}
    province_client.post(reverse("review:exam-drop", args=[session.pk]), asked)
    assert not ExamEntry.objects.exists()


def test_after_the_last_day_no_base_confirms(session, resident, base_officer):
    resident()
    ExamSession.objects.filter(pk=session.pk).update(confirm_until=timezone.localdate() - timedelta(days=1))
    session.refresh_from_db()
    with pytest.raises(StateMoved, match="截止"):
        services.confirm(session, None, by=base_officer)


def test_another_base_signs_up_nobody_of_this_one(session, resident, other_base_officer):
    record = resident()
    assert services.confirm(session, [record.pk], by=other_base_officer) == 0


@pytest.fixture
def roster(session, resident, base_officer, provincial_reviewer):
    """Three residents signed up by both."""
    records = [resident() for _ in range(3)]
    services.confirm(session, None, by=base_officer)
    services.accept(session, None, by=provincial_reviewer)
    return records


def test_the_roster_on_paper_has_those_in_training_only(session, roster, provincial_reviewer, signed_in):
    """BR-82: whoever was signed up and is paused since stands on no roster."""
    Enrollment.objects.filter(pk=roster[0].pk).update(status="3")
    client = signed_in(provincial_reviewer)
    page = client.get(reverse("review:exam-print", args=[session.pk]))
    assert {row.pk for row in page.context["rows"]} == {roster[1].pk, roster[2].pk}
    sent = client.post(f"{reverse('review:exam-export', args=[session.pk])}?stage=accepted", {})
    sheet = openpyxl.load_workbook(io.BytesIO(b"".join(sent.streaming_content))).active
    assert sheet.max_row == 4


def test_photos_leave_named_with_their_hashes_and_for_a_purpose(
    session, roster, provincial_reviewer, signed_in, django_capture_on_commit_callbacks
):
    """GOAL-N10: "photos as a named package"."""
    client = signed_in(provincial_reviewer)
    address = reverse("review:exam-photos", args=[session.pk])
    client.post(address, {"purpose": ""})
    assert not exports.own(provincial_reviewer).exists()
    with django_capture_on_commit_callbacks(execute=True):
        client.post(address, {"purpose": "制作合格证书"})
    export = exports.own(provincial_reviewer).get()
    with export.file.open("rb") as file, zipfile.ZipFile(io.BytesIO(file.read())) as archive:
        lines = list(csv.DictReader(io.StringIO(archive.read("照片清单.csv").decode("utf-8-sig"))))
        assert len(lines) == 3
        for line in lines:
            content = archive.read(f"photos/{line['文件']}")
            assert hashlib.sha256(content).hexdigest() == line["SHA-256"]
            assert line["文件"].startswith(line["证件号"].lstrip("'"))


# --- results -------------------------------------------------------------------------------------------------------


def number(record: Enrollment, serial: int) -> str:
    return f"{timezone.localdate().year}{record.base.province_id}{record.specialty_id}001{serial:03d}"


def row(record: Enrollment, result="通过", end="", certificate="", issued="", **more) -> dict[str, str]:
    person = record.resident
    told = [person.full_name, CODE_LISTS["id_type"].label(person.id_type), person.id_number, result]
    return dict(zip(ResultResource.headers(), [*told, end, certificate, issued], strict=True)) | more


@pytest.fixture
def hand_in(session, provincial_reviewer, signed_in, django_capture_on_commit_callbacks):
    """A function: a file of these rows, uploaded and checked, and by default confirmed."""
    client = signed_in(provincial_reviewer)

    def send(*rows: dict[str, str], confirmed: bool = True) -> ImportBatch:
        book = openpyxl.Workbook()
        book.active.append(ResultResource.headers())
        for each in rows:
            book.active.append(list(each.values()))
        content = io.BytesIO()
        book.save(content)
        page = client.get(reverse("review:exam-upload", args=[session.pk]))
        file = SimpleUploadedFile("成绩.xlsx", content.getvalue())
        token = page.context["form"]["token"].value()
        with django_capture_on_commit_callbacks(execute=True):
            answer = client.post(
                reverse("review:exam-upload", args=[session.pk]), {"token": token, "file": file}
            )
        assert answer.status_code == 302, answer.content.decode()
        batch = ImportBatch.objects.latest("pk")
        if confirmed:
            with django_capture_on_commit_callbacks(execute=True):
                client.post(reverse("bases:import-confirm", args=[batch.pk]), {"mode": "good_rows"})
            batch.refresh_from_db()
        return batch

    send.client = client
    return send


def codes(batch: ImportBatch) -> list[list[str]]:
    return [[each["code"] for each in found.problems] for found in batch.rows.order_by("sheet_row")]


def test_results_set_result_status_and_number_together(session, roster, hand_in):
    """GOAL-N10: "result back by workbook sets status and number"; the preview writes nothing."""
    first, second, third = roster
    today = timezone.localdate().isoformat()
    rows = [
        row(first, end=today, certificate=number(first, 1), issued=today),
        row(second, result="未通过"),
        row(third, result="缺考", end=today),
    ]
    batch = hand_in(*rows, confirmed=False)
    assert (batch.state, batch.rows_created, codes(batch)) == ("checked", 3, [[], [], []])
    assert not ExamEntry.objects.exclude(result="").exists()
    batch = hand_in(*rows)
    assert batch.state == "applied"
    said = {
        each.enrollment_id: (each.result, each.certificate_no, each.enrollment.status)
        for each in ExamEntry.objects.select_related("enrollment")
    }
    assert said == {
        first.pk: ("1", number(first, 1), "4"),
        second.pk: ("2", "", "1"),
        third.pk: ("3", "", "4"),
    }
    first.refresh_from_db()
    assert (first.report_status, first.status_changes.first().ended_result) == ("0", "1")
    again = hand_in(*rows)
    assert (again.rows_unchanged, again.rows_created, again.rows_updated) == (3, 0, 0)


WRONG = {
    "exam_not_in_roster": lambda one, today: row(one, 证件号="110101199003077213"),
    "exam_other_name": lambda one, today: row(one, 姓名="别人"),
    "exam_certificate_without_pass": lambda one, today: row(
        one, result="未通过", end=today, certificate=number(one, 1), issued=today
    ),
    "required": lambda one, today: row(one, end=today),
    "date_in_future": lambda one, today: row(one, result="未通过", end="2099-01-01"),
}


@pytest.mark.parametrize("code", WRONG)
def test_a_row_that_cannot_be_is_refused_at_its_cell(code, session, roster, hand_in):
    batch = hand_in(WRONG[code](roster[0], timezone.localdate().isoformat()), confirmed=False)
    assert batch.rows_refused == 1
    assert code in codes(batch)[0]
    assert not ExamEntry.objects.exclude(result="").exists()


def test_a_number_is_one_persons_and_is_checked(session, roster, hand_in):
    """GOAL-N10: "certificate numbers checked … and unique"; two in one file, two files, the database."""
    first, second, third = roster
    today = timezone.localdate().isoformat()
    one = row(first, end=today, certificate=number(first, 1), issued=today)
    batch = hand_in(one, row(second, end=today, certificate=number(first, 1), issued=today))
    assert (batch.rows_created, batch.rows_refused) == (0, 2)
    assert hand_in(one).rows_created == 1
    batch = hand_in(row(third, end=today, certificate=number(first, 1), issued=today))
    assert codes(batch) == [["certificate_taken"]]
    odd = hand_in(row(third, end=today, certificate="浙住培001", issued=today), confirmed=False)
    assert (codes(odd), odd.rows_refused) == ([["certificate_no_shape"]], 0)
    entry = ExamEntry.objects.get(enrollment=second)
    with pytest.raises(IntegrityError), transaction.atomic():
        ExamEntry.objects.filter(pk=entry.pk).update(
            result="1", certificate_no=number(first, 1), certificate_date=timezone.localdate()
        )


def test_results_from_before_the_correction_of_a_number_are_his(session, roster, hand_in, national_officer):
    """AM-35: the first time and again, his own certificate included."""
    first, today = roster[0], timezone.localdate().isoformat()
    told = row(first, end=today, certificate=number(first, 1), issued=today)
    person, new = first.resident, ("01", factories.id_number())
    correct_identity(
        person.pk, old=(person.id_type, person.id_number), new=new, by=national_officer, reason="导入时录错"
    )
    assert [hand_in(told).rows_created, codes(hand_in(told))] == [1, [[]]]


def test_what_a_result_has_ended_no_other_file_ends_otherwise(session, roster, hand_in):
    today = timezone.localdate().isoformat()
    hand_in(row(roster[0], end=today, certificate=number(roster[0], 1), issued=today))
    batch = hand_in(row(roster[0], result="未通过", end=today))
    assert codes(batch) == [["exam_already_ended"]]


def test_whoever_was_extended_after_a_failed_exam_gets_his_next_result(
    session, roster, hand_in, base_officer
):
    """AM-34: what a result has ended and the base took further is open again; a certificate too, whoever ended it."""
    record, today = roster[0], timezone.localdate()
    hand_in(row(record, result="未通过", end=today.isoformat()))
    later = today + timedelta(days=200)
    change_status(
        record.pk,
        {"status": "2", "effective_date": today, "reason": "23", "extended_until": later},
        by=base_officer,
    )
    assert [hand_in(row(record)).rows_updated, codes(hand_in(row(record)))] == [1, [[]]]
    change_status(
        record.pk,
        {"status": "4", "effective_date": today, "reason": "41", "ended_on": today, "ended_result": "1"},
        by=base_officer,
    )
    told = row(record, end=today.isoformat(), certificate=number(record, 1), issued=today.isoformat())
    batch = hand_in(told)
    assert (codes(batch), batch.rows_updated) == ([[]], 1)
    entry = ExamEntry.objects.get(enrollment=record)
    assert (entry.result, entry.certificate_no, record.status_changes.count()) == ("1", number(record, 1), 3)


def test_who_left_is_not_ended(session, roster, hand_in):
    Enrollment.objects.filter(pk=roster[0].pk).update(status="5")
    batch = hand_in(row(roster[0], result="未通过", end=timezone.localdate().isoformat()))
    assert codes(batch) == [["exam_cannot_end"]]


def test_a_file_is_taken_back_as_a_whole(session, roster, hand_in, base_officer, provincial_reviewer):
    """GOAL-N10: undo of the batch; who has gone on since is named and stays."""
    first, second, third = roster
    today = timezone.localdate()
    day = today.isoformat()
    hand_in(row(second, result="缺考"))
    batch = hand_in(
        row(first, end=day, certificate=number(first, 1), issued=day),
        row(second, result="未通过"),
        row(third, result="未通过", end=day),
    )
    change_status(
        third.pk,
        {
            "status": "2",
            "effective_date": today,
            "reason": "23",
            "extended_until": today + timedelta(days=90),
        },
        by=base_officer,
    )
    address = reverse("review:exam-undo", args=[batch.pk])
    assert "培训状态此后已另行变更" in hand_in.client.get(address).content.decode()
    assert address in hand_in.client.get(reverse("bases:import-batch", args=[batch.pk])).content.decode()
    hand_in.client.post(address)
    batch.refresh_from_db()
    assert batch.state == "undone"
    said = {
        each.enrollment_id: (each.result, each.certificate_no, each.enrollment.status)
        for each in ExamEntry.objects.select_related("enrollment")
    }
    assert said == {first.pk: ("", "", "1"), second.pk: ("3", "", "1"), third.pk: ("2", "", "2")}
    hand_in.client.post(address)
    assert ExamEntry.objects.get(enrollment=second).result == "3"


def test_taking_back_leaves_the_status_of_before_and_the_true_date(session, roster, hand_in, base_officer):
    """GOAL-N10: 延期 comes back as 延期; the result taken back can be registered anew with the day it had."""
    record, today = roster[0], timezone.localdate()
    day, later = today - timedelta(days=1), today + timedelta(days=200)
    told = row(record, result="未通过", end=day.isoformat())
    hand_in.client.post(reverse("review:exam-undo", args=[hand_in(told).pk]))
    again = hand_in(told)
    assert (codes(again), again.rows_created) == ([[]], 1)
    extended = {"status": "2", "effective_date": today, "reason": "23", "extended_until": later}
    change_status(record.pk, extended, by=base_officer)
    passed = hand_in(
        row(record, end=today.isoformat(), certificate=number(record, 1), issued=today.isoformat())
    )
    hand_in.client.post(reverse("review:exam-undo", args=[passed.pk]))
    record.refresh_from_db()
    assert (record.status, record.extended_until, record.status_since) == ("2", later, today)
    assert ExamEntry.objects.get(enrollment=record).result == "2"


def test_the_template_holds_the_roster_and_is_taken_back(session, roster, hand_in):
    """What is downloaded is what is uploaded; its full numbers pass the gate."""
    sent = hand_in.client.post(reverse("review:exam-template", args=[session.pk]))
    sheet = openpyxl.load_workbook(io.BytesIO(sent.content)).active
    lines = list(sheet.iter_rows(min_row=2, max_row=4, values_only=True))
    assert {line[2] for line in lines} == {each.resident.id_number for each in roster}
    rows = [
        dict(zip(ResultResource.headers(), [*line[:3], "缺考", "", "", ""], strict=True)) for line in lines
    ]
    assert hand_in(*rows).rows_created == 3


# --- certificates ----------------------------------------------------------------------------------------------------


@pytest.fixture
def certified(session, roster, hand_in) -> ExamEntry:
    today = timezone.localdate().isoformat()
    hand_in(row(roster[0], end=today, certificate=number(roster[0], 1), issued=today))
    return ExamEntry.objects.get(enrollment=roster[0])


def test_a_certificate_is_corrected_by_request(certified, base_officer, provincial_reviewer, signed_in):
    """GOAL-N10: the base asks, the province decides; the old number stays on record."""
    base_client, province_client = signed_in(base_officer), signed_in(provincial_reviewer)
    address = reverse("review:certificate", args=[certified.pk])
    asked = {
        "new_no": number(certified.enrollment, 2),
        "new_date": certified.certificate_date.isoformat(),
        "reason": "证书上为002号",
    }
    same = base_client.post(address, asked | {"new_no": certified.certificate_no})
    assert same.status_code == 422
    base_client.post(address, asked)
    base_client.post(address, asked)
    request = CertificateCorrection.objects.get()
    assert province_client.post(address, asked).status_code == 403
    province_client.post(reverse("review:certificate-decide", args=[request.pk]), {"comment": ""})
    assert CertificateCorrection.objects.get().state == "open"
    province_client.post(
        reverse("review:certificate-decide", args=[request.pk]), {"comment": "已核对证书", "agrees": "1"}
    )
    certified.refresh_from_db()
    assert (certified.certificate_no, CertificateCorrection.objects.get().old_no) == (
        asked["new_no"],
        request.old_no,
    )
    assert certified.certificate_no in base_client.get(reverse("review:certificates")).content.decode()


def test_no_correction_takes_a_number_that_is_somebody_elses(certified, roster, hand_in, base_officer):
    today = timezone.localdate()
    hand_in(row(roster[1], end=today.isoformat(), certificate=number(roster[1], 2), issued=today.isoformat()))
    values = {"new_no": number(roster[1], 2), "new_date": today, "reason": "编号录错"}
    asked = services.ask_correction(certified, values, evidence=None, by=base_officer)
    with pytest.raises(StateMoved, match="另一个人"):
        services.decide_correction(asked.pk, agrees=True, comment="同意", by=base_officer)


@pytest.mark.parametrize("role", ["base", "province"])
def test_whoever_may_only_look_signs_nobody_up_or_off(
    role, session, resident, base, province, base_officer, provincial_reviewer, signed_in
):
    """TRUST-28: the acts ask for more than the sight of the session, and are not offered."""
    waiting, _ = resident(), services.confirm(session, None, by=base_officer)
    resident()
    reader = factories.UserFactory(role=role)
    factories.grant(reader, base if role == "base" else province, read_only=True)
    client = signed_in(reader)
    before = list(ExamEntry.objects.values_list("enrollment_id", "accepted_at"))
    assert before == [(waiting.pk, None)]
    acts = ("confirm", "drop") if role == "base" else ("accept", "drop", "template", "upload")
    order = {"range": "all", "ids": [waiting.pk], "reason": "不符合报考条件"}
    seen = {
        act: client.post(reverse(f"review:exam-{act}", args=[session.pk]), order).status_code for act in acts
    }
    assert seen == dict.fromkeys(acts, 403)
    assert services.drop(session, [waiting.pk], by=reader, reason="不符合") == 0
    assert services.accept(session, None, by=reader) == 0
    assert list(ExamEntry.objects.values_list("enrollment_id", "accepted_at")) == before
    shown = client.get(reverse("review:exam", args=[session.pk])).text
    assert [act for act in acts if f"exams/{session.pk}/{act}/" in shown] == []
    people = client.get(reverse("review:exam-people", args=[session.pk])).text
    assert waiting.resident.full_name in people
    assert "所选人员" not in people
    assert 'name="ids"' not in people
