"""The smaller lists of a base as files: what the page shows, masked, in full for a purpose (GOAL-B19; TRUST-51)."""

import datetime

import pytest
from django.utils import timezone

from bases.identity_checks import services as checks
from bases.models import ImportBatch
from bases.transfers import services as transfers
from portal.masking import mask
from portal.models import AuditEvent
from portal.roles import Role
from residents.models import Disclosure, Enrollment
from tests import factories
from tests.bases.desk import complete, page, told
from tests.bases.extensions.conftest import asked_for
from tests.bases.records.test_take_home import rows_of

pytestmark = pytest.mark.django_db


def taken(desk, address, **form):
    answer = desk.post(address, form)
    assert answer.status_code == 200, answer
    head, *lines = rows_of(answer)
    return [dict(zip(head, line, strict=True)) for line in lines]


def test_stale_statuses(desk, base, cycle):
    long_ago = timezone.localdate() - datetime.timedelta(days=9)
    record = factories.EnrollmentFactory(base=base, intake_year=cycle.year - 1, registered_at=timezone.now())
    factories.EnrollmentFactory(base=base, intake_year=cycle.year - 1, registered_at=timezone.now())
    Enrollment.objects.filter(pk=record.pk).update(status="2", extended_until=long_ago)
    assert "导出 1 条" in page(desk.get("/base/deadlines/statuses/"))
    (line,) = taken(desk, "/base/deadlines/statuses/")
    assert (line["姓名"], line["培训状态"], line["已过天数"]) == (record.resident.full_name, "延期", 9)
    assert line["到期或结束日期"].date() == long_ago
    event = AuditEvent.objects.get(action="export")
    assert (event.detail["kind"], event.detail["rows"], event.detail["masked"]) == ("stale_statuses", 1, True)
    assert not Disclosure.objects.exists()


def test_transfers_tell_no_more_of_the_others_people_than_the_page(
    desk, base, base_officer, other_base, other_base_officer, cycle
):
    theirs = factories.EnrollmentFactory(
        base=other_base, intake_year=cycle.year - 1, registered_at=timezone.now()
    )
    ours = complete(base, cycle.year - 1, registered_at=timezone.now())
    transfers.ask(theirs.pk, base, reason="省卫健委批准转入", by=base_officer)
    transfers.ask(ours.pk, other_base, reason="省卫健委批准转入", by=other_base_officer)
    incoming, outgoing = taken(desk, "/base/transfers/")
    assert (incoming["方向"], incoming["姓名"], incoming["培训专业"]) == (
        "请本基地转出",
        ours.resident.full_name,
        ours.specialty.name,
    )
    assert (outgoing["方向"], outgoing["培训专业"], outgoing["培训状态"]) == ("本基地请求转入", None, None)
    assert outgoing["原培训基地"] == other_base.name
    (only,) = taken(desk, "/base/transfers/?state=open")
    assert only["姓名"] == ours.resident.full_name


def test_extensions(desk, base, base_officer, cycle):
    factories.open_windows(
        cycle,
        report=(timezone.now() - datetime.timedelta(days=9), timezone.now() - datetime.timedelta(days=1)),
    )
    record = factories.EnrollmentFactory(base=base, intake_year=cycle.year)
    asked_for(base, cycle, base_officer, [record])
    (line,) = taken(desk, "/base/extensions/")
    assert (line["范围"], line["理由"], line["申请人"]) == (
        record.resident.full_name,
        "停电",
        base_officer.full_name,
    )


@pytest.fixture
def checked_person(base, base_officer, cycle):
    number = "E12345678"
    known = factories.EnrollmentFactory(
        intake_year=cycle.year - 1, resident__id_type="03", resident__id_number=number
    )
    values = {"full_name": "JANE SMITH", "id_type": "03", "id_number": number, "reason": "已核对护照原件"}
    checks.ask(base, values=values, evidence=None, by=base_officer)
    return known.resident


def test_numbers_are_masked_and_leave_in_full_for_a_purpose_only(desk, checked_person):
    address = "/base/identity-checks/"
    (line,) = taken(desk, address)
    assert line["姓名"] == "JANE SMITH"
    assert line["证件号"] != checked_person.id_number
    assert line["证件号"] in page(desk.get(address))
    assert "至少 4 个字" in told(desk.post(address, {"unmasked": "on", "purpose": ""}))
    (line,) = taken(desk, address, unmasked="on", purpose="报省级核实")
    assert line["证件号"] == checked_person.id_number
    event = AuditEvent.objects.filter(action="export").latest("pk")
    assert (event.detail["purpose"], event.detail["masked"]) == ("报省级核实", False)
    assert Disclosure.objects.get(event=event).residents == [checked_person.pk]


def test_whoever_may_only_look_gets_no_full_number(signed_in, base, checked_person):
    reader = factories.UserFactory()
    factories.grant(reader, base, read_only=True)
    client = signed_in(reader)
    assert "导出完整的证件号" not in page(client.get("/base/identity-checks/"))
    (line,) = taken(client, "/base/identity-checks/")
    assert line["证件号"] != checked_person.id_number
    answer = client.post("/base/identity-checks/", {"unmasked": "on", "purpose": "报省级核实"})
    assert answer.status_code == 403


def test_earlier_imports_as_narrowed(desk, base, base_officer, cycle):
    for name, state in (("甲.xlsx", "applied"), ("乙.xlsx", "cancelled")):
        ImportBatch.objects.create(
            base=base,
            cycle=cycle,
            kind="accounts",
            module="intake",
            file_name=name,
            state=state,
            uploaded_by=base_officer,
        )
    lines = taken(desk, "/base/imports/accounts/export/?batches=applied")
    assert [(line["文件"], line["上传人"]) for line in lines] == [("甲.xlsx", base_officer.full_name)]
    assert "导出 2 条" in page(desk.get("/base/imports/"))


def test_people_behind_a_number_of_the_funnel(desk, base, cycle, signed_in, provincial_reviewer):
    record = factories.EnrollmentFactory(base=base, intake_year=cycle.year)
    address = f"/review/funnel/records/?year={cycle.year}&stage=imported"
    assert "导出" in page(desk.get(address))
    (line,) = taken(desk, address)
    assert line["姓名"] == record.resident.full_name
    assert line["证件号"] != record.resident.id_number
    (line,) = taken(desk, address, unmasked="on", purpose="核对名单")
    assert line["证件号"] == record.resident.id_number
    assert signed_in(provincial_reviewer).post(address).status_code == 403


def test_staff_list_is_masked_whatever_is_asked(desk, base, base_officer):
    base_officer.mobile = "13800138000"
    base_officer.save()
    (line,) = taken(desk, f"/review/staff/base/{base.pk}/", unmasked="on", purpose="通讯录核对")
    assert (line["姓名"], line["权限"]) == (base_officer.full_name, "可办理业务")
    assert line["手机号"] == mask("13800138000")


@pytest.mark.parametrize("role", [Role.PROVINCE, Role.RESIDENT])
def test_lists_of_a_base_are_its_own(signed_in, role):
    client = signed_in(factories.UserFactory(role=role))
    for address in (
        "/base/transfers/",
        "/base/extensions/",
        "/base/identity-checks/",
        "/base/deadlines/statuses/",
    ):
        assert client.post(address).status_code == 403
