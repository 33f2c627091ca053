"""Every repair text that names a way is walked: its state is built, the role that reads it goes the way, and arrives
(AM-31, AM-33, AM-35): no message points to a door that is closed."""

import re
from dataclasses import dataclass
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from bases.activation import mobile_is_enough
from bases.imports import services as imports
from bases.imports.worker import apply_batch
from bases.models import CorrectionRequest, IdentityCheck, TransferRequest
from bases.transfers import services as transfers
from portal.calendar import INTAKE_STEPS
from portal.models import Step, User
from residents.catalogue.catalogue import CATALOGUE
from residents.models import BasicInfo, Enrollment, StatusChange
from tests import factories
from tests.bases.conftest import account_line, problem_codes
from tests.bases.desk import approved, close, complete, page

pytestmark = pytest.mark.django_db

# Words by which a repair text sends its reader somewhere.
NAMES_A_WAY = re.compile(
    "住院医师信息管理”|招收信息管理”|请求转出|提交核实|打开此人|账号查找与重置|账号模板导入|此人的页面|更正申请|转换专业”|确认导入时|在本页"
)


@dataclass
class World:
    """Who stands where: two bases of one province, their officers, those who decide."""

    base: object
    other_base: object
    officer: object
    other_officer: object
    reviewer: object
    national: object
    cycle: object
    signed_in: object
    checked: object
    send: object

    def sheet(self, record, **values):
        person = record.resident
        words = {"01": "居民身份证", "03": "护照"}
        line = account_line(
            full_name=person.full_name,
            id_number=person.id_number,
            id_type=words[person.id_type],
            mobile=person.mobile,
        )
        return line | values

    def says(self, code, line, module="intake"):
        """The row is refused, or warned of, with this message; gives its batch."""
        batch = self.checked([dict(line)], module=module)
        assert code in {each for found in problem_codes(batch).values() for _, each in found}
        return batch

    def enters(self, line, module="intake", reason=""):
        """The same line is imported at last."""
        batch = self.checked([dict(line)], module=module)
        assert batch.rows_created == 1, batch.rows.get().problems
        imports.confirm(batch, mode="good_rows", by=self.officer, reason=reason)
        apply_batch(batch.pk)
        batch.refresh_from_db()
        assert (batch.state, batch.rows_created) == ("applied", 1)

    def link(self, batch, word):
        """The address that the row's message offers under this word, on the page of its reader."""
        body = page(self.signed_in(self.officer).get(reverse("bases:import-batch", args=[batch.pk])))
        found = re.search(rf'href="([^"]+)">\s*{word}\s*</a>', body)
        assert found, word
        return found[1].replace("&amp;", "&")

    def ask_for(self, batch):
        address = self.link(batch, "请求转出")
        self.signed_in(self.officer).post(address, {"act": "ask", "reason": "批准转入"})
        return TransferRequest.objects.get(state="open")

    def asks_about_end(self, record, kind):
        """By the button of the record's page; granted by province and association."""
        client, address = self.signed_in(self.officer), reverse("bases:end-correction-new", args=[record.pk])
        assert address in page(client.get(reverse("bases:record", args=[record.pk])))
        assert client.post(address, {"kind": kind, "reason": "有批准文件"}).status_code == 302
        self.grants(CorrectionRequest.objects.get(kind=kind, enrollment=record))

    def grants(self, asked):
        for desk, act in ((self.reviewer, "confirm"), (self.national, "apply")):
            client = self.signed_in(desk)
            address = reverse(f"review:correction-{act}", args=[asked.pk])
            assert address in page(client.get(reverse("review:correction", args=[asked.pk])))
            assert client.post(address, {"comment": ""}).status_code == 302
        asked.refresh_from_db()
        assert asked.state == "done"

    def ended(self, base, result):
        record = self.registered(base)
        Enrollment.objects.filter(pk=record.pk).update(status="4")
        StatusChange.objects.create(
            enrollment=record,
            from_status="1",
            to_status="4",
            reason="41" if result == "1" else "42",
            effective_date=timezone.localdate(),
            ended_on=timezone.localdate(),
            ended_result=result,
        )
        return record

    def registered(self, base, **values):
        year, now = self.cycle.year - 1, timezone.now()
        if values:  # A passport's number tells no birth date to fill in.
            return factories.EnrollmentFactory(base=base, intake_year=year, registered_at=now, **values)
        return complete(base, year, registered_at=now)

    def withdrawn(self, record, reason):
        Enrollment.objects.filter(pk=record.pk).update(status="5")
        StatusChange.objects.create(
            enrollment=record,
            from_status="1",
            to_status="5",
            reason=reason,
            effective_date=timezone.localdate(),
            destination="其他基地",
            withdrawal_kind="" if reason in ("11", "12") else "1",
        )
        return record


@pytest.fixture
def world(
    base, other_base, base_officer, other_base_officer, provincial_reviewer, national_officer, cycle, signed_in,
    checked, send,
):  # fmt: skip
    return World(
        base, other_base, base_officer, other_base_officer, provincial_reviewer, national_officer, cycle,
        signed_in, checked, send,
    )  # fmt: skip


# --- the two modules -------------------------------------------------------------------------------------------------


def intake_year_intake(world):
    line = account_line(intake_year=str(world.cycle.year - 1))
    world.says("intake_year_intake", line)
    world.enters(line, "registry")


def intake_year_ahead(world):
    world.says("intake_year_ahead", account_line(intake_year=str(world.cycle.year + 1)))
    world.enters(account_line())


def _next_year(world, **windows):
    ahead = factories.CycleFactory(year=world.cycle.year + 1)
    factories.open_windows(ahead, **windows)
    return ahead


def intake_year_other_locks(world):
    """Two years overlap: the older one's import is over, and not yet the registry's (AM-31, AM-42)."""
    _next_year(world)
    close(world.cycle, Step.RESIDENT_FILL, Step.BASE_FILL, Step.REPORT)
    line = account_line()
    world.says("intake_year_other_locks", line)
    world.says("intake_year_before_lock", line, "registry")
    close(world.cycle, *INTAKE_STEPS)
    world.says("intake_year_intake", line)
    world.enters(line, "registry")


def intake_year_other_later(world):
    soon = timezone.now() + timedelta(days=2)
    ahead = _next_year(world, base_fill=(soon, soon + timedelta(days=2)))
    line = account_line(intake_year=str(ahead.year))
    world.says("intake_year_other_later", line)
    factories.open_windows(ahead)
    close(world.cycle, Step.BASE_FILL)
    world.enters(line)


def intake_year_still_open(world):
    line = account_line()
    world.says("intake_year_still_open", line, "registry")
    world.enters(line)


def intake_year_not_open_yet(world):
    soon = timezone.now() + timedelta(days=2)
    factories.open_windows(world.cycle, base_fill=(soon, soon + timedelta(days=2)))
    line = account_line()
    world.says("intake_year_not_open_yet", line, "registry")
    factories.open_windows(world.cycle)
    world.enters(line)


def intake_year_before_lock(world):
    close(world.cycle, Step.RESIDENT_FILL, Step.BASE_FILL, Step.REPORT)
    line = account_line()
    world.says("intake_year_before_lock", line, "registry")
    close(world.cycle, *INTAKE_STEPS)
    world.enters(line, "registry")


def intake_original_exists(world):
    record = approved(complete(world.other_base, world.cycle.year), world.other_officer, world.reviewer)
    line = world.sheet(world.withdrawn(record, "13"))
    world.says("intake_original_exists", line)
    world.enters(line, "registry")


def year_of_transfer(world):
    line = world.sheet(world.withdrawn(world.registered(world.other_base), "11"))
    world.says("year_of_transfer", line)
    world.enters(line | {"intake_year": str(world.cycle.year - 1)}, "registry")


# --- held elsewhere --------------------------------------------------------------------------------------------------


def live_elsewhere(world):
    record = world.registered(world.other_base)
    line = world.sheet(record, intake_year=str(world.cycle.year - 1))
    asked = world.ask_for(world.says("live_elsewhere", line, "registry"))
    form = {"effective_date": timezone.localdate().isoformat(), "destination": world.base.name, "note": ""}
    url = reverse("bases:transfer-release", args=[asked.pk])
    assert world.signed_in(world.other_officer).post(url, form).status_code == 302
    world.enters(line, "registry")


def recruit_elsewhere(world):
    record = factories.EnrollmentFactory(base=world.other_base, intake_year=world.cycle.year)
    line = world.sheet(record)
    asked = world.ask_for(world.says("recruit_elsewhere", line))
    holder = world.signed_in(world.other_officer)
    body = page(holder.get(reverse("bases:transfer", args=[asked.pk])))
    way = re.search(r'href="([^"]+\?why=moved)"', body)[1]
    form = {"why": "moved", "reason": "转到对方基地", "left_on": timezone.localdate().isoformat()}
    assert holder.post(way, form).status_code == 302
    world.enters(line)


def ended_elsewhere(world):
    record = world.registered(world.other_base)
    Enrollment.objects.filter(pk=record.pk).update(status="4")
    line = world.sheet(record, intake_year=str(world.cycle.year - 1))
    address = world.link(world.says("ended_elsewhere", line, "registry"), "请求转出")
    world.signed_in(world.officer).post(address, {"act": "ask", "reason": "批准再次培训"})
    world.grants(CorrectionRequest.objects.get(state="province", base=world.base))
    world.enters(line, "registry")


# --- who is who ------------------------------------------------------------------------------------------------------


def _checked_by_all(world, batch, line, act):
    row = batch.rows.get()
    form = {name: row.values[name] for name in ("full_name", "id_type", "id_number")}
    client = world.signed_in(world.officer)
    assert client.post(world.link(batch, "提交核实"), form | {"reason": "已核对原件"}).status_code == 302
    check = IdentityCheck.objects.get()
    url = reverse("review:identity-check-decide", args=[check.pk])
    assert world.signed_in(world.reviewer).post(url, {"act": "confirm", "comment": ""}).status_code == 302
    assert world.signed_in(world.national).post(url, {"act": act, "comment": ""}).status_code == 302


def identity_name_differs(world):
    known = world.registered(world.other_base, resident__id_type="03", resident__id_number="K12345678")
    line = world.sheet(known, full_name="ANNA SCHMIDT", mobile="13700000001")
    _checked_by_all(world, world.says("identity_name_differs", line), line, "free")
    world.enters(line)


def identity_type_differs(world):
    known = factories.EnrollmentFactory(
        base=world.other_base,
        intake_year=world.cycle.year - 1,
        status="5",
        resident__id_type="99",
        resident__id_number="K12345678",
    )
    line = account_line(id_type="护照", id_number="K12345678", full_name=known.resident.full_name)
    _checked_by_all(world, world.says("identity_type_differs", line), line, "correct")
    world.enters(line)


def name_differs_here(world):
    record = factories.EnrollmentFactory(base=world.base, intake_year=world.cycle.year)
    line = world.sheet(record, full_name="陈雨彤")
    world.says("name_differs_here", line)
    _corrects_name(world, record, "陈雨彤")
    world.says("already_here", line)


def _corrects_name(world, record, name):
    client = world.signed_in(world.officer)
    address = reverse("bases:name-correct", args=[record.pk])
    assert address in page(client.get(reverse("bases:record", args=[record.pk])))
    version = {"version": record.version}
    assert client.post(address, {"full_name": name, "reason": "与证件一致"} | version).status_code == 302
    record.resident.refresh_from_db()
    assert record.resident.full_name == name


def same_person_other_type(world):
    world.registered(
        world.other_base,
        resident__id_type="03",
        resident__id_number="K12345678",
        resident__mobile="13800138000",
    )
    line = account_line()
    world.says("same_person_other_type", line)
    world.enters(line, reason="电话核实为两人")


def _opens(world, record):
    page(world.signed_in(world.officer).get(reverse("bases:record", args=[record.pk])))


def already_here(world):
    record = factories.EnrollmentFactory(base=world.base, intake_year=world.cycle.year)
    world.says("already_here", world.sheet(record))
    _opens(world, record)


def already_here_differs(world):
    record = factories.EnrollmentFactory(base=world.base, intake_year=world.cycle.year)
    world.says("already_here_differs", world.sheet(record, mobile="13700000002"))
    _opens(world, record)


def account_needs_code(world):
    record = factories.EnrollmentFactory(
        base=world.base,
        intake_year=world.cycle.year,
        deleted_at=timezone.now(),
        deleted_by=world.officer,
        deleted_reason="录错",
    )
    User.objects.filter(pk=record.resident.user_id).update(activated_at=None)
    BasicInfo.objects.create(resident=record.resident, email="a@example.com")
    line = world.sheet(record)
    world.says("account_needs_code", line)
    world.enters(line)
    client, new = world.signed_in(world.officer), record.resident.enrollments.get(deleted_at=None)
    release = reverse("bases:account-release", args=[new.pk])
    assert release in page(client.get(reverse("bases:account", args=[new.pk])))
    client.post(release)
    record.resident.user.refresh_from_db()
    assert mobile_is_enough(record.resident.user)


# --- training sheet, status, deletion --------------------------------------------------------------------------------


def name_mismatch(world):
    record = factories.EnrollmentFactory(base=world.base, intake_year=world.cycle.year)
    _corrects_name(world, record, "陈雨彤")


def no_enrollment_here(world):
    world.enters(account_line())


def intake_year_locked(world):
    record = factories.EnrollmentFactory(base=world.base, intake_year=world.cycle.year)
    client = world.signed_in(world.officer)
    address = reverse("bases:account-delete", args=[record.pk])
    assert address in page(client.get(reverse("bases:account", args=[record.pk])))
    assert client.post(address, {"why": "wrong", "reason": "招收年份录错"}).status_code == 302
    world.enters(world.sheet(record, intake_year=str(world.cycle.year - 1)), "registry")


def specialty_locked(world):
    record = world.registered(world.base)
    Enrollment.objects.filter(pk=record.pk).update(specialty_locked=True)
    page(world.signed_in(world.officer).get(reverse("bases:specialty-change", args=[record.pk])))


def status_in_intake(world):
    stays, leaves = (complete(world.base, world.cycle.year) for _ in range(2))
    client = world.signed_in(world.officer)
    form = {"why": "no_show", "reason": "一直没有报到", "left_on": timezone.localdate().isoformat()}
    assert client.post(reverse("bases:account-delete", args=[leaves.pk]), form).status_code == 302
    approved(stays, world.officer, world.reviewer)
    page(client.get(reverse("bases:status-edit", args=[stays.pk])))


def reopen_blocked(world):
    old = world.withdrawn(world.registered(world.base), "13")
    new = factories.EnrollmentFactory(
        resident=old.resident,
        base=world.other_base,
        intake_year=world.cycle.year - 1,
        registered_at=timezone.now(),
    )
    asked = transfers.ask(new.pk, world.base, reason="回到本基地", by=world.officer)
    transfers.release(
        asked.pk, effective_date=timezone.localdate(), destination="本基地", note="", by=world.other_officer
    )
    body = page(world.signed_in(world.officer).get(reverse("bases:status-edit", args=[old.pk])))
    assert "在培" in body


def withdraw_after_end(world):
    """Back to 在培 where the end was a mistake; else a further training, here or where 请求转出 asks for it."""
    record = world.ended(world.base, "2")
    today = timezone.localdate().isoformat()
    client, address = world.signed_in(world.officer), reverse("bases:status-edit", args=[record.pk])
    page(client.get(address))
    again = world.ended(world.base, "2")
    form = {"status": "1", "effective_date": today, "version": record.version}
    assert client.post(address, form).status_code == 302
    record.refresh_from_db()
    assert record.status == "1"
    world.asks_about_end(again, "again")
    world.enters(world.sheet(again, intake_year=str(world.cycle.year - 1)), "registry")
    ended_elsewhere(world)


def status_certified(world):
    """The details of 结束 are corrected by the base; back to 在培 and a further training are asked for (AM-34)."""
    record, again = world.ended(world.base, "1"), world.ended(world.base, "1")
    shown = page(world.signed_in(world.officer).get(reverse("bases:status-edit", args=[record.pk])))
    assert "结束（更正明细）" in shown
    world.asks_about_end(record, "reopen")
    record.refresh_from_db()
    assert (record.status, record.report_status) == ("1", "0")
    world.asks_about_end(again, "again")
    world.enters(world.sheet(again, intake_year=str(world.cycle.year - 1)), "registry")


def legacy_differs(world):
    """What a roster says otherwise is mended by the base, in the registry."""
    record = world.registered(world.base)
    page(world.signed_in(world.officer).get(reverse("bases:training-edit", args=[record.pk])))


def status_set_aside(world):
    """Of a person who may be trained again: the record that holds him is the new one."""
    record = world.ended(world.base, "2")
    world.asks_about_end(record, "again")
    record.refresh_from_db()
    address = reverse("bases:status-edit", args=[record.pk])
    form = {"status": "1", "effective_date": timezone.localdate().isoformat(), "version": record.version}
    answer = world.signed_in(world.officer).post(address, form)
    assert "不再占用此人" in answer.content.decode()
    world.enters(world.sheet(record, intake_year=str(world.cycle.year - 1)), "registry")


def status_undated(world):
    """The page where the missing day and reason are filled in (AM-40)."""
    record = world.registered(world.base)
    Enrollment.objects.filter(pk=record.pk).update(status="3")
    shown = page(world.signed_in(world.officer).get(reverse("bases:status-edit", args=[record.pk])))
    assert "暂停（更正明细）" in shown


WALKS = {
    walk.__name__: walk
    for walk in (
        intake_year_intake,
        intake_year_ahead,
        intake_year_other_locks,
        intake_year_other_later,
        intake_year_still_open,
        intake_year_not_open_yet,
        intake_year_before_lock,
        intake_original_exists,
        year_of_transfer,
        live_elsewhere,
        recruit_elsewhere,
        ended_elsewhere,
        identity_name_differs,
        identity_type_differs,
        name_differs_here,
        same_person_other_type,
        already_here,
        already_here_differs,
        account_needs_code,
        name_mismatch,
        no_enrollment_here,
        intake_year_locked,
        specialty_locked,
        status_in_intake,
        reopen_blocked,
        withdraw_after_end,
        status_certified,
        legacy_differs,
        status_set_aside,
        status_undated,
    )
}


def test_every_text_that_names_a_way_has_its_walk():
    named = {code for code, entry in CATALOGUE.items() if NAMES_A_WAY.search(entry.repair)}
    assert named - WALKS.keys() == set()


@pytest.mark.parametrize("code", WALKS)
def test_way_is_walked_by_its_reader(world, code):
    assert code in CATALOGUE
    WALKS[code](world)
