"""docs/codes.md#edited: lists of medium trust are edited in the portal, with effect everywhere."""

import datetime

import pytest
from django.core.signals import request_started
from django.db import IntegrityError
from django.urls import reverse

from bases.models import Province
from portal.models import AuditEvent
from residents.codes import CODE_LISTS
from residents.models import CertificateInfo, CodeEntry, NumberShape, StatusChange
from residents.rules import education
from residents.services import code_lists
from residents.services.personal import save_block
from residents.services.refusals import Refused
from review.manual import chapters as manual

pytestmark = pytest.mark.django_db

NEW = {"code": "1a", "label": "支援边疆", "synonyms": "援疆\n援藏", "is_offered": "on", "reason": "新规定"}


@pytest.fixture
def desk(signed_in, national_officer):
    return signed_in(national_officer)


def add(desk, name="reason", **changes):
    return desk.post(reverse("review:code-new", args=[name]), NEW | changes)


def change(desk, code, name="reason", **given):
    sent = {"label": CODE_LISTS[name].label(code), "is_offered": "on", "reason": "新规定", "version": "0"}
    sent = {key: value for key, value in (sent | given).items() if value is not None}
    return desk.post(reverse("review:code", args=[name, code]), sent)


def faults(response):
    assert response.status_code == 200
    return set(response.context["form"].errors)


def test_new_reason_is_offered_understood_and_told(desk, national_officer):
    """Added, it stands on the page, in the manual, in the history of the list and in the audit log."""
    assert "支援边疆" not in manual.body_of("codes")
    assert add(desk).status_code == 302
    listed = CODE_LISTS["reason"]
    assert (listed.offered["1A"], listed.find("援疆"), listed.find("1A 支援边疆")) == ("支援边疆", "1A", "1A")
    assert "支援边疆" in manual.body_of("codes")
    page = desk.get(reverse("review:code-list", args=["reason"]))
    assert "支援边疆（同义词：援疆、援藏）" in page.text
    assert [(row.code, row.group) for row in page.context["rows"] if row.is_changed] == [("1A", "退培")]
    [step] = page.context["history"]
    assert (step.who, step.what, step.reason) == (national_officer.full_name, "提供", "新规定")
    line = AuditEvent.objects.get(action="save_code_list")
    assert (line.actor, line.detail["title"], line.detail["reason"]) == (
        national_officer,
        "变更原因：1A 支援边疆",
        "新规定",
    )


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"code": "13"}, "code"),
        ({"code": "1"}, "code"),
        ({"code": "1中"}, "code"),
        ({"code": "5A"}, "code"),
        ({"label": "出国"}, "label"),
        ({"label": "其他"}, "label"),
        ({"label": "=cmd()"}, "label"),
        ({"label": "12"}, "label"),
        ({"synonyms": "升学"}, "synonyms"),
        ({"reason": ""}, "reason"),
    ],
)
def test_code_that_would_break_the_list_is_refused(desk, given, field):
    """The width, a code once, one meaning for every spelling, nothing a spreadsheet would calculate, a reason."""
    assert faults(add(desk, **given)) == {field}
    assert not CodeEntry.objects.exists()


def test_codes_of_rules_are_renamed_and_never_withdrawn(desk, national_officer):
    """Transfers keep their own codes (docs/codes.md#status); neither page nor service takes one out of use."""
    page = desk.get(reverse("review:code", args=["reason", "11"]))
    assert "系统的检查规则使用这个代码" in page.text
    assert "is_offered" not in page.context["form"].fields
    assert change(desk, "11", label="转到其他培训基地", is_offered=None).status_code == 302
    listed = CODE_LISTS["reason"]
    assert (listed.offered["11"], listed.find("转换培训基地")) == ("转到其他培训基地", "11")
    values = {"label": "辞", "synonyms": [], "is_offered": False, "reason": "x"}
    with pytest.raises(code_lists.ListRefused):
        code_lists.save_code("reason", "11", values, by=national_officer, expected_version=1)


def test_last_code_of_a_list_is_not_withdrawn(desk):
    assert change(desk, "2", "qualification_level", is_offered=None).status_code == 302
    assert faults(change(desk, "1", "qualification_level", is_offered=None)) == {"is_offered"}


def test_former_names_are_still_understood(desk):
    """A workbook filled in before two renames holds either name."""
    change(desk, "13", label="离职")
    change(desk, "13", label="主动离职", version="1")
    assert [CODE_LISTS["reason"].find(name) for name in ("辞职", "离职", "主动离职")] == ["13"] * 3
    assert faults(add(desk, label="离职")) == {"label"}


def test_former_name_survives_the_next_edit_whole(desk):
    """A mark that might separate two spellings may stand within one."""
    add(desk, code="1A", label="援疆、援藏", synonyms="")
    change(desk, "1A", label="支援边疆", version="1")
    form = desk.get(reverse("review:code", args=["reason", "1A"])).context["form"]
    change(desk, "1A", label="支边", synonyms=form.initial["synonyms"], version="2")
    assert CodeEntry.objects.get(code="1A").synonyms == ["援疆、援藏", "支援边疆"]
    assert CODE_LISTS["reason"].find("援疆、援藏") == "1A"


def test_second_editor_is_told_and_overwrites_nothing(desk):
    """TRUST-43."""
    change(desk, "13", label="离职")
    answer = change(desk, "13", label="走了")
    assert (faults(answer), "已被他人修改" in answer.text) == ({"__all__"}, True)
    assert CODE_LISTS["reason"].label("13") == "离职"


def test_withdrawn_and_restored(desk):
    assert change(desk, "13", is_offered=None).status_code == 302
    assert ("13" in CODE_LISTS["reason"].offered, CODE_LISTS["reason"].label("13")) == (False, "辞职")
    assert change(desk, "13", version="1").status_code == 302
    assert "13" in CODE_LISTS["reason"].offered
    page = desk.get(reverse("review:code-list", args=["reason"]))
    assert [step.what for step in page.context["history"]] == ["提供", "停用"]


def test_page_tells_how_many_records_use_each_code(desk, enrollment, base_officer):
    for day in (1, 2):
        StatusChange.objects.create(
            enrollment=enrollment,
            from_status="1",
            to_status="2",
            reason="22",
            extended_until=datetime.date(2027, 1, 1),
            effective_date=datetime.date(2026, 1, day),
            changed_by=base_officer,
        )
    page = desk.get(reverse("review:code-list", args=["reason"]))
    assert {row.code: row.uses for row in page.context["rows"] if row.uses} == {"22": 2}
    assert "现有 2 条记录" in desk.get(reverse("review:code", args=["reason", "22"])).text


def test_certificate_that_names_a_class_twice_is_one_record(desk, complete_enrollment):
    held = CertificateInfo.objects.filter(resident=complete_enrollment.resident)
    uses = {}
    for practice in ("10", "20"):
        held.update(qualification_class="10", practice_class=practice)
        page = desk.get(reverse("review:code-list", args=["qualification_class"]))
        uses[practice] = {row.code: row.uses for row in page.context["rows"] if row.uses}
        assert (
            "现有 1 条记录" in desk.get(reverse("review:code", args=["qualification_class", practice])).text
        )
    assert uses == {"10": {"10": 1}, "20": {"10": 1, "20": 1}}


def test_class_out_of_use_is_refused_for_new_certificates_and_kept_in_old_ones(desk, complete_enrollment):
    """docs/codes.md#qualification: the resident is told the alternatives; what is stored passes the next save. 执业类别
    follows."""
    person = complete_enrollment.resident.user
    held = "10"
    certificate = {
        "passed_qualification_exam": True,
        "has_qualification_cert": True,
        "qualification_class": held,
    }
    CertificateInfo.objects.filter(resident=person.resident).update(**certificate)
    assert change(desk, held, "qualification_class", is_offered=None).status_code == 302
    assert held not in CODE_LISTS["practice_class"].offered
    save_block(complete_enrollment, "certificate", {"qualification_class": held}, by=person)
    change(desk, "46", "qualification_class", is_offered=None)
    with pytest.raises(Refused) as refusal:
        save_block(complete_enrollment, "certificate", {"qualification_class": "46"}, by=person)
    [problem] = refusal.value.problems["qualification_class"]
    assert (problem.code, "中西医结合" in problem.repair) == ("code_withdrawn", True)


def test_new_class_belongs_to_a_class_that_has_scopes(desk):
    """执业范围 follow the first digit: a class without any could not be filled in."""
    assert faults(add(desk, "qualification_class", code="50", label="壮医")) == {"code"}
    assert add(desk, "qualification_class", code="47", label="壮医", synonyms="").status_code == 302
    assert [CODE_LISTS[name].find("壮医") for name in ("qualification_class", "practice_class")] == ["47"] * 2


def test_names_of_the_corps_change_and_its_code_does_not(desk):
    """docs/codes.md#provinces: 66 is a key."""
    if not Province.objects.filter(pk="66").exists():
        Province.objects.create(code="66", name="新疆生产建设兵团", short_name="新疆兵团")
    assert desk.get(reverse("review:code", args=["province", "33"])).status_code == 404
    assert desk.get(reverse("review:code-new", args=["province"])).status_code == 404
    assert "代码 66 是固定的" in desk.get(reverse("review:code", args=["province", "66"])).text
    sent = {"label": "新疆建设兵团卫健委", "short_name": "新疆建兵"}
    assert change(desk, "66", "province", **sent).status_code == 302
    corps = Province.objects.get(pk="66")
    assert (corps.name, corps.short_name) == ("新疆建设兵团卫健委", "新疆建兵")
    names = ("新疆建兵", "新疆生产建设兵团", "新疆建设兵团卫健委")
    assert [CODE_LISTS["hukou_province"].find(name) for name in names] == ["66"] * 3
    assert faults(change(desk, "66", "province", label="浙江", short_name="新疆建兵", version="1")) == {
        "label"
    }


def test_shape_of_degree_numbers_is_added_withdrawn_and_restored(desk):
    """docs/codes.md#edited, PAIN-25: only a warning is at stake; no expression is typed by anybody."""
    page = reverse("review:number-shapes")

    def warned() -> bool:
        return "degree_no" in education.problems({"degree_no": "JX190500"}, {})

    sent = {"field": "degree_no", "lengths": "8、10", "prefix": "jx", "has_letters": "", "reason": "军校"}
    assert warned()
    assert desk.post(page, sent).status_code == 302
    assert not warned()
    assert faults(desk.post(page, sent)) == {"lengths"}
    assert faults(desk.post(page, sent | {"lengths": "31"})) == {"lengths"}
    one = reverse("review:number-shape", args=[NumberShape.objects.get().pk])
    assert desk.post(one, {"reason": "作废", "version": "1", "is_accepted": ""}).status_code == 302
    assert warned()
    assert faults(desk.post(one, {"reason": "恢复", "version": "1", "is_accepted": "on"})) == {"__all__"}
    assert desk.post(one, {"reason": "恢复", "version": "2", "is_accepted": "on"}).status_code == 302
    assert not warned()
    assert [step.what for step in desk.get(page).context["history"]] == ["在用", "停用", "在用"]
    assert AuditEvent.objects.filter(action="save_number_shape").count() == 3


def test_other_processes_learn_of_it_within_seconds(
    settings, national_officer, monkeypatch, django_assert_num_queries
):
    """Everywhere at once: each process looks at its next request, and not again for CODE_LISTS_SECONDS."""
    settings.CODE_LISTS_SECONDS = 3600
    monkeypatch.setattr(code_lists, "_looked_at", None)
    CodeEntry.objects.create(
        list_name="reason", code="1A", label="支援边疆", reason="x", changed_by=national_officer
    )
    assert "1A" not in CODE_LISTS["reason"].items
    with django_assert_num_queries(2):
        request_started.send(sender=None)
        request_started.send(sender=None)
    assert CODE_LISTS["reason"].offered["1A"] == "支援边疆"


def test_code_stands_once_in_a_list(national_officer):
    entry = {
        "list_name": "reason",
        "code": "1A",
        "label": "甲",
        "reason": "x",
        "changed_by": national_officer,
    }
    CodeEntry.objects.create(**entry)
    with pytest.raises(IntegrityError):
        CodeEntry.objects.create(**entry)


@pytest.mark.parametrize("name", ["reason", "qualification_class"])
def test_page_of_a_list_asks_the_same_number_of_queries(desk, name, django_assert_num_queries):
    address = reverse("review:code-list", args=[name])
    desk.get(address)
    for code in ("13", "14", "15") if name == "reason" else ("40", "41", "42"):
        change(desk, code, name, is_offered=None)
        desk.get(address)
        # Session, user, messages, contact; entries and shapes looked up; entries, uses, history and its people.
        with django_assert_num_queries(10):
            desk.get(address)
