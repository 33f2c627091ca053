"""What LibreOffice makes of our filled training templates (GOAL-B1, GOAL-B2, GOAL-B12; PAIN-06, PAIN-07, PAIN-08,
PAIN-09).

tests/files/training_*_libreoffice.* were made so: the template with the persons below, each as tests.factories fills
him, was written by bases.workbooks.training_resource, the cells of CHANGES were typed with openpyxl, and LibreOffice
7.4 saved it with `soffice --headless --convert-to` as xlsx, xls, ods and csv (`csv:Text - txt - csv
(StarCalc):44,34,76,1`). The lists and their validations were still in what it saved as .xlsx, .xls and .ods.
"""

import io
from pathlib import Path

import openpyxl
import pytest
from django.utils import timezone

from bases.workbooks.training_resource import RESOURCES
from portal.sheets.books import LISTS_SHEET
from portal.sheets.writing import NOTES_SHEET
from residents.codes import CODE_LISTS
from residents.codes.training import REASONS_OF_STATUS
from residents.models import Enrollment
from tests import factories
from tests.bases.workbooks.training_files import template, verdicts

pytestmark = pytest.mark.django_db

FILES = Path(__file__).parents[2] / "files"
PERSONS = [
    ("张雨桐", "330106199503120014"),
    ("古丽米热·艾比布力", "650102199607210443"),
    ("陈𠮷", "350102199505050652"),
    ("欧阳若曦", "440106199602291084"),
]
CHANGES = {
    "intake": {
        (1, "培训专业"): "儿科",
        (1, "培训实际开始时间"): "2019.10.8",
        (2, "人员类型"): "委培单位人",
        (2, "委派（送出）单位"): "台州市第一人民医院",
        (2, "委派单位统一信用代码"): "12330000470051726F",
        (2, "委派单位是否军队医院"): "否",
        (3, "备注"): "门诊二组",
    },
    "registry": {
        (1, "培训状态"): "暂停",
        (1, "变更日期"): "２０１９-03-01",
        (1, "变更原因"): "产假",
        (1, "暂停起始日期"): "2019年3月1日",
        (1, "预计恢复日期"): "2019/9/1",
        (2, "备注"): "0123",
    },
}
BEFORE = [
    [
        ["培训专业", "内科", "儿科"],
        ["培训实际开始时间", "2019-09-01", "2019-10-08"],
    ],
    [
        ["人员类型", "面向社会招收住院医师", "外单位委托培养住院医师"],
        ["委派（送出）单位", "", "台州市第一人民医院"],
        ["委派单位统一信用代码", "", "12330000470051726F"],
        ["委派单位是否军队医院", "", "否"],
    ],
    [["备注", "", "门诊二组"]],
    [],
]


def people(base, module: str) -> list[Enrollment]:
    """The persons of the files, as they were when the files were made."""
    records = []
    for name, number in PERSONS:
        person = factories.ResidentFactory(full_name=name, id_number=number)
        year = 2019 if module == "intake" else 2018
        record = factories.EnrollmentFactory(resident=person, base=base, intake_year=year)
        factories.fill_training(record)
        if module == "registry":
            record.registered_at = timezone.now()
            record.save()
        records.append(record)
    return records


@pytest.fixture
def cycle(db):
    """The notice's year, which the files hold."""
    cycle = factories.CycleFactory(year=2019)
    factories.open_windows(cycle)
    return cycle


@pytest.mark.parametrize("ending", ["xlsx", "xls", "ods", "csv"])
def test_intake_template_saved_by_libreoffice_is_read_cell_by_cell(base, send, write, ending):
    """GOAL-B2, GOAL-B12: four persons found by number and name, exactly the cells typed are changed, the rest is
    unchanged."""
    records = people(base, "intake")
    batch = send((FILES / f"training_intake_libreoffice.{ending}").read_bytes())
    assert batch.state == "checked", batch.refusal
    assert verdicts(batch) == ["update", "update", "update", "unchanged"]
    assert [row.before or [] for row in batch.rows.order_by("sheet_row")] == BEFORE
    write(batch)
    for record in records:
        record.refresh_from_db()
    assert [each.specialty_id for each in records] == ["0200", "0100", "0100", "0100"]
    assert (records[0].actual_start_date.isoformat(), records[2].remark) == ("2019-10-08", "门诊二组")


@pytest.mark.parametrize("ending", ["xlsx", "xls", "ods", "csv"])
def test_registry_template_saved_by_libreoffice_changes_the_status(base, send, write, ending):
    """GOAL-B2, BR-35: four forms of a date, a leading zero, a status with its details."""
    records = people(base, "registry")
    batch = send((FILES / f"training_registry_libreoffice.{ending}").read_bytes(), module="registry")
    assert batch.state == "checked", batch.refusal
    assert verdicts(batch) == ["update", "update", "unchanged", "unchanged"]
    write(batch)
    change = records[0].status_changes.get()
    assert (change.to_status, change.reason) == ("3", "32")
    assert [str(change.effective_date), str(change.suspended_from), str(change.expected_resume)] == [
        "2019-03-01",
        "2019-03-01",
        "2019-09-01",
    ]
    records[1].refresh_from_db()
    assert records[1].remark == "0123"


def test_lists_survive_libreoffice(base):
    """GOAL-B1: every list of the template is in what LibreOffice saved, on the same cells; the reasons follow the
    status."""
    sheet = openpyxl.load_workbook(FILES / "training_registry_libreoffice.xlsx").worksheets[0]
    headers = {cell.column_letter: cell.value for cell in sheet[1]}
    lists = {
        headers[str(each.sqref).partition("2:")[0]]: each.formula1
        for each in sheet.data_validations.dataValidation
    }
    offered = {
        field.label
        for field in RESOURCES["registry"].rule_fields()
        if RESOURCES["registry"].choices(field, base, [2018])
    }
    assert set(lists) == offered
    assert lists["变更原因"].startswith("OFFSET(_选项!")
    assert "MATCH($AD2," in lists["变更原因"]
    assert headers["AD"] == "培训状态"


def test_template_offers_only_specialties_of_the_base_and_of_the_year(base, cycle):
    """GOAL-B1: an accreditation that ended before the rows' year is not offered, one of another base neither."""
    base.specialty_bases.filter(specialty_id="0200").update(valid_to=2018)
    resource = RESOURCES["intake"]
    field = next(each for each in resource.rule_fields() if each.name == "specialty")
    assert resource.choices(field, base, [2019]) == ["内科", "全科", "外科"]
    assert resource.choices(field, base, [2018, 2019]) == ["内科", "儿科", "全科", "外科"]


def test_cascade_offers_each_status_its_own_reasons(base):
    """GOAL-B1: the pairs of status and reason in the hidden sheet are those of docs/codes.md#status."""
    content = template(people(base, "registry"), base, "registry")
    book = openpyxl.load_workbook(io.BytesIO(content))
    columns = list(book[LISTS_SHEET].iter_cols(values_only=True))
    place = max(n for n, column in enumerate(columns) if column[0] == "变更原因")
    pairs = [
        pair for pair in zip(columns[place - 1][1:], columns[place][1:], strict=True) if pair[0] is not None
    ]
    expected = [
        (CODE_LISTS["status"].label(code), reason)
        for code, reasons in REASONS_OF_STATUS.items()
        for reason in reasons.values()
    ]
    assert pairs == expected


def noted(content: bytes) -> dict[str, tuple[str, str, str]]:
    """The lines of 填写说明 that speak of columns: header → (need, rule, example)."""
    lines = list(openpyxl.load_workbook(io.BytesIO(content))[NOTES_SHEET].iter_rows(values_only=True))
    start = next(number for number, line in enumerate(lines) if line[0] == "列名")
    return {line[0]: tuple(text or "" for text in line[1:4]) for line in lines[start + 1 :] if line[0]}


def test_notes_say_of_every_column_when_what_and_an_example(db):
    """GOAL-B1: made from the fields, so what the sheet says is what the check does."""
    base = factories.TrainingBaseFactory()
    lines = noted(template([factories.EnrollmentFactory(base=base)], base, "registry"))
    assert set(lines) == set(RESOURCES["registry"].headers())
    assert [header for header, line in lines.items() if not all(line)] == []
    assert lines["往届生/应届生"] == ("上报前必填", "从下拉列表中选择：应届生、往届生。", "应届生")
    assert lines["减免原因"][0] == "“核定的培训年限（年）”为“1”、“2”时必填"
    assert lines["培训状态"][0] == lines["变更日期"][0] == "变更培训状态时必填"
    assert lines["延期至"][:2] == ("“培训状态”为“延期”时必填", "年-月-日。其他情况留空。")
    assert lines["证件号"][0] == "必填"


def test_examples_of_the_notes_are_values_the_check_reads(db):
    """GOAL-B1: whoever copies an example is not refused for it."""
    base = factories.TrainingBaseFactory()
    lines = noted(template([factories.EnrollmentFactory(base=base)], base, "registry"))
    examples = {header: line[2] for header, line in lines.items()}
    assert RESOURCES["registry"].read(examples)[1] == {}
