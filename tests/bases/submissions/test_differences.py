"""What changed between two snapshots, in words (GOAL-P2); pure functions, no database."""

import pytest

from bases.submissions.differences import changes, field_labels

OLD = {
    "identity": {
        "full_name": "陈雨桐",
        "id_type": "01",
        "id_number": "330102199503121234",
        "mobile": "13800001234",
    },
    "basic": {"sex": "1", "email": "old@example.com", "qq": None, "photo": "evidence/a"},
    "education": [{"level": "3", "school": "浙江大学", "has_degree": True, "degree_code": "410"}],
    "work": {},
    "certificate": {"passed_qualification_exam": False, "qualification_no": None},
    "training": {
        "trainee_type": "3",
        "approved_years": 3,
        "actual_start_date": "2026-09-01",
        "at_partner_unit": False,
    },
    "status": {"status": "1"},
}


def changed(**blocks) -> dict:
    return OLD | {name: OLD[name] | values for name, values in blocks.items()}


def lines(new: dict, **more) -> list[tuple]:
    return [
        (change.block_label, change.label, change.old, change.new) for change in changes(OLD, new, **more)
    ]


def test_equal_snapshots_have_no_change():
    assert changes(OLD, OLD) == []


def test_codes_dates_numbers_and_truth_values_are_shown_in_words():
    new = changed(
        training={
            "trainee_type": "2",
            "approved_years": 2,
            "actual_start_date": "2026-08-20",
            "at_partner_unit": True,
        }
    )
    assert lines(new) == [
        ("培训信息", "人员类型", "面向社会招收住院医师", "外单位委托培养住院医师"),
        ("培训信息", "核定的培训年限（年）", "3", "2"),
        ("培训信息", "培训实际开始时间", "2026-09-01", "2026-08-20"),
        ("培训信息", "是否在协同单位培训", "否", "是"),
    ]


@pytest.mark.parametrize("blank", [None, ""])
def test_two_kinds_of_nothing_are_the_same(blank):
    assert lines(changed(basic={"qq": blank}, certificate={"qualification_no": blank})) == []


def test_a_field_that_came_or_went_is_shown_with_an_empty_side():
    assert lines(changed(basic={"qq": "12345", "email": None})) == [
        ("基本信息", "有效的电子邮箱地址", "old@example.com", ""),
        ("基本信息", "有效的QQ号码", "", "12345"),
    ]


def test_false_is_a_value_and_nothing_is_none():
    """否 differs from 未填写."""
    new = changed(training={"at_partner_unit": None})
    assert lines(new) == [("培训信息", "是否在协同单位培训", "否", "")]


def test_identifying_numbers_are_masked_and_a_hidden_change_still_shows():
    """TRUST-51: the tail of a qualification number is the ID number."""
    new = changed(
        identity={"mobile": "13899991234"}, certificate={"qualification_no": "202033110330102199503121234"}
    )
    assert lines(new) == [
        ("身份信息", "手机号", "13******234", "13******234（隐去部分有变化）"),
        ("证书信息", "医师资格证书编码", "", "202********************1234"),
    ]
    assert lines(new, masked=False)[0] == ("身份信息", "手机号", "13800001234", "13899991234")


def test_education_is_compared_level_by_level():
    new = changed() | {
        "education": [
            {"level": "4", "school": "复旦大学"},
            {"level": "3", "school": "温州医科大学", "has_degree": True, "degree_code": "410"},
        ]
    }
    found = [(change.entry, change.label, change.old, change.new) for change in changes(OLD, new)]
    assert found == [
        ("本科", "毕业（在读）院校", "浙江大学", "温州医科大学"),
        ("硕士", "学历层次", "", "硕士"),
        ("硕士", "毕业（在读）院校", "", "复旦大学"),
    ]


def test_a_second_row_of_one_level_is_told_apart():
    new = changed() | {"education": [*OLD["education"], {"level": "3", "school": "复旦大学"}]}
    assert {change.entry for change in changes(OLD, new)} == {"本科（2）"}


def test_a_replaced_file_is_a_change():
    assert lines(changed(basic={"photo": "evidence/b"})) == [("基本信息", "证件照片", "已上传", "已更换")]


def test_without_an_old_snapshot_every_filled_field_is_new():
    found = changes(None, OLD)
    assert ("training.trainee_type", "", "面向社会招收住院医师") in [(c.path, c.old, c.new) for c in found]
    assert all(change.old == "" for change in found)


def test_labels_name_block_and_field():
    assert field_labels()["training.actual_start_date"] == "培训信息：培训实际开始时间"
