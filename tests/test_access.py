"""Who may open what: every route × every visitor × own and foreign object has a status (GOAL-S1, TRUST-23 … TRUST-25).

The walk over the URLconf fails for a route that is missing in the table, so nothing becomes reachable by default.
"""

import datetime
import uuid

import pytest
from django.core.files.base import ContentFile
from django.db import connection
from django.test import Client
from django.urls import URLPattern, get_resolver, reverse
from django.utils import timezone

from bases.models import (
    CorrectionRequest,
    ExtensionRequest,
    HandedOver,
    IdentityCheck,
    ImportBatch,
    SavedView,
    SpecialtyBase,
    Succession,
    TransferRequest,
)
from bases.report.services import build_submission
from bases.scope import GRANTS
from portal.models import CycleWindow, Deed, Job, Message, Notice, Step, User
from portal.moved import BEFORE
from portal.roles import Role
from residents.models import EducationRecord, Enrollment, NumberShape, PersonalReturn
from residents.services import merging
from residents.snapshot import snapshot_of
from review.api import keys
from review.editions import services as editions
from review.models import (
    CertificateCorrection,
    CompletionBatch,
    Edition,
    ExamEntry,
    ExamSession,
    Export,
    ModeSwitchApplication,
    QualityFinding,
    Substitution,
)
from tests import factories
from tests.access_table import ROUTES

ROLES = {"r": Role.RESIDENT, "b": Role.BASE, "p": Role.PROVINCE, "c": Role.CMDA, "s": Role.AUDITOR}
NOBODY = 10**9


def walk(resolver, namespace: str = ""):
    for entry in resolver.url_patterns:
        if isinstance(entry, URLPattern):
            yield f"{namespace}{entry.name}", entry.callback
        else:
            yield from walk(entry, f"{namespace}{entry.namespace}:" if entry.namespace else namespace)


VIEWS = {name: view for name, view in walk(get_resolver()) if not name.endswith(BEFORE)}


def _auditor():
    return User.objects.filter(role=Role.AUDITOR).first() or factories.UserFactory(
        username="shenji01", role=Role.AUDITOR
    )


def arguments(enrollment: Enrollment, officer, reviewer, national, cycle) -> dict:
    """What each kind of address names, for this record, its base and its province."""
    resident = enrollment.resident
    factories.fill_personal(resident)
    factories.fill_training(enrollment)
    submission = build_submission(enrollment, by=officer, declared=True)
    submission.save()
    Enrollment.objects.filter(pk=enrollment.pk).update(report_status="1", review_status="1")
    places = {
        "b": {"kind": "accounts", "module": "intake", "base": enrollment.base, "uploaded_by": officer},
        "p": {
            "kind": "completions",
            "module": "registry",
            "province": enrollment.base.province,
            "uploaded_by": reviewer,
        },
    }
    imported = {
        letter: ImportBatch.objects.create(
            cycle=cycle,
            file=ContentFile(b"x", name="x.xlsx"),
            file_name="住院医师.xlsx",
            file_sha256=uuid.uuid4().hex * 2,
            state="checked",
            headers=[],
            **place,
        ).pk
        for letter, place in places.items()
    }
    returned = PersonalReturn.objects.create(
        enrollment=enrollment, comment="请核对。", batch=uuid.uuid4(), returned_by=officer
    )
    window = CycleWindow.objects.create(
        cycle=cycle,
        step=Step.REPORT,
        province=enrollment.base.province,
        opens_at=timezone.now(),
        closes_at=timezone.now() + datetime.timedelta(days=3),
    )
    people = {"r": resident.user, "b": officer, "p": reviewer, "c": national, "s": _auditor()}
    messages = {
        letter: Message.objects.create(recipient=user, kind="test", subject="测试").pk
        for letter, user in people.items()
    }
    deeds = {
        letter: Deed.objects.create(
            job=Job.objects.create(kind="deed", requested_by=people[letter]), act="report", asked={}
        ).pk
        for letter in "bpc"
    }
    accredited = SpecialtyBase.objects.filter(base=enrollment.base).first()
    notice = Notice.objects.create(title="公告", body="正文")
    colleague = factories.UserFactory()
    factories.grant(colleague, enrollment.base)
    correction = CorrectionRequest.objects.create(
        resident=resident,
        base=enrollment.base,
        old_id_type="01",
        old_id_number=resident.id_number,
        new_id_type="01",
        new_id_number=factories.id_number(),
        reason="录错",
        asked_by=officer,
    )
    check = IdentityCheck.objects.create(
        resident=resident,
        base=enrollment.base,
        full_name="张三",
        id_type="01",
        id_number=resident.id_number,
        known_name=resident.full_name,
        known_id_type="01",
        reason="已核对证件原件",
        asked_by=officer,
    )
    # Asked by a base of the same province, so that the other side of the world has no part in it.
    neighbour = factories.TrainingBaseFactory(province=enrollment.base.province)
    asked = TransferRequest.objects.create(
        enrollment=enrollment, to_base=neighbour, asked_by=officer, reason="转入", due_on=timezone.localdate()
    )
    switch = ModeSwitchApplication.objects.create(
        province=enrollment.base.province,
        official_name="周敏",
        official_contact="0571-87700000",
        vendor_contact_name="吴工",
        vendor_contact="13800000009",
        requested_at=timezone.localdate(),
        state="waiting",
        applied_by=reviewer,
    )
    finding = QualityFinding.objects.create(
        kind="age",
        subject=f"e{enrollment.pk}",
        enrollment=enrollment,
        base=enrollment.base,
        intake_year=enrollment.intake_year,
    )
    delivery = CompletionBatch.objects.create(
        province=enrollment.base.province, cycle=cycle, state="sent", sent_by=reviewer
    )
    extension = ExtensionRequest.objects.create(
        base=enrollment.base,
        cycle=cycle,
        step="report",
        until=timezone.now() + datetime.timedelta(days=20),
        reason="暴雨停电",
        asked_by=officer,
    )
    succession = Succession.objects.create(
        base=enrollment.base,
        kind="merged",
        successor=neighbour,
        former_province=enrollment.base.province,
        province=neighbour.province,
        day=timezone.localdate(),
        reason="国卫科教〔2026〕1号",
        decided_by=national,
        carried_out_at=timezone.now(),
    )
    handed_over = HandedOver.objects.create(
        succession=succession,
        enrollment=enrollment,
        snapshot=snapshot_of(enrollment),
        full_name=resident.full_name,
    )
    substitution = Substitution.objects.create(
        province=enrollment.base.province,
        absent=officer,
        substitute=reviewer,
        starts_on=timezone.localdate(),
        ends_on=timezone.localdate(),
        made_by=reviewer,
    )
    client, _ = keys.create(
        enrollment.base.province,
        name="省平台",
        scopes=["deliver"],
        addresses=[],
        is_sandbox=True,
        expires_at=timezone.now() + datetime.timedelta(days=1),
        by=reviewer,
    )
    failed = Job.objects.create(kind="export", state=Job.State.FAILED, requested_by=reviewer)
    shape, _ = NumberShape.objects.get_or_create(
        field="degree_no", lengths=[12], defaults={"reason": "军队院校", "changed_by": reviewer}
    )
    exam = ExamSession.objects.create(
        province=enrollment.base.province,
        year=cycle.year,
        name="结业考核",
        due_until=timezone.localdate(),
        confirm_until=timezone.localdate(),
        made_by=reviewer,
    )
    certified = ExamEntry.objects.create(
        session=exam,
        enrollment=enrollment,
        confirmed_by=officer,
        accepted_by=reviewer,
        accepted_at=timezone.now(),
        result="1",
        certificate_no=f"2026{enrollment.base.province_id}0100{enrollment.pk % 10**6:06d}",
        certificate_date=timezone.localdate(),
    )
    asked_of_certificate = CertificateCorrection.objects.create(
        entry=certified,
        old_no=certified.certificate_no,
        old_date=certified.certificate_date,
        new_no="2026330100001999",
        new_date=timezone.localdate(),
        reason="编号录错",
        asked_by=officer,
    )
    frozen = Edition.objects.first() or an_edition(national)
    return {
        "": {},
        "module": {"module": "intake"},
        "kind": {"kind": "training"},
        "workbook": {"kind": "training", "module": "intake"},
        "section": {"slug": "basic"},
        "chapter": {"slug": "words"},
        "file": {"slug": "basic", "name": "photo"},
        "record": {"pk": enrollment.pk},
        "record file": {"pk": enrollment.pk, "block": "training", "name": "reduction_proof", "row": 0},
        "submission": {"pk": enrollment.pk, "number": submission.number},
        "study": {"pk": EducationRecord.objects.get(resident=resident).pk},
        "personal return": {"pk": returned.pk},
        "import batch": imported,
        "transfer": {"pk": asked.pk},
        "correction": {"pk": correction.pk},
        "identity check": {"pk": check.pk},
        "province": {"province": enrollment.base.province_id},
        "switch": {"pk": switch.pk},
        "completion": {"pk": delivery.pk},
        "export": {
            letter: Export.objects.create(requested_by=people[letter], kind="residents_list").pk
            for letter in "pc"
        },
        "failed job": {"pk": failed.pk},
        "api key": {"pk": client.pk},
        "finding": {"pk": finding.pk},
        "extension": {"pk": extension.pk},
        "edition": {"pk": frozen.pk},
        "exam": {"pk": exam.pk},
        "certificate": {"pk": certified.pk},
        "certificate correction": {"pk": asked_of_certificate.pk},
        "signature": {"pk": frozen.pk, "level": "base", "unit": str(enrollment.base_id)},
        "balance": {"pk": frozen.pk, "base_pk": enrollment.base_id},
        "two editions": {"pk": frozen.pk, "old": frozen.pk},
        "substitution": {"pk": substitution.pk},
        "succession": {"pk": succession.pk},
        "pair": {
            "pk": enrollment.pk,
            "other": factories.EnrollmentFactory(base=factories.TrainingBaseFactory(province_id="11")).pk,
        },
        "merge": {
            "pk": merging.merge(*(factories.ResidentFactory() for _ in "ab"), by=national, reason="同一人").pk
        },
        "copy": {"pk": handed_over.pk},
        "decision batch": {"batch": uuid.uuid4()},
        "message": messages,
        "saved view": {"pk": SavedView.objects.create(user=people["b"], module="intake", name="待填").pk},
        "deed": deeds,
        "public notice": {"pk": notice.pk},
        "notice file": {"pk": notice.pk, "file": notice.files.create(name="附件").pk},
        "year": {"year": cycle.year},
        "step": {"year": cycle.year, "step": "report"},
        "window": {"pk": window.pk},
        "base": {"pk": enrollment.base_id},
        "accreditation base": {"base_pk": enrollment.base_id},
        "accreditation": {"base_pk": enrollment.base_id, "pk": accredited.pk},
        "specialty": {"code": "0100"},
        "code list": {"name": "reason"},
        "code": {"name": "reason", "code": "13"},
        "number shape": {"pk": shape.pk},
        "directory": {"kind": "staff"},
        "organisation": {"kind": "base", "key": str(enrollment.base_id)},
        "colleague": {"kind": "base", "key": str(enrollment.base_id), "pk": colleague.pk},
    }


def an_edition(by) -> Edition:
    """Of nobody, as the worker leaves it."""
    ordered = editions.order(year=2026, kind="first", facts_on=datetime.date(2026, 11, 30), by=by)
    editions.freeze(ordered.job_id)
    return Edition.objects.get()


# Kinds of address that are the same for everybody: no foreign object exists.
SHARED = {
    "",
    "module",
    "kind",
    "workbook",
    "section",
    "chapter",
    "file",
    "public notice",
    "notice file",
    "year",
    "step",
    "specialty",
    "code list",
    "code",
    "number shape",
    "directory",
    "decision batch",
    "failed job",
    # Of the nation; what of it a province sees is its own part.
    "edition",
    "two editions",
}
# Kinds of which each role has an object of its own, by letter.
OF_EACH_ROLE = {"message", "import batch", "export", "deed"}


class World:
    """Two bases in two provinces with the same kinds of objects."""

    def __init__(self, cycle):
        self.national = factories.UserFactory(username="cmda01", role=Role.CMDA)
        self.people, self.own = self.side("33", cycle)
        _, self.foreign = self.side("44", cycle)
        self.people |= {"c": self.national, "s": _auditor()}

    def side(self, province: str, cycle):
        base = factories.TrainingBaseFactory(province_id=province)
        officer, reviewer = factories.UserFactory(), factories.UserFactory(role=Role.PROVINCE)
        factories.grant(officer, base)
        factories.grant(reviewer, base.province)
        enrollment = factories.EnrollmentFactory(base=base, intake_year=cycle.year)
        people = {"r": enrollment.resident.user, "b": officer, "p": reviewer}
        return people, arguments(enrollment, officer, reviewer, self.national, cycle)

    def client(self, letter: str) -> Client:
        client = Client()
        if letter != "a":
            client.force_login(self.people[letter], backend="django.contrib.auth.backends.ModelBackend")
        return client

    @staticmethod
    def address(name: str, side: dict, letter: str) -> str:
        kind = ROUTES[name].names
        values = {"pk": side[kind].get(letter, NOBODY)} if kind in OF_EACH_ROLE else side[kind]
        return reverse(name, kwargs=values)


@pytest.fixture
def world(cycle):
    return World(cycle)


def test_every_route_is_in_the_table():
    assert sorted(VIEWS) == sorted(ROUTES)


@pytest.mark.parametrize("name", sorted(ROUTES))
def test_view_says_which_roles_it_is_for(name):
    """Default deny: a view without @allow or @open_to_all fails here."""
    route = ROUTES[name]
    allowed = VIEWS[name].allowed_roles
    if "a" in route.roles:
        assert (allowed, VIEWS[name].login_required) == ("everyone", False)
    else:
        assert allowed == frozenset(ROLES[letter] for letter in route.roles)


def test_no_page_does_without_its_forms_token():
    """TRUST-18: only the interface, which knows nobody by a cookie, is exempt."""
    exempt = {name for name, view in VIEWS.items() if getattr(view, "csrf_exempt", False)}
    assert {name.partition(":")[0] for name in exempt} == {"api"}


@pytest.mark.parametrize("letter", ["a", "r", "b", "p", "c", "s"])
def test_own_pages_open_and_others_do_not(world, letter):
    """Own object: the page; wrong role: 403; nobody signed in: to the sign-in page (GOAL-S1, TRUST-23). Opening a page
    changes nothing but who has looked and who is at it (TRUST-18)."""
    client, seen, expected, before = world.client(letter), {}, {}, _written()
    for name, route in ROUTES.items():
        # A route that only takes POST is asked with POST where it must refuse.
        ask = client.post if route.get == 405 and letter not in route.roles else client.get
        seen[name] = ask(World.address(name, world.own, letter)).status_code
        if letter in route.roles:
            signed_in = letter != "a" and name in ("portal:resident-sign-in", "portal:staff-sign-in")
            own = route.only_base if letter == "b" and route.only_base else route.get
            expected[name] = 302 if signed_in else own
        else:
            expected[name] = 302 if letter == "a" else 403
    assert seen == expected
    changed = {table for table, rows in _written().items() if rows != before.get(table, 0)}
    assert changed <= {"residents_disclosure", "review_claim"}


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("letter", ["r", "b", "p"])
def test_foreign_objects_answer_like_missing_ones(world, letter, method):
    """404, not 403, and the same page as for an object that does not exist (TRUST-25)."""
    client, wrong = world.client(letter), {}
    for name, route in ROUTES.items():
        if letter not in route.roles or route.names in SHARED:
            continue
        if method == "get" and route.get == 405:
            continue
        values = world.foreign[route.names]
        if route.names in OF_EACH_ROLE:
            values = {"pk": values[letter]}
        missing = {key: (NOBODY if isinstance(value, int) else value) for key, value in values.items()}
        if route.names in ("organisation", "colleague"):
            missing["key"] = str(NOBODY)
        foreign = getattr(client, method)(reverse(name, kwargs=values))
        absent = getattr(client, method)(reverse(name, kwargs=missing))
        if (foreign.status_code, absent.status_code) not in ((404, 404), (405, 405)):
            wrong[name] = (foreign.status_code, absent.status_code)
    assert wrong == {}


@pytest.mark.long
@pytest.mark.parametrize("letter", ["b", "p"])
def test_whoever_works_nowhere_is_told_so_on_every_page(world, letter):
    """AM-46: no link, bookmark or message opens the empty desk of a place that he has left."""
    for kind in GRANTS.values():
        kind.objects.filter(user=world.people[letter]).delete()
    client, wrong = world.client(letter), {}
    for name, route in ROUTES.items():
        if letter in route.roles and name.partition(":")[0] in ("bases", "review"):
            address = World.address(name, world.own, letter)
            answer = client.post(address) if route.get == 405 else client.get(address)
            if "没有所属单位" not in answer.content.decode("utf-8", "ignore"):
                wrong[name] = answer.status_code
    assert wrong == {}
    assert "没有所属单位" not in client.get(reverse("portal:messages")).text


@pytest.mark.long
def test_foreign_people_occur_on_no_page(world):
    """TRUST-24: lists, search, counts, statistics of others."""
    stranger = Enrollment.objects.get(base__province_id="44").resident
    stranger.full_name = "异乡名"
    stranger.save(update_fields=["full_name"])
    for letter in "rbp":
        client = world.client(letter)
        for name, route in ROUTES.items():
            if letter in route.roles and route.get == 200:
                text = client.get(World.address(name, world.own, letter), {"q": "异乡名"}).content
                assert stranger.id_number.encode() not in text, name
                assert text.count("异乡名".encode()) <= 2, name


@pytest.mark.long
def test_full_numbers_occur_on_no_page(world):
    """TRUST-51: masked by default for everybody but the person himself."""
    person = Enrollment.objects.get(base__province_id="33").resident
    for letter in "bpc":
        client = world.client(letter)
        for name, route in ROUTES.items():
            if letter in route.roles and route.get == 200:
                text = client.get(World.address(name, world.own, letter)).content.decode("utf-8", "ignore")
                assert person.id_number not in text, (letter, name)
                assert person.mobile not in text, (letter, name)


# What whoever only looks may leave behind: what he read and took home, what he set for himself.
_OWN_TRACES = {
    "django_session",
    "portal_auditevent",
    "portal_formdraft",
    "portal_job",
    "portal_deed",
    "portal_message",
    "portal_messagesettings",
    "portal_noticereading",
    "portal_user",
    "portal_userevent",
    "pghistory_context",
    "review_export",
    # Asked for, whoever asks: everybody's list is looked through anew.
    "review_qualitycheck",
    "review_qualityfinding",
    "portal_cache",
    "django_tasks_database_dbtaskresult",
}


def _written() -> dict[str, int]:
    """How many rows of each table this test's transaction has written so far."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname, n_tup_ins + n_tup_upd + n_tup_del FROM pg_stat_xact_user_tables"
            " WHERE NOT relname = ANY(%s)",
            [sorted(_OWN_TRACES)],
        )
        return dict(cursor.fetchall())


@pytest.mark.long
@pytest.mark.parametrize("letter", ["b", "p"])
def test_whoever_may_only_look_changes_nothing_by_any_address(world, letter):
    """TRUST-28: a member with a reading grant, at every address of his own organisation that takes a POST."""
    reader = factories.UserFactory(role=ROLES[letter])
    record = Enrollment.objects.get(pk=world.own["record"]["pk"])
    factories.grant(reader, record.base if letter == "b" else record.base.province, read_only=True)
    world.people[letter] = reader
    client, changed = world.client(letter), {}
    before = _written()
    sent = {
        "ids": [record.pk],
        "range": "all",
        "reason": "核对以后取消",
        "comment": "核对以后",
        "agrees": "1",
    }
    sent |= {"confirmed": "1", "declared": "1", "purpose": "核对", "new": factories.PASSWORD}
    for name, route in ROUTES.items():
        if letter in route.roles and name not in ("portal:sign-out", "portal:password-change"):
            client.post(World.address(name, world.own, letter), sent)
            if (after := _written()) != before:
                changed[name] = sorted(table for table in after if after[table] != before.get(table, 0))
                before = after
    assert changed == {}
