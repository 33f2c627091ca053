"""提前结业补报 (Annex 1): BR-04, BR-16 … BR-18, BR-23; AM-12, AM-13; GOAL-N6, GOAL-N5."""

import io
import uuid
from datetime import timedelta
from pathlib import Path

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from bases.imports import services as imports
from bases.imports.worker import apply_batch, check_batch
from bases.models import ImportBatch
from portal.models import CycleWindow, Message
from portal.sheets.writing import Column, write_template
from residents.models import Enrollment, Resident
from residents.rules import completion
from residents.services.states import StateMoved
from review.completions import services as completions
from review.completions import statistics as completion_statistics
from review.completions.resource import completion_template
from review.models import CompletionBatch, CompletionRecord
from review.statistics import cross_table as statistics
from tests import factories

PDF = b"%PDF-1.4 sample"
SAVED = Path(__file__).parents[2] / "files" / "completions_libreoffice.xlsx"


@pytest.fixture(autouse=True)
def _worker_waits(settings):
    settings.TASKS = {"default": {"BACKEND": "django_tasks.backends.dummy.DummyBackend", "QUEUES": []}}


@pytest.fixture
def hospital(province):
    return factories.TrainingBaseFactory(province=province, name="某某医院（东院）", code="33099")


def line(**changed) -> list[str]:
    number = factories.id_number()
    row = {
        "full_name": "陈雨桐",
        "id_type": "居民身份证",
        "id_number": number,
        "mobile": "13800138001",
        "trainee_type": "本单位住院医师",
        "province": "浙江省",
        "training_base": "某某医院（东院）",
        "specialty": "内科",
        "approved_years": "2",
        "actual_start_date": "2014-09-01",
        "actual_end_date": "2016-08-31",
        "certificate_no": f"2016330100{int(number[12:17]) % 10**6:06d}",
        "certificate_date": "2016-10-20",
    }
    return list((row | changed).values())


def workbook(*lines) -> bytes:
    columns = [Column(header) for header in completion.HEADERS]
    return write_template(columns, lines, sheet_name="附件1", version="x", text_rows=len(lines))


@pytest.fixture
def hand_in(hospital, cycle, provincial_reviewer, province):
    """A function: lines or bytes → a batch that is checked."""

    def upload(*lines):
        content = lines[0] if isinstance(lines[0], bytes) else workbook(*lines)
        sent = completions.upload(
            province,
            workbook=SimpleUploadedFile("提前结业.xlsx", content),
            sample=SimpleUploadedFile("../样张.pdf", PDF),
            token=uuid.uuid4(),
            by=provincial_reviewer,
        )
        check_batch(sent.import_batch_id)
        sent.import_batch.refresh_from_db()
        return sent

    return upload


@pytest.fixture
def send(hand_in, provincial_reviewer):
    """A function: lines → a batch whose good rows are written."""

    def upload(*lines):
        sent = hand_in(*lines)
        imports.confirm(sent.import_batch, mode="good_rows", by=provincial_reviewer)
        apply_batch(sent.import_batch_id)
        sent.refresh_from_db()
        return sent

    return upload


def codes(sent) -> list[list[str]]:
    rows = sent.import_batch.rows.order_by("sheet_row")
    return [[problem["code"] for problem in row.problems] for row in rows]


def counts(sent) -> tuple[int, int, int]:
    batch = ImportBatch.objects.get(pk=sent.import_batch_id)
    return batch.rows_created, batch.rows_unchanged, batch.rows_refused


def test_template_has_the_thirteen_columns_in_order(hospital):
    """BR-23, BR-17: the notice's heads, in its order, all as text, the province's bases to choose from."""
    book = openpyxl.load_workbook(io.BytesIO(completion_template("33")))
    sheet = book.worksheets[0]
    assert [cell.value for cell in sheet[1]] == list(completion.HEADERS)
    assert {cell.number_format for cell in sheet[2]} == {"@"}
    lists = {str(each.sqref).split(":")[0]: each.formula1 for each in sheet.data_validations.dataValidation}
    assert "G2" in lists
    offered = {cell.value for row in book["_选项"].iter_rows() for cell in row}
    assert "某某医院（东院）" in offered


def test_file_saved_by_libreoffice_is_taken(hand_in):
    """GOAL-N6: the template filled, opened and saved by LibreOffice; one line with three years and a mistyped
    hospital (AM-13, PAIN-27)."""
    sent = hand_in(SAVED.read_bytes())
    assert codes(sent) == [[], [], [], ["base_nearest", "completion_not_reduced"]]
    assert counts(sent) == (3, 0, 1)


def test_no_account_and_no_enrollment_come_of_it(send):
    """BR-04: Annex 1 rows only; nobody can sign in with them."""
    send(line())
    assert (Resident.objects.count(), Enrollment.objects.count()) == (0, 0)
    record = CompletionRecord.objects.get()
    assert (record.base.name, record.specialty_id, record.approved_years) == ("某某医院（东院）", "0100", 2)


def test_a_batch_needs_its_certificate_sample(signed_in, provincial_reviewer, province, hospital, cycle):
    """BR-17: a batch without the sample is refused, and one whose sample is a web page too."""
    client, address = signed_in(provincial_reviewer), reverse("review:completion-upload", args=[province.pk])
    for sample in ({}, {"sample": SimpleUploadedFile("样张.pdf", b"<html>")}):
        file = SimpleUploadedFile("提前结业.xlsx", workbook(line()))
        answer = client.post(address, {"token": uuid.uuid4(), "file": file, **sample})
        assert answer.status_code == 422
    assert ImportBatch.objects.count() == 0
    file, sample = SimpleUploadedFile("提前结业.xlsx", workbook(line())), SimpleUploadedFile("样张.pdf", PDF)
    token = uuid.uuid4()
    for _ in range(2):
        file.seek(0), sample.seek(0)
        client.post(address, {"token": token, "file": file, "sample": sample})
    assert (ImportBatch.objects.count(), completions.CompletionBatch.objects.count()) == (1, 1)


def test_closed_window_takes_nothing(hand_in, cycle, signed_in, provincial_reviewer, province):
    """BR-18: back-reporting has a window of its own; while it is closed no form is there to be filled in vain."""
    officer = signed_in(provincial_reviewer)
    CycleWindow.objects.filter(cycle=cycle, step="back_report").delete()
    with pytest.raises(StateMoved, match="提前结业补报"):
        hand_in(line())
    assert "先下载模板" not in officer.get(reverse("review:completions")).text
    led = officer.get(reverse("review:completion-upload", args=[province.pk]), follow=True)
    assert "上传并检查" not in led.text


def test_the_same_file_twice_changes_nothing(send, hand_in):
    """GOAL-B10 for Annex 1: the second time all are reported already."""
    rows = [line(), line()]
    send(*rows)
    assert counts(hand_in(*rows)) == (0, 2, 0)
    assert CompletionRecord.objects.count() == 2


def test_a_reported_person_is_unchanged_or_told(hand_in, send):
    """docs/fields.md#completion: unique; the same row again is no error, another content is, with the way out."""
    first = line()
    send(first)
    other = [*first]
    other[8] = "1"
    again = hand_in(first, other)
    said = ["completion_reported", "duplicate_in_file", "certificate_no_repeated"]
    assert codes(again) == [["duplicate_differs"], said]
    assert counts(again) == (0, 0, 2)


def test_a_certificate_of_somebody_else_is_refused(hand_in, send):
    first, second = line(), line()
    send(first)
    second[11] = first[11]
    assert codes(hand_in(second)) == [["certificate_reported"]]


def test_a_person_known_to_the_platform_is_linked_and_not_altered(send, resident, enrollment):
    """docs/fields.md#completion: link, show differences, never overwrite silently."""
    person = enrollment.resident
    sent = send(line(id_number=person.id_number, full_name="改名", mobile=person.mobile))
    assert codes(sent) == [["completion_person_known"]]
    person.refresh_from_db()
    assert (CompletionRecord.objects.get().resident_id, person.full_name) == (person.pk, "陈雨桐")


def test_base_of_another_province_and_foreign_rows_are_refused(hand_in, other_province):
    """BR-16: the province reports its own people; the base belongs to it."""
    elsewhere = factories.TrainingBaseFactory(province_id=other_province.pk, name="深圳某医院")
    found = codes(hand_in(line(training_base=elsewhere.name), line(province="广东省")))
    assert found[0] == ["base_of_other_province"]
    assert "completion_other_province" in found[1]


def test_all_thirteen_are_required(hand_in):
    """BR-23: a blank row of one name has twelve faults, each at its cell."""
    sent = hand_in(["陈雨桐", *[""] * 12])
    assert codes(sent) == [["required"] * 12]


def test_received_rows_count_and_returned_ones_may_come_again(send, national_officer, provincial_reviewer):
    """GOAL-N6, BR-20: accepted rows are in the statistics; a returned batch frees its people for a corrected one."""
    row = line()
    first = send(row)
    assert statistics_total(national_officer) == 0
    assert Message.objects.filter(recipient=national_officer, kind="completion").count() == 1
    completions.send_back(first.pk, by=national_officer, comment="证书编号请核对")
    assert Message.objects.filter(recipient=provincial_reviewer, kind="completion").count() == 1
    second = send(row)
    completions.accept(second.pk, by=national_officer)
    assert statistics_total(national_officer) == 1
    with pytest.raises(StateMoved, match="已接收"):
        completions.withdraw(second.pk, by=provincial_reviewer)
    assert CompletionRecord.objects.count() == 2


def statistics_total(user) -> int:
    found = completion_statistics.counted(user, {})
    return statistics.cross_table(found, "province", "end", completion_statistics.DIMENSIONS).total


def test_a_decided_batch_takes_no_more_rows(send, national_officer, provincial_reviewer):
    """A row corrected after the receipt does not slip into the received batch."""
    bad = line()
    bad[8] = "3"
    sent = send(line(), bad)
    completions.accept(sent.pk, by=national_officer)
    row = sent.import_batch.rows.get(verdict="refused")
    row.verdict, row.values["approved_years"] = "create", 2
    row.corrected_at = ImportBatch.objects.get(pk=sent.import_batch_id).applied_at.replace(year=2099)
    row.save()
    ImportBatch.objects.filter(pk=sent.import_batch_id).update(state="applying")
    apply_batch(sent.import_batch_id)
    batch = ImportBatch.objects.get(pk=sent.import_batch_id)
    assert (CompletionRecord.objects.count(), batch.refusal["code"]) == (1, "closed")


def test_every_cell_opens_its_records_and_export_has_as_many(
    send, national_officer, signed_in, hospital, django_assert_num_queries
):
    """GOAL-P7, GOAL-N5: cells = lists = export; masked by default, in the notice's thirteen columns."""
    sent = send(line(), line(), line(specialty="外科", certificate_no="2016330900000001"))
    completions.accept(sent.pk, by=national_officer)
    client = signed_in(national_officer)
    page = client.get(reverse("review:completion-statistics"), {"rows": "specialty", "columns": "years"})
    for entry in page.context["lines"]:
        for number, link in [*entry["cells"], (entry["total"], entry["link"])]:
            assert client.get(link).context["page"].count == number
    answer = client.post(f"{reverse('review:completion-export')}?specialty=0100", {})
    sheet = openpyxl.load_workbook(io.BytesIO(b"".join(answer.streaming_content))).worksheets[0]
    rows = list(sheet.iter_rows(values_only=True))
    assert (len(rows), rows[0]) == (3, completion.HEADERS)
    number = CompletionRecord.objects.filter(specialty="0100").order_by("pk").first().id_number
    assert rows[1][2] != number
    full = client.post(
        f"{reverse('review:completion-export')}?specialty=0100", {"unmasked": "on", "purpose": "核发证书"}
    )
    sheet = openpyxl.load_workbook(io.BytesIO(b"".join(full.streaming_content))).worksheets[0]
    assert sheet.cell(2, 3).value == number


def test_pages_of_the_batch_open_for_the_province_only(
    hand_in, signed_in, provincial_reviewer, other_province_reviewer, base_officer, national_officer
):
    batch = hand_in(line()).import_batch
    address = reverse("bases:import-batch", args=[batch.pk])
    found = [
        signed_in(user).get(address).status_code
        for user in (provincial_reviewer, other_province_reviewer, base_officer, national_officer)
    ]
    assert found == [200, 404, 404, 403]


def test_statistics_as_of_a_day_are_what_was_shown_then(send, national_officer, signed_in):
    """GOAL-N12, AM-50: of the early completions too: table, list behind each number and file as of a moment."""
    client, page = signed_in(national_officer), "/review/completions/statistics/"
    early, late, waiting = send(line(), line()), send(line(specialty="外科")), send(line())
    for sent in (early, late):
        completions.accept(sent.pk, by=national_officer)
    # The first was received ten days ago; the last is not received at all.
    then = timezone.now() - timedelta(days=10)
    CompletionBatch.objects.filter(pk=early.pk).update(decided_at=then)
    assert waiting.state == "sent"
    assert client.get(page).context["table"].total == 3
    for day, total in ((then, 2), (then - timedelta(days=1), 0), (timezone.now(), 3)):
        asked = f"day={timezone.localtime(day):%Y-%m-%d}"
        shown = client.get(f"{page}?{asked}")
        assert shown.context["table"].total == total
        assert ("截至 2" in shown.content.decode()) == (total < 3)
        for one in shown.context["lines"]:
            for number, link in [*one["cells"], (one["total"], one["link"])]:
                if number:
                    assert client.get(link).context["page"].count == number
        exported = client.post(f"/review/completions/records/export/?{asked}", {"file_format": "xlsx"})
        assert _lines_of(exported) == total
    for asked in ("day=2099-01-01", "day=昨天", "clock=12:00"):
        for address in (page, "/review/completions/records/"):
            refused = client.get(f"{address}?{asked}")
            assert refused.status_code == 200
            assert "请" in refused.content.decode()
            assert refused.context.get("table") is None


def _lines_of(answer) -> int:
    book = openpyxl.load_workbook(io.BytesIO(b"".join(answer.streaming_content)))
    return sum(1 for each in book.active.iter_rows(min_row=2, values_only=True) if any(each))
