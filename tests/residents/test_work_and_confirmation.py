"""工作信息 of the registry and the yearly confirmation (docs/fields.md#work, AM-06; GOAL-R5)."""

import pytest
from django.utils import timezone

from residents.models import CertificateInfo, Enrollment, WorkInfo
from residents.services.personal import confirm_unchanged, save_block
from residents.services.states import StateMoved
from residents.snapshot import values_of


@pytest.fixture
def registered(complete_enrollment):
    Enrollment.objects.filter(pk=complete_enrollment.pk).update(
        registered_at=timezone.now(), trainee_type="2"
    )
    return Enrollment.objects.get(pk=complete_enrollment.pk)


def test_employer_is_stored_for_employees_only(registered):
    """docs/fields.md#work: hidden, and cleared otherwise with the first save that changes something (AM-37)."""
    sent = {"employer_name": "桐庐县第一人民医院", "employer_kind": "1", "hospital_level": "2", "title": "1"}
    save_block(registered, "work", sent, by=registered.resident.user)
    assert WorkInfo.objects.get().employer_name == "桐庐县第一人民医院"

    Enrollment.objects.filter(pk=registered.pk).update(trainee_type="3")
    save_block(registered, "work", sent | {"title": "2"}, by=registered.resident.user)

    values = values_of(WorkInfo.objects.get(), "work")
    assert {name: value for name, value in values.items() if value is not None} == {"title": "2"}


def test_employer_of_an_earlier_training_stays_while_the_trainee_type_is_unknown(registered):
    """The base has not said yet what kind of trainee this is: nobody knows whether an employer is asked."""
    WorkInfo.objects.create(resident=registered.resident, employer_name="桐庐县第一人民医院")
    Enrollment.objects.filter(pk=registered.pk).update(trainee_type="")

    save_block(registered, "work", {"title": "1"}, by=registered.resident.user)

    stored = WorkInfo.objects.get()
    assert (stored.employer_name, stored.title) == ("桐庐县第一人民医院", "1")


def test_confirmation_stores_who_and_when_once(registered, cycle):
    """GOAL-R5."""
    person = registered.resident.user
    assert confirm_unchanged(registered, "basic", cycle, by=person) is True
    assert confirm_unchanged(registered, "basic", cycle, by=person) is False

    stored = registered.resident.confirmations.get()
    assert (stored.section, stored.cycle, stored.confirmed_by) == ("basic", cycle, person)


def test_incomplete_section_cannot_be_confirmed(registered, cycle):
    CertificateInfo.objects.update(passed_qualification_exam=None)

    with pytest.raises(StateMoved):
        confirm_unchanged(registered, "certificate", cycle, by=registered.resident.user)
    assert not registered.resident.confirmations.exists()
