"""docs/codes.md#edited: a changed list of reasons is met in form, template, workbook, lists and words alike."""

import io

import openpyxl
import pytest
from django.utils import timezone

from residents.codes import CODE_LISTS
from residents.rules import status
from residents.services import code_lists
from residents.services.status import current_details
from residents.words import in_words
from tests.bases.desk import approved, complete, page
from tests.bases.workbooks.training_files import edited, template, verdicts

pytestmark = pytest.mark.django_db


@pytest.fixture
def registered(base, cycle, base_officer, provincial_reviewer):
    late = {"origin": "late", "registered_at": timezone.now()}
    return [
        approved(complete(base, cycle.year - 1, **late), base_officer, provincial_reviewer) for _ in range(3)
    ]


@pytest.fixture
def save(national_officer):
    """A function: the association changes or adds one reason."""

    def to(code, label, *, is_offered=True, version=None):
        values = {"label": label, "synonyms": [], "is_offered": is_offered, "reason": "新规定"}
        return code_lists.save_code("reason", code, values, by=national_officer, expected_version=version)

    return to


def change_to(record, reason):
    """Cells of line 1 that withdraw a person for this reason."""
    return {
        (1, "培训状态"): "退培",
        (1, "变更日期"): record.actual_start_date.replace(day=20).isoformat(),
        (1, "变更原因"): reason,
        (1, "退培类型"): "协议退培",
        (1, "学员去向"): "边疆医院",
    }


def words_of_the_template(content: bytes) -> set[str]:
    book = openpyxl.load_workbook(io.BytesIO(content))
    return {str(cell.value) for sheet in book.worksheets[1:] for row in sheet.iter_rows() for cell in row}


def test_new_reason_is_met_everywhere(registered, base, base_officer, signed_in, send, write, save):
    """The form offers it, the template's list of 退培 holds it, the workbook is accepted, pages show its name."""
    save("1A", "支援边疆")
    record = registered[0]
    desk = signed_in(base_officer)
    assert '<option value="1A">支援边疆</option>' in page(desk.get(f"/base/records/{record.pk}/status/"))
    content = template(registered, base, "registry")
    assert "支援边疆" in words_of_the_template(content)
    write(send(edited(content, change_to(record, "支援边疆")), module="registry"))
    record.refresh_from_db()
    assert (record.status, record.status_changes.get().reason) == ("5", "1A")
    assert "支援边疆" in page(desk.get(f"/base/records/{record.pk}/"))


def test_reason_out_of_use_is_refused_alike_in_form_and_workbook(
    registered, base, base_officer, signed_in, send, save
):
    """Not offered in either; sent all the same, both name the other reasons in the same words."""
    record = registered[0]
    old = edited(template(registered, base, "registry"), change_to(record, "辞职"))
    save("13", "辞职", is_offered=False, version=0)
    assert "辞职" not in words_of_the_template(template(registered, base, "registry"))
    batch = send(old, module="registry")
    assert verdicts(batch) == ["refused", "unchanged", "unchanged"]
    [problem] = batch.rows.earliest("sheet_row").problems
    assert (problem["header"], problem["code"]) == ("变更原因", "code_withdrawn")
    assert "请改选：转换培训基地、" in problem["repair"]
    desk = signed_in(base_officer)
    address = f"/base/records/{record.pk}/status/"
    assert '<option value="13">' not in page(desk.get(address))
    answer = desk.post(
        address,
        {
            "status": "5",
            "effective_date": record.actual_start_date.replace(day=20).isoformat(),
            "reason": "13",
            "withdrawal_kind": "1",
            "destination": "边疆医院",
            "version": str(record.version),
        },
    )
    assert (answer.status_code, problem["repair"] in answer.text) == (422, True)
    record.refresh_from_db()
    assert record.status == "1"


def test_older_record_shows_and_keeps_a_reason_out_of_use(
    registered, base, base_officer, signed_in, send, write, save
):
    record = registered[0]
    write(send(edited(template(registered, base, "registry"), change_to(record, "辞职")), module="registry"))
    save("13", "主动离职", is_offered=False, version=0)
    desk = signed_in(base_officer)
    assert "主动离职" in page(desk.get(f"/base/records/{record.pk}/"))
    record.refresh_from_db()
    reason = next(field for field in status.FIELDS if field.name == "reason")
    assert in_words(reason, current_details(record)["reason"]) == "主动离职"
    assert '<option value="13">主动离职</option>' in page(desk.get(f"/base/records/{record.pk}/status/"))
    assert "13" not in CODE_LISTS["reason"].offered
