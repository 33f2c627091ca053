"""Made-up legacy rosters, 2014 … 2018: `python -m tests.bases.legacy.legacy_rows FOLDER ROWS_A_YEAR BASE_NAME…`."""

import sys
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from pathlib import Path

from portal.sheets.streaming import stream_csv, stream_xlsx
from residents.rules.identity import to_18_digits

HEADERS = [
    "招收年度",
    "姓名",
    "身份证件类别",
    "身份证件号码",
    "手机号码",
    "培训基地",
    "培训专业",
    "人员类型",
    "往届生/应届生",
    "是否为农村订单定向免费医学毕业生",
    "核定的培训年限（年）",
    "培训实际开始时间",
    "是否在协同单位培训",
    "是否为西部支援行动住院医师",
    "培训状态",
    "变更日期",
    "变更原因",
    "学员去向",
    "国籍及地区",
    "民族",
    "户口所在地省行政区划",
    "有效的电子邮箱地址",
    "紧急联系人",
    "紧急联系人手机",
    "是否军队人员",
    "本科是否全日制",
    "本科是否在读",
    "本科毕业院校",
    "本科毕业专业",
    "本科毕业时间",
    "本科学历",
    "本科是否获得毕业证书",
    "本科学历证书编号",
    "本科学历证书取得时间",
    "本科是否获得学位证书",
    "本科学位",
    "本科学位证书编号",
    "本科学位证书取得时间",
    "是否通过医师资格考试",
    "旧系统备注",
]
_SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗"
_GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平"


def number(serial: int) -> str:
    """A valid 18-digit ID number of its own for each serial below 10 million."""
    days, order = divmod(serial, 999)
    return to_18_digits(f"330106{date(1962, 1, 1) + timedelta(days=days):%y%m%d}{order + 1:03d}")


def row(serial: int, year: int, base: str, **changes: str) -> list[str]:
    """One complete row: a resident recruited from society, 在培 unless `changes`, by header, say otherwise."""
    name = _SURNAMES[serial % 20] + _GIVEN[serial // 20 % 20] + _GIVEN[serial // 400 % 20]
    cells = dict(
        zip(
            HEADERS,
            (
                *(
                    str(year),
                    name,
                    "居民身份证",
                    number(serial),
                    f"139{serial:08d}",
                    base,
                    "内科",
                    "社会人",
                ),
                *("应届", "否", "3", f"{year}-09-01", "否", "否", "在培", "", "", ""),
                *("中国", "汉族", "浙江省", f"r{serial}@example.com", "陈建国", "13700000001", "否"),
                *("是", "否", "浙江大学", "临床医学", f"{year}-06-30", "大学本科毕业", "是"),
                *(f"10335120{year % 100:02d}05{serial % 10**5:05d}1", f"{year}-06-30", "是", "医学学士学位"),
                *(f"103354{year}{serial % 10**5:05d}1", f"{year}-06-30", "否", ""),
            ),
            strict=True,
        )
    )
    return list((cells | changes).values())


def rows(count: int, year: int, bases: Sequence[str], first: int = 0) -> Iterator[list[str]]:
    for serial in range(first, first + count):
        yield row(serial, year, bases[serial % len(bases)])


def main(folder: str, rows_a_year: str, *bases: str) -> None:
    count = int(rows_a_year)
    for place, year in enumerate(range(2014, 2019)):
        stream, ending = (stream_csv, "csv") if year == 2014 else (stream_xlsx, "xlsx")
        with (Path(folder) / f"{year}.{ending}").open("wb") as file:
            for piece in stream(HEADERS, rows(count, year, bases, place * count)):
                file.write(piece)


if __name__ == "__main__":
    main(*sys.argv[1:])
