"""退回修改 with as many remarks as there are faults, each on its level of study (GOAL-P4)."""

import pytest

from bases.models import Submission
from residents.models import EducationRecord
from review.decisions.forms import MOST_REMARKS, REMARKS
from tests.bases.desk import complete, reported

pytestmark = pytest.mark.django_db


@pytest.fixture
def master(base, cycle, base_officer):
    """A reported record with a bachelor's and a master's study."""
    enrollment = complete(base, cycle.year)
    EducationRecord.objects.create(
        resident=enrollment.resident,
        level="4",
        is_full_time=True,
        is_enrolled=True,
        enrolled_level="4",
        expected_graduation="2027-06-30",
        degree_type="1",
        school="浙江大学",
        major="内科学",
    )
    return reported(enrollment, base_officer)


def sent(client, enrollment, **fields):
    shown = Submission.objects.get(enrollment=enrollment)
    about = {"submission": shown.pk, "version": shown.version}
    return client.post(f"/review/records/{enrollment.pk}/return/", about | fields)


def test_more_rows_keep_what_was_typed_and_decide_nothing(signed_in, provincial_reviewer, master):
    client = signed_in(provincial_reviewer)
    typed = {
        "comment": "请核对",
        "reasons": ["07"],
        "field_1": "basic.email",
        "remark_1": "邮箱有误",
        "rows": "3",
    }
    answer = sent(client, master, **typed, more_rows="1")
    form = answer.context["return_form"]
    assert len(form.remark_pairs) == 2 * REMARKS
    assert (form["comment"].value(), form["reasons"].value()) == ("请核对", ["07"])
    assert [each.value() for each in form.remark_pairs[0]] == ["basic.email", "邮箱有误"]
    assert not form.errors
    assert Submission.objects.get().outcome == "pending"
    assert '<input type="hidden" name="rows" value="6"' in answer.content.decode()


def test_five_remarks_two_of_them_on_levels_of_study(signed_in, provincial_reviewer, base_officer, master):
    """GOAL-P4: the remark stands at the row it is about, in the base's record and in the province's own."""
    client = signed_in(provincial_reviewer)
    remarks = [
        ("basic.email", "邮箱有误"),
        ("basic.qq", "QQ 号有误"),
        ("training.remark", "请删去"),
        ("education.school@3", "校名请用全称"),
        ("education.school@4", "与学位证不一致"),
    ]
    fields = {"comment": "请核对", "reasons": ["10"], "rows": "6"}
    for number, (field, remark) in enumerate(remarks, 1):
        fields |= {f"field_{number}": field, f"remark_{number}": remark}
    sent(client, master, **fields)
    kept = Submission.objects.get().field_comments
    assert kept == dict(remarks)
    for page in (
        signed_in(base_officer).get(f"/base/records/{master.pk}/"),
        signed_in(base_officer).get(f"/base/records/{master.pk}/reports/1/"),
        signed_in(provincial_reviewer).get(f"/review/records/{master.pk}/"),
    ):
        shown = page.context["page"].sections if "page" in page.context else page.context["sections"]
        at = {
            (section.label, line.name): [comment.text for comment in line.comments]
            for section in shown
            if section.key == "education"
            for line in section.lines
            if line.comments
        }
        assert at == {
            ("学习经历：本科", "school"): ["校名请用全称"],
            ("学习经历：硕士", "school"): ["与学位证不一致"],
        }
        text = page.content.decode()
        assert "与学位证不一致" in text
        assert "学习经历（硕士）：毕业（在读）院校" in text


@pytest.mark.parametrize("rows", ["", "x", "-1", "99999", "٣"])
def test_number_of_rows_is_bounded(signed_in, provincial_reviewer, master, rows):
    answer = sent(signed_in(provincial_reviewer), master, comment="", rows=rows, more_rows="1")
    assert REMARKS < len(answer.context["return_form"].remark_pairs) <= MOST_REMARKS


def test_bulk_return_takes_more_rows_too(signed_in, provincial_reviewer, master):
    client = signed_in(provincial_reviewer)
    loaded_at = client.get("/review/").context["loaded_at"]
    order = {"act": "return", "range": "all", "loaded_at": loaded_at, "confirmed": "1", "comment": "请核对"}
    answer = client.post("/review/queue/bulk/", order | {"more_rows": "1"})
    assert len(answer.context["form"].remark_pairs) == 2 * REMARKS
    assert Submission.objects.get().outcome == "pending"
