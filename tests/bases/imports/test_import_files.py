"""Our template, and what LibreOffice makes of it (GOAL-B1, GOAL-B2; TRUST-34; PAIN-01, PAIN-05, PAIN-08, PAIN-09)."""

import io
from pathlib import Path

import openpyxl
import pytest

from bases.imports import services as imports
from bases.imports.worker import apply_batch
from bases.workbooks.accounts import AccountResource, account_template
from portal.sheets.reading import read_table
from residents.models import Enrollment, Resident
from tests import factories
from tests.bases.conftest import HEADERS, counts

FILES = Path(__file__).parents[2] / "files"

# The template filled with twelve made-up residents of 2019, then opened and saved by LibreOffice 7.4 in each format.
EXPECTED = [
    ("张雨桐", "01", "330106199503120014", "13800138001"),
    ("王浩然", "01", "330102199411030235", "15900000002"),
    ("古丽米热·艾比布力", "01", "650102199607210443", "16600000003"),
    ("陈𠮷", "01", "350102199505050652", "19900000004"),
    ("阿卜杜拉·买买提", "01", "65310119930928087X", "17300000005"),
    ("欧阳若曦", "01", "440106199602291084", "13800138006"),
    ("李思远", "01", "110105199501011212", "13800138007"),
    ("赵子涵", "01", "420106199412311423", "13800138008"),
    ("ANNA MARIA LEE", "03", "E12345678", "13800138009"),
    ("林家豪", "06", "H12345678", "13800138010"),
    ("黄淑芬", "07", "12345678", "13800138011"),
    ("周𬭎", "01", "310104199506181633", "13800138012"),
]


@pytest.fixture
def cycle(db):
    """The notice's year, which the files hold."""
    cycle = factories.CycleFactory(year=2019)
    factories.open_windows(cycle)
    return cycle


@pytest.mark.django_db
@pytest.mark.parametrize("ending", ["xlsx", "ods", "xls"])
def test_workbook_saved_by_libreoffice_is_imported(checked, ending):
    """Twelve rows in, twelve persons with exactly these names and numbers; 4-byte characters survive."""
    batch = checked((FILES / f"accounts_libreoffice.{ending}").read_bytes(), name=f"名单.{ending}")
    assert (batch.state, counts(batch)) == ("checked", (12, 12, 0, 0))
    assert batch.rows.exclude(problems=[]).count() == 0
    imports.confirm(batch, mode="all_or_nothing", by=batch.uploaded_by)
    apply_batch(batch.pk)
    stored = Resident.objects.order_by("pk").values_list("full_name", "id_type", "id_number", "mobile")
    assert sorted(stored) == sorted(EXPECTED)
    assert set(Enrollment.objects.values_list("intake_year", flat=True)) == {2019}


@pytest.mark.django_db
def test_csv_saved_by_libreoffice_keeps_its_numbers(checked):
    """A .csv has no cell formats, but its digits are text: nothing is lost."""
    batch = checked((FILES / "accounts_libreoffice.csv").read_bytes(), name="名单.csv")
    assert counts(batch) == (12, 12, 0, 0)
    assert [row.values["id_number"] for row in batch.rows.all()] == [number for _, _, number, _ in EXPECTED]


@pytest.fixture
def template() -> openpyxl.Workbook:
    return openpyxl.load_workbook(io.BytesIO(account_template(cycle_year=2019, module="intake")))


def test_template_has_five_text_columns_in_row_one(template):
    """BR-43, PAIN-01: header in row 1, every cell below in text format."""
    sheet = template["账号模板"]
    assert template.active is sheet
    assert tuple(cell.value for cell in sheet[1]) == HEADERS
    assert {cell.number_format for row in sheet["A2:E5001"] for cell in row} == {"@"}


def test_template_offers_the_id_types_as_a_list(template):
    """docs/fields.md#account, docs/codes.md#identity-types: a list on 证件类型 and on no other column."""
    (validation,) = template["账号模板"].data_validations.dataValidation
    assert str(validation.sqref) == "C2:C5001"
    lists = template[validation.formula1.removeprefix("=").partition("!")[0].strip("'")]
    assert lists.sheet_state != "visible"
    offered = {cell.value for column in lists.iter_cols() for cell in column}
    assert {"居民身份证", "港澳居民居住证", "外国人永久居留身份证"} <= offered


def test_template_explains_itself(template):
    """The notes sheet: purpose with the year, rule and example of each column, the code list, the version."""
    words = "\n".join(
        str(cell.value) for row in template["填写说明"].iter_rows() for cell in row if cell.value is not None
    )
    assert f"模板版本：{AccountResource.version}" in words
    assert "招收年份填2019" in words
    for expected in (*HEADERS, "330106199503120014", "古丽米热·艾比布力", "18位，末位可为X"):
        assert expected in words


def test_template_of_the_registry_names_its_years():
    book = openpyxl.load_workbook(io.BytesIO(account_template(cycle_year=2019, module="registry")))
    words = "\n".join(str(cell.value) for row in book["填写说明"].iter_rows() for cell in row)
    assert "2014至2018" in words


def test_template_is_read_back_with_its_version(tmp_path):
    """GOAL-B1: the version stamp tells an outdated file."""
    path = tmp_path / "template.xlsx"
    path.write_bytes(
        AccountResource.template([["2019", "陈雨桐", "身份证", "x", "y"]], examples={}, notes=[])
    )
    table = read_table(path, expected_headers=AccountResource.headers())
    assert table.template_version == AccountResource.version
    assert table.rows == [(2, ["2019", "陈雨桐", "身份证", "x", "y"])]


@pytest.mark.django_db
def test_export_of_accounts_is_what_the_template_takes_back(base, cycle):
    """One declaration for template, import and export: texts of the columns, labels for codes."""
    enrollment = factories.EnrollmentFactory(base=base, intake_year=2019)
    resident = enrollment.resident
    (row,) = AccountResource().rows([enrollment])
    assert row == ["2019", "陈雨桐", "居民身份证", resident.id_number, resident.mobile]
    values, problems = AccountResource.read(dict(zip(HEADERS, row, strict=True)))
    assert problems == {}
    assert values == {
        "intake_year": 2019,
        "full_name": "陈雨桐",
        "id_type": "01",
        "id_number": resident.id_number,
        "mobile": resident.mobile,
    }


def test_column_speaks_the_words_of_the_rules():
    """docs/architecture.md#three-doors: one rule set behind every door, the library's own import included."""
    field = AccountResource().fields["mobile"]
    with pytest.raises(ValueError, match="“12345”不是11位中国大陆手机号"):
        field.clean({"手机号": "12345"})
