"""The pages of editions: the register, the comparison, a statistic of an edition (GOAL-N7)."""

import re

import pytest
from django.urls import reverse
from django.utils import timezone

from bases.models import Source
from review.editions import comparison, services
from review.models import Edition, Export
from review.statistics import cross_table as live
from review.statistics import frozen
from tests import factories

pytestmark = pytest.mark.django_db
LIVED = ["recruits A", "approves A"]


@pytest.fixture
def two(life, freeze):
    """Two editions: one person stays, one leaves, one comes, of one the 培训状态 and the base change."""
    lives = {name: life().live(LIVED) for name in ("stays", "leaves", "pauses")}
    old = freeze()
    lives["leaves"].live(["withdraws A 14", "approves A"])
    lives["pauses"].live(["pauses A", "approves A"])
    lives["comes"] = life().live(["recruits B", "approves B"])
    return old, freeze(kind="correction", reason="更正漏报"), lives


def test_two_editions_are_compared_person_by_person(two, national_officer):
    """GOAL-N7: "two editions compared person by person (came, left, changed: old → new)"."""
    old, new, lives = two
    found = {}
    for which in comparison.SIDES:
        people = comparison.side(old.pk, new.pk, which, {})
        found[which] = [each.resident_id for each in people]
    assert found == {
        "came": [lives["comes"].person.pk],
        "left": [lives["leaves"].person.pk],
        "changed": [lives["pauses"].person.pk],
    }
    people = list(comparison.for_list(comparison.side(old.pk, new.pk, "changed", {})))
    (compared,) = comparison.compare(people, old, new, "changed")
    assert ("培训状态", "在培", "暂停") in [(each.label, each.old, each.new) for each in compared.differences]
    gone = list(comparison.for_list(comparison.side(old.pk, new.pk, "left", {})))
    (compared,) = comparison.compare(gone, old, new, "left")
    assert ("计入", "现有人员", "退培") in [(each.label, each.old, each.new) for each in compared.differences]


def test_an_edition_against_itself_differs_in_nothing(two):
    _, new, _ = two
    assert all(not comparison.side(new.pk, new.pk, which, {}).exists() for which in comparison.SIDES)


def test_the_comparison_is_paged_and_exported(two, national, django_assert_max_num_queries):
    old, new, lives = two
    address = reverse("review:edition-compare", args=[new.pk, old.pk])
    national.get(address)  # the session is written at the first page only
    with django_assert_max_num_queries(16):
        page = national.get(address, {"side": "changed"})
    text = page.content.decode()
    assert lives["pauses"].person.id_number not in text
    assert "暂停" in text
    sent = national.post(reverse("review:edition-compare-export", args=[new.pk, old.pk]) + "?side=came", {})
    assert sent.status_code == 200
    assert b"".join(sent.streaming_content)[:2] == b"PK"
    assert Export.objects.get().rows == 1


def test_a_province_sees_its_own_part_only(two, signed_in):
    old, new, lives = two
    stranger = factories.UserFactory(role="province")
    factories.grant(stranger, factories.TrainingBaseFactory(province_id="44").province)
    client = signed_in(stranger)
    text = client.get(reverse("review:edition", args=[new.pk])).content.decode()
    assert re.findall(r'tile-number">(\d+)', text) == ["0"] * 5
    for which in comparison.SIDES:
        page = client.get(reverse("review:edition-compare", args=[new.pk, old.pk]), {"side": which})
        assert page.context["page"].rows == []
    assert client.get(reverse("review:edition-people", args=[new.pk])).context["page"].rows == []


@pytest.mark.parametrize(("rows", "columns"), [("province", "type"), ("base", "sex"), ("status", "years")])
def test_any_statistic_can_be_asked_of_an_edition(two, national_officer, rows, columns):
    """GOAL-N7: "any statistic can be asked of an edition"; what was frozen last is what the live statistic shows."""
    old, new, _ = two
    for source in frozen.SOURCES:
        mine = frozen.counted_table(national_officer, new, source, {}, rows, columns)
        shown = live.counted_table(national_officer, source, {}, rows, columns)
        assert (mine.cells, mine.row_totals, mine.total) == (shown.cells, shown.row_totals, shown.total)
        for value, number in mine.row_totals.items():
            assert frozen.counted(national_officer, new.pk, source, {rows: value}).count() == number
    assert frozen.counted_table(national_officer, old, "current", {}, rows, columns).total == 3


def test_the_page_of_statistics_opens_the_people_of_the_edition(two, national):
    """GOAL-N7, GOAL-P7: every cell opens as many as it says."""
    old, _, lives = two
    page = national.get(reverse("review:statistics"), {"edition": old.pk})
    assert page.context["table"].total == 3
    lines = page.context["lines"]
    total = next(each for each in lines if each.get("is_total"))
    listed = national.get(total["link"])
    assert listed.context["page"].count == 3
    assert lives["leaves"].person.full_name in listed.content.decode()
    exported = national.post(
        f"{reverse('review:statistics-records-export')}?{total['link'].partition('?')[2]}", {}
    )
    assert exported.status_code == 200
    assert Export.objects.latest("pk").rows == 3
    refused = national.get(reverse("review:statistics"), {"edition": old.pk, "source": Source.ALL})
    assert "年度版按人统计" in refused.content.decode()


def test_freezing_from_the_page(life, national, django_capture_on_commit_callbacks):
    """GOAL-N7: ordered with a reason where it is no first one; the register says who, when, how many, which hash."""
    life().live(LIVED)
    asked = {"year": "2026", "kind": "first", "facts_on": timezone.localdate().isoformat()}
    with django_capture_on_commit_callbacks(execute=True):
        assert national.post(reverse("review:edition-new"), asked).status_code == 302
    edition = Edition.objects.get()
    text = national.get(reverse("review:editions")).content.decode()
    assert edition.sha256[:12] in text
    again = national.post(reverse("review:edition-new"), asked | {"kind": "correction"}).content.decode()
    assert "请写明原因" in again
    again = national.post(reverse("review:edition-new"), asked).content.decode()
    assert "已有第 1 版" in again
    with django_capture_on_commit_callbacks(execute=True):
        national.post(reverse("review:edition-check", args=[edition.pk]))
    national.post(reverse("review:edition-erratum", args=[edition.pk]), {"text": "某基地少报 2 人"})
    text = national.get(reverse("review:edition", args=[edition.pk])).content.decode()
    assert text.count("与封版时一致") == 2
    assert "某基地少报 2 人" in text


def test_a_failed_freeze_is_told(life, national, national_officer, monkeypatch):
    ordered = services.order(year=2026, kind="first", facts_on=timezone.localdate(), by=national_officer)
    monkeypatch.setattr(services, "_freeze", lambda _: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        services.freeze(ordered.job_id)
    text = national.get(reverse("review:editions")).content.decode()
    assert "没有封成" in text
    assert not Edition.objects.exists()
