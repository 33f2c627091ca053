"""The year's end as it is played: freeze, sign, correct, a second edition, comparison, package, verification."""

import csv
import io
import zipfile

import pytest
from django.urls import reverse
from django.utils import timezone

from review.models import Edition, Export, FundingRules, Signature
from tests.review.packages.test_packages import verify

# An edition is of a moment, and moments are those of transactions.
pytestmark = pytest.mark.django_db(transaction=True)
LIVED = ["recruits A", "approves A"]


@pytest.fixture
def clients(signed_in, base_officer, other_base_officer, provincial_reviewer, national_officer):
    return {
        "A": signed_in(base_officer),
        "B": signed_in(other_base_officer),
        "province": signed_in(provincial_reviewer),
        "nation": signed_in(national_officer),
    }


@pytest.fixture
def freezes(clients, django_capture_on_commit_callbacks):
    """A function: an edition ordered in the page and frozen by the worker."""

    def make(kind: str, reason: str = "") -> Edition:
        today = timezone.localdate()
        asked = {"year": today.year, "kind": kind, "facts_on": today.isoformat(), "reason": reason}
        with django_capture_on_commit_callbacks(execute=True):
            assert clients["nation"].post(reverse("review:edition-new"), asked).status_code == 302
        return Edition.objects.latest("frozen_at")

    return make


def sign(clients, edition, base, other_base, rules="") -> None:
    """Bases, then the province, then of the edition itself the association."""
    units = {"A": ("base", base.pk), "B": ("base", other_base.pk), "province": ("province", base.province_id)}
    if not rules:
        units["nation"] = ("nation", "0")
    for who, (level, unit) in units.items():
        address = reverse("review:signature-sign", args=[edition.pk, level, unit])
        clients[who].post(f"{address}?rules={rules}" if rules else address)


def test_from_the_first_edition_to_a_verified_package(
    clients, freezes, life, base, other_base, cycle, tmp_path, django_capture_on_commit_callbacks
):
    """GOAL-N7, GOAL-N8, GOAL-N9: what was signed stays, what is right stands in the next edition, and whoever gets it
    can tell."""
    nation = clients["nation"]
    stays, leaves = life().live(LIVED), life().live(LIVED)
    life().live(["recruits B", "approves B"])
    asked = {"year": cycle.year, "statuses": ["1"], "trainee_types": ["1", "3"], "amount": "30000"}
    nation.post(reverse("review:funding-rules-new"), asked | {"basis": "国卫办科教发〔2026〕1号"})
    rules = FundingRules.objects.get()

    first = freezes("first")
    sign(clients, first, base, other_base)
    sign(clients, first, base, other_base, rules=str(rules.pk))
    assert Signature.objects.filter(edition=first, is_signed=True).count() == 7

    # Something was wrong: the signer sees it, nothing that was signed moves, and the next edition is right.
    leaves.live(["withdraws A 13", "approves A"])
    came = life().live(LIVED)
    page = clients["A"].get(reverse("review:signature", args=[first.pk, "base", base.pk]))
    assert (page.context["changed_count"], page.context["gone_count"]) == (1, 1)
    nation.post(reverse("review:edition-erratum", args=[first.pk]), {"text": "某基地一人已退培，漏报一人"})
    second = freezes("correction", "更正漏报和退培")
    assert (first.number, second.number, Edition.objects.get(pk=first.pk).sha256) == (1, 2, first.sha256)

    compared = {}
    for side in ("came", "left", "changed"):
        address = reverse("review:edition-compare", args=[second.pk, first.pk])
        rows = nation.get(address, {"side": side}).context["page"].rows
        compared[side] = [row.resident_id for row in rows]
    assert compared == {"came": [came.person.pk], "left": [leaves.person.pk], "changed": []}

    table = nation.get(reverse("review:funding-balance"), {"edition": second.pk, "base": base.pk}).context[
        "table"
    ]
    numbers = dict(zip(table.headers[1:], [figure.value for figure in table.lines[0].figures], strict=True))
    assert {name: number for name, number in numbers.items() if number} == {
        "上一版": 2,
        "补录": 1,
        "退培": 1,
        "本版": 2,
    }
    sign(clients, second, base, other_base)
    sign(clients, second, base, other_base, rules=str(rules.pk))
    assert Signature.objects.filter(edition=second, is_signed=True).count() == 7

    with django_capture_on_commit_callbacks(execute=True):
        for edition in (first, second):
            nation.post(reverse("review:edition-check", args=[edition.pk]))
        nation.post(
            reverse("review:package", args=[second.pk]), {"unmasked": "on", "purpose": "报送国家卫生健康委"}
        )
    assert all(each.checks.get().records_agree for each in (first, second))
    export = Export.objects.get(kind="edition_package")
    sent = nation.get(reverse("review:export-file", args=[export.pk]))
    folder = tmp_path / "package"
    with zipfile.ZipFile(io.BytesIO(b"".join(sent.streaming_content))) as archive:
        archive.extractall(folder)

    code, told = verify(folder, "--sha256", second.sha256)
    assert (code, "核对通过。" in told, "人数平衡" in told) == (0, True, True), told
    with (folder / "signoffs.csv").open(encoding="utf-8") as file:
        assert len(list(csv.DictReader(file))) == 7
    with (folder / "tables" / "funding.csv").open(encoding="utf-8") as file:
        assert sum(int(row["amount"]) for row in csv.DictReader(file)) == 3 * 30_000
    assert stays.person.full_name in (folder / "persons.csv").read_text(encoding="utf-8")
    forged = folder / "tables" / "balance.csv"
    forged.write_text(forged.read_text(encoding="utf-8").replace(",2,", ",3,", 1), encoding="utf-8")
    code, told = verify(folder)
    assert (code, "文件被改动：tables/balance.csv" in told) == (1, True)
