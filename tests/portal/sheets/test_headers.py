"""Headers are the same words in any costume (PAIN-05, PAIN-11)."""

import pytest

from portal.sheets.headers import normalise_header
from portal.sheets.values import column_index, column_letter


@pytest.mark.parametrize(
    "costume",
    [
        "*培训实际开始时间(年-月-日)",
        "培训实际开始时间（年－月－日）",
        "＊培训实际开始时间 【年-月-日】",
        "\ufeff培训实际\n开始时间(年-月-日)：",
        "培训实际开始时间(年-月-日)（必填）",
        "培训实际\u00a0开始时间\u200b(年-月-日)\t",
    ],
)
def test_header_in_costume_is_the_same_header(costume):
    assert normalise_header(costume) == normalise_header("培训实际开始时间(年-月-日)")


@pytest.mark.parametrize(
    "other", ["培训实际结束时间(年-月-日)", "培训实际开始时间", "培训实际开始时间(年-月)"]
)
def test_other_header_is_another(other):
    assert normalise_header(other) != normalise_header("培训实际开始时间(年-月-日)")


@pytest.mark.parametrize(
    ("index", "letters"), [(0, "A"), (25, "Z"), (26, "AA"), (701, "ZZ"), (702, "AAA"), (16383, "XFD")]
)
def test_column_letters(index, letters):
    assert column_letter(index) == letters
    assert column_index(letters) == index
