"""培训记录: one person's training at one base, its states, and every change of 培训状态."""

import pghistory
import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from portal.histories import event_model
from residents.codes import training
from residents.models.personal import code, evidence_path, file, text
from residents.rules.status import TRANSITIONS

_UNLESS_MOVED = """
IF NEW.resident_id = OLD.resident_id AND NEW.intake_year = OLD.intake_year AND EXISTS (
    SELECT FROM residents_recordmove m
    WHERE m.enrollment_id = OLD.id AND m.transaction = pg_current_xact_id()::text::bigint
    AND (m.old_base_id, m.base_id) = (OLD.base_id, NEW.base_id)
) THEN
    RETURN NEW;
END IF;
IF NEW.base_id = OLD.base_id AND NEW.intake_year = OLD.intake_year AND EXISTS (
    SELECT FROM residents_personmerge m
    WHERE OLD.id = ANY (m.records) AND (
        (m.transaction = pg_current_xact_id()::text::bigint
            AND (m.merged_id, m.kept_id) = (OLD.resident_id, NEW.resident_id))
        OR (m.undone_transaction = pg_current_xact_id()::text::bigint
            AND (m.kept_id, m.merged_id) = (OLD.resident_id, NEW.resident_id)))
) THEN
    RETURN NEW;
END IF;
RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;
"""


class Module(models.TextChoices):
    """The two second-level menus under 住院医师管理 (BR-38, AM-22)."""

    INTAKE = training.INTAKE, "招收信息管理"
    REGISTRY = training.REGISTRY, "住院医师信息管理"


class Status(models.TextChoices):
    """培训状态 (docs/codes.md#status). All but 退培 hold the person at his base (BR-49)."""

    IN_TRAINING = training.IN_TRAINING, "在培"
    EXTENDED = training.EXTENDED, "延期"
    SUSPENDED = training.SUSPENDED, "暂停"
    ENDED = training.ENDED, "结束"
    WITHDRAWN = training.WITHDRAWN, "退培"


class ReportStatus(models.TextChoices):
    UNREPORTED = "0", "未上报"
    REPORTED = "1", "已上报"


class ReviewStatus(models.TextChoices):
    NONE = "0", "—"
    PENDING = "1", "待审核"
    APPROVED = "2", "审核通过"
    RETURNED = "3", "退回修改"


class PersonalState(models.TextChoices):
    EMPTY = "0", "未填写"
    FILLING = "1", "填写中"
    COMPLETE = "2", "已完整"
    RETURNED = "3", "已退回"


class Deletion(models.TextChoices):
    """What a deleted record was: a mistake, or a recruit who left before his approval (AM-33)."""

    WRONG = "1", "录错"
    NO_SHOW = "2", "未报到或放弃培训"
    MOVED = "3", "转到其他基地"


# A recruit who left was recruited all the same; he is no mistake.
DEPARTURES = (Deletion.NO_SHOW, Deletion.MOVED)

# A person is held by an enrollment that has neither ended by 退培, lapsed at the lock (AM-29), been deleted nor been
# set aside by the association after its 结束 (AM-25).
LIVE = ~Q(status=Status.WITHDRAWN) & Q(
    lapsed_at__isnull=True, deleted_at__isnull=True, further_training_allowed_at__isnull=True
)
# Came through an intake, or is in it still; the others were opened in the registry.
OF_THE_INTAKE = Q(registered_at__isnull=True) | Q(intake_submission__isnull=False)
# Counted in the intake: of what was deleted since, only the approved original (AM-32).
IN_THE_INTAKE = Q(intake_submission__isnull=False) | Q(registered_at__isnull=True, deleted_at__isnull=True)
# No longer worked on: what a queue leaves out.
GONE = Q(deleted_at__isnull=False) | Q(lapsed_at__isnull=False)


def reviewed_as(status: str) -> Q:
    """Records that stand so in the review: who lapsed keeps the status he had, and stands nowhere any more (AM-05)."""
    return Q(review_status=status, lapsed_at__isnull=True)


@pghistory.track(
    pghistory.InsertEvent(),
    pghistory.UpdateEvent(),
    pghistory.DeleteEvent(),
    exclude=["personal_changed_at", "updated_at"],
    model_name="EnrollmentEvent",
)
class Enrollment(models.Model):
    """培训记录: one person × one base × one specialty × one intake year, with its training info and states.

    It starts in the intake module, or in the registry as a late addition (漏报); approval sets `registered_at` and
    from then on it is the living registry record, while `intake_submission` keeps the approved original (BR-37, BR-59).
    """

    class Origin(models.TextChoices):
        INTAKE = "intake", "招收"
        LATE = "late", "漏报补录"
        TRANSFER = "transfer", "转入"
        LEGACY = "legacy", "历史迁移"
        API = "api", "接口传送"

    # Without an index of their own where one below begins with the column or nobody looks for records by it: an
    # imported row would write each of them, in this table and in its history.
    resident = models.ForeignKey(
        "residents.Resident", models.PROTECT, related_name="enrollments", db_index=False
    )
    base = models.ForeignKey(
        "bases.TrainingBase",
        models.PROTECT,
        related_name="enrollments",
        verbose_name="培训基地",
        db_index=False,
    )
    intake_year = models.PositiveSmallIntegerField("招收年份")
    origin = models.CharField(max_length=10, choices=Origin.choices, default=Origin.INTAKE)
    created_at = models.DateTimeField("导入时间", default=timezone.now, editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", db_index=False
    )

    # 培训信息 (docs/fields.md#training), kept by the base
    specialty = models.ForeignKey(
        "bases.Specialty",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="培训专业",
        db_index=False,
    )
    specialty_locked = models.BooleanField(default=False)
    program_type = models.CharField(max_length=1, default="1")
    trainee_type = code(1)
    trainee_type_other = text(50)
    is_fresh_graduate = models.BooleanField(null=True, blank=True)
    is_rural_oriented = models.BooleanField(null=True, blank=True)
    approved_years = models.PositiveSmallIntegerField(null=True, blank=True)
    reduction_reason = code(1)
    reduction_proof = file()
    actual_start_date = models.DateField(null=True, blank=True)
    planned_end_date = models.DateField(null=True, blank=True)
    current_degree = code(1)
    degree_school = text(100)
    sponsor_name = text(100)
    sponsor_uscc = text(18)
    sponsor_is_military = models.BooleanField(null=True, blank=True)
    at_partner_unit = models.BooleanField(null=True, blank=True)
    partner_unit = text(100)
    partner_level = code(1)
    partner_grade = code(1)
    partner_category = code(1)
    is_western_support = models.BooleanField(null=True, blank=True)
    ws_from_province = code(2)
    ws_from_unit = text(100)
    ws_from_military = models.BooleanField(null=True, blank=True)
    ws_from_uscc = text(18)
    remark = text(200)

    # 培训状态: the current one; every change is a StatusChange row
    status = models.CharField("培训状态", max_length=1, choices=Status, default=Status.IN_TRAINING)
    status_since = models.DateField(null=True, blank=True)
    extended_until = models.DateField(null=True, blank=True)
    expected_resume = models.DateField(null=True, blank=True)

    # Reporting
    report_status = models.CharField(
        "上报状态", max_length=1, choices=ReportStatus, default=ReportStatus.UNREPORTED
    )
    review_status = models.CharField(
        "审核状态", max_length=1, choices=ReviewStatus, default=ReviewStatus.NONE
    )
    personal_state = models.CharField(
        "个人信息状态", max_length=1, choices=PersonalState, default=PersonalState.EMPTY
    )
    training_complete = models.BooleanField("培训信息已完整", default=False)
    # A resident's save after 上报 never un-reports; the base sees "个人信息有未上报的更新" (AM-14).
    has_unreported_update = models.BooleanField(default=False)
    personal_changed_at = models.DateTimeField(null=True, blank=True)
    state_since = models.DateTimeField(default=timezone.now)
    registered_at = models.DateTimeField("纳入住院医师信息管理的时间", null=True, blank=True)
    intake_submission = models.OneToOneField(
        "bases.Submission", models.PROTECT, null=True, blank=True, related_name="intake_original_of"
    )
    approved_submission = models.OneToOneField(
        "bases.Submission", models.PROTECT, null=True, blank=True, related_name="counted_for"
    )

    # End without 退培
    lapsed_at = models.DateTimeField("锁定失效时间", null=True, blank=True)
    deleted_at = models.DateTimeField("删除时间", null=True, blank=True)
    further_training_allowed_at = models.DateTimeField("准许再次培训的时间", null=True, blank=True)
    deleted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    deleted_reason = text(200)
    deleted_as = models.CharField("删除类别", max_length=1, choices=Deletion, blank=True)
    left_on = models.DateField("离开日期", null=True, blank=True)
    # The import by whose undo it went; nothing where it was deleted by itself.
    deleted_with = models.ForeignKey(
        "bases.ImportBatch", models.SET_NULL, null=True, blank=True, related_name="+", db_index=False
    )
    import_batch = models.ForeignKey(
        "bases.ImportBatch", models.SET_NULL, null=True, blank=True, related_name="+"
    )
    version = models.PositiveIntegerField(default=0)
    updated_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = verbose_name_plural = "培训记录"
        indexes = [
            # Lists show what is not deleted: so their counts need not look at the rows.
            models.Index(
                fields=["base", "intake_year", "-id"],
                include=["specialty"],
                condition=Q(deleted_at__isnull=True),
                name="enrollment_list",
            ),
            # The association's list is that of the whole nation.
            models.Index(
                fields=["intake_year", "-id"], condition=Q(deleted_at__isnull=True), name="enrollment_by_year"
            ),
            models.Index(
                fields=["specialty", "-id"],
                condition=Q(deleted_at__isnull=True),
                name="enrollment_by_specialty",
            ),
            models.Index(fields=["base", "review_status", "-id"], name="enrollment_by_review"),
            models.Index(fields=["resident", "-id"], name="enrollment_by_person"),
            # A handful of a million, so that lists need not look up each record to leave them out.
            models.Index(fields=["base"], condition=Q(deleted_at__isnull=False), name="enrollment_deleted"),
            models.Index(fields=["id"], condition=GONE, name="enrollment_gone"),
            models.Index(
                fields=["deleted_with"], condition=Q(deleted_with__isnull=False), name="enrollment_undone"
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["resident"], condition=LIVE, name="one_live_enrollment_per_resident"
            ),
            models.CheckConstraint(condition=Q(status__in=Status.values), name="enrollment_status_known"),
            models.CheckConstraint(
                condition=Q(approved_years__isnull=True) | Q(approved_years__in=[1, 2, 3]),
                name="enrollment_approved_years_1_to_3",
            ),
            models.CheckConstraint(
                condition=Q(deleted_at__isnull=True) | ~Q(deleted_reason=""),
                name="enrollment_deletion_has_reason",
            ),
            models.CheckConstraint(
                condition=Q(deleted_at__isnull=True, deleted_as="", left_on__isnull=True)
                | Q(deleted_at__isnull=False, deleted_as__in=["", Deletion.WRONG], left_on__isnull=True)
                | Q(deleted_at__isnull=False, deleted_as__in=DEPARTURES, left_on__isnull=False),
                name="enrollment_departure_has_date",
            ),
            models.CheckConstraint(
                condition=Q(deleted_with__isnull=True) | Q(deleted_at__isnull=False),
                name="enrollment_deleted_with_means_deleted",
            ),
            models.CheckConstraint(
                condition=Q(further_training_allowed_at__isnull=True) | Q(status=Status.ENDED),
                name="enrollment_further_training_after_end",
            ),
            models.CheckConstraint(
                condition=~Q(review_status=ReviewStatus.PENDING) | Q(report_status=ReportStatus.REPORTED),
                name="enrollment_pending_means_reported",
            ),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="year_base_person_locked",
                when=pgtrigger.Before,
                operation=pgtrigger.Update,
                condition=pgtrigger.AnyChange("resident", "base", "intake_year"),
                func=_UNLESS_MOVED,
            ),
            pgtrigger.Protect(
                name="specialty_is_locked",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(
                    old__specialty_locked=True, old__specialty__df=pgtrigger.F("new__specialty")
                ),
            ),
            pgtrigger.FSM(
                name="status_transitions",
                field="status",
                # Asked before the function is called: most updates leave the status alone.
                condition=pgtrigger.AnyChange("status"),
                # As the rules say; that 结业并获证 has no way on only they know (docs/codes.md#status).
                transitions=[(before, after) for before, after in TRANSITIONS if before],
            ),
        ]

    def __str__(self) -> str:
        return f"{self.resident_id} {self.intake_year}"

    @property
    def is_live(self) -> bool:
        gone = self.deleted_at or self.lapsed_at or self.further_training_allowed_at
        return gone is None and self.status != Status.WITHDRAWN

    @property
    def has_moved(self) -> bool:
        """It is of a person who changed base or specialty and keeps his intake year (AM-48)."""
        return self.origin == self.Origin.TRANSFER

    @property
    def module(self) -> Module:
        """The intake until the province approves, the registry afterwards and for late additions."""
        return Module.REGISTRY if self.registered_at else Module.INTAKE


# The history of a record is asked for by record and by context only; each of these indexes would be written by every
# imported row. The library has no setting for one model's foreign keys.
for _field in event_model(Enrollment)._meta.fields:
    if _field.is_relation and not _field.name.startswith("pgh_"):
        _field.db_index = False


def _change_needs() -> list[models.BaseConstraint]:
    """What a change of 培训状态 must contain, kept by the database (docs/fields.md#status, docs/codes.md#status); a
    migrated one may lack all of it (AM-40)."""
    undated = Q(is_undated=True)
    # The first digit of a reason is its status.
    fits = Q(to_status=Status.IN_TRAINING, reason="") | Q(to_status=Status.WITHDRAWN, reason__startswith="1")
    for status in training.INTERRUPTED:
        fits |= Q(to_status=status, reason__startswith=status)
    withdrawn = Q(to_status=Status.WITHDRAWN) & ~Q(destination="")
    details = (
        Q(to_status=Status.IN_TRAINING)
        | Q(to_status=Status.EXTENDED, extended_until__isnull=False)
        | Q(to_status=Status.SUSPENDED, suspended_from__isnull=False, expected_resume__isnull=False)
        | (Q(to_status=Status.ENDED, ended_on__isnull=False) & ~Q(ended_result=""))
        | (withdrawn & (Q(reason__in=("11", "12")) | ~Q(withdrawal_kind="")))
    )
    needs = {
        "status_change_reason_fits": fits | (undated & Q(reason="")),
        "status_change_has_date": (
            Q(from_status="") | Q(effective_date__isnull=False) | undated | Q(takes_back__isnull=False)
        ),
        "status_change_has_details": details | undated,
        "status_change_other_has_note": (
            ~Q(reason__in=("19", "29", "39", "49")) | ~Q(reason_note="") | undated
        ),
    }
    return [models.CheckConstraint(condition=need, name=name) for name, need in needs.items()]


class RecordMove(models.Model):
    """That a record went on at another base, why and by whom: what the lock asks for, in the same transaction.

    Only the procedure `residents_move_records` writes it, which checks and moves in one step (migration 0026; AM-46,
    TRUST-55).
    """

    written_by_database = True

    enrollment = models.ForeignKey(Enrollment, models.PROTECT, related_name="+")
    old_base = models.ForeignKey("bases.TrainingBase", models.PROTECT, related_name="+", db_index=False)
    base = models.ForeignKey("bases.TrainingBase", models.PROTECT, related_name="+", db_index=False)
    reason = models.TextField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", db_index=False)
    at = models.DateTimeField(db_default=Now())
    transaction = models.BigIntegerField()

    class Meta:
        verbose_name = verbose_name_plural = "记录移交"
        triggers = [pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)]

    def __str__(self) -> str:
        return f"{self.enrollment_id} {self.old_base_id}→{self.base_id}"


class StatusChange(models.Model):
    """One change of 培训状态 with its reason, dates and evidence (docs/fields.md#status); never altered, never
    deleted."""

    enrollment = models.ForeignKey(Enrollment, models.PROTECT, related_name="status_changes")
    from_status = models.CharField(max_length=1, choices=Status, blank=True)
    to_status = models.CharField(max_length=1, choices=Status)
    effective_date = models.DateField("变更日期", null=True)
    reason = code(2)
    reason_note = text(500)
    withdrawal_kind = code(1)
    destination = text(100)
    extended_until = models.DateField(null=True, blank=True)
    suspended_from = models.DateField(null=True, blank=True)
    expected_resume = models.DateField(null=True, blank=True)
    ended_on = models.DateField(null=True, blank=True)
    ended_result = code(1)
    attachment = models.FileField(upload_to=evidence_path, max_length=120, blank=True)
    # Taken over from a roster without day, reason or details (AM-40).
    is_undated = models.BooleanField("历史数据，日期不详", default=False, db_default=False)
    # The change before it, which should never have been: what this row holds is what stood before that one.
    takes_back = models.OneToOneField(
        "self", models.PROTECT, null=True, related_name="taken_back_by", editable=False
    )
    # Of a 退培: the personal blocks of a snapshot as they were at it, all that the base keeps of the person (AM-49).
    personal_then = models.JSONField("退培时的个人信息", null=True, editable=False)
    changed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", db_index=False
    )
    changed_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = verbose_name_plural = "培训状态变更"
        ordering = ["-changed_at", "-pk"]
        constraints = _change_needs()
        triggers = [pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)]

    def __str__(self) -> str:
        return f"{self.from_status}→{self.to_status}"
