"""Why records were returned, by base; every number opens exactly its returns: GOAL-P4, GOAL-P7."""

import re
from html import unescape

import pytest

from bases.models import Submission
from review.decisions.forms import REMARKS
from review.decisions.services import return_for_correction
from tests import factories
from tests.review.conftest import submit

pytestmark = pytest.mark.django_db


@pytest.fixture
def returned(cycle, provincial_reviewer, base_officer):
    """A function: return one record of a base for these reasons."""

    def make(base, *reasons: str) -> Submission:
        enrollment = factories.EnrollmentFactory(base=base, intake_year=cycle.year)
        submission = submit(enrollment, base_officer)
        done = return_for_correction(
            {submission.pk: 0}, by=provincial_reviewer, comment="请核对。", reason_codes=reasons
        )
        assert done.left_out == []
        return done.decided[0]

    return make


def test_every_number_of_the_table_opens_exactly_its_returns(
    signed_in, provincial_reviewer, base, province, returned
):
    """GOAL-P4: several reasons of one return count in each of them and once in the total."""
    second = factories.TrainingBaseFactory(province=province, name="第二医院")
    returned(base, "06", "07")
    returned(base, "07")
    returned(base)
    returned(second, "07")
    revoked = returned(second, "10")
    Submission.objects.filter(pk=revoked.pk).update(outcome="revoked")
    reviewer = signed_in(provincial_reviewer)
    answer = reviewer.get("/review/statistics/returns/")
    table = answer.context["table"]
    assert table.column_totals == {"06": 1, "07": 3, "-": 1}
    assert (table.row_totals, table.total) == ({str(base.pk): 3, str(second.pk): 1}, 4)
    links = re.findall(r'<td class="num">\s*<a href="([^"]+)">(\d+)</a>', answer.content.decode())
    assert len(links) == 10
    for link, number in links:
        assert reviewer.get(unescape(link)).context["page"].count == int(number)


def test_another_province_counts_nothing_of_it(signed_in, other_province_reviewer, base, returned):
    """TRUST-24."""
    returned(base, "07")
    client = signed_in(other_province_reviewer)
    assert client.get("/review/statistics/returns/").context["table"].total == 0
    assert client.get(f"/review/statistics/returns/records/?base={base.pk}").context["page"].count == 0


def test_the_association_counts_by_province(signed_in, national_officer, base, returned):
    returned(base, "07")
    answer = signed_in(national_officer).get("/review/statistics/returns/?rows=province")
    assert answer.context["table"].row_totals == {base.province_id: 1}


@pytest.mark.parametrize("path", ["/review/statistics/returns/", "/review/statistics/returns/records/"])
def test_pages_cost_the_same_with_one_and_three_returns(
    signed_in, provincial_reviewer, base, returned, path, django_assert_max_num_queries
):
    """Target 9 of tests/benchmarks."""
    client = signed_in(provincial_reviewer)
    returned(base, "07")
    client.get(path)
    with django_assert_max_num_queries(40) as first:
        client.get(path)
    returned(base, "06")
    returned(base)
    with django_assert_max_num_queries(len(first)):
        client.get(path)


def test_a_bulk_return_carries_remarks_on_fields(signed_in, provincial_reviewer, reported):
    """GOAL-P4: comments per field, for many at once."""
    rows = reported(2)
    client = signed_in(provincial_reviewer)
    order = {"act": "return", "range": "selected", "choice": [f"{row.pk}:0" for row in rows]}
    order |= {"loaded_at": client.get("/review/").context["loaded_at"]}
    asked = client.post("/review/queue/bulk/", order)
    assert len(asked.context["form"].remark_pairs) == REMARKS
    typed = {"confirmed": "1", "comment": "请核对。", "reasons": ["10"]}
    typed |= {"field_1": "training.remark", "remark_1": "写明来源"}
    client.post("/review/queue/bulk/", order | typed)
    found = list(Submission.objects.values_list("outcome", "field_comments"))
    assert found == [("returned", {"training.remark": "写明来源"})] * 2
