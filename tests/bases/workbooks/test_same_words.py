"""One rule set for page, workbook and interface: the same bad value gets the same words at every door (GOAL-N3)."""

import pytest

from bases.imports import row_fixing
from residents.rules import account, delivery, training
from residents.words import BLOCKS
from tests.bases.conftest import account_line
from tests.bases.desk import complete
from tests.bases.workbooks.training_files import edited, template

LABELS = {field.name: field.label for block in BLOCKS for field in block.fields}
SPONSORED = {"trainee_type": "2", "sponsor_name": "临安区人民医院", "sponsor_is_military": "否"}
PARTNER = {"at_partner_unit": "是", "partner_unit": "临安区人民医院"}
WESTERN = {"is_western_support": "是", "ws_from_unit": "西宁市第一医院"}
REDUCED = {"approved_years": "2"}
# (field, what was typed, what must be typed beside it for the field to be asked)
TRAINING = [
    ("approved_years", "7", {}),
    ("approved_years", "两年半", {}),
    ("actual_start_date", "2019-13-01", {}),
    ("actual_start_date", "去年九月", {}),
    ("actual_start_date", "19/9/1", {}),
    ("planned_end_date", "2010-01-01", {}),
    ("planned_end_date", "2099-01-01", {}),
    ("trainee_type", "单位人", {}),
    ("specialty", "骨折科", {}),
    ("specialty", "眼科", {}),
    ("is_rural_oriented", "可能", {}),
    ("current_degree", "双学士", {}),
    ("reduction_reason", "领导同意", REDUCED),
    ("sponsor_uscc", "12330000470051726A", SPONSORED),
    ("sponsor_uscc", "123", SPONSORED),
    ("partner_level", "特级", PARTNER),
    ("ws_from_province", "浙江省", WESTERN),
    ("remark", "好" * 201, {}),
]


def errors(found):
    """The words of errors, of problems as an import keeps them."""
    return [each["text"] + each["repair"] for each in found if not each["is_warning"]]


@pytest.mark.parametrize(("name", "text", "beside"), TRAINING)
def test_training_info_by_form_workbook_and_interface(
    base, cycle, base_officer, signed_in, send, name, text, beside
):
    """GOAL-B4, GOAL-N3; PAIN-07, PAIN-12."""
    record = complete(base, cycle.year)
    typed = {**beside, name: text}

    answer = signed_in(base_officer).post(
        f"/base/records/{record.pk}/training/", {**typed, "version": str(record.version)}
    )
    cells = {(1, LABELS[field]): value for field, value in typed.items()}
    row = send(edited(template([record], base), cells)).rows.get()

    by_form = answer.context["form"].errors[name]
    assert by_form
    assert errors(each for each in row.problems if each["header"] == LABELS[name]) == by_form
    assert delivered(typed, record)[name] == by_form
    assert (answer.status_code, row.verdict) == (422, "refused")


def delivered(typed, record):
    """What the interface says of the same values, by field of 培训信息."""
    sound = {"actual_start_date": record.actual_start_date, "approved_years": 3}
    read = delivery.read({"account": {"intake_year": record.intake_year}, "training": {**sound, **typed}})
    accredited = dict.fromkeys(("0100", "0200", "0700", "0900"))
    delivery.judge(read, {"today": record.actual_start_date, "base_province": "33", "accredited": accredited})
    found = {}
    for path, each in read.problems:
        if not each.is_warning:
            found.setdefault(path.removeprefix("training."), []).append(str(each))
    return found


ACCOUNT = [
    ("intake_year", "2013"),
    ("intake_year", "明年"),
    ("full_name", "张3"),
    ("full_name", "=cmd()"),
    ("id_type", "学生证"),
    ("id_number", "330106199503120015"),
    ("id_number", "33010619950230001X"),
    ("id_number", "123"),
    ("mobile", "12345678901"),
    ("mobile", "1380013800"),
    ("mobile", ""),
]


@pytest.mark.parametrize(("name", "text"), ACCOUNT)
def test_account_row_by_workbook_and_by_correction_in_the_page(checked, base_officer, name, text):
    """GOAL-B4, GOAL-B7: a row corrected in the page is judged as the row of a file."""
    headers = {field.name: field.label for field in account.FIELDS}
    first = checked([account_line(**{name: text})]).rows.get()
    batch = checked([account_line(mobile="1")])
    typed = account_line(intake_year=str(batch.cycle.year)) | {name: text}

    words = {headers[field]: value for field, value in typed.items()}
    row_fixing.correct(batch, {2: words}, by=base_officer)

    by_file = errors(each for each in first.problems if each["header"] == headers[name])
    assert by_file
    assert errors(batch.rows.get().problems) == by_file


@pytest.mark.parametrize("text", ["12345678901", "1380013800", "138001380O0"])
def test_mobile_number_by_the_residents_form_and_the_account_workbook(enrollment, signed_in, checked, text):
    """GOAL-R6, GOAL-B4: the resident reads what his base reads."""
    answer = signed_in(enrollment.resident.user).post(
        "/resident/section/basic/", {"mobile": text, "version": "0"}
    )
    row = checked([account_line(mobile=text)]).rows.get()

    assert answer.context["form"].errors["mobile"] == errors(row.problems)


@pytest.mark.parametrize("text", ["张3", "=cmd()", "张"])
def test_name_by_the_correction_page_and_the_account_workbook(
    enrollment, base_officer, signed_in, checked, text
):
    """AM-07, docs/fields.md#formats."""
    answer = signed_in(base_officer).post(f"/base/records/{enrollment.pk}/name/", {"full_name": text})
    row = checked([account_line(full_name=text)]).rows.get()

    assert answer.context["form"].errors["full_name"] == errors(row.problems)


def test_every_base_field_of_the_form_is_a_column_or_a_file():
    """GOAL-S2, BR-56: what one door takes the other takes too, but for files."""
    by_form = {field.name for field in training.FIELDS if field.owner == "base" and field.kind != "file"}
    locked = {field.name for field in (*training.MATCH_FIELDS, *training.FIELDS) if field.owner == "locked"}
    assert {field.name for field in training.TEMPLATE_FIELDS} == by_form | locked | {"full_name"}
