"""A lock, the next cycle opened early, a reopening, a transfer, a merger of two bases and an officer who leaves, played
with the processes of `make run` on moved days: what each role reads and may do (AM-42, AM-43, AM-46).

The counts of three whole years, the province by interface among them, are in tests/review/windows/test_three_years.py.
"""

import datetime
import re
import uuid

import pytest
from django.utils import timezone

from tests.bases.conftest import account_line, workbook
from tests.faults.house import house
from tests.faults.journey import People, until

pytestmark = [pytest.mark.long, pytest.mark.faults]
DAY = datetime.timedelta(days=1)


def test_years_with_processes():
    with house() as made:
        play(People(made))


def play(people: People) -> None:
    ask = people.house.ask
    today = timezone.localdate()
    year = today.year

    def lapsed(province: str = "33") -> int:
        sql = "SELECT count(*) FROM residents_enrollment e JOIN bases_trainingbase b ON b.id = e.base_id"
        where = f" WHERE e.lapsed_at IS NOT NULL AND e.intake_year = {year} AND b.province_id = '{province}'"
        return ask(sql + where)[0][0]

    def window(in_year: int, step: str, first: datetime.date, last: datetime.date) -> str:
        """The association sets a window for province 33: the preview, then the confirmation."""
        page = f"/review/windows/{in_year}/{step}/?province=33"
        times = {"opens_at": f"{first}T00:00:00", "last_moment": f"{last}T23:59:59"}
        preview = people.send("cmda", page, times)
        seen = re.search(r'name="seen" value="([^"]*)"', preview)
        assert seen is not None, preview[:2000]
        return people.send("cmda", page, times | {"seen": seen[1], "confirmed": "1"})

    # The intake is open; the next cycle, opened early for one province, changes nothing for the others (AM-42).
    people.on_day(0)
    before = people.page("jidi33001", "/base/"), people.page("sheng33", "/review/")
    assert f"{year}年住院医师信息采集" in before[0]
    people.send(
        "cmda",
        "/review/windows/",
        {"year": year + 1, "title": f"{year + 1}年采集"},
        to="/review/windows/new/",
    )
    saved = window(year + 1, "base_fill", today, today + 20 * DAY)
    assert "立即生效" in saved
    assert f"{year}年住院医师信息采集" in people.page("jidi33001", "/base/")
    assert f"{year} 年" in people.page("cmda", "/review/national/")

    # The clock locks; bases, provinces and the residents themselves read why and where to go on.
    people.on_day(33)
    until(lapsed)
    until(lambda: people.told("jidi33001", f"{year}年招收信息已锁定"))
    assert people.told("sheng33", f"{year}年招收信息已锁定")
    lost = ask(
        "SELECT u.username, e.id FROM residents_enrollment e JOIN residents_resident r ON r.id = e.resident_id"
        " JOIN portal_user u ON u.id = r.user_id JOIN bases_trainingbase b ON b.id = e.base_id"
        f" WHERE e.lapsed_at IS NOT NULL AND e.intake_year = {year} AND b.province_id = '33' AND u.is_active"
        " AND u.activated_at IS NOT NULL AND r.id_type = '01' ORDER BY e.id LIMIT 1"
    )[0]
    assert "锁定失效" in people.page(lost[0], "/resident/")

    # Opened again for one province, with everybody brought back; at the new end it locks again (AM-43).
    number = lapsed()
    for step in ("report", "review"):
        window(year, step, today - 20 * DAY, today + 36 * DAY)
    list_of_lapsed = f"/review/windows/{year}/lapsed/?province=33"
    people.send("cmda", list_of_lapsed, {"range": "all", "reason": "系统故障补报"})
    assert lapsed() == 0
    assert people.told("jidi33001", "已恢复")
    people.on_day(38)
    until(lambda: lapsed() == number)

    # A transfer inside the province: asked for, released, imported by the worker.
    person = ask(
        "SELECT r.full_name, r.id_number, r.mobile, e.intake_year, e.id, r.id FROM residents_enrollment e"
        " JOIN residents_resident r ON r.id = e.resident_id JOIN bases_trainingbase b ON b.id = e.base_id"
        " WHERE b.code = '33001' AND e.status = '1' AND e.registered_at IS NOT NULL AND e.deleted_at IS NULL"
        " AND r.id_type = '01' AND e.review_status = '2' ORDER BY e.id LIMIT 1"
    )[0]
    details = {"id_type": "01", "id_number": person[1], "full_name": person[0]}
    people.send("jidi33002", "/base/transfers/new/", details | {"act": "ask", "reason": "省卫健委批准转入"})
    asked = ask(f"SELECT max(id) FROM bases_transferrequest WHERE enrollment_id = {person[4]}")[0][0]
    assert person[0] in people.page("sheng33", "/review/transfers/")
    released = people.send(
        "jidi33001",
        f"/base/transfers/{asked}/",
        {"effective_date": f"{today + 38 * DAY}", "destination": "第二家基地"},
        to=f"/base/transfers/{asked}/release/",
    )
    assert "现在可以导入此人" in released
    line = account_line(
        intake_year=str(person[3]), full_name=person[0], id_number=person[1], mobile=person[2]
    )
    page = "/base/imports/accounts/registry/"
    people.send(
        "jidi33002", page, {"token": str(uuid.uuid4())}, files={"file": ("转入.xlsx", workbook([line]))}
    )
    batch = ask("SELECT max(id) FROM bases_importbatch")[0][0]
    confirm = f"/base/imports/{batch}/confirm/"
    until(lambda: confirm in people.page("jidi33002", f"/base/imports/{batch}/"))
    people.send("jidi33002", f"/base/imports/{batch}/", {"mode": "good_rows"}, to=confirm)

    def where() -> list[tuple]:
        sql = "SELECT b.code FROM residents_enrollment e JOIN bases_trainingbase b ON b.id = e.base_id"
        return ask(f"{sql} WHERE e.resident_id = {person[5]} AND e.status <> '5' AND e.deleted_at IS NULL")

    until(lambda: where() == [("33002",)])

    # The second base goes over into the first on a later day, by the clock (AM-46).
    second = ask("SELECT id FROM bases_trainingbase WHERE code = '33002'")[0][0]
    plan = {
        "kind": "merged",
        "successor": "33001",
        "day": f"{today + 40 * DAY}",
        "reason": "国卫科教〔2026〕1号",
    }
    page = f"/review/successions/new/{second}/"
    assert "请确认" in people.send("cmda", page, plan)
    assert f"将于 {today + 40 * DAY} 办理" in people.send("cmda", page, plan | {"confirmed": "1"})
    assert where() == [("33002",)]
    people.on_day(41)
    until(lambda: where() == [("33001",)])
    assert person[0] in people.page("jidi33001", f"/base/records/registry/?q={person[1]}")
    assert person[0] in people.page("jidi33002", "/base/handed-over/")
    assert people.told("sheng33", "并入")

    # Its officer leaves, and is appointed again by whoever may (Y6).
    officer = ask("SELECT id FROM portal_user WHERE username = 'jidi33002'")[0][0]
    staff = f"/review/staff/base/{second}/"
    people.send("sheng33", staff, {"act": "dismiss", "confirmed": "1"}, to=f"{staff}{officer}/")
    assert "可以重新任用您的" in people.page("jidi33002", "/base/")
    first = ask("SELECT id FROM bases_trainingbase WHERE code = '33001'")[0][0]
    name = ask(f"SELECT full_name FROM portal_user WHERE id = {officer}")[0][0]
    appoint = f"/review/staff/base/{first}/new/"
    values = {"username": "jidi33002", "full_name": name, "mobile": "13800138000", "read_only": "0"}
    people.send("sheng33", appoint, values)
    assert person[0] in people.page("jidi33002", f"/base/records/registry/?q={person[1]}")
