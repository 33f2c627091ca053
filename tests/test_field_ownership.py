"""GOAL-S2, PAIN-29: who writes which field is one table for page, workbook and interface; nobody passes it by a direct
POST.

The table is `owner` in the FIELDS of residents/rules. Each test sends everything that is not the sender's own beside
one change that is, so that a save really happens and the rest can be seen to stay.
"""

import datetime
import io
import uuid

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from bases.imports import services as imports
from bases.imports.worker import apply_batch, check_batch
from bases.models import TrainingBase
from portal.models import User
from residents.codes import CODE_LISTS
from residents.models import (
    BasicInfo,
    CertificateInfo,
    EducationRecord,
    Enrollment,
    Resident,
    StatusChange,
    WorkInfo,
)
from residents.rules import delivery, status, training
from residents.snapshot import FIELDS
from tests.bases.desk import complete
from tests.bases.workbooks.training_files import codes, edited, template, verdicts

JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF" + b"\0" * 64
_KINDS = {
    "bool": "True",
    "date": "2018-09-02",
    "month": "2018-07",
    "mobile": "13911112222",
    "email": "other@example.com",
    "name": "王小明",
    "id_number": "110101199003070011",
    "uscc": "350100100000001",
}
_NUMBERS = {"intake_year": "2015", "approved_years": "2"}
# What no field of the dictionary is called: columns, states and rights that a hand-made form may try.
_COLUMNS = {
    "id": "1",
    "resident": "1",
    "resident_id": "1",
    "user": "1",
    "user_id": "1",
    "base": "1",
    "base_id": "1",
    "origin": "legacy",
    "report_status": "1",
    "review_status": "2",
    "personal_state": "2",
    "training_complete": "on",
    "specialty_locked": "on",
    "registered_at": "2018-01-01",
    "approved_submission": "1",
    "lapsed_at": "2018-01-01",
    "deleted_at": "2018-01-01",
    "role": "cmda",
    "is_active": "",
    "is_superuser": "on",
    "username": "x",
    "password": "x",
    "owner": "base",
}


def sent(field):
    """A value that the field takes, as a browser sends it, unlike anything the fixtures store."""
    if field.kind == "file":
        return SimpleUploadedFile("证明.jpg", JPEG)
    if field.kind == "code":
        return list(CODE_LISTS[field.codes].offered)[-1]
    if field.kind == "int":
        return _NUMBERS[field.name]
    return _KINDS.get(field.kind, "31000")


def not_owned_by(*owners, own=()):
    """One value for every field of every block that these owners do not write, and for the columns behind them."""
    values = {
        field.name: sent(field)
        for block in FIELDS.values()
        for field in block
        if field.owner not in owners and field.name not in own
    }
    return {name: value for name, value in {**_COLUMNS, **values}.items() if name not in own}


def stored():
    """Everything the tables hold of persons, records, organisations and accounts, by table."""
    models = (Resident, BasicInfo, EducationRecord, WorkInfo, CertificateInfo, Enrollment, StatusChange)
    users = User.objects.order_by("pk").values(
        "username", "role", "is_active", "is_superuser", "full_name", "mobile"
    )
    tables = {model.__name__: list(model.objects.order_by("pk").values()) for model in models}
    return {**tables, "User": list(users), "TrainingBase": list(TrainingBase.objects.order_by("pk").values())}


def changed(before, after):
    """table.column of everything that differs; table alone where rows came or went."""
    found = set()
    for table, rows in before.items():
        if len(rows) != len(after[table]):
            found.add(table)
        for old, new in zip(rows, after[table], strict=False):
            found |= {f"{table}.{name}" for name in old if old[name] != new[name]}
    return found


def test_every_field_has_one_owner():
    """GOAL-S2: the table is whole, and no field belongs to two who both may write it (BR-11, BR-89)."""
    owners = {}
    for block, fields in FIELDS.items():
        for field in fields:
            assert field.owner in ("resident", "base", "locked", "auto"), field.name
            owners.setdefault((block, field.name), set()).add(field.owner)
    assert {key for key, found in owners.items() if len(found) > 1} == set()


# --- the resident's pages --------------------------------------------------------------------------------------------

_KEPT_UP = {"version", "updated_at"}
_OWN = {
    "section/basic/": ("BasicInfo", {"email": "new@example.com"}),
    "section/certificate/": ("CertificateInfo", {"passed_qualification_exam": "True"}),
    "section/work/": ("WorkInfo", {"work_start_date": "2019-08"}),
}


@pytest.fixture
def registered(base, cycle):
    """A complete record in the registry, where every block may be edited."""
    record = complete(base, cycle.year - 1, registered_at=timezone.now())
    WorkInfo.objects.create(resident=record.resident)
    return record


def allowed(table, names):
    own = {f"{table}.{name}" for name in (*names, *_KEPT_UP)}
    # What a resident's save may move by itself.
    states = ("personal_state", "personal_changed_at", "state_since", "has_unreported_update", *_KEPT_UP)
    return own | {f"Enrollment.{name}" for name in states}


@pytest.mark.parametrize("address", _OWN)
def test_resident_writes_only_his_own_fields(registered, signed_in, address):
    """GOAL-S2, BR-41, BR-52, BR-81: base fields, locked fields and states sent along change nothing."""
    table, own = _OWN[address]
    before = stored()
    # The mobile number is the base's in the account workbook and the resident's own from then on.
    body = not_owned_by("resident", own={"mobile"}) | own | {"version": "0"}

    answer = signed_in(registered.resident.user).post(f"/resident/{address}", body)

    assert answer.status_code == 302, answer.context["form"].errors
    found = changed(before, stored())
    assert f"{table}.{next(iter(own))}" in found
    assert found <= allowed(table, own)


def test_resident_writes_only_his_own_fields_of_a_level_of_study(registered, signed_in):
    """GOAL-S2: 在读学历 is the system's, all other blocks are not even looked at."""
    row = EducationRecord.objects.get()
    before = stored()
    body = not_owned_by("resident") | {"overseas_cert_no": "A123", "version": "0"}

    answer = signed_in(registered.resident.user).post(f"/resident/education/{row.pk}/", body)

    assert answer.status_code == 302, answer.context["form"].errors
    found = changed(before, stored())
    assert "EducationRecord.overseas_cert_no" in found
    assert found <= allowed("EducationRecord", ["overseas_cert_no"])


def test_resident_writes_neither_birth_date_nor_sex_that_his_number_tells(registered, signed_in):
    """GOAL-S2, PAIN-24: what the ID number tells is nobody's to type."""
    before = stored()
    body = {"sex": "2", "birth_date": "1990-01-01", "email": "new@example.com", "version": "0"}

    signed_in(registered.resident.user).post("/resident/section/basic/", body)

    assert changed(before, stored()) <= allowed("BasicInfo", ["email"])


# --- the base's pages ------------------------------------------------------------------------------------------------

_TRAINING = {field.name for field in training.FIELDS if field.owner == "base"}
_REPORTING = {"report_status", "review_status", "state_since", "training_complete", *_KEPT_UP}


def test_base_writes_only_training_info_by_its_form(registered, signed_in, base_officer):
    """GOAL-S2, BR-41, BR-56: the resident's blocks, identity, year, base, status and states stay."""
    before = stored()
    body = not_owned_by("base") | {"remark": "门诊二组", "version": str(registered.version)}

    answer = signed_in(base_officer).post(f"/base/records/{registered.pk}/training/", body)

    assert answer.status_code == 302, answer.context["form"].errors
    found = changed(before, stored())
    assert "Enrollment.remark" in found
    assert found <= {f"Enrollment.{name}" for name in ("remark", *_REPORTING)}


def test_base_writes_no_status_and_no_name_by_the_training_form(registered, signed_in, base_officer):
    """GOAL-S2: the base's other fields have their own pages with their own questions (AM-07, BR-32)."""
    before = stored()
    body = not_owned_by(own=_TRAINING) | {"remark": "门诊二组", "version": str(registered.version)}

    answer = signed_in(base_officer).post(f"/base/records/{registered.pk}/training/", body)

    assert answer.status_code == 302, answer.context["form"].errors
    assert changed(before, stored()) <= {f"Enrollment.{name}" for name in ("remark", *_REPORTING)}


def test_base_writes_no_locked_specialty_by_its_form(registered, signed_in, base_officer):
    """GOAL-S2, BR-81: in the registry the specialty is locked; sent all the same it changes nothing."""
    Enrollment.objects.filter(pk=registered.pk).update(specialty_locked=True)
    before = stored()
    body = {"specialty": "0200", "remark": "门诊二组", "version": str(registered.version)}

    signed_in(base_officer).post(f"/base/records/{registered.pk}/training/", body)

    assert changed(before, stored()) <= {f"Enrollment.{name}" for name in ("remark", *_REPORTING)}


def test_base_writes_only_the_status_by_its_form(registered, signed_in, base_officer):
    """GOAL-S2, BR-32: nothing but the change itself, whatever else is sent."""
    today = timezone.localdate()
    own = {
        "status": "3",
        "effective_date": today.isoformat(),
        "reason": "31",
        "suspended_from": today.isoformat(),
        "expected_resume": (today + datetime.timedelta(days=30)).isoformat(),
    }
    others = {field.name for field in FIELDS["status"]}
    before = stored()
    body = not_owned_by(own=others) | own | {"version": str(registered.version)}

    answer = signed_in(base_officer).post(f"/base/records/{registered.pk}/status/", body)

    assert answer.status_code == 302, answer.context["form"].errors
    found = changed(before, stored())
    assert {"StatusChange", "Enrollment.status"} <= found
    details = ("status", "status_since", "expected_resume", "extended_until", *_REPORTING)
    assert found <= {"StatusChange", *(f"Enrollment.{name}" for name in details)}


def test_name_page_writes_the_name_only(registered, signed_in, base_officer):
    """GOAL-S2, AM-07, BR-48: number and type stay locked behind the correction of a name."""
    before = stored()
    body = not_owned_by(own={"full_name"}) | {"full_name": "陈宇桐", "reason": "户口簿更名"}

    signed_in(base_officer).post(f"/base/records/{registered.pk}/name/", body)

    found = changed(before, stored())
    assert "Resident.full_name" in found
    names = ("Resident.full_name", "Resident.name_key", "Resident.version", "User.full_name")
    assert found <= {*names, *(f"Enrollment.{name}" for name in _REPORTING)}


# --- the workbook and the interface ----------------------------------------------------------------------------------

_LOCKED_CELLS = {
    "招收年度": ("2015", "intake_year_locked"),
    "培训专业": ("儿科", "specialty_locked"),
    "姓名": ("李建国", "name_mismatch"),
    "证件类型": ("护照", "no_enrollment_here"),
    "证件号": ("110101199003070011", "no_enrollment_here"),
}


@pytest.fixture
def send(base, base_officer, cycle):
    """A function: workbook bytes → the checked batch of 住院医师信息管理."""

    def store(content):
        batch = imports.store_upload(
            SimpleUploadedFile("培训信息.xlsx", content),
            kind="training",
            module="registry",
            base=base,
            by=base_officer,
            token=uuid.uuid4(),
        )
        check_batch(batch.pk)
        batch.refresh_from_db()
        return batch

    return store


@pytest.fixture(autouse=True)
def _worker_waits(settings):
    """These tests call the worker's part themselves."""
    settings.TASKS = {"default": {"BACKEND": "django_tasks.backends.dummy.DummyBackend", "QUEUES": []}}


@pytest.mark.parametrize("header", _LOCKED_CELLS)
def test_workbook_with_another_value_in_a_locked_column_is_refused(registered, base, send, header):
    """GOAL-S2, BR-48, BR-81: the row says so in words, and nothing of it is written."""
    Enrollment.objects.filter(pk=registered.pk).update(specialty_locked=True)
    text, code = _LOCKED_CELLS[header]
    before = stored()

    batch = send(
        edited(template([registered], base, "registry"), {(1, header): text, (1, "备注"): "门诊二组"})
    )

    assert verdicts(batch) == ["refused"]
    assert code in {found for _, found in codes(batch)}
    assert stored() == before


def test_workbook_writes_no_column_that_is_not_the_bases(registered, base, send, base_officer):
    """GOAL-S2, BR-41: columns of the resident and of the system are named as ignored and change nothing."""
    own = {field.label for field in (*training.TEMPLATE_FIELDS, *status.TEMPLATE_FIELDS)}
    foreign = {
        field.label: as_cell(field)
        for block in FIELDS.values()
        for field in block
        if field.label not in own and field.label not in ("招收年份", "手机号")
    }
    before = stored()

    batch = send(
        widened(edited(template([registered], base, "registry"), {(1, "备注"): "门诊二组"}), foreign)
    )
    imports.confirm(batch, mode="good_rows", by=base_officer)
    apply_batch(batch.pk)

    assert {each["header"] for each in batch.ignored_headers} == set(foreign)
    found = changed(before, stored())
    assert "Enrollment.remark" in found
    assert found <= {f"Enrollment.{name}" for name in ("remark", *_REPORTING)}


def as_cell(field):
    value = sent(field)
    return value if isinstance(value, str) else value.name


def widened(content, columns):
    """The workbook with further columns, filled in its first line."""
    book = openpyxl.load_workbook(io.BytesIO(content))
    sheet = book.worksheets[0]
    for place, (header, text) in enumerate(columns.items(), sheet.max_column + 1):
        sheet.cell(1, place).value = header
        sheet.cell(2, place).value = text
    kept = io.BytesIO()
    book.save(kept)
    return kept.getvalue()


def test_interface_knows_no_field_of_the_system():
    """GOAL-S2, GOAL-N3: a delivery that names a locked or derived field is told so; nobody writes it."""
    blocks = ("basic", "certificate", "training")
    record = {
        block: {field.name: as_cell(field) for field in FIELDS[block] if field.owner in ("locked", "auto")}
        for block in blocks
    }
    # The training base is named in a delivery to find it, not to be written.
    record["training"].pop("training_base")
    record["education"] = [{"enrolled_level": "3"}]

    read = delivery.read(record)

    unknown = sum(len(record[block]) for block in blocks) + 1
    assert [found.code for _, found in read.problems] == ["field_unknown"] * unknown
    assert {block: read.values[block] for block in blocks} == {block: {} for block in blocks}
