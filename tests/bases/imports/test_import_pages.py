"""The pages of the account import (TRUST-11, TRUST-23 … TRUST-28, TRUST-33, TRUST-37)."""

import re
import uuid
from pathlib import Path
from urllib.parse import quote

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from bases.imports.forms import MEGABYTE, UploadForm
from bases.imports.worker import apply_batch, check_batch
from bases.models import ImportBatch
from portal.masking import mask
from portal.roles import Role
from portal.sheets.reading import MAX_BYTES
from residents.models import Enrollment
from tests import factories
from tests.bases.conftest import account_line, fetch_copy, workbook

pytestmark = pytest.mark.django_db


@pytest.fixture
def officer(signed_in, base_officer):
    return signed_in(base_officer)


@pytest.fixture
def neighbour(signed_in, other_base_officer):
    return signed_in(other_base_officer)


def sent(content: bytes = b"x", *, token=None, name="名单.xlsx") -> dict:
    return {"file": SimpleUploadedFile(name, content), "token": str(token or uuid.uuid4())}


def address(name: str, *args) -> str:
    return reverse(f"bases:{name}", args=args)


def test_upload_check_confirm_result(officer, cycle, django_capture_on_commit_callbacks, settings):
    """The whole way through the pages with the real task, as the worker runs it."""
    settings.TASKS = {
        "default": {"BACKEND": "django_tasks.backends.immediate.ImmediateBackend", "QUEUES": []}
    }
    lines = [account_line(intake_year=str(cycle.year)), account_line(intake_year=str(cycle.year), mobile="1")]
    with django_capture_on_commit_callbacks(execute=True):
        answer = officer.post(address("import-upload", "accounts", "intake"), sent(workbook(lines)))
    batch = ImportBatch.objects.get()
    assert answer.url == address("import-batch", batch.pk)
    page = officer.get(answer.url)
    assert "先导入无误的 1 行" in page.text
    assert "E3" in page.text
    with django_capture_on_commit_callbacks(execute=True):
        officer.post(address("import-confirm", batch.pk), {"mode": "good_rows"})
    page = officer.get(answer.url)
    assert "共 2 行：新增 1 人，已存在 0 人，有误未导入 1 行。" in page.text
    assert Enrollment.objects.count() == 1


def test_same_token_posted_twice_makes_one_batch(officer, cycle):
    """PAIN-23, TRUST-44: both clicks land on the same batch."""
    token, url = uuid.uuid4(), address("import-upload", "accounts", "intake")
    assert officer.post(url, sent(token=token)).url == officer.post(url, sent(token=token)).url
    assert ImportBatch.objects.count() == 1


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"token": str(uuid.uuid4())}, "没有选择文件"),
        (sent(b""), "文件是空的"),
        (sent(b"x" * (10 * 1024 * 1024 + 1)), "超过 10 MB 的上限"),
    ],
)
def test_upload_without_a_usable_file_says_what_to_do(officer, cycle, data, words):
    answer = officer.post(address("import-upload", "accounts", "intake"), data)
    assert answer.status_code == 422
    assert words in answer.text
    assert ImportBatch.objects.count() == 0


def test_upload_name_is_data_never_a_path(officer, cycle):
    """TRUST-37."""
    officer.post(address("import-upload", "accounts", "intake"), sent(name="..\\..\\<b>\u202e名单.xlsx"))
    batch = ImportBatch.objects.get()
    assert batch.file_name == "<b>名单.xlsx"
    assert batch.file.name.startswith("imports/")
    assert "名单" not in batch.file.name
    assert "<b>" not in officer.get(address("import-batch", batch.pk)).text


def test_upload_is_refused_once_the_window_is_closed(officer, cycle):
    """BR-39, TRUST-31; the registry stays open (BR-60)."""
    now, hour = timezone.now(), factories.datetime.timedelta(hours=1)
    factories.open_windows(cycle, base_fill=(now - 5 * hour, now - hour))
    answer = officer.post(address("import-upload", "accounts", "intake"), sent(), follow=True)
    assert "现在不能办理" in answer.text
    assert ImportBatch.objects.count() == 0
    officer.post(address("import-upload", "accounts", "registry"), sent())
    assert ImportBatch.objects.get().module == "registry"


def test_template_is_an_xlsx_with_a_chinese_name(officer, cycle):
    """BR-27."""
    answer = officer.post(address("import-template", "accounts", "intake"))
    assert answer.content[:2] == b"PK"
    name = quote(f"{cycle.year}年账号模板（招收信息管理）.xlsx", safe="")
    assert answer["Content-Disposition"].endswith(f"filename*=UTF-8''{name}")


@pytest.mark.parametrize("page", ["import-batch", "import-annotated"])
def test_batch_of_another_base_is_404(neighbour, checked, page):
    """TRUST-25, TRUST-27."""
    assert neighbour.get(address(page, checked([account_line()]).pk)).status_code == 404


@pytest.mark.parametrize("act", ["import-confirm", "import-cancel"])
def test_acting_on_a_batch_of_another_base_is_404(neighbour, checked, act):
    """TRUST-28: custom actions check the object too."""
    batch = checked([account_line()])
    assert neighbour.post(address(act, batch.pk), {"mode": "good_rows"}).status_code == 404
    batch.refresh_from_db()
    assert batch.state == "checked"


def test_read_only_member_may_look_and_not_act(signed_in, base, checked):
    user = factories.UserFactory(role=Role.BASE)
    factories.grant(user, base, read_only=True)
    client, batch = signed_in(user), checked([account_line()])
    assert client.get(address("import-batch", batch.pk)).status_code == 200
    assert client.get(address("import-list")).status_code == 200
    assert client.post(address("import-confirm", batch.pk), {"mode": "good_rows"}).status_code == 403
    assert client.post(address("import-upload", "accounts", "intake"), sent()).status_code == 403


def test_other_roles_have_no_import(signed_in, provincial_reviewer, national_officer, resident, cycle):
    for user in (provincial_reviewer, national_officer, resident):
        assert signed_in(user).get(address("import-list")).status_code == 403


def test_preview_masks_numbers_and_shows_what_is_wrong(officer, checked):
    """TRUST-51, GOAL-B4: a wrong number is nearly right, so it is masked too; the page of its correction shows it."""
    good, bad = account_line(mobile="13912345678"), account_line(id_number="330106199503120015")
    page = officer.get(address("import-batch", checked([good, bad]).pk)).text
    assert good["id_number"] not in page
    assert "13912345678" not in page
    assert "330106199503120015" not in page
    assert mask("330106199503120015") in page
    assert '<span class="sheet">D3</span>' in page


def test_problem_rows_come_first_and_can_be_filtered(officer, checked):
    """Only the problem rows of a big file."""
    lines = [account_line(mobile=f"139{n:08d}") for n in range(60)]
    lines[58]["mobile"] = "1"
    url = address("import-batch", checked(lines).pk)
    assert [line.row.sheet_row for line in officer.get(url).context["page"].object_list][:3] == [60, 2, 3]
    refused = officer.get(url, {"verdict": "refused"}).context["page"]
    assert [line.row.sheet_row for line in refused.object_list] == [60]
    assert len(officer.get(url, {"verdict": "create", "page": "2"}).context["page"].object_list) == 9


def test_problems_are_grouped_by_rule_with_counts(officer, checked):
    """GOAL-B4."""
    lines = [account_line(mobile="1"), account_line(mobile="2"), account_line(full_name="")]
    groups = officer.get(address("import-batch", checked(lines).pk)).context["groups"]
    assert [(group.title, group.headers, group.count) for group in groups if not group.is_warning] == [
        ("手机号格式不对", "手机号", 2),
        ("必填项为空", "姓名", 1),
    ]


def test_batch_page_makes_the_same_queries_for_one_row_and_for_three(
    officer, checked, django_assert_num_queries
):
    """Among them the person's specialties for the menu (AM-46) and whether a reason is asked (AM-36)."""
    seen = []
    for n in (1, 3):
        batch = checked([account_line(mobile=f"{i}") for i in range(n)])
        officer.get(address("import-batch", batch.pk))
        with django_assert_num_queries(19, exact=False) as queries:
            officer.get(address("import-batch", batch.pk))
        seen.append(len(queries))
    assert seen[0] == seen[1]


def test_waiting_page_polls_and_works_without_javascript(officer, upload):
    """GOAL-B8."""
    batch = upload([account_line()])
    url = address("import-batch", batch.pk)
    page = officer.get(url).text
    assert re.search(r'<noscript>\s*<meta http-equiv="refresh" content="3">\s*</noscript>', page)
    assert f'hx-get="{url}"' in page
    partial = officer.get(url, headers={"HX-Request": "true"}).text
    assert "<html" not in partial
    check_batch(batch.pk)
    assert officer.get(url, headers={"HX-Request": "true"})["HX-Refresh"] == "true"


def test_cancel_gives_the_batch_up(officer, checked):
    batch = checked([account_line()])
    page = officer.post(address("import-cancel", batch.pk), follow=True)
    assert "已取消，没有导入任何数据。" in page.text
    apply_batch(batch.pk)
    assert Enrollment.objects.count() == 0


def test_confirm_in_two_tabs_queues_one_import(officer, checked):
    """TRUST-44: the second click is told nothing new and does nothing."""
    batch = checked([account_line()])
    for _ in range(2):
        assert officer.post(address("import-confirm", batch.pk), {"mode": "good_rows"}).status_code == 302
    apply_batch(batch.pk)
    assert Enrollment.objects.count() == 1


def test_refused_file_shows_reason_and_repair(officer, checked):
    page = officer.get(address("import-batch", checked(b"%PDF-1.7").pk)).text
    assert "这不是表格文件" in page
    assert "请上传由模板填写的 .xlsx 文件" in page


def test_annotated_copy_comes_back_and_can_be_sent_again(officer, checked, cycle):
    """GOAL-B5: the status column is ignored, good rows are not repeated."""
    lines = [account_line(), account_line(mobile="1")]
    batch = checked(lines)
    answer = fetch_copy(officer, batch)
    assert answer.content[:2] == b"PK"
    again = checked(answer.content)
    assert again.state == "checked"
    assert again.ignored_headers == [{"status_column": "F"}]
    assert (again.rows_total, again.rows_created, again.rows_refused) == (2, 1, 1)


def test_annotated_copy_is_gone_with_the_file(officer, imported):
    batch = imported([account_line()])
    batch.file.delete()
    assert officer.get(address("import-annotated", batch.pk)).status_code == 404
    assert "标注了检查结果的原文件" not in officer.get(address("import-batch", batch.pk)).text


def test_same_file_twice_says_nothing_to_import(officer, imported, checked, cycle):
    """GOAL-B10: 0 created, 0 updated, in so many words."""
    content = workbook([account_line(intake_year=str(cycle.year))])
    imported(content)
    page = officer.get(address("import-batch", checked(content).pk)).text
    assert "这些住院医师都已在本基地，没有需要导入的行：新增 0 行，更新 0 行。" in page
    assert "内容完全相同的文件已于" in page


def test_earlier_imports_are_all_reachable(officer, base, base_officer, cycle):
    common = {"base": base, "uploaded_by": base_officer, "cycle": cycle, "kind": "accounts"}
    for number in range(23):
        ImportBatch.objects.create(file_name=f"第{number}份.xlsx", **common)
    first = officer.get(address("import-list")).text
    second = officer.get(address("import-list"), {"page": 2}).text
    assert "第22份.xlsx" in first
    assert "第 1 / 2 页，共 23 条" in first
    assert "第0份.xlsx" in second


def test_list_after_an_import_holds_its_rows_and_no_others(officer, imported):
    """GOAL-B8: “查看名单” opens what this batch wrote, whatever else the base has."""
    imported([account_line()])
    batch = imported([account_line(full_name="何小雨"), account_line(full_name="欧阳若曦")])
    page = officer.get(address("import-batch", batch.pk)).text
    link = re.search(r'href="([^"]+)">查看名单', page)[1].replace("&amp;", "&")
    names = {row.resident.full_name for row in officer.get(link).context["page"]}
    assert names == {"何小雨", "欧阳若曦"}
    assert "取消此条件" in officer.get(link).text
    assert officer.get(link.replace(f"batch={batch.pk}", "batch=x")).context["page"].paginator.count == 0


@pytest.mark.parametrize("again", [False, True])
def test_batch_without_anything_to_write_can_be_ended(officer, imported, checked, again):
    """No batch is left standing as 待确认 without a button; ended, it offers and promises nothing more."""
    line = account_line()
    imported([line])
    batch = checked([line] if again else [account_line(mobile="12")])
    words = "结束这次导入" if again else "放弃这次导入"
    assert words in officer.get(address("import-batch", batch.pk)).text
    page = officer.post(address("import-cancel", batch.pk), follow=True).text
    for promise in ("可以新增", "在网页中修改有误的", "撤销这次导入", words):
        assert promise not in page
    assert "这批数据已取消，没有导入。" in page


def test_manual_and_form_say_the_same_size():
    """W12: how big a file may be is said in one way."""
    manual = Path("templates/review/manual/chapters/base-accounts.html").read_text(encoding="utf-8")
    size = f"{MAX_BYTES // MEGABYTE} MB"
    assert f"5000 行、{size}" in manual
    assert f"不超过 {size}、5000 行" in UploadForm(template="账号模板").fields["file"].help_text
