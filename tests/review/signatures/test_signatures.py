"""签署: base, then province, then association; what was signed stays, what changed is shown, locks say why."""

from datetime import timedelta

import pytest
from django.db import InternalError, ProgrammingError, transaction
from django.urls import reverse
from django.utils import timezone

from residents.services.states import StateMoved
from review.models import Signature
from review.signatures import services
from review.signatures.services import Part

pytestmark = pytest.mark.django_db
LIVED = ["recruits A", "approves A"]


@pytest.fixture
def edition(life, freeze):
    life().live(LIVED)
    life().live(["recruits B", "approves B"])
    return freeze()


@pytest.fixture
def parts(edition, base, other_base):
    return {
        "A": Part(edition, "base", str(base.pk)),
        "B": Part(edition, "base", str(other_base.pk)),
        "province": Part(edition, "province", base.province_id),
        "nation": Part(edition, "nation", "0"),
    }


def address(part: Part, act: str = "") -> str:
    name = f"review:signature-{act}" if act else "review:signature"
    return reverse(name, args=[part.edition.pk, part.level, part.unit])


def test_a_parent_signs_after_all_its_children(
    parts, base_officer, other_base_officer, provincial_reviewer, national_officer, base, other_base
):
    """Each signature keeps counts and hash."""
    assert base.province_id == other_base.province_id
    for early, by in (("province", provincial_reviewer), ("nation", national_officer)):
        with pytest.raises(StateMoved, match="等待下级签署"):
            services.sign(parts[early], by=by)
    services.sign(parts["A"], by=base_officer)
    with pytest.raises(StateMoved, match=other_base.name):
        services.sign(parts["province"], by=provincial_reviewer)
    services.sign(parts["B"], by=other_base_officer)
    word = services.sign(parts["province"], by=provincial_reviewer)
    assert (word.counts, word.sha256) == ({"current": 2}, parts["province"].sha256())
    services.sign(parts["nation"], by=national_officer)
    assert Signature.objects.filter(is_signed=True).count() == 4


def test_locks_say_why(parts, base_officer, freeze, edition):
    """已签署, 已封版, 过期."""
    services.sign(parts["A"], by=base_officer)
    assert services.lock(parts["A"]).startswith("已签署")
    with pytest.raises(StateMoved, match="已签署"):
        services.sign(parts["A"], by=base_officer)
    newer = freeze(kind="correction", reason="更正漏报", sign_until=timezone.localdate() - timedelta(days=1))
    assert services.lock(parts["B"]) == "已封版：本年度已有第 2 版，请签署新版。"
    assert services.lock(Part(newer, "base", parts["B"].unit)).startswith("过期")


def test_what_was_signed_can_not_be_taken_back(parts, base_officer):
    word = services.sign(parts["A"], by=base_officer)
    for act in (
        lambda: Signature.objects.filter(pk=word.pk).update(is_signed=False),
        lambda: Signature.objects.filter(pk=word.pk)._raw_delete("default"),
    ):
        with pytest.raises((InternalError, ProgrammingError)), transaction.atomic():
            act()


def test_a_change_after_signing_is_shown_to_the_signer(parts, life, base_officer, signed_in):
    """What changed after signing is shown: the page of the signer names the persons."""
    services.sign(parts["A"], by=base_officer)
    client = signed_in(base_officer)
    assert "封版以后的变化" not in client.get(address(parts["A"])).content.decode()
    new = life().live(LIVED)
    page = client.get(address(parts["A"]))
    assert (page.context["changed_count"], page.context["gone_count"]) == (1, 0)
    assert new.person.full_name in page.content.decode()
    left = parts["A"].people().get()
    record = left.submission.enrollment
    type(record).objects.filter(pk=record.pk).update(
        deleted_at=timezone.now(), deleted_reason="录错", deleted_as="1"
    )
    page = client.get(address(parts["A"]))
    assert (page.context["changed_count"], page.context["gone_count"]) == (1, 1)


def test_signing_from_the_pages(parts, base_officer, signed_in, national):
    """Only the unit itself signs; a refusal needs its reason and may be followed by the signature."""
    assert national.post(address(parts["A"], "sign")).status_code == 403
    client = signed_in(base_officer)
    assert client.get(address(parts["B"])).status_code == 404
    assert client.get(address(parts["nation"])).status_code == 404
    client.post(address(parts["A"], "refuse"), {"reason": "少"})
    assert not Signature.objects.exists()
    client.post(address(parts["A"], "refuse"), {"reason": "漏了两名新学员"})
    assert "漏了两名新学员" in national.get(address(parts["province"])).content.decode()
    client.post(address(parts["A"], "sign"))
    assert Signature.objects.get(is_signed=True).by == base_officer
    assert "已签署" in client.get(reverse("review:signatures")).content.decode()
