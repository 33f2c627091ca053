"""What a line of the audit log is about, by name: the file, the person, the organisation, the window (GOAL-S3,
TRUST-55)."""

from collections.abc import Callable, Iterable

from django.apps import apps
from django.db.models import QuerySet

from bases.models import (
    CorrectionRequest,
    ExtensionRequest,
    IdentityCheck,
    ImportBatch,
    Province,
    Specialty,
    SpecialtyBase,
    Submission,
    TrainingBase,
    TransferRequest,
)
from portal.models import AuditEvent, CollectionCycle, Notice, Step, User
from residents.models import Enrollment, PersonMerge, Resident
from review.exports.jobs import KINDS
from review.models import (
    ApiClient,
    CompletionBatch,
    Edition,
    EditionOrder,
    Export,
    ModeSwitchApplication,
    QualityFinding,
)

# The record a line leads to, where it is about one, and what it is called.
Named = dict[str, tuple[int | None, str]]
_WINDOWS = "portal.CycleWindow"
_OTHER_EXPORTS = {"statistics_table": "统计表"}


def with_targets(rows: list[AuditEvent]) -> list[AuditEvent]:
    """The rows with `target_words`, `person_words` for a second person of the line and, where it is a record,
    `record`; a query for each kind."""
    ids = {label: [row.target_id for row in rows if row.target_type == label] for label in _NAMES}
    names = {label: name(ids[label]) for label, name in _NAMES.items() if ids[label]}
    people = _users([row.detail["user"] for row in rows if "user" in row.detail])
    windows = _windows([row for row in rows if row.target_type == _WINDOWS])
    for row in rows:
        row.record, row.target_words = names.get(row.target_type, {}).get(row.target_id, (None, ""))
        row.target_words = windows.get(row.pk, row.target_words)
        _, row.person_words = people.get(str(row.detail.get("user", "")), (None, ""))
        if row.target_type and not row.target_words:
            row.target_words = f"{_kind(row.target_type)} {row.target_id}"
    return rows


def _kind(label: str) -> str:
    try:
        return str(apps.get_model(label)._meta.verbose_name)
    except LookupError:
        return "已停用的类型"


def _windows(rows: list[AuditEvent]) -> dict[int, str]:
    """Step and province are in the line itself: a province's window may be gone."""
    codes = {row.detail.get("province") for row in rows} - {None, ""}
    provinces = dict(Province.objects.filter(pk__in=codes).values_list("pk", "name")) if codes else {}
    return {
        row.pk: f"{Step(row.detail['step']).label}（{provinces.get(row.detail.get('province'), '全国')}）"
        for row in rows
        if row.detail.get("step") in Step.values
    }


def _enrollments(ids: Iterable[str]) -> Named:
    found = Enrollment.objects.filter(pk__in=ids, deleted_at=None)
    return {str(pk): (pk, name) for pk, name in found.values_list("pk", "resident__full_name")}


def _through_record(records: QuerySet) -> Callable[[Iterable[str]], Named]:
    """What belongs to a training record is called by its person and leads to the record."""

    def name(ids: Iterable[str]) -> Named:
        found = records.filter(pk__in=ids, enrollment__deleted_at=None)
        rows = found.values_list("pk", "enrollment_id", "enrollment__resident__full_name")
        return {str(pk): (record, name) for pk, record, name in rows}

    return name


def _called(rows: QuerySet, *fields: str) -> Callable[[Iterable[str]], Named]:
    """What is called by these of its fields."""

    def name(ids: Iterable[str]) -> Named:
        found = rows.filter(pk__in=ids).values_list("pk", *fields)
        return {str(pk): (None, " ".join(filter(None, words))) for pk, *words in found}

    return name


def _exports(ids: Iterable[str]) -> Named:
    rows = Export.objects.filter(pk__in=ids).values_list("pk", "kind", "file_format")
    titles = _OTHER_EXPORTS | {key: kind.title for key, kind in KINDS.items()}
    return {str(pk): (None, f"{titles.get(kind, '名单')}（{form}）") for pk, kind, form in rows}


def _editions(ids: Iterable[str]) -> Named:
    return {
        str(each.pk): (None, str(each)) for each in Edition.objects.filter(pk__in=[int(each) for each in ids])
    }


def _orders(ids: Iterable[str]) -> Named:
    return {
        str(each.pk): (None, str(each))
        for each in EditionOrder.objects.filter(pk__in=[int(each) for each in ids])
    }


_users = _called(User.objects.all(), "full_name")
_NAMES: dict[str, Callable[[Iterable[str]], Named]] = {
    "residents.Enrollment": _enrollments,
    "residents.Resident": _called(Resident.objects.all(), "full_name"),
    "residents.PersonMerge": _called(PersonMerge.objects.all(), "kept__full_name"),
    "bases.Submission": _through_record(Submission.objects.all()),
    "bases.TransferRequest": _through_record(TransferRequest.objects.all()),
    "bases.CorrectionRequest": _called(CorrectionRequest.objects.all(), "resident__full_name"),
    "bases.IdentityCheck": _called(IdentityCheck.objects.all(), "full_name", "base__name"),
    "bases.ExtensionRequest": _called(ExtensionRequest.objects.all(), "base__name"),
    "bases.ImportBatch": _called(ImportBatch.objects.all(), "file_name", "base__name"),
    "bases.TrainingBase": _called(TrainingBase.objects.all(), "name"),
    "bases.SpecialtyBase": _called(SpecialtyBase.objects.all(), "base__name", "specialty__name"),
    "bases.Specialty": _called(Specialty.objects.all(), "name"),
    "bases.Province": _called(Province.objects.all(), "name"),
    "portal.User": _users,
    "portal.Notice": _called(Notice.objects.all(), "title"),
    "portal.CollectionCycle": _called(CollectionCycle.objects.all(), "title"),
    "review.ApiClient": _called(ApiClient.objects.all(), "province__name", "name"),
    "review.CompletionBatch": _called(CompletionBatch.objects.all(), "province__name"),
    "review.ModeSwitchApplication": _called(ModeSwitchApplication.objects.all(), "province__name"),
    "review.QualityFinding": _called(
        QualityFinding.objects.all(), "base__name", "enrollment__resident__full_name"
    ),
    "review.Export": _exports,
    "review.Edition": _editions,
    "review.EditionOrder": _orders,
}
