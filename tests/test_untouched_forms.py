"""AM-37: every form of resident and base, opened and sent back unchanged in every state, leaves the database alone."""

import datetime
import uuid

import pytest
from django import forms
from django.apps import apps
from django.utils import timezone

from bases.records.services import change_status
from portal.models import Step
from residents.models import BasicInfo, CertificateInfo, EducationRecord, Enrollment, PersonalReturn, WorkInfo
from tests import factories
from tests.bases.desk import approved, close, complete, reported, returned
from tests.width import mostly_long

pytestmark = pytest.mark.django_db

# What a visit itself leaves: when somebody was here last, and whose session it is.
VISITS = {"portal.AuditEvent", "portal.FormDraft"}
OWN = ("portal", "residents", "bases", "review")


def make_derivable(record: Enrollment) -> Enrollment:
    """Stored past the services, so that much would follow from it: an end date, a degree, sex and birth date, fields
    that are no longer asked."""
    Enrollment.objects.filter(pk=record.pk).update(
        planned_end_date=None, current_degree="", sponsor_name="台州市第一人民医院", remark="第一行\n第二行"
    )
    BasicInfo.objects.filter(resident=record.resident_id).update(sex="", birth_date=None, qq="12345678")
    EducationRecord.objects.filter(resident=record.resident_id).update(overseas_cert_no="1")
    CertificateInfo.objects.filter(resident=record.resident_id).update(license_no="1" * 15)
    return Enrollment.objects.get(pk=record.pk)


def new(base, year, **more):
    return factories.EnrollmentFactory(base=base, intake_year=year)


def filled(base, year, **more):
    return make_derivable(complete(base, year))


def waiting(base, year, *, officer, **more):
    return make_derivable(reported(complete(base, year), officer))


def sent_back(base, year, *, officer, reviewer):
    return make_derivable(returned(complete(base, year), officer, reviewer))


def asked(base, year, *, officer, **more):
    record = filled(base, year)
    PersonalReturn.objects.create(
        enrollment=record, field="", comment="请核对。", batch=uuid.uuid4(), returned_by=officer
    )
    Enrollment.objects.filter(pk=record.pk).update(personal_state="3")
    return record


def registered(base, year, *, officer, reviewer):
    return make_derivable(approved(complete(base, year), officer, reviewer))


def employed(base, year, *, officer, reviewer):
    """工作信息 was never saved: the form proposes the base's own words."""
    record = registered(base, year, officer=officer, reviewer=reviewer)
    Enrollment.objects.filter(pk=record.pk).update(trainee_type="1", report_status="0")
    return record


def worked(base, year, *, officer, reviewer):
    record = registered(base, year, officer=officer, reviewer=reviewer)
    WorkInfo.objects.create(resident=record.resident, employer_name="多余的单位", title="1")
    return record


def suspended(base, year, *, officer, reviewer):
    record = registered(base, year, officer=officer, reviewer=reviewer)
    today = timezone.localdate()
    change = {"status": "3", "effective_date": today, "reason": "31", "suspended_from": today}
    change_status(record.pk, change | {"expected_resume": today + datetime.timedelta(9)}, by=officer)
    return record


def left(base, year, *, officer, reviewer):
    record = registered(base, year, officer=officer, reviewer=reviewer)
    change = {"status": "5", "effective_date": timezone.localdate(), "reason": "13", "destination": "回乡"}
    change_status(record.pk, change | {"withdrawal_kind": "1"}, by=officer)
    return record


STATES = [new, filled, waiting, sent_back, asked, registered, employed, worked, suspended, left]


def contents() -> dict[str, list]:
    """Every row of every table but what a visit leaves."""
    found = {}
    for model in apps.get_models():
        if model._meta.app_label in OWN and model._meta.managed and model._meta.label not in VISITS:
            rows = model._base_manager.order_by("pk").values()
            found[model._meta.label] = [
                {name: value for name, value in row.items() if name not in ("last_login", "last_seen_at")}
                for row in rows
            ]
    return found


def as_sent(form: forms.Form) -> dict[str, str]:
    """What a browser sends of a form that nobody touched: a text box its lines with CR LF, an unset choice nothing."""
    sent = {}
    for field in form:
        value = field.value()
        if isinstance(field.field, forms.FileField) or (
            value is None and isinstance(field.field.widget, forms.RadioSelect)
        ):
            continue
        sent[field.html_name] = "" if value is None else str(value).replace("\n", "\r\n")
    return sent


def pages_of(record: Enrollment) -> dict[str, list[str]]:
    rows = record.resident.education_records.values_list("pk", flat=True)
    education = [f"/resident/education/{pk}/" for pk in rows] + ["/resident/education/add/"]
    sections = [f"/resident/section/{name}/" for name in ("basic", "certificate", "work")]
    return {
        "base": [f"/base/records/{record.pk}/{name}/" for name in ("training", "status", "name")],
        "resident": sections + education,
    }


@pytest.mark.parametrize("is_late", mostly_long([False, True], 2))
@pytest.mark.parametrize("make", STATES, ids=lambda make: make.__name__)
def test_untouched_form_writes_nothing(
    make, is_late, base, cycle, base_officer, provincial_reviewer, signed_in
):
    """AM-37: nothing written, derived values included; opened in time and sent within the five minutes too."""
    record = make(base, cycle.year, officer=base_officer, reviewer=provincial_reviewer)
    clients = {"base": signed_in(base_officer), "resident": signed_in(record.resident.user)}
    opened = [
        (
            desk,
            url,
            as_sent(answer.context["form"])
            | {"version": str(answer.context.get("version") or record.version)},
        )
        for desk, urls in pages_of(record).items()
        for url in urls
        if (answer := clients[desk].get(url)).status_code == 200 and "form" in (answer.context or {})
    ]
    assert opened
    if is_late:
        close(cycle, Step.RESIDENT_FILL, Step.BASE_FILL, ago=datetime.timedelta(minutes=2))
    before = contents()
    for desk, url, sent in opened:
        assert clients[desk].post(url, sent).status_code < 500
        after = contents()
        changed = [label for label in before if before[label] != after[label]]
        assert not changed, (url, changed)
