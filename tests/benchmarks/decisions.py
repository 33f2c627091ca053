"""Target 13: 上报 and 审核通过 of a thousand records at once, against the same services one record after the other."""

from collections.abc import Callable, Iterator
from copy import copy
from functools import lru_cache
from typing import Any

from django.db.models import Model

from bases.models import Submission
from bases.report.services import report
from portal.roles import Role
from residents.models import BasicInfo, CertificateInfo, EducationRecord, Enrollment, Resident
from review.decisions.services import approve
from tests import factories
from tests.benchmarks.accounts import insert_step, persons, scene
from tests.benchmarks.targets import Result, Target, rates

MANY = 1_000
ONE_BY_ONE = 50
ROUNDS = 3


@lru_cache
def _pattern() -> Enrollment:
    """One record that is complete, from which the others are copied."""
    cycle, base, _ = scene()
    enrollment = factories.EnrollmentFactory(base=base, intake_year=cycle.year)
    factories.fill_personal(enrollment.resident)
    factories.fill_training(enrollment)
    return Enrollment.objects.get(pk=enrollment.pk)


def complete_records(count: int) -> list[int]:
    """Ids of new records of the scene's base with personal and training info complete, ready to be reported."""
    pattern, rows = _pattern(), persons(count)
    insert_step(rows)
    residents = list(Resident.objects.filter(id_number__in=[row["id_number"] for row in rows]))
    BasicInfo.objects.bulk_create(
        _copies(
            BasicInfo.objects.get(resident=pattern.resident),
            [
                {
                    "resident": person,
                    "sex": "1" if int(person.id_number[16]) % 2 else "2",
                    "birth_date": f"{person.id_number[6:10]}-{person.id_number[10:12]}-{person.id_number[12:14]}",
                }
                for person in residents
            ],
        )
    )
    for model in (EducationRecord, CertificateInfo):
        original = model.objects.get(resident=pattern.resident)
        model.objects.bulk_create(_copies(original, [{"resident": person} for person in residents]))
    records = Enrollment.objects.filter(resident__in=residents)
    kept = ("actual_start_date", "planned_end_date", "approved_years", "specialty_id", "trainee_type")
    kept += ("is_fresh_graduate", "is_rural_oriented", "at_partner_unit", "is_western_support")
    kept += ("training_complete", "personal_state")
    records.update(**{name: getattr(pattern, name) for name in kept})
    return list(records.order_by("pk").values_list("pk", flat=True))


def _copies(original: Model, changes: list[dict[str, Any]]) -> list[Any]:
    copies = []
    for values in changes:
        copied = copy(original)
        copied._state = copy(original._state)
        copied._state.fields_cache = {}
        copied.pk = None
        for name, value in values.items():
            setattr(copied, name, value)
        copies.append(copied)
    return copies


def versions(enrollment_ids: list[int]) -> dict[int, int]:
    """What a decision on the pending reports of these records asks for."""
    waiting = Submission.objects.filter(enrollment__in=enrollment_ids, outcome=Submission.Outcome.PENDING)
    return dict(waiting.values_list("pk", "version"))


def reviewer() -> Any:
    user = factories.UserFactory(role=Role.PROVINCE, password=None)
    factories.grant(user, scene()[1].province)
    return user


def _report_all(parts: Iterator[list[list[int]]]) -> Callable[[], None]:
    """A job: the next list of parts is reported, a part a call."""

    def run() -> None:
        for ids in next(parts):
            result = report(ids, by=scene()[2], declared=True)
            if result.reported != ids:
                raise RuntimeError(f"not every record was reported: {result.refused[:3]}")

    return run


def _approve_all(parts: Iterator[list[dict[int, int]]], by: Any) -> Callable[[], None]:
    def run() -> None:
        for choices in next(parts):
            decision = approve(choices, by=by)
            if len(decision.decided) != len(choices):
                raise RuntimeError(f"not every record was approved: {decision.left_out[:3]}")

    return run


def measure_many() -> Result:
    """Target 13: the smaller of the two ratios counts."""
    warm = complete_records(10)
    report(warm, by=scene()[2], declared=True)
    many = [complete_records(MANY) for _ in range(ROUNDS)]
    single = [complete_records(ONE_BY_ONE) for _ in range(ROUNDS)]
    reported = rates(
        {
            "many": (MANY, _report_all(iter([[ids] for ids in many]))),
            "single": (ONE_BY_ONE, _report_all(iter([[[pk] for pk in ids] for ids in single]))),
        },
        rounds=ROUNDS,
    )
    by = reviewer()
    approve(versions(warm), by=by)
    asked = [[{pk: version} for pk, version in versions(ids).items()] for ids in single]
    approved = rates(
        {
            "many": (MANY, _approve_all(iter([[versions(ids)] for ids in many]), by)),
            "single": (ONE_BY_ONE, _approve_all(iter(asked), by)),
        },
        rounds=ROUNDS,
    )
    reporting, approving = (found["many"] / found["single"] for found in (reported, approved))
    return Result(
        min(reporting, approving),
        notes=[
            f"上报: {MANY:,} at once {reported['many']:,.0f} records/s, one by one {reported['single']:,.1f} "
            f"over {ONE_BY_ONE}: {reporting:.1f} times",
            f"审核通过: {MANY:,} at once {approved['many']:,.0f} records/s, one by one {approved['single']:,.1f} "
            f"over {ONE_BY_ONE}: {approving:.1f} times",
        ],
    )


TARGETS = [Target(13, "bulk report and bulk approval of 1,000 against one by one", ">=", 20, measure_many)]
