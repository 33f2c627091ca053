"""Demo residents in every state a record can be in. Writes past the services: most states lie in the past."""

import datetime
import uuid
from collections.abc import Callable
from typing import Any

from django.contrib.auth.hashers import make_password
from django.utils import timezone

from bases.models import Specialty, Submission, TrainingBase, TransferRequest
from bases.report.services import build_submission, hints_of
from bases.submissions.kept import last_snapshots
from portal.models import CollectionCycle, User
from portal.roles import Role
from residents.completeness import completeness
from residents.models import (
    BasicInfo,
    CertificateInfo,
    EducationRecord,
    Enrollment,
    PersonalReturn,
    Resident,
    StatusChange,
    WorkInfo,
)
from residents.models.enrollment import Module, PersonalState, ReportStatus, ReviewStatus, Status
from residents.places import living
from residents.snapshot import personal_part, snapshot_of
from review.demo.organisations import PASSWORD
from review.demo.people import People, Person
from review.demo.values import bachelor_values, basic_values, master_values, training_values, work_values

FIRST_CODE = "ZPXT-7854"


class Records:
    """Makes one resident after another; each `make_…` leaves the record in the state of its name."""

    def __init__(self, bases: list[TrainingBase], present: CollectionCycle, past: CollectionCycle) -> None:
        self.people = People()
        # Who a resident was made of, by the resident's id.
        self.persons: dict[int, Person] = {}
        self.bases = bases
        self.present = present
        self.past = past
        self.today = timezone.localdate()
        self.password = make_password(PASSWORD)
        self.specialties = list(
            Specialty.objects.filter(pk__in=self.people.pools["specialties"])
            .order_by("pk")
            .values_list("pk", flat=True)
        )
        self.officer = {base.pk: User.objects.get(username=f"jidi{base.code}") for base in bases}
        self.reviewer = {base.pk: User.objects.get(username=f"sheng{base.province_id}") for base in bases}

    # --- parts ---------------------------------------------------------------------------------------------------

    def imported(
        self, base: TrainingBase, year: int, *, activated: bool = True, origin: str = Enrollment.Origin.INTAKE
    ) -> Enrollment:
        """An account and an enrollment as an import leaves them."""
        person = self.people.next(province=base.province_id, intake_year=year)
        # Some every day, so that a season shows; before any report, which is at most eight days old.
        at = timezone.now() - datetime.timedelta(days=12 + len(self.persons) % 25)
        user = User.objects.create(
            username=person.id_number,
            role=Role.RESIDENT,
            full_name=person.full_name,
            mobile=person.mobile,
            password=self.password if activated else make_password(None),
            activated_at=at + datetime.timedelta(days=2) if activated else None,
        )
        resident = Resident.objects.create(
            user=user,
            id_type="01",
            id_number=person.id_number,
            full_name=person.full_name,
            mobile=person.mobile,
        )
        self.persons[resident.pk] = person
        enrollment = Enrollment.objects.create(
            resident=resident,
            base=base,
            intake_year=year,
            origin=origin,
            created_at=at,
            created_by=self.officer[base.pk],
            registered_at=None if origin == Enrollment.Origin.INTAKE else timezone.now(),
        )
        StatusChange.objects.create(
            enrollment=enrollment, to_status=Status.IN_TRAINING, changed_by=self.officer[base.pk]
        )
        return enrollment

    def person_of(self, enrollment: Enrollment) -> Person:
        return self.persons[enrollment.resident_id]

    def fill_personal(self, enrollment: Enrollment, *, with_certificate: bool = True) -> None:
        resident, person = enrollment.resident, self.person_of(enrollment)
        graduated = datetime.date(enrollment.intake_year, 6, 30)
        BasicInfo.objects.create(resident=resident, **basic_values(person))
        EducationRecord.objects.create(resident=resident, **bachelor_values(person, graduated))
        if with_certificate:
            CertificateInfo.objects.create(resident=resident, passed_qualification_exam=False)
        WorkInfo.objects.create(resident=resident)
        enrollment.personal_state = "2" if with_certificate else "1"
        enrollment.save()

    def fill_training(self, enrollment: Enrollment) -> None:
        rng, year = self.people.rng, enrollment.intake_year
        enrollment.specialty_id = rng.choice(self.specialties)
        trainee_type = rng.choices(("1", "2", "3", "4"), weights=(35, 15, 30, 20))[0]
        enrollment.trainee_type = trainee_type
        enrollment.is_fresh_graduate = True
        enrollment.is_rural_oriented = False
        enrollment.approved_years = 3
        enrollment.actual_start_date = datetime.date(year, 9, 1)
        enrollment.planned_end_date = datetime.date(year + 3, 9, 1)
        enrollment.current_degree = "1"
        enrollment.at_partner_unit = False
        enrollment.is_western_support = False
        enrollment.training_complete = True
        for name, value in training_values(trainee_type, self.person_of(enrollment)).items():
            setattr(enrollment, name, value)
        enrollment.save()
        # On the row that the person holds, from which the snapshot is taken.
        for name, value in work_values(trainee_type, enrollment).items():
            setattr(enrollment.resident.work, name, value)
        enrollment.resident.work.save()
        if trainee_type == "4":
            EducationRecord.objects.create(
                resident=enrollment.resident, **master_values(self.person_of(enrollment), enrollment)
            )

    def report(self, enrollment: Enrollment, *, days_ago: int = 3) -> Submission:
        """上报 some days ago: a submission waiting for its province."""
        last = enrollment.approved_submission
        submission = build_submission(
            enrollment,
            by=self.officer[enrollment.base_id],
            declared=True,
            reported=last_snapshots([enrollment]).get(enrollment.pk),
            approved=last.snapshot if last else None,
            hints=hints_of(completeness(enrollment).sections),
        )
        submission.reported_at = timezone.now() - datetime.timedelta(days=days_ago)
        submission.save()
        enrollment.report_status, enrollment.review_status = ReportStatus.REPORTED, ReviewStatus.PENDING
        enrollment.state_since = submission.reported_at
        enrollment.save()
        return submission

    def decide(self, enrollment: Enrollment, submission: Submission, outcome: str, comment: str = "") -> None:
        submission.outcome = outcome
        submission.decided_by = self.reviewer[enrollment.base_id]
        submission.decided_at = submission.reported_at + datetime.timedelta(days=1)
        submission.comment = comment
        submission.save()
        if outcome == "approved":
            enrollment.review_status, enrollment.specialty_locked = "2", True
            enrollment.approved_submission = submission
            if submission.module == Module.INTAKE:
                enrollment.intake_submission, enrollment.registered_at = submission, submission.decided_at
        else:
            enrollment.review_status = ReviewStatus.RETURNED if outcome == "returned" else ReviewStatus.NONE
            enrollment.report_status = ReportStatus.UNREPORTED
        enrollment.state_since = submission.decided_at
        enrollment.save()

    def change_status(self, enrollment: Enrollment, to: str, reason: str, **values: Any) -> None:
        StatusChange.objects.create(
            enrollment=enrollment,
            from_status=enrollment.status,
            to_status=to,
            effective_date=self.today - datetime.timedelta(days=20),
            reason=reason,
            changed_by=self.officer[enrollment.base_id],
            personal_then=personal_part(snapshot_of(enrollment)) if to == Status.WITHDRAWN else None,
            **values,
        )
        enrollment.status, enrollment.status_since = to, self.today - datetime.timedelta(days=20)
        enrollment.extended_until = values.get("extended_until")
        enrollment.expected_resume = values.get("expected_resume")
        enrollment.report_status = ReportStatus.UNREPORTED
        enrollment.save()

    # --- this year's intake --------------------------------------------------------------------------------------

    def make_new(self, base: TrainingBase) -> Enrollment:
        return self.imported(base, self.present.year, activated=False)

    def make_filling(self, base: TrainingBase) -> Enrollment:
        enrollment = self.imported(base, self.present.year)
        person = self.person_of(enrollment)
        BasicInfo.objects.create(resident=enrollment.resident, sex=person.sex, birth_date=person.birth_date)
        enrollment.personal_state = "1"
        enrollment.save()
        return enrollment

    def make_without_training(self, base: TrainingBase) -> Enrollment:
        enrollment = self.imported(base, self.present.year)
        self.fill_personal(enrollment)
        return enrollment

    def make_without_certificate(self, base: TrainingBase) -> Enrollment:
        enrollment = self.imported(base, self.present.year)
        self.fill_personal(enrollment, with_certificate=False)
        self.fill_training(enrollment)
        return enrollment

    def make_ready(self, base: TrainingBase) -> Enrollment:
        enrollment = self.imported(base, self.present.year)
        self.fill_personal(enrollment)
        self.fill_training(enrollment)
        return enrollment

    def make_returned_to_resident(self, base: TrainingBase) -> Enrollment:
        enrollment = self.make_ready(base)
        study = enrollment.resident.education_records.latest("pk")
        PersonalReturn.objects.create(
            enrollment=enrollment,
            field=living("education.diploma_no", study.pk),
            comment=self.people.rng.choice(self.people.pools["personal_comments"]),
            batch=uuid.uuid4(),
            returned_by=self.officer[base.pk],
        )
        enrollment.personal_state = "3"
        enrollment.save()
        return enrollment

    def make_answered(self, base: TrainingBase) -> Enrollment:
        enrollment = self.make_returned_to_resident(base)
        now = timezone.now()
        enrollment.personal_returns.update(returned_at=now - datetime.timedelta(days=3), answered_at=now)
        enrollment.personal_state = "2"
        enrollment.save()
        return enrollment

    def make_pending(self, base: TrainingBase) -> Enrollment:
        enrollment = self.make_ready(base)
        self.report(enrollment, days_ago=self.people.rng.randint(0, 9))
        return enrollment

    def make_returned_by_province(self, base: TrainingBase) -> Enrollment:
        enrollment = self.make_ready(base)
        comment = self.people.rng.choice(self.people.pools["return_comments"])
        self.decide(enrollment, self.report(enrollment), "returned", comment)
        return enrollment

    def make_withdrawn_report(self, base: TrainingBase) -> Enrollment:
        enrollment = self.make_ready(base)
        submission = self.report(enrollment)
        self.decide(enrollment, submission, "withdrawn")
        return enrollment

    def make_approved(self, base: TrainingBase, year: int | None = None) -> Enrollment:
        enrollment = self.imported(base, year or self.present.year)
        self.fill_personal(enrollment)
        self.fill_training(enrollment)
        days_ago = 5 if year is None else (self.today - datetime.date(year, 10, 28)).days
        self.decide(enrollment, self.report(enrollment, days_ago=days_ago), "approved")
        return enrollment

    def make_changed_after_approval(self, base: TrainingBase) -> Enrollment:
        enrollment = self.make_approved(base, self.today.year - 1)
        enrollment.remark = "已轮转至协同单位"
        enrollment.report_status = ReportStatus.UNREPORTED
        enrollment.save()
        return enrollment

    def make_with_unreported_update(self, base: TrainingBase) -> Enrollment:
        enrollment = self.make_approved(base, self.today.year - 1)
        BasicInfo.objects.filter(resident=enrollment.resident).update(postal_address="示范路 18 号")
        enrollment.has_unreported_update = True
        enrollment.save()
        return enrollment

    def make_deleted(self, base: TrainingBase) -> Enrollment:
        enrollment = self.make_new(base)
        enrollment.deleted_at, enrollment.deleted_by = timezone.now(), self.officer[base.pk]
        enrollment.deleted_reason = "证件号录入错误，已重新导入"
        enrollment.save()
        User.objects.filter(pk=enrollment.resident.user_id).update(is_active=False)
        return enrollment

    # --- the registry --------------------------------------------------------------------------------------------

    def make_in_training(self, base: TrainingBase) -> Enrollment:
        return self.make_approved(base, self.today.year - self.people.rng.choice((1, 1, 2)))

    def make_extended(self, base: TrainingBase) -> Enrollment:
        enrollment = self.make_approved(base, self.today.year - 3)
        planned = enrollment.planned_end_date
        assert planned is not None
        until = planned.replace(year=planned.year + 1)
        self.change_status(enrollment, "2", "23", extended_until=until)
        return enrollment

    def make_suspended(self, base: TrainingBase) -> Enrollment:
        enrollment = self.make_approved(base, self.today.year - 2)
        began = self.today - datetime.timedelta(days=20)
        resume = self.today + datetime.timedelta(days=70)
        self.change_status(enrollment, "3", "32", suspended_from=began, expected_resume=resume)
        return enrollment

    def make_ended(self, base: TrainingBase) -> Enrollment:
        enrollment = self.make_approved(base, self.today.year - 4)
        self.change_status(
            enrollment, "4", "41", ended_on=self.today - datetime.timedelta(days=20), ended_result="1"
        )
        self.decide(enrollment, self.report(enrollment), "approved")
        return enrollment

    def make_withdrawn(self, base: TrainingBase) -> Enrollment:
        enrollment = self.make_approved(base, self.today.year - 1)
        self.change_status(enrollment, "5", "13", withdrawal_kind="1", destination="其他医院就业")
        return enrollment

    def make_transferred(self, base: TrainingBase) -> Enrollment:
        """Left this base for another one, which has not reported yet: two enrollments of one person (BR-74, AM-32)."""
        old = self.make_approved(base, self.today.year - 1)
        target = self.people.rng.choice([other for other in self.bases if other.pk != base.pk])
        self.change_status(old, "5", "11", destination=target.name)
        self.decide(old, self.report(old), "approved")
        new = Enrollment.objects.create(
            resident=old.resident,
            base=target,
            intake_year=old.intake_year,
            origin="transfer",
            registered_at=timezone.now(),
            personal_state=PersonalState.COMPLETE,
            created_by=self.officer[target.pk],
        )
        StatusChange.objects.create(
            enrollment=new, to_status=Status.IN_TRAINING, changed_by=self.officer[target.pk]
        )
        return new

    def make_transfer_wanted(self, base: TrainingBase) -> Enrollment:
        enrollment = self.make_in_training(base)
        target = self.people.rng.choice([other for other in self.bases if other.pk != base.pk])
        TransferRequest.objects.create(
            enrollment=enrollment,
            to_base=target,
            asked_by=self.officer[target.pk],
            reason="本人已在我院报到，请协助办理转出。",
            due_on=self.today + datetime.timedelta(days=10),
        )
        return enrollment

    def make_late_addition(self, base: TrainingBase) -> Enrollment:
        enrollment = self.imported(base, self.today.year - 1, origin="late")
        self.fill_personal(enrollment)
        self.fill_training(enrollment)
        return enrollment

    def make_late_pending(self, base: TrainingBase) -> Enrollment:
        enrollment = self.make_late_addition(base)
        self.report(enrollment)
        return enrollment

    # --- the notice's cycle --------------------------------------------------------------------------------------

    def make_2019_ended(self, base: TrainingBase) -> Enrollment:
        enrollment = self.make_approved(base, 2019)
        self.change_status(enrollment, "4", "41", ended_on=datetime.date(2022, 8, 31), ended_result="1")
        return enrollment

    def make_2019_lapsed(self, base: TrainingBase) -> Enrollment:
        """Never approved when 2019 locked: kept for the record, no longer blocking (AM-05, AM-29)."""
        enrollment = self.imported(base, 2019, activated=False)
        enrollment.lapsed_at = self.past.locked_at
        enrollment.save()
        return enrollment

    def make_with_one_time_code(self, base: TrainingBase) -> Enrollment:
        """Not activated, 000000 is not enough: the base gave out a printed one-time code."""
        enrollment = self.make_new(base)
        User.objects.filter(pk=enrollment.resident.user_id).update(
            initial_code_hash=make_password(FIRST_CODE.replace("-", "")),
            initial_code_expires_at=timezone.now() + datetime.timedelta(days=90),
        )
        return enrollment

    def plan(self) -> list[tuple[Callable[[TrainingBase], Enrollment], int]]:
        """How many of each state: 600 in all."""
        return [
            (self.make_new, 60), (self.make_with_one_time_code, 3), (self.make_filling, 45),
            (self.make_without_training, 35), (self.make_without_certificate, 20), (self.make_ready, 45),
            (self.make_returned_to_resident, 13), (self.make_answered, 5),
            (self.make_pending, 90), (self.make_returned_by_province, 22),
            (self.make_withdrawn_report, 4), (self.make_approved, 70), (self.make_changed_after_approval, 10),
            (self.make_with_unreported_update, 8), (self.make_deleted, 4), (self.make_in_training, 70),
            (self.make_extended, 8), (self.make_suspended, 8), (self.make_ended, 10), (self.make_withdrawn, 8),
            (self.make_transferred, 6), (self.make_transfer_wanted, 4), (self.make_late_addition, 8),
            (self.make_late_pending, 6), (self.make_2019_ended, 28), (self.make_2019_lapsed, 10),
        ]  # fmt: skip
