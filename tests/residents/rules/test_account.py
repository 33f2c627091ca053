"""账号模板 (docs/fields.md#account): rows judged alone and against each other."""

from datetime import date

import pytest

from residents.rules import account
from residents.rules.duplicates import DIFFERS, DUPLICATE
from residents.rules.verdict import judge

INTAKE = {"cycle_year": 2019, "module": "intake", "today": date(2019, 10, 20)}
REGISTRY = {**INTAKE, "module": "registry"}
ROW = {
    "intake_year": "2019",
    "full_name": "张三",
    "id_type": "居民身份证",
    "id_number": "11010519491231002X",
    "mobile": "13800138000",
}


def codes(raw, context=INTAKE):
    verdict = judge(account, raw, context)
    return {name: [problem.code for problem in found] for name, found in verdict.problems.items()}


def test_template_has_exactly_five_columns_in_the_order_of_the_notice():
    """BR-43."""
    assert [field.label for field in account.FIELDS] == ["招收年份", "姓名", "证件类型", "证件号", "手机号"]


def test_sound_row_gives_clean_values_and_no_problem():
    verdict = judge(account, ROW, INTAKE)
    assert verdict.problems == {}
    assert verdict.missing == []
    assert verdict.values == {
        "intake_year": 2019,
        "full_name": "张三",
        "id_type": "01",
        "id_number": "11010519491231002X",
        "mobile": "13800138000",
    }


def test_every_column_is_required():
    """An account is never created incomplete."""
    assert codes(dict.fromkeys(ROW, "")) == dict.fromkeys(ROW, ["required"])


def test_blank_type_makes_no_second_message_about_the_number():
    assert codes({**ROW, "id_type": None}) == {"id_type": ["required"]}
    assert codes({**ROW, "id_type": "身份"}) == {"id_type": ["code_nearest"]}


@pytest.mark.parametrize(
    ("context", "year", "found"),
    [
        (INTAKE, 2019, {}),
        (INTAKE, 2018, {"intake_year": ["intake_year_intake"]}),
        (INTAKE, 2020, {"intake_year": ["intake_year_ahead"]}),
        (INTAKE, 2013, {"intake_year": ["intake_year_nowhere"]}),
        (REGISTRY, 2014, {}),
        (REGISTRY, 2018, {}),
        (REGISTRY, 2013, {"intake_year": ["intake_year_registry"]}),
        (REGISTRY, 2019, {"intake_year": ["intake_year_registry"]}),
        ({}, 2019, {}),
    ],
)
def test_intake_year_follows_the_module(context, year, found):
    """docs/fields.md#account: intake takes the cycle's year, the registry 2014 to the year before (BR-69)."""
    assert codes({**ROW, "intake_year": year}, context) == found


SOME_DOORS = [
    account.Door(intake_is_open, registry_takes, intake_opens, registry_opens)
    for intake_is_open in (False, True)
    for registry_takes in (False, True)
    for intake_opens in (None, "某日")
    for registry_opens in (None, "锁定日")
]


@pytest.mark.parametrize("year", [2013, 2017, 2018, 2020, 2021])
@pytest.mark.parametrize("door", [None, *SOME_DOORS])
def test_intake_sends_nobody_to_a_registry_that_refuses_him(year, door):
    """AM-31: of two imports beside each other the one never names the other while that one is shut."""
    context = {**INTAKE, "doors": {2019: account.Door(intake_is_open=True)} | ({year: door} if door else {})}
    verdict = judge(account, {**ROW, "intake_year": year}, context)
    (said,) = verdict.problems["intake_year"]
    taken = not codes({**ROW, "intake_year": year}, {**context, **REGISTRY})
    if "“住院医师信息管理”" in said.repair:
        assert taken or "锁定日" in said.repair
    if taken and not (door and door.intake_is_open):
        assert said.code == "intake_year_intake"


def test_live_enrollment_elsewhere_refuses_and_names_base_year_and_status():
    """BR-49, BR-71, AM-28: base, year and status help to solve a transfer; no other personal data."""
    live = {"is_same_base": False, "base_name": "某某医院", "intake_year": 2018, "status_name": "暂停"}
    verdict = judge(account, ROW, {**INTAKE, "live_enrollment": live})
    (problem,) = verdict.problems["id_number"]
    assert (problem.code, problem.is_warning) == ("live_elsewhere", False)
    assert problem.text == "此人已在“某某医院”（2018年招收，培训状态：暂停），不能重复导入。"
    assert "退培" in problem.repair


def test_live_enrollment_at_the_same_base_only_tells():
    """AM-11: 已存在，未重复导入 is a warning."""
    live = {"is_same_base": True, "base_name": "某某医院", "intake_year": 2019, "status_name": "在培"}
    verdict = judge(account, ROW, {**INTAKE, "live_enrollment": live})
    assert [problem.code for problem in verdict.problems["id_number"]] == ["already_here"]
    assert not verdict.has_errors


def test_person_met_twice_in_a_file_is_an_error_of_the_later_row():
    rows = [(2, {"id_number": "A", "mobile": "1"}), (3, {"id_number": "B"}), (7, {"id_number": "A"}), (8, {})]
    found = account.problems_of_rows(rows)
    assert {
        row: {name: [p.text for p in ps] for name, ps in problems.items()} for row, problems in found.items()
    } == {7: {"id_number": ["此证件号与第2行相同。"]}}


def test_one_number_under_two_names_is_an_error_of_both_rows():
    """AM-35: which of the two names is right stands nowhere; blanks and dots in a name are no other name."""
    named = [(2, "张三"), (3, "王五"), (4, "张 三"), (5, "李四")]
    found = account.problems_of_rows(
        (row, {"id_number": "A", "id_type": "01", "full_name": name}) for row, name in named
    )
    assert {row: [p.code for p in problems["id_number"]] for row, problems in found.items()} == {
        2: [DIFFERS],
        3: [DUPLICATE],
        4: [DUPLICATE],
        5: [DUPLICATE],
    }


def test_repeated_mobile_is_a_warning_on_each_later_row():
    """docs/fields.md#account: the login is the ID number, so warn, do not refuse."""
    found = account.problems_of_rows(
        (row, {"id_number": str(row), "mobile": "13800138000"}) for row in (2, 3, 4)
    )
    assert {row: [(p.code, p.is_warning) for p in problems["mobile"]] for row, problems in found.items()} == {
        3: [("mobile_repeated", True)],
        4: [("mobile_repeated", True)],
    }
