"""A roll of any length comes row by row; what nobody asked for comes along, what cannot be read is refused (BR-25)."""

import pytest

from portal.sheets.refusals import SheetRefused
from portal.sheets.rolls import open_roll
from portal.sheets.streaming import stream_csv, stream_xlsx
from portal.sheets.values import DamagedNumber


@pytest.fixture
def written(tmp_path):
    def write(pieces, name="roll"):
        path = tmp_path / name
        path.write_bytes(b"".join(pieces))
        return path

    return write


@pytest.mark.parametrize("writer", [stream_xlsx, stream_csv])
def test_rows_keep_the_numbers_a_spreadsheet_shows(written, writer):
    path = written(
        writer(["备用", "证件号码", "姓名"], [["x", "1", "陈"], [None, None, None], [None, "2", "王"]])
    )

    with open_roll(path, expected_headers=["姓名", "证件号"], aliases={"证件号码": "证件号"}) as roll:
        assert (roll.header_row, roll.headers, roll.known) == (
            1,
            [("B", "证件号"), ("C", "姓名"), ("A", "备用")],
            2,
        )
        assert [(number, values[:2]) for number, values in roll.rows] == [(2, ["1", "陈"]), (4, ["2", "王"])]


def test_roll_longer_than_an_upload_may_be(written):
    """BR-25: a legacy roster has more rows than one upload takes."""
    path = written(stream_xlsx(["姓名"], ([f"第{number}人"] for number in range(6_001))))

    with open_roll(path, expected_headers=["姓名"]) as roll:
        rows = list(roll.rows)

    assert (len(rows), rows[-1]) == (6_001, (6_002, ["第6000人"]))


def test_damaged_number_stays_a_marker(written):
    """PAIN-01: digits that a spreadsheet lost are not guessed."""
    path = written(stream_csv(["证件号"], [["330106199503120000"]]))

    with open_roll(path, expected_headers=["证件号"]) as roll:
        assert list(roll.rows) == [(2, [DamagedNumber("330106199503120000")])]


def test_missing_header_is_named(written):
    path = written(stream_csv(["姓名"], [["陈"]]))

    with (
        pytest.raises(SheetRefused, match="缺少列“证件号”"),
        open_roll(path, expected_headers=["姓名", "证件号"]),
    ):
        pass


def test_file_that_is_not_there(tmp_path):
    with (
        pytest.raises(SheetRefused, match="没有找到上传的文件"),
        open_roll(tmp_path / "no", expected_headers=["姓名"]),
    ):
        pass


def test_stopping_amid_the_rows_ends_the_child(written):
    path = written(stream_csv(["姓名"], ([f"{number}"] for number in range(50_000))))

    with open_roll(path, expected_headers=["姓名"]) as roll:
        first = next(roll.rows)

    assert first == (2, ["0"])
