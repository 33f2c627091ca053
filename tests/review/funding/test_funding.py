"""经费核算: persons each once, by rules that have versions; figures open their people; the balance is explained."""

import io
from datetime import date, timedelta

import openpyxl
import pytest
from django.db import InternalError, ProgrammingError, transaction
from django.urls import reverse
from django.utils import timezone

from bases.board.today import from_above
from residents.models import Enrollment
from residents.services.states import StateMoved
from review.funding import balance, services
from review.funding.basis import Basis
from review.funding.verdicts import Reason
from review.models import BalanceNote, EditionPerson, Export, FundingRules, Signature
from review.signatures import services as signatures
from review.signatures.services import Part

pytestmark = pytest.mark.django_db
LIVED = ["recruits A", "approves A"]
ENDED = [*LIVED, "ends A", "approves A"]
RULES = {
    "statuses": ["1"],
    "trainee_types": ["1", "2", "3"],
    "counts_overrun": False,
    "shortage": ["0700"],
    "amount": 30_000,
    "basis": "测试口径",
}


@pytest.fixture
def rules(national_officer, cycle):
    return services.save_rules({"year": cycle.year, **RULES}, by=national_officer)


@pytest.fixture
def kinds(life):
    """One person each: counts, paused, ended, withdrawn, waiting."""
    acts = {
        "counts": LIVED,
        "paused": [*LIVED, "pauses A", "approves A"],
        "ended": ENDED,
        "left": [*LIVED, "withdraws A 13", "approves A"],
        "waiting": [*LIVED, "withdraws A 11", "approves A"],
    }
    return {name: life().live(each) for name, each in acts.items()}


def reasons(basis, user) -> dict[int, str]:
    with basis.people(user) as found:
        return dict(found.values_list("resident", "reason"))


def of(edition, rules) -> Basis:
    return Basis(rules, edition.order.facts_on, edition.order.taken_at, edition)


def on_trial(rules, province="33", day=None) -> Basis:
    return Basis(rules, day or timezone.localdate(), timezone.now(), province=province)


def test_persons_each_once_count_or_have_a_reason(kinds, freeze, rules, national_officer):
    """GOAL-N9: "persons, each once"; an edition and a trial of the same moment say the same."""
    found = reasons(of(freeze(), rules), national_officer)
    assert found == {
        kinds["counts"].person.pk: "",
        kinds["paused"].person.pk: Reason.STATUS,
        kinds["ended"].person.pk: Reason.ENDED,
        kinds["left"].person.pk: Reason.LEFT,
        kinds["waiting"].person.pk: Reason.WAITING,
    }
    assert reasons(on_trial(rules), national_officer) == found
    assert reasons(on_trial(rules, "44"), national_officer) == {}


def test_the_approved_years_end_what_counts(life, freeze, rules, national_officer, cycle):
    """Who has had all his years counts no more, unless the rules say so."""
    one = life().live(LIVED)
    edition = freeze(facts_on=timezone.localdate())
    person = EditionPerson.objects.get(edition=edition)
    start = person.started_on
    last_day = date(start.year + 3, start.month, start.day) - timedelta(days=1)
    for day, reason in ((last_day, ""), (last_day + timedelta(days=1), Reason.OVERRUN)):
        basis = Basis(rules, day, edition.order.taken_at, edition)
        assert reasons(basis, national_officer) == {one.person.pk: reason}
    late = services.save_rules({"year": cycle.year, **RULES, "counts_overrun": True}, by=national_officer)
    assert reasons(
        Basis(late, last_day + timedelta(days=9), edition.order.taken_at, edition), national_officer
    ) == {one.person.pk: ""}


def test_rules_have_versions_and_are_never_changed(rules, national_officer, cycle):
    """GOAL-N9: rules are versioned by the association; the last year's hold until there are new ones."""
    second = services.save_rules({"year": cycle.year, **RULES, "amount": 40_000}, by=national_officer)
    assert (second.number, services.rules_of(cycle.year), services.rules_of(cycle.year + 3)) == (
        2,
        second,
        second,
    )
    assert services.rules_of(cycle.year - 1) is None
    with pytest.raises((InternalError, ProgrammingError)), transaction.atomic():
        FundingRules.objects.filter(pk=rules.pk).update(amount=1)


def test_every_figure_opens_its_people(kinds, freeze, rules, national, base, signed_in, base_officer):
    """GOAL-N9: "every cell opens its people", from the nation down to a base, of an edition and as a trial."""
    edition = freeze()
    for client, asked in (
        (national, {"edition": edition.pk}),
        (national, {"edition": edition.pk, "province": "33"}),
        (national, {"edition": edition.pk, "base": base.pk}),
        (national, {"edition": "", "province": "33", "base": base.pk}),
        (signed_in(base_officer), {"edition": edition.pk}),
    ):
        page = client.get(reverse("review:funding"), asked)
        lines = page.context["table"].lines
        assert [each.is_total for each in lines] == [False] * (len(lines) - 1) + [True]
        amount = page.context["table"].headers.index("金额（元）") - 1
        assert lines[-1].figures[amount].value == 30_000
        linked = [figure for line in lines for figure in line.figures if figure.link]
        assert linked
        for figure in linked:
            listed = client.get(figure.link)
            assert listed.context["page"].count == len(listed.context["page"].rows) == figure.value
    told = page.context["table"].headers
    assert [f"不计：{reason.label}" in told for reason in (Reason.STATUS, Reason.OVERRUN)] == [True, False]


def test_a_base_sees_its_own_people_only(kinds, freeze, rules, signed_in, other_base_officer):
    freeze()
    page = signed_in(other_base_officer).get(reverse("review:funding-people"))
    assert page.context["page"].rows == []


def test_the_workbook_is_as_offices_know_it(kinds, freeze, rules, national):
    """GOAL-N9: merged title, unit, maker, date, 测算，非拨付."""
    edition = freeze()
    sent = national.post(f"{reverse('review:funding-export')}?edition={edition.pk}&province=33")
    sheet = openpyxl.load_workbook(io.BytesIO(b"".join(sent.streaming_content))).active
    above = [sheet.cell(row, 1).value for row in (1, 2, 3)]
    assert above[0] == "中央财政补助经费核算汇总表"
    assert all(word in above[1] for word in ("浙江省", "制表人", f"{timezone.localdate():%Y-%m-%d}"))
    assert "测算，非拨付" in above[2]
    assert f"A1:{sheet.cell(4, sheet.max_column).column_letter}1" in {
        str(each) for each in sheet.merged_cells.ranges
    }
    assert sheet.cell(4, 1).value == "省份"
    amount = [cell.value for cell in sheet[4]].index("金额（元）")
    assert sum(row[amount].value or 0 for row in sheet.iter_rows(min_row=5) if row[1].value) == 30_000
    roster = national.post(
        f"{reverse('review:funding-people-export')}?edition={edition.pk}&column=counted", {}
    )
    sheet = openpyxl.load_workbook(io.BytesIO(b"".join(roster.streaming_content))).active
    assert sheet.cell(1, 1).value == "中央财政补助经费核算花名册"
    assert sheet.cell(sheet.max_row, sheet.max_column).value == "计入"
    assert Export.objects.filter(kind="funding_roster").get().rows == 1
    trial = national.post(f"{reverse('review:funding-people-export')}?edition=&province=33", {})
    assert b"".join(trial.streaming_content)[:2] == b"PK"


def test_the_print_has_its_place_for_signatures(kinds, freeze, rules, national):
    edition = freeze()
    text = national.get(reverse("review:funding-print"), {"edition": edition.pk}).content.decode()
    for word in ("单位（盖章）", "单位负责人", "测算，非拨付", "本平台口径", edition.sha256[:12]):
        assert word in text


def test_the_roster_is_printed_whole_with_its_verdicts(kinds, freeze, rules, national, monkeypatch):
    """GOAL-N9: 核算花名册 (F1) on paper, the people of the figure it is opened from; a longer one leaves as a file."""
    edition = freeze()
    asked = {"edition": edition.pk, "column": "counted"}
    listed = national.get(reverse("review:funding-people"), asked)
    address = reverse("review:funding-people-print")
    assert f"{address}?" in listed.text
    printed = national.get(address, asked)
    assert [row.pk for row in printed.context["rows"]] == [row.pk for row in listed.context["page"].rows]
    for word in ("单位（盖章）", "计入", edition.sha256[:12]):
        assert word in printed.text
    monkeypatch.setattr("review.funding.views.MOST_PRINTED", 0)
    assert f"{address}?" not in national.get(reverse("review:funding-people"), asked).text
    assert "请先选择培训基地" in national.get(address, asked, follow=True).text


# --- 人数平衡 ------------------------------------------------------------------------------------------------------

BALANCED = {
    "ends": (ENDED[2:], "done"),
    "leaves": (["withdraws A 13", "approves A"], "left"),
    "waits": (["withdraws A 11", "approves A"], "out"),
    "moves": (["withdraws A 11", "adds_late B", "approves B"], "out"),
    "is deleted": (["deletes A"], "fixed_out"),
    "is revoked": (["revokes A"], "fixed_out"),
}


@pytest.mark.parametrize("act", BALANCED)
def test_whoever_goes_stands_in_the_column_of_his_reason(act, life, freeze, base, other_base):
    """GOAL-N9: last edition + those who came − those who went = this edition, for every base."""
    stays, goes = life().live(LIVED), life().live(LIVED)
    old = freeze()
    acts, kind = BALANCED[act]
    goes.live(acts)
    new = freeze(kind="revision", reason="定期重新封版")
    balanced = balance.Balance(old, EditionPerson.objects.filter(edition=new))
    found = balanced.by_base({"base_id": base.pk})[base.pk]
    assert {key: number for key, number in found.items() if number} == {"opening": 2, kind: 1, "closing": 1}
    assert list(balanced.people(kind).values_list("resident", flat=True)) == [goes.person.pk]
    assert list(balanced.people("closing").filter(base=base).values_list("resident", flat=True)) == [
        stays.person.pk
    ]
    if act == "moves":
        assert balanced.by_base({})[other_base.pk]["in"] == 1
    assert balance.differences(new, {}) == {}


def test_whoever_comes_stands_in_the_column_of_his_way(life, freeze, base, cycle):
    again = life().live(ENDED)
    back = life().live([*LIVED, "withdraws A 11", "approves A"])
    old = freeze()
    again.live(["approves A 2"])
    back.live(["adds_late B", "approves B"])
    late = life().live(LIVED)
    new = life().live(LIVED)
    edition = freeze(kind="revision", reason="定期重新封版")
    people = EditionPerson.objects.filter(edition=edition)
    balanced = balance.Balance(old, people)
    was_frozen = old.order.facts_on
    started = people.get(resident=new.person).started_on
    kinds = {kind: set(balanced.people(kind).values_list("resident", flat=True)) for kind in balance.CAME}
    assert kinds["again"] == {again.person.pk}
    assert kinds["in"] == {back.person.pk}
    assert kinds["late" if started <= was_frozen else "new"] == {late.person.pk, new.person.pk}
    assert balance.differences(edition, {}) == {}


@pytest.fixture
def unexplained(life, freeze):
    """Two editions: between them somebody stops counting without any fact that tells why."""
    life().live(LIVED)
    gone = life().live(LIVED)
    freeze()
    Enrollment.objects.filter(pk=gone.of("A").pk).update(approved_submission=None)
    return freeze(kind="revision", reason="定期重新封版"), gone


def test_a_difference_is_a_task_of_the_base_until_it_is_explained(
    unexplained, rules, base, other_base, base_officer, provincial_reviewer, signed_in, national
):
    """GOAL-N9: a difference in the balance is an open task of the base; it opens its people and locks the signature."""
    edition, gone = unexplained
    (task,) = from_above(base)
    assert (task.count, from_above(other_base)) == (1, [])
    client = signed_in(base_officer)
    assert "人数平衡有差额" in client.get(reverse("bases:desk")).content.decode()
    page = client.get(task.url)
    figure = page.context["table"].lines[0].figures[-1]
    listed = client.get(figure.link)
    assert [row.resident_id for row in listed.context["page"].rows] == [gone.person.pk]
    part = Part(edition, "base", str(base.pk), rules)
    with pytest.raises(StateMoved, match="尚未说明"):
        signatures.sign(part, by=base_officer)
    address = reverse("review:funding-explain", args=[edition.pk, base.pk])
    client.post(address, {"text": "无"})
    assert not BalanceNote.objects.exists()
    client.post(address, {"text": "此人由卫健委统一撤回，正在补报"})
    assert from_above(base) == []
    assert "正在补报" in national.get(task.url).content.decode()
    word = signatures.sign(part, by=base_officer)
    assert word.counts == {"all": 1, "counted": 1, "amount": 30_000}


# --- signatures ----------------------------------------------------------------------------------------------------


def test_each_province_signs_its_part_and_sees_what_changed(
    life, freeze, rules, base, base_officer, provincial_reviewer, signed_in, national_officer, cycle
):
    """GOAL-N9: "each province signs its part, a change after signing is shown"."""
    life().live(LIVED)
    edition = freeze()
    parts = {
        level: Part(edition, level, unit, rules)
        for level, unit in (("base", str(base.pk)), ("province", base.province_id))
    }
    with pytest.raises(StateMoved, match="等待下级签署"):
        signatures.sign(parts["province"], by=provincial_reviewer)
    client = signed_in(base_officer)
    address = f"{reverse('review:signature-sign', args=[edition.pk, 'base', base.pk])}?rules={rules.pk}"
    client.post(address)
    word = Signature.objects.get()
    assert (word.rules, word.sha256) == (rules, parts["base"].sha256())
    assert not signatures.lock(Part(edition, "base", str(base.pk)))
    signatures.sign(parts["province"], by=provincial_reviewer)
    life().live(LIVED)
    newer = services.save_rules({"year": cycle.year, **RULES, "amount": 35_000}, by=national_officer)
    page = signed_in(provincial_reviewer).get(
        f"{reverse('review:signature', args=[edition.pk, 'province', base.province_id])}?rules={rules.pk}"
    )
    text = page.content.decode()
    assert page.context["changed_count"] == 1
    assert page.context["newer_rules"] == newer
    assert str(newer) in text
    assert "30,000" in text
    assert Part(edition, "base", str(base.pk), newer).sha256() != word.sha256


def test_rules_are_set_in_the_page(national, signed_in, provincial_reviewer, cycle):
    address = reverse("review:funding-rules-new")
    asked = {
        "year": cycle.year,
        "statuses": ["1"],
        "trainee_types": ["1"],
        "amount": "30000",
        "shortage": ["0700"],
    }
    assert "必填" in national.post(address, asked).content.decode() or not FundingRules.objects.exists()
    national.post(address, asked | {"basis": "国卫办科教发〔2026〕1号"})
    text = signed_in(provincial_reviewer).get(reverse("review:funding-rules")).content.decode()
    assert "国卫办科教发〔2026〕1号" in text
    assert "30,000" in text


@pytest.mark.parametrize(
    "asked",
    [{"edition": "x"}, {"day": "昨天", "edition": ""}, {"rules": "99999"}, {"base": "5"}, {"edition": ""}],
)
def test_what_cannot_be_read_is_said_and_nothing_breaks(asked, rules, national):
    for route in ("funding", "funding-people", "funding-balance", "funding-balance-people", "funding-print"):
        assert national.get(reverse(f"review:{route}"), asked).status_code == 200
    for route in ("funding-export", "funding-people-export"):
        assert national.post(f"{reverse(f'review:{route}')}?edition=x").status_code == 302
