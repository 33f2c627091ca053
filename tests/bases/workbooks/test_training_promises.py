"""The training workbook's preview keeps its word, and 清空 is judged at its cell: GOAL-B3, GOAL-B4, GOAL-B12;
TRUST-43."""

import datetime

import pytest
from django.utils import timezone

from bases.imports import services as imports
from bases.imports.worker import apply_batch
from residents.models import Enrollment
from tests.bases.workbooks.training_files import codes, edited, template, verdicts

pytestmark = pytest.mark.django_db
CANNOT_CLEAR = "cannot_clear"


def remarks() -> list[str]:
    return list(Enrollment.objects.order_by("pk").values_list("remark", flat=True))


@pytest.mark.parametrize("header", ["姓名", "证件类型", "证件号"])
def test_what_finds_the_record_cannot_be_cleared(header, rows, base, send):
    """GOAL-B4: one fault at the cell; the other rows are judged as ever."""
    batch = send(edited(template(rows, base), {(1, header): "清空", (2, "备注"): "门诊"}))
    assert (batch.state, verdicts(batch)) == ("checked", ["refused", "update", "unchanged"])
    assert (header, CANNOT_CLEAR) in codes(batch)


@pytest.mark.parametrize("header", ["培训专业", "培训状态", "变更原因"])
def test_what_the_registry_needs_cannot_be_cleared(header, registered, base, send, write):
    """GOAL-B3, BR-81: told by the check, not by a failing import; the other rows go in."""
    content = edited(template(registered, base, "registry"), {(1, header): "清空", (2, "备注"): "门诊"})
    batch = send(content, module="registry")
    assert codes(batch) == [(header, CANNOT_CLEAR)]
    write(batch)
    assert remarks() == ["", "门诊", ""]


def test_newer_value_is_not_overwritten_unseen(rows, base, send, write):
    """GOAL-B3, GOAL-B12, TRUST-43: the preview showed an empty cell; since then it says 乙."""
    stale = send(edited(template(rows, base), {(1, "备注"): "甲", (2, "备注"): "甲"}))
    write(send(edited(template(rows, base), {(1, "备注"): "乙"})))
    write(stale)
    assert remarks() == ["乙", "甲", ""]
    assert (stale.rows_updated, stale.rows_refused) == (1, 1)
    assert codes(stale) == [("备注", "changed_meanwhile")]
    problem = stale.rows.get(sheet_row=2).problems[-1]
    assert "预览时是“（空）”，现在是“乙”" in problem["text"]


def test_all_or_nothing_writes_nothing_over_a_newer_value(rows, base, send, write, base_officer):
    """GOAL-B6."""
    stale = send(edited(template(rows, base), {(1, "备注"): "甲", (2, "备注"): "甲"}))
    write(send(edited(template(rows, base), {(1, "备注"): "乙"})))
    imports.confirm(stale, mode="all_or_nothing", by=base_officer)
    apply_batch(stale.pk)
    stale.refresh_from_db()
    assert (stale.state, remarks()) == ("checked", ["乙", "", ""])


def test_value_changed_elsewhere_in_the_record_is_no_hindrance(rows, base, send, write):
    """PAIN-19: only what the row changes is compared; the same change made by somebody else is none."""
    batch = send(edited(template(rows, base), {(1, "备注"): "甲", (2, "备注"): "甲"}))
    write(send(edited(template(rows, base), {(1, "是否在协同单位培训"): "否", (2, "备注"): "甲"})))
    write(batch)
    assert remarks() == ["甲", "甲", ""]
    assert (batch.rows_updated, batch.rows_unchanged, batch.rows_refused) == (1, 2, 0)


def test_waiting_days_begin_anew_only_where_a_row_became_complete(rows, base, send, write):
    """GOAL-B16: 待填培训信息 → 可上报 by a workbook too."""
    long_ago = timezone.now() - datetime.timedelta(days=40)
    content = edited(template(rows, base), {(1, "备注"): "一", (2, "备注"): "二"})
    Enrollment.objects.filter(pk=rows[0].pk).update(training_complete=False)
    Enrollment.objects.update(state_since=long_ago)
    write(send(content))
    assert [row.state_since > long_ago for row in Enrollment.objects.order_by("pk")] == [True, False, False]
