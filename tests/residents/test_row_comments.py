"""A comment on 学习经历 stands at its row: in the form, on every page and in the answer (GOAL-R3, GOAL-B14)."""

import uuid

import pytest
from django.urls import reverse

from bases.report.services import report
from residents.models import EducationRecord, PersonalReturn
from residents.places import frozen, living, name_in_words, names_of, split
from residents.rules import education
from residents.services.personal import delete_education, save_education
from residents.services.returns import open_returns, return_personal
from tests.bases.desk import complete, page

OWN = [item.name for item in education.FIELDS if item.owner == "resident"]
# A value of each field that differs from what the fixtures hold and that the rules take.
NEW = {
    "school": "宁波大学",
    "major": "口腔医学",
    "diploma_no": "103351201905000999",
    "degree_no": "1033542019000999",
}


@pytest.fixture
def studies(complete_enrollment):
    """大专 beside the fixture's 本科: two rows that share every field."""
    person = complete_enrollment.resident
    lower = EducationRecord.objects.create(
        resident=person, level="2", is_full_time=True, is_enrolled=False, school="宁波卫校", major="临床医学"
    )
    return lower, person.education_records.get(level="3")


def save(enrollment, row, **raw):
    return save_education(enrollment, row.pk, raw, by=enrollment.resident.user)


def give_back(enrollment, officer, *paths):
    return return_personal(enrollment, {path: ("", f"请核对 {path}") for path in paths}, by=officer)


def open_places(enrollment):
    return {each.field for each in open_returns(enrollment)}


@pytest.mark.parametrize("name", NEW)
def test_another_row_answers_nothing(complete_enrollment, base_officer, studies, name):
    """T12: the same field of another row is another field; 已完整 comes with the last answer."""
    lower, upper = studies
    mine, other = living(f"education.{name}", upper.pk), living(f"education.{name}", lower.pk)
    give_back(complete_enrollment, base_officer, mine, other)
    extra = {"has_diploma": True, "has_degree": True} if name.endswith("_no") else {}
    save(complete_enrollment, lower, **extra, **{name: NEW[name]})
    assert open_places(complete_enrollment) == {mine}
    complete_enrollment.refresh_from_db()
    assert complete_enrollment.personal_state == "3"
    save(complete_enrollment, upper, **{name: NEW[name]})
    assert open_places(complete_enrollment) == set()
    complete_enrollment.refresh_from_db()
    assert complete_enrollment.personal_state != "3"


def test_the_row_stays_the_same_row_when_its_level_changes(complete_enrollment, base_officer, studies):
    lower, upper = studies
    at = living("education.school", lower.pk)
    give_back(complete_enrollment, base_officer, at)
    save(complete_enrollment, lower, level="1")
    assert open_places(complete_enrollment) == {at}
    save(complete_enrollment, upper, school="宁波大学")
    assert open_places(complete_enrollment) == {at}
    save(complete_enrollment, lower, school="绍兴卫校")
    assert open_places(complete_enrollment) == set()


def test_a_row_that_is_gone_asks_for_no_answer_and_no_other_row_falls_with_it(
    complete_enrollment, base_officer, studies
):
    lower, upper = studies
    gone = [living(f"education.{name}", lower.pk) for name in OWN]
    kept = living("education.school", upper.pk)
    give_back(complete_enrollment, base_officer, *gone, kept)
    delete_education(complete_enrollment, lower.pk, by=complete_enrollment.resident.user)
    assert open_places(complete_enrollment) == {kept}


def test_a_comment_written_before_rows_were_named_is_answered_by_any_row(
    complete_enrollment, base_officer, studies
):
    give_back(complete_enrollment, base_officer, "education.school")
    save(complete_enrollment, studies[0], school="绍兴卫校")
    assert open_places(complete_enrollment) == set()


def test_the_base_writes_at_the_row_and_everybody_reads_it_there(
    signed_in, base_officer, complete_enrollment, studies
):
    lower, upper = studies
    desk, pk = signed_in(base_officer), complete_enrollment.pk
    address = reverse("bases:return-personal")
    form = desk.get(address, {"choice": pk})
    boxes = {line.path for section, _ in form.context["fields"] for line in section.lines}
    assert {living(f"education.{name}", row.pk) for name in OWN for row in studies} <= boxes
    assert not {f"education.{name}" for name in OWN} & boxes
    at = living("education.school", upper.pk)
    sent = {"ids": pk, "batch": uuid.uuid4(), "reason": "", "comment": "", f"comment:{at}": "校名请用全称"}
    assert desk.post(address, sent).status_code == 302
    assert PersonalReturn.objects.get().field == at

    record = desk.get(reverse("bases:record", args=[pk]))
    shown = [
        (section.label, line.name)
        for section in record.context["sections"]
        for line in section.lines
        if line.comments
    ]
    assert shown == [("学习经历：本科", "school")]

    own = signed_in(complete_enrollment.resident.user)
    home = own.get(reverse("residents:home")).content.decode()
    assert "本科：毕业（在读）院校" in home
    assert f"{reverse('residents:education-edit', args=[upper.pk])}#id_school_box" in home
    rows = own.get(reverse("residents:education")).context["rows"]
    assert {row.pk: len(comments) for row, comments in rows} == {lower.pk: 0, upper.pk: 1}
    for row, is_there in ((lower, False), (upper, True)):
        page = own.get(reverse("residents:education-edit", args=[row.pk])).content.decode()
        assert ("校名请用全称" in page) is is_there

    save(complete_enrollment, upper, school="宁波大学")
    record = desk.get(reverse("bases:record", args=[pk]))
    assert [place for _, place in record.context["answers"]] == ["本科：毕业（在读）院校"]


def test_words_at_a_row_that_went_meanwhile_are_not_lost(
    signed_in, base_officer, complete_enrollment, studies
):
    lower, _ = studies
    at = living("education.school", lower.pk)
    sent = {"ids": complete_enrollment.pk, "batch": uuid.uuid4(), "reason": "", "comment": "请看下面"}
    lower.delete()
    answer = signed_in(base_officer).post(
        reverse("bases:return-personal"), sent | {f"comment:{at}": "校名有误"}
    )
    assert answer.status_code == 422
    assert "校名有误" in answer.content.decode()
    assert not PersonalReturn.objects.exists()


def test_one_return_of_many_stands_at_each_ones_own_row(signed_in, base, base_officer, cycle):
    """The form names levels that all of them have; each comment is at that person's row."""
    records = [complete(base, cycle.year) for _ in range(2)]
    EducationRecord.objects.create(resident=records[0].resident, level="2", school="宁波卫校")
    desk = signed_in(base_officer)
    chosen = {"choice": [row.pk for row in records]}
    choices = desk.get(reverse("bases:return-personal"), chosen).context["form"].fields["field_1"].choices
    places = {value for group, values in choices if isinstance(values, list) for value, _ in values}
    assert {place for place in places if place.startswith("education.")} == {
        frozen(f"education.{name}", "3") for name in OWN
    }
    sent = {"ids": ",".join(str(row.pk) for row in records), "batch": uuid.uuid4(), "rows": "1"}
    sent |= {"field_1": frozen("education.school", "3"), "reason_1": "", "words_1": "校名请用全称"}
    desk.post(reverse("bases:return-personal"), sent)
    assert {each.enrollment_id: each.field for each in PersonalReturn.objects.all()} == {
        row.pk: living("education.school", row.resident.education_records.get(level="3").pk)
        for row in records
    }


def test_rows_of_a_snapshot_have_one_name_each():
    """A second bachelor's study and rows without a level are rows of their own."""
    names = names_of([{"level": level} for level in ("3", "3", "4", None, "")])
    assert names == ["3", "3-2", "4", "0", "0-2"]
    assert [name_in_words(name) for name in names] == [
        "本科",
        "本科（2）",
        "硕士",
        "未选层次",
        "未选层次（2）",
    ]
    for name in names:
        assert split(frozen("education.school", name)) == ("education.school", name)


def test_a_comment_on_a_whole_row_is_answered_there_alone(complete_enrollment, base_officer, studies):
    """Any change in the row answers it, none elsewhere."""
    lower, upper = studies
    give_back(complete_enrollment, base_officer, living("education", upper.pk), "basic")
    save(complete_enrollment, lower, school="宁波大学")
    assert open_places(complete_enrollment) == {living("education", upper.pk), "basic"}
    save(complete_enrollment, upper, school="宁波大学")
    assert open_places(complete_enrollment) == {"basic"}


def test_a_comment_on_a_whole_row_goes_with_the_row(complete_enrollment, base_officer, studies):
    lower, upper = studies
    give_back(complete_enrollment, base_officer, living("education", lower.pk), living("education", upper.pk))
    delete_education(complete_enrollment, lower.pk, by=complete_enrollment.resident.user)
    assert open_places(complete_enrollment) == {living("education", upper.pk)}


def test_blocks_and_rows_are_offered_and_shown(complete_enrollment, base_officer, signed_in, studies):
    """In the base's form, on the resident's pages and on the record, in words."""
    client, record = signed_in(base_officer), complete_enrollment
    form = page(client.get(reverse("bases:return-personal"), {"choice": record.pk}))
    for path in ("basic", "education", living("education", studies[1].pk)):
        assert f'name="comment:{path}"' in form
    give_back(record, base_officer, "basic", living("education", studies[1].pk))
    home = page(signed_in(record.resident.user).get(reverse("residents:home")))
    assert "学习经历（本科）" in home
    assert f"请核对 {living('education', studies[1].pk)}" in home
    shown = page(client.get(reverse("bases:record", args=[record.pk])))
    assert "请核对 basic" in shown
    assert f"请核对 {living('education', studies[1].pk)}" in shown


def test_the_province_comments_on_blocks_and_rows_too(
    complete_enrollment, base_officer, provincial_reviewer, signed_in
):
    """In the form of one and of many; the base reads it at its place and in words."""
    assert report([complete_enrollment.pk], by=base_officer, declared=True).reported
    waiting, client = complete_enrollment.submissions.get(), signed_in(provincial_reviewer)
    shown = page(client.get(reverse("review:record", args=[complete_enrollment.pk])))
    for path in ("basic", "training", "education", frozen("education", "3"), frozen("education.school", "3")):
        assert f'<option value="{path}">' in shown
    sent = {
        "submission": waiting.pk,
        "version": waiting.version,
        "comment": "见各处",
        "reasons": ["02"],
        "rows": 3,
        "field_1": frozen("education", "3"),
        "remark_1": "与学信网不一致",
        "field_2": "training",
        "remark_2": "请全部核对",
    }
    assert client.post(reverse("review:return", args=[complete_enrollment.pk]), sent).status_code == 302
    desk = page(signed_in(base_officer).get(reverse("bases:record", args=[complete_enrollment.pk])))
    for words in ("学习经历（本科）", "与学信网不一致", "请全部核对"):
        assert words in desk
    form = page(signed_in(base_officer).get(reverse("bases:training-edit", args=[complete_enrollment.pk])))
    assert "请全部核对" in form
