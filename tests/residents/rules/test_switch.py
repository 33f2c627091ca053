"""报送方式切换申请 of Annex 2 (docs/fields.md#switch, BR-07, BR-24)."""

from datetime import date

import pytest

from residents.rules import switch

CONTEXT = {"today": date(2019, 10, 13), "own_province": "32", "transfer_deadline": date(2019, 10, 31)}
APPLICATION = {
    "province": "32",
    "official_name": "李四",
    "official_contact": "025-12345678",
    "vendor_contact_name": "王五",
    "vendor_contact": "13800138000",
    "module": "1",
    "requested_at": date(2019, 10, 13),
}


def codes(changed):
    found = switch.problems({**APPLICATION, **changed}, CONTEXT)
    return {name: [problem.code for problem in problems] for name, problems in found.items()}


def test_annex_2_has_seven_items():
    """BR-24."""
    assert [field.label for field in switch.FIELDS] == [
        "省份",
        "省级卫生行政部门负责人",
        "省级卫生行政部门负责人联系方式",
        "技术公司联系人",
        "技术公司联系人联系方式",
        "申请模块",
        "申请切换时间",
    ]
    assert codes({}) == {}
    assert switch.missing({}, CONTEXT) == list(APPLICATION)


@pytest.mark.parametrize(
    ("changed", "found"),
    [
        ({"province": "33"}, {"province": ["switch_other_province"]}),
        ({"requested_at": date(2019, 10, 12)}, {"requested_at": ["switch_in_past"]}),
        ({"requested_at": date(2019, 10, 31)}, {}),
        ({"requested_at": date(2019, 11, 1)}, {"requested_at": ["switch_after_deadline"]}),
        ({"official_name": ""}, {"official_name": ["required"]}),
    ],
)
def test_application_is_judged(changed, found):
    assert codes(changed) == found
