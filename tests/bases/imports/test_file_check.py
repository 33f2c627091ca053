"""The stamp of a template: an outdated file is accepted where that is harmless, else refused by name (GOAL-B1)."""

import hashlib
import io

import openpyxl
import pytest
from django.urls import reverse

from bases.workbooks.accounts import AccountResource
from bases.workbooks.training_resource import RESOURCES
from portal.sheets.books import LISTS_SHEET
from portal.sheets.writing import Column, write_template
from residents.models.enrollment import Module
from tests.bases.conftest import HEADERS, account_line
from tests.bases.workbooks.training_files import edited, template, verdicts

pytestmark = pytest.mark.django_db

OLD_ACCOUNTS, OLD_TRAINING = "账号模板 0", "培训信息模板 0"


def accounts(headers=HEADERS, version=OLD_ACCOUNTS) -> bytes:
    line = [*account_line(intake_year="2026").values(), "x"][: len(headers)]
    columns = [Column(header) for header in headers]
    return write_template(columns, [line], sheet_name="Sheet1", version=version, text_rows=1)


def restamped(content: bytes, version: str, **renamed: str) -> bytes:
    """A template with another version in its hidden sheet, and some headers as they were called then."""
    book = openpyxl.load_workbook(io.BytesIO(content))
    book[LISTS_SHEET]["A2"] = version
    for cell in book.worksheets[0][1]:
        cell.value = renamed.get(cell.value, cell.value)
    stored = io.BytesIO()
    book.save(stored)
    return stored.getvalue()


@pytest.fixture
def page(signed_in, base_officer):
    """A function: the batch's page as its sender sees it."""

    def read(batch) -> str:
        return signed_in(base_officer).get(reverse("bases:import-batch", args=[batch.pk])).text

    return read


def test_outdated_account_file_with_known_columns_is_accepted_and_says_so(checked, page):
    """GOAL-B1: one line on the page, with the new template beside it."""
    batch = checked(accounts())
    assert (batch.state, batch.rows_total) == ("checked", 1)
    assert batch.ignored_headers == [{"template": OLD_ACCOUNTS, "missing": []}]
    text = page(batch)
    assert "这份文件由旧版模板（账号模板 0）填写，其中各列仍然有效，已照常检查。" in text
    assert f'action="{reverse("bases:import-template", args=["accounts", "intake"])}"' in text


def test_outdated_account_file_with_a_column_no_longer_known_is_refused(checked, page):
    """GOAL-B1: by name of the column, the new template is offered."""
    batch = checked(accounts((*HEADERS, "科室")))
    assert (batch.state, batch.refusal["code"]) == ("refused", "old_template")
    text = page(batch)
    assert "这份文件由旧版模板（账号模板 0）填写，与现在的模板不一致：不再使用的列“科室”。" in text
    assert "请下载新模板，把内容填到新模板里再上传。" in text
    assert "下载新的账号模板（.xlsx）" in text


def test_outdated_account_file_that_lacks_a_column_names_it(checked):
    """GOAL-B1: the new column is named in the words of the header check."""
    batch = checked(accounts(HEADERS[:4]))
    assert batch.refusal["code"] == "old_template"
    assert "由旧版模板（账号模板 0）填写" in batch.refusal["text"]
    assert "缺少列“手机号”" in batch.refusal["text"]


def test_template_of_a_later_version_is_not_called_outdated(checked, page):
    """GOAL-B1: nobody is told to download a "new" template that is older than his; a missing column is named."""
    batch = checked(accounts(version="账号模板 2"))
    assert batch.ignored_headers == [{"newer_template": "账号模板 2"}]
    assert "由比本系统更新的模板（账号模板 2）填写" in page(batch)
    refused = checked(accounts(HEADERS[:4], version="账号模板 2"))
    assert refused.refusal["code"] == "newer_template"
    assert "旧版" not in refused.refusal["text"]
    assert "缺少列“手机号”" in refused.refusal["text"]


def test_current_template_with_a_column_of_ones_own_is_read_as_ever(checked):
    """PAIN-05: what is unknown is said and not read; only an outdated file is refused for it."""
    batch = checked(accounts((*HEADERS, "科室"), version=AccountResource.version))
    assert batch.ignored_headers == [{"column": "F", "header": "科室"}]


def test_outdated_training_file_keeps_what_a_new_column_would_hold(rows, base, send, page):
    """GOAL-B1, GOAL-B12: a column the old template had not is named; its content stays as it is stored."""
    content = restamped(edited(template(rows, base), {(1, "备注"): "x"}), OLD_TRAINING)
    book = openpyxl.load_workbook(io.BytesIO(content))
    sheet = book.worksheets[0]
    sheet.delete_cols([cell.value for cell in sheet[1]].index("派送学校") + 1)
    stored = io.BytesIO()
    book.save(stored)
    batch = send(stored.getvalue())
    assert verdicts(batch) == ["update", "unchanged", "unchanged"]
    assert batch.ignored_headers == [{"template": OLD_TRAINING, "missing": ["派送学校"]}]
    assert "新模板另有列“派送学校”，本文件中没有，保持原内容。" in page(batch)


def test_outdated_training_file_with_a_renamed_column_is_refused_with_both_names(rows, base, send, page):
    """GOAL-B1: under the old name the content would be lost without a word."""
    batch = send(restamped(template(rows, base), OLD_TRAINING, 派送学校="送培学校"))
    assert batch.refusal["code"] == "old_template"
    assert "不再使用的列“送培学校”；新增的列“派送学校”" in batch.refusal["text"]
    assert "下载新的培训信息模板（.xlsx）" in page(batch)


def test_training_template_sent_as_accounts_is_told_where_it_belongs(rows, base, checked):
    """GOAL-B1, PAIN-05: another workbook of ours, recognised by its stamp."""
    batch = checked(template(rows, base))
    assert batch.refusal["code"] == "other_template"
    assert batch.refusal["text"] == "这是“培训信息模板”，不是“账号模板”。"
    assert "“培训信息导入”“招收信息管理”" in batch.refusal["repair"]


def test_template_of_the_other_module_is_told_where_it_belongs(rows, base, send):
    """GOAL-B1: the registry's template in the intake would find nobody."""
    batch = send(template(rows, base, "registry"))
    assert batch.refusal["code"] == "other_template"
    assert "“培训信息导入”“住院医师信息管理”" in batch.refusal["repair"]


@pytest.mark.parametrize(
    ("resource", "version", "columns"),
    [
        (AccountResource, "账号模板 1", "4d460ba3853c"),
        (RESOURCES[Module.INTAKE], "培训信息模板 1", "38b7a9f57a6b"),
        (RESOURCES[Module.REGISTRY], "培训信息和培训状态模板 1", "b4292d7f8ba6"),
    ],
)
def test_columns_and_version_change_together(resource, version, columns):
    """GOAL-B1: whoever changes the columns gives the template a new number, and this line."""
    digest = hashlib.sha256("\n".join(resource.headers()).encode()).hexdigest()[:12]
    assert (resource.version, digest) == (version, columns)
