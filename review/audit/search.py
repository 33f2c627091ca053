"""Search of the audit log and of the history by who, act, organisation, time and record (GOAL-S3, TRUST-55)."""

import datetime
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pghistory.models
from django.apps import apps
from django.db.models import Count, Max, Model, Q, QuerySet
from django.db.models.fields.json import KT
from django.utils import timezone

from bases.models import ProvinceUserGrant, Submission, TrainingBaseUserGrant
from portal.histories import event_model
from portal.models import AuditEvent, User
from portal.parameters import number_of
from residents.history import CHANNELS
from residents.models import (
    BasicInfo,
    CertificateInfo,
    EducationRecord,
    Enrollment,
    Resident,
    WorkInfo,
)
from residents.rules.identity import normalise_login
from residents.standing import bearers
from review.audit.words import role_in_words

# One name may be borne by many; more are not searched for.
MOST_PEOPLE = 200
# A number below this length is a record's, from here on a person's.
_WHOLE_NUMBER = 15
PAGE_SIZE = 50


def events(filters: Mapping[str, Any]) -> QuerySet[AuditEvent]:
    """Lines of the audit log that match `AuditFilter`."""
    found = AuditEvent.objects.select_related("actor")
    if filters.get("act"):
        found = found.filter(action=filters["act"])
    if filters.get("result"):
        found = found.filter(result=filters["result"])
    if filters.get("who"):
        found = found.filter(actor__in=people(filters["who"]))
    if filters.get("record"):
        found = found.filter(_about(records(filters["record"])))
    return within(_of_organisation(found, filters, "actor__in"), filters, "at")


def contexts(filters: Mapping[str, Any]) -> QuerySet[pghistory.models.Context]:
    """What was written together, one request or one batch each, that matches the filters."""
    found = pghistory.models.Context.objects.all()
    if filters.get("who"):
        found = _by_people(found, people(filters["who"]))
    if filters.get("record"):
        found = found.filter(_of_records(records(filters["record"])))
    if filters.get("base") or filters.get("province"):
        found = _by_people(found, _staff(filters))
    return within(found, filters, "created_at")


def _of_records(chosen: list[int]) -> Q:
    """Contexts that wrote to these records or to a block of their persons."""
    persons = list(Enrollment.objects.filter(pk__in=chosen).values_list("resident_id", flat=True))
    wanted = Q(pk__in=_contexts_of(Enrollment, pgh_obj__in=chosen))
    wanted |= Q(pk__in=_contexts_of(EducationRecord, resident__in=persons))
    for model in (Resident, BasicInfo, WorkInfo, CertificateInfo):
        wanted |= Q(pk__in=_contexts_of(model, pgh_obj__in=persons))
    return wanted


def _contexts_of(model: type[Model], **which: Any) -> QuerySet:
    return event_model(model).objects.filter(**which).values("pgh_context")


def people(text: str) -> list[int]:
    """Whom a name or an account name means."""
    account = Q(username__in={text.lower(), normalise_login(text)})
    found = User.objects.filter(account | Q(full_name=text)).order_by("pk")
    return list(found.values_list("pk", flat=True)[:MOST_PEOPLE])


def records(text: str) -> list[int]:
    """Training records of an ID number, a former one too, or the one with this number of its own."""
    if len(number := normalise_login(text)) >= _WHOLE_NUMBER or (key := number_of(number)) is None:
        people = [person.pk for person in bearers([number]).get(number, [])]
        found = Enrollment.objects.filter(resident__in=people)
    else:
        found = Enrollment.objects.filter(pk=key)
    return list(found.values_list("pk", flat=True))


def _about(chosen: list[int]) -> Q:
    """Lines about these records, their persons or what was reported of them, decided one by one or in bulk."""
    persons = list(Enrollment.objects.filter(pk__in=chosen).values_list("resident_id", "resident__user_id"))
    reported = list(Submission.objects.filter(enrollment__in=chosen).values_list("pk", flat=True))
    about = _target("residents.Enrollment", chosen) | _target("bases.Submission", reported)
    about |= _target("residents.Resident", [resident for resident, _ in persons])
    users = [user for _, user in persons]
    about |= _target("portal.User", users) | Q(actor__in=users)
    for pk in reported:
        about |= Q(action__in=["approve", "return", "revoke"], detail__submissions__contains=[pk])
    return about


def _target(label: str, ids: Iterable[object]) -> Q:
    return Q(target_type=label, target_id__in=[str(pk) for pk in ids])


def _of_organisation(found: QuerySet, filters: Mapping[str, Any], by: str) -> QuerySet:
    wanted = Q()
    if filters.get("base"):
        wanted |= _target("bases.TrainingBase", [filters["base"].pk])
    elif filters.get("province"):
        wanted |= _target("bases.Province", [filters["province"].pk])
        # Its windows, those too that are no more.
        wanted |= Q(detail__province=filters["province"].pk)
    else:
        return found
    return found.filter(wanted | Q(**{by: _staff(filters)}))


def _staff(filters: Mapping[str, Any]) -> list[int]:
    """Those who work for the base, or for the province and its bases."""
    if filters.get("base"):
        grants = TrainingBaseUserGrant.objects.filter(content_object=filters["base"])
        return list(grants.values_list("user_id", flat=True).distinct())
    of_province = ProvinceUserGrant.objects.filter(content_object=filters["province"])
    of_bases = TrainingBaseUserGrant.objects.filter(content_object__province=filters["province"])
    return list(
        of_province.values_list("user_id", flat=True).union(of_bases.values_list("user_id", flat=True))
    )


def _by_people(found: QuerySet, ids: list[int]) -> QuerySet:
    return found.alias(by=KT("metadata__user")).filter(by__in=[str(pk) for pk in ids])


def within(found: QuerySet, filters: Mapping[str, Any], column: str) -> QuerySet:
    if filters.get("since"):
        found = found.filter(**{f"{column}__gte": _midnight(filters["since"])})
    if filters.get("until"):
        found = found.filter(**{f"{column}__lt": _midnight(filters["until"] + datetime.timedelta(days=1))})
    return found


def _midnight(day: datetime.date) -> datetime.datetime:
    return timezone.make_aware(datetime.datetime.combine(day, datetime.time.min))


@dataclass(slots=True)
class Written:
    """What one request or batch wrote into one table: how many rows, and the record if it was a single one."""

    table: str
    act: str
    rows: int
    record: int | None = None


@dataclass(slots=True)
class Deed:
    """One request or batch of the history."""

    at: datetime.datetime
    who: str
    role: str
    channel: str
    address: str
    written: list[Written] = field(default_factory=list)


_WRITES = {"insert": "新增", "update": "修改", "delete": "删除"}
_TABLES = {"portal.Extension": "延长时间"}


def deeds(filters: Mapping[str, Any], *, before: datetime.datetime | None) -> tuple[list[Deed], str]:
    """A page of the history, newest first, and the mark that leads on; a query per kept table, however many rows."""
    found = contexts(filters)
    if before:
        found = found.filter(created_at__lt=before)
    shown = list(found.order_by("-created_at")[: PAGE_SIZE + 1])
    more, shown = len(shown) > PAGE_SIZE, shown[:PAGE_SIZE]
    ids = {context.metadata.get("user") for context in shown} - {None}
    names = dict(User.objects.filter(pk__in=ids).values_list("pk", "full_name"))
    page = {
        context.pk: Deed(
            context.created_at,
            names.get(context.metadata.get("user"), "系统"),
            role_in_words(context.metadata.get("role", "")),
            CHANNELS.get(context.metadata.get("channel", ""), "系统"),
            context.metadata.get("address", ""),
        )
        for context in shown
    }
    for model in kept_models():
        for row in _counted(model, list(page)):
            record = row["one"] if model is Enrollment and row["rows"] == 1 else None
            word = _WRITES.get(row["pgh_label"], "修改")
            written = Written(name_of(model), word, row["rows"], record)
            page[row["pgh_context"]].written.append(written)
    return list(page.values()), shown[-1].created_at.isoformat() if more else ""


def kept_models() -> list[type[Model]]:
    """Every table whose history is kept."""
    models = (model for model in apps.get_models() if not model._meta.proxy)
    return [model for model in models if hasattr(model, "pgh_event_model")]


def name_of(model: type[Model]) -> str:
    return _TABLES.get(model._meta.label) or str(model._meta.verbose_name)


def _counted(model: type[Model], ids: list) -> QuerySet:
    rows = event_model(model).objects.filter(pgh_context__in=ids).order_by()
    return rows.values("pgh_context", "pgh_label").annotate(
        rows=Count("pgh_obj", distinct=True), one=Max("pgh_obj")
    )
