"""docs/codes.md#edited: lists of medium trust stand in editable tables; the rules take the changes over without a
database."""

import pytest

from residents.catalogue.catalogue import Invalid
from residents.codes import CODE_LISTS, REASONS_OF_STATUS
from residents.codes.code_list import Change, CodeList, edition
from residents.codes.number_shapes import NUMBER_SHAPES, Shape
from residents.codes.training import WITHDRAWN, offered_reasons
from residents.rules import certificate, education, status
from residents.rules.fields import missing_fields
from residents.services import code_lists

NEW = ("reason", Change("1A", "支援边疆", True, ("援疆",)))
OLD = ("reason", Change("13", "个人辞职", False))


def test_list_takes_over_and_gives_back():
    """Added, renamed and withdrawn codes are understood at once; without changes the list is as it was built."""
    listed = CodeList("等级", {"1": "一级", "2": "二级"}, synonyms={"甲": "1"})
    before = edition()
    listed.take_over([Change("1", "壹级", False), Change("3", "三级", True, ("丙",))])
    assert listed.items == {"1": "壹级", "2": "二级", "3": "三级"}
    assert listed.offered == {"2": "二级", "3": "三级"}
    assert [listed.find(text) for text in ("壹级", "一级", "甲", "丙", "3", "3 三级")] == [*"111333"]
    assert edition() > before
    listed.take_over([])
    assert listed.offered == {"1": "一级", "2": "二级"}
    with pytest.raises(Invalid):
        listed.find("三级")


def test_reasons_of_a_status_follow_the_list():
    """docs/codes.md#status: a new reason belongs to the status of its first digit and asks for 退培类型 as its
    neighbours do."""
    code_lists.take_over([NEW, OLD])
    assert REASONS_OF_STATUS[WITHDRAWN]["1A"] == "支援边疆"
    assert ("13" in REASONS_OF_STATUS[WITHDRAWN], "13" in offered_reasons(WITHDRAWN)) == (True, False)
    values = {"status": "5", "reason": CODE_LISTS["reason"].find("援疆")}
    assert "withdrawal_kind" in missing_fields(status.FIELDS, values)
    assert "withdrawal_kind" not in missing_fields(status.FIELDS, values | {"reason": "11"})


def test_withdrawn_reason_is_refused_naming_the_others_unless_it_stands():
    code_lists.take_over([OLD])
    values = {"status": "5", "reason": "13"}
    [problem] = status.problems(values, {"current_status": "1"})["reason"]
    assert (problem.code, problem.is_warning) == ("code_withdrawn", False)
    assert "“个人辞职”已停止使用" in str(problem)
    assert "健康原因" in problem.repair
    assert "个人辞职" not in problem.repair
    assert "reason" not in status.problems(values, {"current_status": "5", "current_reason": "13"})


def test_withdrawn_class_is_refused_for_new_entries_only():
    """docs/codes.md#qualification: what is stored stays and is not called wrong afterwards."""
    code_lists.take_over([("qualification_class", Change("46", "傣医", False))])
    values = {"qualification_class": "46", "practice_class": "46"}
    found = certificate.problems(values, {"stored": {}})
    assert {name: [each.code for each in problems] for name, problems in found.items()} == {
        "qualification_class": ["code_withdrawn"],
        "practice_class": ["code_withdrawn"],
    }
    assert certificate.problems(values, {"stored": values}) == {}
    assert certificate.problems(values, {}) == {}


@pytest.mark.parametrize(
    ("shape", "number", "fits"),
    [
        (Shape((12,)), "201905001234", True),
        (Shape((12,)), "20190500123", False),
        (Shape((12,)), "JX1905001234", False),
        (Shape((8, 10), has_letters=True), "JX190500", True),
        (Shape((9,), prefix="军校"), "军校1905001", True),
        (Shape((9,), prefix="军校"), "军校19050A1", False),
    ],
)
def test_further_shape_of_a_diploma_number_is_taken_without_a_warning(shape, number, fits):
    """docs/codes.md#edited, PAIN-25: shapes are put together from simple parts; what fits none is warned of, never
    refused."""
    [problem] = education.problems({"diploma_no": number}, {})["diploma_no"]
    assert (problem.code, problem.is_warning) == ("diploma_no_shape", True)
    code_lists.take_over([], [("diploma_no", shape)])
    assert ("diploma_no" not in education.problems({"diploma_no": number}, {})) == fits
    assert "degree_no" in education.problems({"degree_no": number}, {})
    assert "diploma_no" not in education.problems({"diploma_no": "1" * 17}, {})


def test_shapes_tell_themselves_in_words():
    assert str(NUMBER_SHAPES["diploma_no"].built_in[0]) == "17或18位数字"
    assert str(Shape((9,), True, "军校")) == "共9位，以“军校”开头，其余为数字和字母"
