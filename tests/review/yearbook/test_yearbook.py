"""年鉴: cohorts, trends, rates with their definitions, the three first-time pass rates apart (GOAL-N11, GOAL-P13)."""

import io
import re
from datetime import timedelta

import openpyxl
import pytest
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from review.editions import canonical
from review.models import ExamEntry, ExamSession, IntakeTarget
from review.yearbook.definitions import DEFINITIONS
from review.yearbook.tables import yearbook
from tests import factories

pytestmark = pytest.mark.django_db
LIVED = ["recruits A", "approves A"]
ENDED = [*LIVED, "ends A", "approves A"]


def table(user, edition, number):
    return next(each for each in yearbook(user, edition) if each.key == f"year-{number}")


def told(found, line: str) -> dict[str, object]:
    row = next(each for each in found.lines if each.name.startswith(line))
    return dict(zip(found.headers[1:], [figure.shown for figure in row.figures], strict=True))


@pytest.fixture
def edition(life, freeze):
    """Of five: two in training, one of whom is paused, one ended, one withdrawn, one on the way."""
    for acts in (
        LIVED,
        [*LIVED, "pauses A", "approves A"],
        ENDED,
        [*LIVED, "withdraws A 13", "approves A"],
        [*LIVED, "withdraws A 11", "approves A"],
    ):
        life().live(acts)
    return freeze()


def test_a_cohort_says_where_they_are_now(edition, national_officer, cycle):
    """GOAL-N11: "cohorts (of those recruited in Y, where are they now)"; parts add up to the whole."""
    found = told(table(national_officer, edition, 3), str(cycle.year))
    assert found["入培"] == "5"
    assert [found[key] for key in ("在培", "延期", "暂停", "结束", "转出待入", "退培")] == [
        "1",
        "0",
        "1",
        "1",
        "1",
        "1",
    ]
    assert (found["退培：辞职"], found["队列退培率"]) == ("1", "20.0%")


def test_every_rate_is_defined_and_nothing_divided_by_nothing(edition, national_officer, national):
    tables = yearbook(national_officer, edition)
    rates = {header for each in tables for header in each.headers if header.endswith("率")}
    assert rates <= DEFINITIONS.keys()
    assert told(tables[0], "合计")["招收完成率"] == "—"
    assert told(tables[3], "合计")["首次参考通过率"] == "—"
    text = national.get(reverse("review:yearbook")).content.decode()
    for words in (*DEFINITIONS, edition.sha256, "目录", "截止日"):
        assert words in text
    for each in tables:
        assert len(each.charted) <= 8
        assert set(each.charted) <= set(each.headers)
        assert f'data-chart-of="{each.key}"' in text


@pytest.mark.parametrize(
    "lines", [{}, {"by": "specialty"}, {"specialty": "0100"}, {"by": "specialty", "specialty": "0100"}]
)
def test_each_figure_opens_its_people(edition, national_officer, national, lines):
    """GOAL-P7: those of the edition, as many as it says; a rate with people opens theirs."""
    opened = set()
    for each in yearbook(national_officer, edition, **lines):
        for line in each.lines:
            for header, figure in zip(each.headers[1:], line.figures, strict=True):
                if figure.link:
                    page = national.get(figure.link).context["page"]
                    assert page.count == figure.value or str(figure.value).endswith("%")
                    opened.add((each.key, header))
    assert {key for key, _ in opened} >= {"year-1", "year-2", "year-3", "year-6"}
    assert ("year-3", "退培：辞职") in opened


def test_whoever_is_recruited_later_is_counted_nowhere(life, freeze, national_officer, cycle):
    """AM-50: who begins after the 截止日 is no 入培, in S1 as in S3."""
    life().live(LIVED)
    edition = freeze(facts_on=timezone.localdate() - timedelta(days=800))
    assert told(table(national_officer, edition, 1), "合计")["入培"] == "0"
    assert told(table(national_officer, edition, 3), str(cycle.year))["入培"] == "0"


def test_lines_by_specialty_add_up_to_the_whole(edition, national_officer, national):
    """S1 … S6 by specialty: the same people; the year's work, which knows none, is left out."""
    by_unit = {each.key: each for each in yearbook(national_officer, edition)}
    by_specialty = {each.key: each for each in yearbook(national_officer, edition, by="specialty")}
    assert set(by_unit) - set(by_specialty) == {"year-7"}
    for key, found in by_specialty.items():
        if found.headers[0] == "培训专业":
            assert [each.value for each in found.lines[-1].figures] == [
                each.value for each in by_unit[key].lines[-1].figures
            ]
    text = national.get(reverse("review:yearbook"), {"specialty": "0100"}).text
    assert "培训专业：内科" in text


def test_an_address_that_names_no_figure_says_so(edition, national):
    """Nothing odd asks for everybody."""
    address = reverse("review:yearbook-people")
    for asked in (
        {},
        {"edition": edition.pk, "kind": "nobody"},
        {"edition": edition.pk, "kind": "current", "year": "x"},
    ):
        answer = national.get(address, asked)
        assert answer.status_code == 422
        assert "处需要修改" in answer.text


def test_the_three_first_time_rates_stand_apart(
    life, freeze, province, provincial_reviewer, base_officer, national_officer, cycle
):
    """GOAL-P13: of those who sat, of those who should have sat, of three years."""
    year = cycle.year

    def sits(one, in_year, result):
        session, _ = ExamSession.objects.get_or_create(
            province=province,
            year=in_year,
            name=f"{in_year} 年",
            defaults={
                "due_until": timezone.localdate(),
                "confirm_until": timezone.localdate(),
                "made_by": provincial_reviewer,
            },
        )
        ExamEntry.objects.create(
            session=session,
            enrollment=one.of("A"),
            confirmed_by=base_officer,
            accepted_by=provincial_reviewer,
            accepted_at=timezone.now() - timedelta(days=1),
            result=result,
        )

    one, two, three, four = (life().live(LIVED) for _ in range(4))
    sits(one, year - 1, "2")
    sits(one, year, "1")
    sits(two, year, "1")
    sits(three, year, "3")
    sits(four, year, "2")
    found = told(table(national_officer, freeze(), 4), "合计")
    names = ("首次应考", "首次参加", "首次通过", "首次参考通过率", "首次应考通过率", "三年合并首次通过率")
    assert [found[name] for name in names] == ["3", "2", "1", "50.0%", "33.3%", "33.3%"]


def test_trends_mark_a_year_whose_rules_are_others(life, freeze, national_officer, monkeypatch, cycle):
    """GOAL-N11: "a mark where a definition changed"."""
    life().live(LIVED)
    freeze(year=cycle.year - 1)
    monkeypatch.setattr(canonical, "RULES", "AM-32 AM-50 v2")
    life().live(LIVED)
    found = table(national_officer, freeze(), 6)
    assert [line.name[:4] for line in found.lines] == [str(cycle.year - 1), str(cycle.year)]
    assert ["▲" in str(line.figures[-1].value) for line in found.lines] == [False, True]
    now = told(found, str(cycle.year))
    assert (now["现有人员"], now["年度退培率"]) == ("2", "0.0%")
    assert told(found, str(cycle.year - 1))["年度退培率"] == "—"


def test_a_province_has_its_own_bases(edition, signed_in, provincial_reviewer, base):
    client = signed_in(provincial_reviewer)
    found = client.get(reverse("review:yearbook")).context["tables"][1]
    assert [line.name for line in found.lines] == [base.name, "合计"]
    stranger = factories.UserFactory(role="province")
    factories.grant(stranger, factories.TrainingBaseFactory(province_id="44").province)
    other = signed_in(stranger).get(reverse("review:yearbook")).context["tables"][1]
    assert [line.name for line in other.lines] == ["合计"]


def hand_in(client, *rows):
    book = openpyxl.Workbook()
    book.active.append(["年度", "培训基地", "培训专业", "任务数", "录取数"])
    for row in rows:
        book.active.append(row)
    content = io.BytesIO()
    book.save(content)
    token = client.get(reverse("review:targets")).context["form"]["token"].value()
    file = SimpleUploadedFile("任务.xlsx", content.getvalue())
    return client.post(reverse("review:targets"), {"token": token, "file": file})


def test_targets_by_workbook_make_the_rates(
    edition, signed_in, provincial_reviewer, national_officer, base, cycle
):
    """GOAL-N11: 招收完成率 and 报到率; all rows or none; the same again replaces."""
    client, year = signed_in(provincial_reviewer), str(cycle.year)
    wrong = hand_in(client, [year, base.name, "内科", "10", "8"], [year, "没有的医院", "内科", "x", ""])
    assert wrong.status_code == 422
    assert "B3" in re.sub(r"\s", "", wrong.content.decode())
    assert not IntakeTarget.objects.exists()
    hand_in(client, [year, base.code, "内科", "20", "10"])
    hand_in(client, [year, base.name, "0100", "10", "8"])
    target = IntakeTarget.objects.get()
    assert (target.planned, target.admitted) == (10, 8)
    cache.clear()
    found = told(table(national_officer, edition, 1), "浙江省")
    assert (found["入培"], found["招收完成率"], found["报到率"]) == ("5", "50.0%", "62.5%")


def test_whoever_may_only_look_hands_in_no_targets(signed_in, province):
    """TRUST-28."""
    reader = factories.UserFactory(role="province")
    factories.grant(reader, province, read_only=True)
    client = signed_in(reader)
    assert client.post(reverse("review:targets")).status_code == 403
    assert "任务和录取</a>" not in client.get(reverse("review:yearbook")).text


def test_a_table_leaves_as_a_workbook(edition, national):
    sent = national.post(reverse("review:yearbook-export", args=[edition.pk]), {"table": "year-3"})
    sheet = openpyxl.load_workbook(io.BytesIO(b"".join(sent.streaming_content))).active
    assert sheet.cell(1, 1).value.endswith("届别队列")
