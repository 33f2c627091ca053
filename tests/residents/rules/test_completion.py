"""结业信息 of Annex 1 (docs/fields.md#completion, BR-04, BR-16, BR-23, AM-12)."""

from datetime import date

import pytest

from residents.rules import completion
from residents.rules.verdict import judge

CONTEXT = {"today": date(2019, 10, 20), "own_province": "32", "base_province": "32"}
ROW = {
    "full_name": "张三",
    "id_type": "居民身份证",
    "id_number": "110105199012310027",
    "mobile": "13800138000",
    "trainee_type": "本单位住院医师",
    "province": "江苏省",
    "training_base": "某某医院",
    "specialty": "内科",
    "approved_years": "2",
    "actual_start_date": "2014-09-01",
    "actual_end_date": "2016-08-31",
    "certificate_no": "2016320100001001",
    "certificate_date": "2016-10-01",
}


def codes(changed, **context):
    verdict = judge(completion, {**ROW, **changed}, {**CONTEXT, **context})
    return {name: [problem.code for problem in found] for name, found in verdict.problems.items()}


def test_headers_are_the_thirteen_of_the_notice_in_order():
    """BR-23, verbatim."""
    assert " ".join(completion.HEADERS) == (
        "*姓名 *身份证件类别 *身份证件号码 *手机号码 *人员类型 *培训所在省份 *培训基地 *培训专业 "
        "*核定的培训年限(年) *培训实际开始时间(年-月-日) *培训实际结束时间(年-月-日) "
        "*住院医师规范化培训合格证书编号 *住院医师规范化培训合格证书发放时间(年-月-日)"
    )


def test_sound_row_has_no_problem():
    assert codes({}) == {}


def test_all_thirteen_are_required():
    assert codes(dict.fromkeys(ROW, "")) == dict.fromkeys(ROW, ["required"])


@pytest.mark.parametrize(
    ("changed", "found"),
    [
        (
            {"province": "浙江省"},
            {
                "province": ["completion_other_province"],
                "training_base": ["base_of_other_province"],
                "certificate_no": ["certificate_no_province"],
            },
        ),
        (
            {"approved_years": "3"},
            {"approved_years": ["completion_not_reduced"], "actual_end_date": ["completion_short"]},
        ),
        ({"actual_end_date": "2014-09-01"}, {"actual_end_date": ["completion_year", "end_before_start"]}),
        ({"actual_start_date": "2013-08-31"}, {"actual_end_date": ["completion_too_long"]}),
        ({"actual_start_date": "2013-09-01"}, {}),
        ({"actual_start_date": "2014-11-01"}, {}),
        ({"actual_start_date": "2014-11-02"}, {"actual_end_date": ["completion_short"]}),
        ({"certificate_no": "苏卫2016-1"}, {"certificate_no": ["certificate_no_shape"]}),
        ({"certificate_no": "2016330100001001"}, {"certificate_no": ["certificate_no_province"]}),
        ({"certificate_no": "2016320900001001"}, {"certificate_no": ["certificate_no_specialty"]}),
        ({"certificate_date": "2017-01-01"}, {"certificate_date": ["certificate_year"]}),
        ({"certificate_date": "2016-08-30"}, {"certificate_date": ["certificate_before_end"]}),
        ({"certificate_date": "2019-10-21"}, {"certificate_date": ["date_in_future", "certificate_year"]}),
        ({"certificate_no": 2016320100001001}, {"certificate_no": ["number_damaged"]}),
    ],
)
def test_row_is_judged(changed, found):
    assert codes(changed) == found


@pytest.mark.parametrize(
    ("start", "end", "found"),
    [
        ("2013-09-01", "2015-01-01", []),
        ("2015-01-01", "2016-12-31", []),
        ("2015-09-01", "2017-08-31", ["completion_year_unusual"]),
        ("2013-01-01", "2014-12-31", ["completion_year"]),
        ("2017-01-01", "2018-12-31", ["completion_year"]),
    ],
)
def test_year_of_the_end_decides_and_that_of_the_start_excuses(start, end, found):
    """AM-12."""
    changed = {
        "actual_start_date": start,
        "actual_end_date": end,
        "approved_years": 1,
        "certificate_date": "2019-01-01",
    }
    assert codes(changed).get("actual_end_date", []) == found


def test_training_that_has_not_ended_yet_is_refused():
    changed = {
        "actual_start_date": "2016-01-01",
        "actual_end_date": "2019-10-21",
        "certificate_date": "2019-10-21",
    }
    assert codes(changed)["actual_end_date"] == [
        "date_in_future",
        "completion_year_unusual",
        "completion_too_long",
    ]


def test_shape_of_certificate_numbers_only_warns():
    """docs/fields.md#formats: provincial styles existed."""
    verdict = judge(completion, {**ROW, "certificate_no": "苏卫2016-1"}, CONTEXT)
    assert not verdict.has_errors


def test_unknown_base_is_answered_with_the_nearest():
    assert codes({}, base_found=False) == {"training_base": ["base_unknown"]}
    verdict = judge(completion, ROW, {**CONTEXT, "base_found": False, "base_nearest": "某某医院（总院）"})
    assert "“某某医院（总院）”" in verdict.problems["training_base"][0].repair


def test_persons_and_numbers_met_twice_are_errors_of_the_later_row_and_of_both_where_they_differ():
    rows = [
        (2, {"id_number": "A", "certificate_no": "1"}),
        (3, {"id_number": "B", "certificate_no": "1"}),
        (5, {"id_number": "A", "certificate_no": None}),
    ]
    found = completion.problems_of_rows(rows)
    assert {
        row: {name: [p.code for p in ps] for name, ps in problems.items()} for row, problems in found.items()
    } == {
        2: {"certificate_no": ["certificate_no_repeated"]},
        3: {"certificate_no": ["certificate_no_repeated"]},
        5: {"id_number": ["duplicate_in_file"]},
    }
