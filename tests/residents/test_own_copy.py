"""我的全部信息 (GOAL-R9): everything kept of a person is in it, each download has its line, nobody else's is in it."""

import json

import pytest
from django.apps import apps
from django.db import models

from portal.models import AuditEvent, Message, User
from residents.models import Enrollment, Resident
from residents.services.personal import save_block
from tests import factories

# Model and column that point at a person → where his copy tells of it, or why it does not.
TOLD = {
    "residents.Resident.user": "身份信息",
    "residents.BasicInfo.resident": "基本信息",
    "residents.EducationRecord.resident": "学习经历",
    "residents.WorkInfo.resident": "工作信息",
    "residents.CertificateInfo.resident": "证书信息",
    "residents.Enrollment.resident": "培训记录",
    "residents.StatusChange.enrollment": "培训状态的变更",
    "residents.PersonalReturn.enrollment": "退回个人信息的意见",
    "residents.SectionConfirmation.resident": "年度信息无变化的确认",
    "residents.PersonMerge.kept": "重复人员合并",
    "bases.Submission.enrollment": "上报和审核",
    "bases.TransferRequest.enrollment": "转出请求",
    "bases.CorrectionRequest.resident": "证件更正申请",
    "bases.CorrectionRequest.enrollment": "证件更正申请",
    "review.ApiRecord.enrollment": "接口传送",
    "review.CompletionRecord.resident": "提前结业补报",
    "review.QualityFinding.enrollment": "数据质量提示",
    "review.ExamEntry.enrollment": "结业考核和合格证书",
    "portal.Message.recipient": "站内消息",
    "portal.FormDraft.user": "未保存的草稿",
}
LEFT_OUT = {
    "residents.IdentityCorrection.resident": "the carrying out of a 证件更正申请, which is told",
    "residents.PersonMerge.merged": "an account that is closed: the copy of the one that was kept tells it",
    "residents.RecordMove.enrollment": "that a record went to the successor of a base: its history tells it",
    "bases.HandedOver.enrollment": "the copy of a record that its former base keeps; the record is told",
    "review.TrialPerson.resident": "what an edition would count; it lives for one request",
    "review.EditionPerson.resident": "what an edition counted; the 上报 it was taken from is told",
    "portal.Extension.enrollment": "more time for a record is told on its pages; it says nothing of the person",
    "portal.Delivery.recipient": "the way of a message out of the portal; the message itself is told",
    "portal.MessageSettings.user": "his own choices, on their own page",
    "portal.NoticeReading.user": "that a notice was opened; it says nothing of the person",
    "bases.CountedPerson.resident": "a view over records",
    "bases.CountedEnrollment.resident": "a view over records",
    "bases.ImportRow.enrollment": "the row of a workbook from which the record was made",
    "bases.IdentityCheck.resident": "a question about another person's number, of whom the answer would tell",
    "bases.ExtensionRequest.enrollments": "a request of a base for more time; it says nothing of the person",
    "review.DeliveredSubmission.enrollment": "Submission under another name",
}
# What only staff can be behind: an act of theirs is no datum of a resident.
STAFF_ONLY = ("by", "reviewer", "absent", "substitute")
STAFF_MODELS = (
    "SavedView",
    "UserGrant",
    "UserObjectPermission",
    "SecondFactor",
    "MiddlewareEvents",
    "Job",
    "RecoveryCode",
)


def pointers() -> set[str]:
    """Every column that leads from a row to a resident, his record or his account."""
    found = set()
    for model in apps.get_models():
        if model.__name__.endswith("Event") or any(model.__name__.endswith(name) for name in STAFF_MODELS):
            continue
        for column in (*model._meta.fields, *model._meta.many_to_many):
            leads = isinstance(column, models.ForeignKey | models.ManyToManyField)
            to_person = leads and column.related_model in (Resident, Enrollment, User)
            if to_person and not column.name.endswith(STAFF_ONLY):
                found.add(f"{model._meta.label}.{column.name}")
    return found


def test_every_table_that_holds_a_person_is_told_of_or_left_out_for_a_reason():
    """A new table with residents must be decided about here."""
    assert pointers() == TOLD.keys() | LEFT_OUT.keys()


@pytest.fixture
def person(complete_enrollment, signed_in):
    return signed_in(complete_enrollment.resident.user)


def test_copy_has_all_parts_and_each_download_its_line(person, complete_enrollment):
    """GOAL-R9."""
    resident = complete_enrollment.resident
    save_block(complete_enrollment, "basic", {"email": "chenyutong@example.com"}, by=resident.user)
    Message.objects.create(recipient=resident.user, kind="other", subject="请填写个人信息")
    answer = person.post("/resident/copy/file/")

    copy = json.loads(answer.content)
    assert set(TOLD.values()) | {"账号", "登录记录", "修改记录", "完整号码的查看和提供"} <= copy.keys()
    assert copy["身份信息"][0]["证件号"] == resident.id_number
    assert copy["站内消息"][0]["标题"] == "请填写个人信息"
    assert "浙江大学" in copy["学习经历"][0].values()
    line = AuditEvent.objects.get(action="own_copy")
    assert (line.actor, line.target_id) == (resident.user, str(resident.pk))
    assert resident.id_number not in json.dumps(line.detail)
    assert "attachment" in answer["Content-Disposition"]


def test_page_reads_like_the_file(person):
    body = person.get("/resident/copy/").content.decode()
    for title in set(TOLD.values()):
        assert title in body, title


def test_copy_holds_nothing_of_another_person_and_no_name_of_staff(person, complete_enrollment, base_officer):
    other = factories.EnrollmentFactory(base=complete_enrollment.base)
    content = person.post("/resident/copy/file/").content.decode()

    assert other.resident.id_number not in content
    assert base_officer.full_name not in content
