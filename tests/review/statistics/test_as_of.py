"""截至日期: a statistic as of a moment is what was shown at that moment: AM-50; GOAL-N12."""

import random
from datetime import timedelta
from importlib import import_module

import pgtrigger
import pytest
from django.db import connection, transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bases.counts import differences
from bases.models import Movement, Submission
from residents.models import Enrollment
from review.statistics import cross_table as statistics
from review.statistics import export, full_export, returns
from review.successions import services
from tests.database import as_owner
from tests.review.statistics.lives import Life
from tests.review.statistics.test_lives import ACTS, SOURCES, is_possible
from tests.review.statistics.test_statistics_pages import NUMBER, workbook
from tests.width import examples

# The moments of movements are those of their transactions.
pytestmark = pytest.mark.django_db(transaction=True)

FILL = import_module("bases.migrations.0026_movements").FILL
TABLES = (("province", "type"), ("base", "sex"), ("status", "year"))


@pytest.fixture
def life(base, other_base, base_officer, other_base_officer, provincial_reviewer, cycle):
    """A function: the life of one more person over the bases A and B."""
    bases, officers = {"A": base, "B": other_base}, {"A": base_officer, "B": other_base_officer}
    return lambda: Life(bases, officers, provincial_reviewer, cycle.year)


def shown(user, as_of=None) -> dict:
    """Everything that the pages of 统计 and their files tell, now or as of a moment."""
    told = {}
    for source in SOURCES:
        found = statistics.for_list(statistics.counted(user, source, {}, as_of), as_of)
        told[source] = sorted((each.pk, bool(each.deleted_later)) for each in found)
        assert statistics.number(user, source, {}, as_of) == len(told[source])
        asked = {"source": source} | ({"as_of": as_of.isoformat()} if as_of else {})
        for sheet in (
            export.list_sheet(user, asked, unmasked=False),
            full_export.record_sheet(user, asked, unmasked=False),
        ):
            assert len(list(sheet.rows)) == len(told[source])
        for rows, columns in TABLES:
            table = statistics.counted_table(user, source, {}, rows, columns, as_of)
            beside = [
                each and (each.total, each.by_row, each.by_column) for each in (table.ended, table.waiting)
            ]
            told[source, rows] = (table.cells, table.total, table.row_totals, table.column_totals, beside)
            for value, number in table.row_totals.items():
                assert statistics.counted(user, source, {rows: value}, as_of).count() == number
    found = returns.returns(user, {}, as_of)
    table = returns.reasons_table(found, "base", as_of)
    told["returns"] = (sorted(found.values_list("pk", flat=True)), table.cells, table.total)
    return told


def cleared() -> None:
    """Everybody of an earlier example deleted, so that he counts nowhere but where nothing takes him out."""
    Enrollment.objects.update(approved_submission=None, intake_submission=None)
    Enrollment.objects.filter(deleted_at=None).update(deleted_at=timezone.now(), deleted_reason="上一例")


@pytest.mark.long
@settings(
    max_examples=examples(4),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    deadline=None,
)
@given(seed=st.integers(0, 10_000), length=st.integers(3, 12))
def test_as_of_any_moment_is_what_was_shown_then(life, national_officer, seed, length):
    """AM-50: "截至日期 on a statistic is the moment of the database (what was approved then, as shown then)"; also
    where the movements were found out afterwards, from the history of the records."""
    cleared()
    chance, lives, was_shown = random.Random(seed), [life(), life()], {}
    for one in lives:
        one.live(["recruits A"])
    for _ in range(length):
        one = chance.choice(lives)
        if not (possible := sorted({act for act in ACTS if is_possible(one, act)})):
            continue
        one.live([chance.choice(possible)])
        told = shown(national_officer)
        was_shown[timezone.now()] = told
    for moment, told in was_shown.items():
        assert shown(national_officer, moment) == told, moment
    assert differences() == {}
    with (
        as_owner(),
        transaction.atomic(),
        connection.cursor() as cursor,
        pgtrigger.ignore("bases.Movement:append_only"),
    ):
        Movement.objects.all().delete()
        for statement in FILL:
            cursor.execute(statement)
        assert differences() == {}
        for moment, told in was_shown.items():
            assert shown(national_officer, moment) == told, moment


def test_the_page_shows_a_day_with_its_lists_and_its_file(life, national_officer, signed_in):
    """GOAL-N12: "what was approved then, equal to what was shown then", and every number opens the people of then."""
    client = signed_in(national_officer)
    one = life().live(["recruits A", "approves A"])
    life().live(["recruits A", "approves A", "ends A", "approves A"])
    address = "/review/statistics/?rows=base&columns=type"
    before = client.get(address).context["table"]
    days_ago(10)
    # Later: one more, one gone to another base, one deleted.
    life().live(["recruits A", "approves A"])
    one.live(["withdraws A 11", "approves A"])
    then = (timezone.localdate() - timedelta(days=5)).isoformat()
    asked = f"{address}&day={then}"
    answer = client.get(asked)
    table, body = answer.context["table"], answer.content.decode()
    assert (table.cells, table.total, table.ended.total, table.waiting.total) == (
        before.cells,
        1,
        1,
        0,
    )
    assert f"截至 {then} 23:59:59" in body
    assert client.get(address).context["table"].waiting.total == 1
    links = [(link.replace("&amp;", "&"), int(number)) for link, number in NUMBER.findall(body)]
    assert links
    for link, number in links:
        listed = client.get(link)
        assert listed.context["page"].count == len(listed.context["page"].rows) == number
        assert f"截至 {then}" in listed.content.decode()
    book = workbook(client.post(asked.replace("/?", "/export/?")))
    assert any(f"截至 {then} 23:59:59" in str(line[0]) for line in book.active.iter_rows(values_only=True))
    query = f"source=current&day={then}"
    people = workbook(client.post(f"/review/statistics/records/export/?{query}", {"file_format": "xlsx"}))
    names = [line[4] for line in people.active.iter_rows(min_row=2, values_only=True)]
    assert names[:1] == [one.person.full_name]
    early = (timezone.localdate() - timedelta(days=20)).isoformat()
    assert client.get(f"{address}&day={early}").context["table"].total == 0
    at = client.get(f"{address}&day={timezone.localdate() - timedelta(days=10)}&clock=00:00")
    assert at.context["table"].total == 0


def days_ago(days: int) -> None:
    """What happened until now happened so many days ago."""
    with as_owner(), transaction.atomic(), pgtrigger.ignore():
        for moved in Movement.objects.all():
            Movement.objects.filter(pk=moved.pk).update(at=moved.at - timedelta(days=days))


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ("day=2099-01-01", "至今天之间"),
        ("day=2001-01-01", "至今天之间"),
        ("day=0001-01-01", "日期应在"),
        ("day=9999-12-31", "日期应在"),
        ("day=昨天", "截至日期格式不正确"),
        ("clock=12:00", "请一并填写截至日期"),
        ("day=2026-11-01&clock=25:00", "时刻格式不正确"),
    ],
)
def test_a_moment_that_cannot_be_is_refused_in_words(asked, words, national_officer, signed_in):
    client = signed_in(national_officer)
    for page in ("/review/statistics/", "/review/statistics/records/", "/review/statistics/returns/"):
        answer = client.get(f"{page}?{asked}")
        assert answer.status_code == 200
        assert words in answer.content.decode(), page


def test_today_is_now(life, national_officer, signed_in):
    life().live(["recruits A", "approves A"])
    answer = signed_in(national_officer).get(f"/review/statistics/?day={timezone.localdate()}")
    assert answer.context["table"].total == 1
    assert "截至 2" not in answer.content.decode()


def test_movements_are_never_altered(life):
    life().live(["recruits A", "approves A"])
    with pytest.raises(Exception, match="permission denied|Cannot update"), transaction.atomic():
        Movement.objects.update(number=0)
    assert Submission.objects.filter(movements__number=1).exists()


def test_the_day_before_a_move_shows_the_province_of_then(
    life, base, other_province, national_officer, signed_in
):
    """AM-46, AM-50: the table, its list and every source of what counts now; both overviews say which province."""
    one = life().live(["recruits A", "approves A"])
    days_ago(10)
    services.decide(
        base,
        kind="moved",
        successor=None,
        province=other_province,
        day=timezone.localdate(),
        reason="行政区划调整",
        takes_staff=False,
        by=national_officer,
    )
    client = signed_in(national_officer)
    then = (timezone.localdate() - timedelta(days=5)).isoformat()
    for source in ("current", "all", "intake"):
        address = f"/review/statistics/?source={source}&rows=province&columns=status"
        now = "33" if source == "intake" else other_province.pk
        assert client.get(address).context["table"].row_totals == {now: 1}
        assert client.get(f"{address}&day={then}").context["table"].row_totals == {"33": 1}
        listed = client.get(f"/review/statistics/records/?source={source}&province=33&day={then}")
        (row,) = listed.context["page"].rows
        assert (row.full_name, row.province_id) == (one.person.full_name, "33")
    for page in ("/review/national/", "/review/funnel/", "/review/funnel/circular/"):
        assert "按现在所属的" in client.get(page).content.decode()
    intake = client.get("/review/statistics/?source=intake&rows=province&columns=status").content.decode()
    assert "省份和培训基地也是当时的" in intake
