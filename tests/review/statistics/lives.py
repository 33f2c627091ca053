"""One person's life over two bases, act by act, and where AM-32 counts him; told apart from how the product does it."""

from collections.abc import Iterable

from django.utils import timezone

from bases.models import Submission
from bases.records.specialty_change import change_specialty
from portal.models import User
from residents.models import Enrollment, Resident
from residents.services.deletion import delete_enrollment, restore_enrollment, take_out
from review.decisions.services import approve, return_for_correction, revoke
from tests import factories
from tests.review.conftest import snapshot, submit

NOWHERE = ("", None)
_SOURCE = {"1": "current", "2": "current", "3": "current", "4": "ended"}


class Life:
    """The acts are those of the two bases A and B and of their province; each by the service that does it where the
    service does more than write the state it leaves behind."""

    def __init__(self, bases: dict, officers: dict, reviewer: User, year: int) -> None:
        self.bases, self.officers, self.reviewer, self.year = bases, officers, reviewer, year
        self.person = factories.ResidentFactory()
        self.records: dict[str, Enrollment] = {}
        self.reasons: dict[int, str] = {}
        # What was approved and not revoked, in the order of the reports of each record.
        self.approved: dict[int, list[Submission]] = {}

    def live(self, acts: Iterable[str]) -> "Life":
        for act in acts:
            name, place, *more = act.split()
            getattr(self, name)(place, *more)
        return self

    def of(self, place: str) -> Enrollment:
        self.records[place].refresh_from_db()
        return self.records[place]

    # --- a base ------------------------------------------------------------------------------------------------------

    def recruits(self, place: str) -> None:
        self._open(place)

    def adds_late(self, place: str) -> None:
        """Into the registry: an addition, or somebody who comes from another base."""
        self._open(place, origin="transfer", registered_at=timezone.now())

    def _open(self, place: str, **values) -> None:
        record = factories.EnrollmentFactory(
            resident=self.person, base=self.bases[place], intake_year=self.year, **values
        )
        factories.fill_training(record)
        self.records[place] = record

    def reports(self, place: str, status: str = "") -> None:
        record = self.of(place)
        status = status or record.status
        content = snapshot(record) | {"status": {"status": status, "reason": self.reasons.get(record.pk, "")}}
        submit(record, self.officers[place], status=status, content=content, specialty_id=record.specialty_id)

    def withdraws(self, place: str, reason: str) -> None:
        """退培, not yet reported."""
        self._becomes(place, "5", reason)

    def ends(self, place: str) -> None:
        self._becomes(place, "4", "41")

    def pauses(self, place: str) -> None:
        self._becomes(place, "3", "31")

    def _becomes(self, place: str, status: str, reason: str) -> None:
        record = self.of(place)
        self.reasons[record.pk] = reason
        Enrollment.objects.filter(pk=record.pk).update(status=status, report_status="0")

    def may_train_again(self, place: str) -> None:
        """The association sets the ended record aside."""
        Enrollment.objects.filter(pk=self.of(place).pk).update(further_training_allowed_at=timezone.now())

    def changes_specialty(self, place: str) -> None:
        record = self.of(place)
        today = timezone.localdate()
        Enrollment.objects.filter(pk=record.pk).update(actual_start_date=today)
        self.reasons[record.pk] = "12"
        new = change_specialty(
            record.pk, "0700", effective_date=today, note="经省卫健委同意", by=self.officers[place]
        )
        self.records[place] = new

    def deletes(self, place: str) -> None:
        delete_enrollment(self.of(place).pk, by=self.officers[place], reason="非本基地人员")

    def restores(self, place: str) -> None:
        restore_enrollment(self.of(place).pk)

    def undoes(self, place: str) -> None:
        """As the undo of an import takes its records out, whatever they wait for."""
        record = self.of(place)
        Submission.objects.filter(enrollment=record, outcome="pending").update(
            outcome="withdrawn", decided_by=self.officers[place], decided_at=timezone.now()
        )
        Enrollment.objects.filter(pk=record.pk).update(report_status="0", review_status="0")
        take_out([self.of(place)], by=self.officers[place], reason="撤销导入")

    # --- the province ------------------------------------------------------------------------------------------------

    def approves(self, place: str, status: str = "") -> None:
        """What is reported now."""
        record = self.of(place)
        if record.review_status != "1":
            self.reports(place, status)
        pending = record.submissions.get(outcome="pending")
        assert approve({pending.pk: pending.version}, by=self.reviewer).decided
        self.approved.setdefault(record.pk, []).append(pending)

    def returns(self, place: str) -> None:
        pending = self.of(place).submissions.get(outcome="pending")
        choice = {pending.pk: pending.version}
        assert return_for_correction(choice, by=self.reviewer, comment="请核对。").decided

    def revokes(self, place: str) -> None:
        """The approval just given."""
        record = self.of(place)
        revoke(self.approved[record.pk][-1], by=self.reviewer, reason="误操作")
        del self.approved[record.pk][-1]

    def locks(self, place: str) -> None:
        """The intake is locked: what is not approved lapses."""
        Enrollment.objects.filter(pk=self.of(place).pk, registered_at=None).update(lapsed_at=timezone.now())


def standing_of(person: Resident, approved: dict[int, list[Submission]]) -> tuple[str, Submission | None]:
    """AM-32 in words of its own: "First choose the person's snapshot: the approved, unrevoked snapshot of the live
    record, else that of the latest-opened record that has one (order of opening, then id; never the time of
    approval). Then: 在培, 延期, 暂停 count in 现有人员; 结束 has a column of its own outside that total; 退培 leaves
    the person out. … Between A's approved 退培 and B's first approval he is in no 现有人员 but in the line 转出待入."
    """
    said = {}
    records = Enrollment.objects.filter(resident=person, deleted_at=None).order_by("created_at", "pk")
    for record in records:
        if approved.get(record.pk):
            said[record] = approved[record.pk][-1]
    if not said:
        return NOWHERE
    chosen = next((record for record in said if record.is_live), list(said)[-1])
    submission = said[chosen]
    if submission.status == "5":
        reason = submission.snapshot["status"]["reason"]
        return ("waiting", submission) if reason in ("11", "12") else NOWHERE
    return _SOURCE[submission.status], submission
