"""上报前检查 as a table that can be checked: GOAL-B18; of many it is the worker's: GOAL-B8; TRUST-51."""

import datetime
import io

import openpyxl
import pytest
from django.db import connection
from django.http import Http404
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from bases.report import checklist
from bases.report.services import DECLARATION
from portal import deeds, retention
from portal.models import AuditEvent, Deed, Job, Message, Step
from residents.models import Disclosure, Enrollment
from residents.pinyin import pinyin_key
from tests import factories
from tests.bases.desk import close, complete, page, state, told

# What is queued is so once its transaction ends.
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def three(base, cycle):
    """Ready to be reported: two of 儿科 and 内科, one of whom earns a warning, one of another start."""
    rows = [complete(base, cycle.year) for _ in range(3)]
    for row, name, start in zip(rows, ("张三", "李四", "王五"), (2, 3, 1), strict=True):
        row.resident.full_name, row.resident.name_key = name, pinyin_key(name)
        row.resident.save()
        day = datetime.date(cycle.year, 9, start)
        Enrollment.objects.filter(pk=row.pk).update(actual_start_date=day)
    Enrollment.objects.filter(pk=rows[1].pk).update(is_fresh_graduate=True)
    return rows


def test_a_report_that_nobody_reviews_is_said_before_and_after(desk, three, cycle):
    """AM-03: the review is over while reports are still taken: the page and the answer say so, and do not promise a
    review."""
    assert "无人审核" not in page(desk.get("/base/report/", chosen(three)))
    close(cycle, Step.REVIEW)
    body = page(desk.get("/base/report/", chosen(three)))
    assert "上报的 3 条招收信息在重新开放审核以前无人审核" in body
    assert "上报后由省级卫生健康委科教处审核" not in body
    sent = {"ids": ",".join(str(row.pk) for row in three), "declared": "on"}
    assert "上报的 3 条招收信息在重新开放审核以前无人审核" in told(desk.post("/base/report/", sent))


def chosen(rows) -> dict:
    return {"choice": [row.pk for row in rows]}


def cells(body: str, label: str) -> list[str]:
    return [part.split("</td>")[0].strip() for part in body.split(f'data-label="{label}"')[1:]]


def test_each_is_a_line_with_what_is_to_be_checked(desk, three):
    """GOAL-B18: "a table of what will be reported (specialty, 人员类型, years, dates, warnings)"."""
    body = page(desk.get("/base/report/", chosen(three)))
    for label in checklist.HEADERS:
        assert label in body
    for row in three:
        row.refresh_from_db()
        assert row.resident.full_name in body
        assert row.resident.id_number not in body
        assert f"{row.actual_start_date}" in body
        assert f"{row.planned_end_date}" in body
    assert len(cells(body, "提醒")) == 3
    assert "其中 1 条有提醒" in body


@pytest.mark.parametrize(
    "sort", [*checklist._SORTS, *(f"-{name}" for name in checklist._SORTS), "x", "²", ""]
)
def test_table_is_sorted_by_each_head(desk, three, sort):
    """GOAL-B18: sortable; a word that is none sorts as ever."""
    response = desk.get("/base/report/", chosen(three) | {"sort": sort})
    rows = response.context["ready"]
    assert {row.pk for row in rows} == {row.pk for row in three}
    if sort in ("start", "-start"):
        days = [row.actual_start_date for row in rows]
        assert days == sorted(days, reverse=sort.startswith("-"))
    if sort == "name":
        assert [row.resident.full_name for row in rows] == ["李四", "王五", "张三"]
    if sort == "warnings":
        assert rows[0].pk == three[1].pk
    if sort == "-warnings":
        assert rows[-1].pk == three[1].pk
    now = [head for head in response.context["heads"] if head.order]
    assert [head.order for head in now] == ["descending" if sort.startswith("-") else "ascending"]


def test_paper_has_every_line_the_declaration_and_places_to_sign(desk, three, base):
    body = page(desk.get("/base/report/sheet/", chosen(three)))
    for row in three:
        assert row.resident.full_name in body
        assert row.resident.id_number not in body
    assert DECLARATION in body
    assert "签名" in body
    assert base.name in body


def sheet(answer) -> list[tuple]:
    assert answer.status_code == 200, answer
    book = openpyxl.load_workbook(io.BytesIO(answer.content))
    return list(book.active.iter_rows(values_only=True))


def test_file_holds_the_table_masked(desk, three, base_officer):
    """TRUST-51: and the log says that it left."""
    query = "&".join(f"choice={row.pk}" for row in three)
    lines = sheet(desk.post(f"/base/report/export/?{query}&sort=name"))
    assert lines[0] == checklist.HEADERS
    assert [line[0] for line in lines[1:4]] == ["李四", "王五", "张三"]
    assert all("*" in line[1] for line in lines[1:4])
    assert DECLARATION in {line[0] for line in lines[4:]}
    event = AuditEvent.objects.get(action="export")
    assert (event.detail["masked"], event.detail["rows"], event.actor) == (True, 3, base_officer)
    assert not Disclosure.objects.exists()


def test_file_in_full_asks_for_a_purpose_and_names_the_persons(desk, three):
    """GOAL-S9, TRUST-51."""
    query = "&".join(f"choice={row.pk}" for row in three)
    refused = desk.post(f"/base/report/export/?{query}", {"unmasked": "on", "purpose": "看"})
    assert "请填写查看目的" in told(refused)
    assert not AuditEvent.objects.filter(action="export").exists()
    lines = sheet(desk.post(f"/base/report/export/?{query}", {"unmasked": "on", "purpose": "科室核对签字"}))
    assert {line[1] for line in lines[1:4]} == {row.resident.id_number for row in three}
    event = AuditEvent.objects.get(action="export")
    assert event.detail["purpose"] == "科室核对签字"
    assert set(Disclosure.objects.get(event=event).residents) == {row.resident_id for row in three}


def test_another_base_sees_and_takes_nothing(three, signed_in, other_base_officer):
    client = signed_in(other_base_officer)
    query = "&".join(f"choice={row.pk}" for row in three)
    assert client.get(f"/base/report/?{query}").context["ready"] == []
    assert len(sheet(client.post(f"/base/report/export/?{query}"))) < 6
    assert three[0].resident.full_name not in page(client.get(f"/base/report/sheet/?{query}"))


def test_lines_cost_no_queries(desk, base, cycle, django_assert_num_queries):
    rows = [complete(base, cycle.year) for _ in range(4)]
    desk.get("/base/report/")
    with CaptureQueriesContext(connection) as one:
        desk.get("/base/report/", chosen(rows[:1]))
    with django_assert_num_queries(len(one)):
        desk.get("/base/report/", chosen(rows))


# --- many ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def many(monkeypatch):
    """More than two are many; what is queued is done when told."""
    queued: list[int] = []
    monkeypatch.setattr(deeds, "MOST_AT_ONCE", 2)
    monkeypatch.setattr(deeds, "_enqueue", lambda job: queued.append(job.pk))
    return queued


def checked(desk, rows, queued) -> str:
    """The address of the page of what the worker found."""
    query = "&".join(f"choice={row.pk}" for row in rows)
    desk.post(f"/base/report/check/?{query}&next=/base/records/intake/?stage=ready")
    deeds.do(queued.pop())
    return Deed.objects.latest("pk").link


def test_many_are_checked_by_the_worker_and_then_reported(desk, three, base, cycle, many):
    """GOAL-B8, GOAL-B18: no page examines thousands; what was found stands in the same table."""
    blocked = factories.EnrollmentFactory(base=base, intake_year=cycle.year)
    rows = [*three, blocked]
    asked = page(desk.get("/base/report/", chosen(rows)))
    assert "选中 4 条" in asked
    assert three[0].resident.full_name not in asked
    address = checked(desk, rows, many)
    shown = desk.get(address)
    assert {row.pk for row in shown.context["ready"]} == {row.pk for row in three}
    assert [row for row, _ in shown.context["blocked"]] == [blocked]
    assert f'href="/base/records/{blocked.pk}/training/#id_specialty_box"' in page(shown)
    assert shown.context["back"] == "/base/records/intake/?stage=ready"
    assert len(sheet(desk.post(address.replace("/report/?", "/report/export/?")))) > 4
    assert three[0].resident.full_name in page(desk.get(address.replace("/report/?", "/report/sheet/?")))
    assert desk.post(address).status_code == 422
    desk.post(address, {"declared": "on"})
    deeds.do(many.pop())
    assert {state(row) for row in three} == {("1", "1")}


def test_only_the_page_in_sight_is_loaded(desk, three, many, monkeypatch):
    monkeypatch.setattr("bases.report.views.PAGE_SIZE", 2)
    address = checked(desk, three, many)
    names = {row.pk for number in (1, 2) for row in desk.get(f"{address}&page={number}").context["ready"]}
    assert names == {row.pk for row in three}
    assert len(desk.get(f"{address}&page=1").context["ready"]) == 2


def test_findings_are_his_who_asked_and_of_what_is_still_his(
    desk, three, many, signed_in, other_base_officer, other_base, base_officer
):
    """GOAL-S1."""
    address = checked(desk, three, many)
    assert signed_in(other_base_officer).get(address).status_code == 404
    for odd in ("check=0", "check=²", "check=", "check=99999999999"):
        assert desk.get(f"/base/report/?{odd}").status_code == 404
    Enrollment.objects.filter(pk=three[0].pk).update(deleted_at=timezone.now(), deleted_reason="x")
    found = checklist.kept(Deed.objects.get().pk, base_officer)
    assert set(found.ready) == {row.pk for row in three[1:]}
    with pytest.raises(Http404):
        checklist.kept(Deed.objects.get().pk, other_base_officer)


def test_findings_are_forgotten_on_their_day(desk, three, many):
    """TRUST-79."""
    address = checked(desk, three, many)
    assert deeds.forget_findings() == 0
    Job.objects.update(
        created_at=timezone.now() - retention.KINDS["deeds"].lasts - datetime.timedelta(hours=1)
    )
    assert deeds.forget_findings() == 1
    assert Deed.objects.get().found == {}
    assert "没有选中记录" in page(desk.get(address))
    assert deeds.forget_findings() == 0


def test_a_long_address_is_no_hindrance(desk, three, many):
    """The filter of a list holds fifty characters, each nine letters in an address."""
    back = f"/base/records/intake/?q={'%E9%BD%89' * 50}"
    query = "&".join(f"choice={row.pk}" for row in three)
    desk.post(f"/base/report/check/?{query}", {"next": back})
    deeds.do(many.pop())
    deed = Deed.objects.get()
    assert deed.job.state == "done"
    assert desk.get(deed.link).context["back"] == back
    assert Message.objects.get(kind="deed").link == reverse("portal:deed", args=[deed.pk])


def test_filled_template_of_many_is_made_by_the_worker(desk, three, many, signed_in, other_base_officer):
    """GOAL-B8: fetched from its page, and each time by the one gate."""
    address = reverse("bases:import-template", args=["training", "intake"])
    at_once = _template(desk.post(address, {"range": "selected", "choice": three[0].pk}))
    assert len(at_once) == 2
    answer = desk.post(address, {"range": "all"})
    assert AuditEvent.objects.filter(action="export").count() == 1
    deeds.do(many.pop())
    deed = Deed.objects.get()
    assert answer["Location"] == reverse("portal:deed", args=[deed.pk])
    assert "下载" in page(desk.get(answer["Location"]))
    lines = _template(desk.get(deed.link))
    numbers = {cell for line in lines[1:] for cell in line}
    assert {row.resident.id_number for row in three} <= numbers
    assert AuditEvent.objects.filter(action="export").count() == 2
    event = AuditEvent.objects.filter(action="export").latest("pk")
    assert set(Disclosure.objects.get(event=event).residents) == {row.resident_id for row in three}
    assert signed_in(other_base_officer).get(deed.link).status_code == 404
    Job.objects.update(
        created_at=timezone.now() - retention.KINDS["deeds"].lasts - datetime.timedelta(hours=1)
    )
    assert deeds.forget_findings() == 1
    assert desk.get(deed.link).status_code == 404


def _template(answer) -> list[tuple]:
    assert answer.status_code == 200, answer
    return list(openpyxl.load_workbook(io.BytesIO(answer.content)).worksheets[0].iter_rows(values_only=True))


def test_forms_about_thousands_name_the_first_and_send_all(desk, base, cycle, monkeypatch):
    """GOAL-B8: 退回 and 提醒 load what their page shows."""
    monkeypatch.setattr("bases.personal.views.MOST_NAMED", 2)
    rows = [complete(base, cycle.year) for _ in range(4)]
    for address, number in (("/base/personal/return/", "4 条"), ("/base/personal/remind/", "4 人")):
        shown = desk.get(address, {"range": "all", "module": "intake"})
        body = page(shown)
        assert len(shown.context["records"]) == 2
        assert shown.context["ids"] == [row.pk for row in rows]
        assert f'name="ids" value="{",".join(str(row.pk) for row in rows)}"' in body
        assert "等" in body
        assert number in body
