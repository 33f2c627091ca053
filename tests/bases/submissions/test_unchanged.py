"""What the province has returned and nobody has changed: asked about before 上报, seen by the province (BR-47,
BR-66)."""

import re

import pytest

from bases.records.services import save_training
from bases.report.services import report
from tests.bases.desk import complete, page, reported, returned, state, told

pytestmark = pytest.mark.django_db
MARK = "退回后未修改"


@pytest.fixture
def sent_back(complete_enrollment, base_officer, provincial_reviewer):
    return returned(complete_enrollment, base_officer, provincial_reviewer)


def send(desk, *records, **more):
    ids = ",".join(str(record.pk) for record in records)
    return desk.post("/base/report/", {"ids": ids, "declared": "on", **more})


def test_unchanged_return_is_reported_only_if_the_base_insists(desk, sent_back, base, cycle):
    """BR-47: "退回培训基地修改": the check page names it, and only its own tick sends it up again; the others go."""
    other = complete(base, cycle.year)
    shown = desk.get("/base/report/", {"choice": [sent_back.pk, other.pk]})
    assert shown.context["untouched"] == [sent_back]
    assert "其中 1 条省级退回后没有修改任何内容" in page(shown)
    assert "省级退回后没有修改任何内容" in page(desk.get(f"/base/records/{sent_back.pk}/"))
    answer = told(send(desk, sent_back, other))
    assert "已上报 1 条" in answer
    assert "省级退回后没有修改任何内容，没有勾选" in answer
    assert (state(sent_back), state(other)) == (("0", "3"), ("1", "1"))
    assert "已上报 1 条" in told(send(desk, sent_back, untouched=sent_back.pk))
    assert state(sent_back) == ("1", "1")


def test_tick_stays_when_the_declaration_was_forgotten(desk, sent_back):
    response = desk.post("/base/report/", {"ids": sent_back.pk, "untouched": sent_back.pk})
    assert response.status_code == 422
    assert re.search(rf'id="id_untouched_{sent_back.pk}"\s+checked', response.content.decode())


def test_a_changed_return_is_not_asked_about(desk, sent_back, base_officer):
    save_training(sent_back.pk, {"remark": "已核对"}, by=base_officer)
    assert desk.get("/base/report/", {"choice": sent_back.pk}).context["untouched"] == []
    assert report([sent_back.pk], by=base_officer, declared=True).reported == [sent_back.pk]


def test_province_sees_that_nothing_has_changed(
    desk, sent_back, base_officer, provincial_reviewer, signed_in
):
    """BR-66: in its queue, on the record beside its own words, and before a decision on many."""
    reported(sent_back, base_officer)
    reviewer = signed_in(provincial_reviewer)
    queue = reviewer.get("/review/")
    assert f'state-amber">{MARK}' in page(queue)
    found = reviewer.get("/review/?turn=untouched").context["page"]
    assert ([row.enrollment_id for row in found.rows], found.count) == ([sent_back.pk], 1)
    body = page(reviewer.get(f"/review/records/{sent_back.pk}/"))
    assert "与第 1 次上报（已退回）相比：没有任何修改" in body
    assert body.index("培训开始时间有误，请核对。") < body.index("<dt>证件号")
    asked = {"act": "approve", "range": "all", "loaded_at": queue.context["loaded_at"]}
    assert "其中 1 条省级退回后没有修改任何内容" in page(reviewer.post("/review/queue/bulk/", asked))


def test_province_sees_what_has_changed_since_its_return(
    sent_back, base_officer, provincial_reviewer, signed_in
):
    """GOAL-P2: the first return has no approval to compare with, and is still told what was mended."""
    save_training(sent_back.pk, {"remark": "已核对"}, by=base_officer)
    reported(sent_back, base_officer)
    reviewer = signed_in(provincial_reviewer)
    assert MARK not in page(reviewer.get("/review/")).replace(f"，{MARK}</option>", "")
    assert reviewer.get("/review/?turn=untouched").context["page"].count == 0
    found = reviewer.get(f"/review/records/{sent_back.pk}/")
    assert [(each.label, each.new) for each in found.context["page"].since_return] == [("备注", "已核对")]
    assert "与第 1 次上报（已退回）相比：1 处变化" in page(found)
