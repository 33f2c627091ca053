"""Every message of a row of Annex 1 is provoked, its repair text is followed by the province that reads it, and the row
is taken at last (AM-12, AM-13; BR-16, BR-23)."""

import inspect
import re

import pytest
from django.urls import reverse
from django.utils import timezone

from bases.imports import row_fixing
from bases.imports import services as imports
from bases.imports.worker import apply_batch
from bases.models import ImportRow
from residents.catalogue.catalogue import CATALOGUE
from residents.rules import completion
from review.completions import services as completions
from review.models import CompletionBatch
from tests import factories
from tests.review.completions.test_completions import (  # noqa: F401
    _worker_waits,
    codes,
    hand_in,
    hospital,
    line,
)

pytestmark = pytest.mark.django_db

CERTIFICATE = "2016330100123456"
# What the row says wrongly, and what it says after the repair; no mend where it may stay as it is.
MENDED = {
    "completion_other_province": ({"province": "广东省"}, {"province": "浙江省"}),
    "base_of_other_province": ({"training_base": "深圳某医院"}, {"training_base": "某某医院（东院）"}),
    "base_unknown": ({"training_base": "zzzz"}, {"training_base": "33099"}),
    "base_nearest": ({"training_base": "某某医院（东区）"}, {"training_base": "某某医院（东院）"}),
    "completion_not_reduced": ({"approved_years": "3"}, {"approved_years": "2"}),
    "completion_year": (
        {
            "actual_start_date": "2017-09-01",
            "actual_end_date": "2019-08-31",
            "certificate_date": "2019-10-01",
        },
        {
            "actual_start_date": "2014-09-01",
            "actual_end_date": "2016-08-31",
            "certificate_date": "2016-10-20",
        },
    ),
    "completion_too_long": ({"actual_start_date": "2013-08-01"}, {"actual_start_date": "2014-09-01"}),
    "end_before_start": ({"actual_start_date": "2016-09-01"}, {"actual_start_date": "2014-09-01"}),
    "date_in_future": ({"certificate_date": "2099-01-01"}, {"certificate_date": "2016-10-20"}),
    "certificate_before_end": ({"certificate_date": "2016-08-01"}, {"certificate_date": "2016-10-20"}),
    "completion_year_unusual": (
        {
            "actual_start_date": "2016-09-01",
            "actual_end_date": "2018-08-31",
            "certificate_date": "2018-10-01",
        },
        None,
    ),
    "completion_short": ({"actual_end_date": "2016-03-31"}, None),
    "certificate_no_shape": ({"certificate_no": "浙住培2016001"}, None),
    "certificate_year": ({"certificate_date": "2017-01-05"}, None),
    "certificate_no_province": ({"certificate_no": "2016440100123456"}, None),
    "certificate_no_specialty": ({"certificate_no": "2016330200123456"}, None),
}


def takes(sent, by) -> None:
    """The good rows of the batch are written."""
    imports.confirm(sent.import_batch, mode="good_rows", by=by)
    apply_batch(sent.import_batch_id)
    sent.import_batch.refresh_from_db()
    assert sent.import_batch.state == "applied"


def is_said(sent, code) -> None:
    assert code in {each for row in codes(sent) for each in row}, codes(sent)


@pytest.mark.parametrize("code", MENDED)
def test_repair_in_the_row_itself(code, hand_in, provincial_reviewer, other_province, signed_in):  # noqa: F811
    """Typed in the page, where the reader is sent; or left as it is, where the text says so."""
    factories.TrainingBaseFactory(province_id=other_province.pk, name="深圳某医院")
    wrong, right = MENDED[code]
    sent = hand_in(line(**wrong))
    is_said(sent, code)
    batch = sent.import_batch
    if right is None:
        assert CATALOGUE[code].is_warning
        assert "可以保留" in CATALOGUE[code].repair
    else:
        assert batch.rows.get().verdict == ImportRow.Verdict.REFUSED
        client = signed_in(provincial_reviewer)
        address = reverse("bases:import-correct", args=[batch.pk])
        shown = client.get(address).context["page"]
        labels = {field.name: field.label for field in completion.FIELDS}
        typed = {each.name: each.value for row in shown for each in (*row.inputs, *row.other)}
        mend = {
            each.name: value
            for row in shown
            for each in (*row.inputs, *row.other)
            for name, value in right.items()
            if each.header.lstrip("*").startswith(labels[name])
        }
        assert len(mend) == len(right)
        assert client.post(address, typed | mend).status_code == 302
        assert not row_fixing.refused_rows(batch).exists(), codes(sent)
        batch.refresh_from_db()
    takes(sent, provincial_reviewer)


def certificate_no_repeated(hand_in, by, national):  # noqa: F811
    first, second = line(certificate_no=CERTIFICATE), line(certificate_no=CERTIFICATE)
    is_said(hand_in(first, second), "certificate_no_repeated")
    second[11] = "2016330100123457"
    takes(hand_in(first, second), by)


def duplicate_in_file(hand_in, by, national):  # noqa: F811
    """请保留正确的一行，删除或改正另一行。"""
    first, second = line(), line()
    second[2] = first[2]
    is_said(hand_in(first, second), "duplicate_in_file")
    takes(hand_in(first), by)


def completion_reported(hand_in, by, national):  # noqa: F811
    """需要更正的，请撤回或请中国医师协会退回原批次，再重新上传: both ways."""
    for way in ("withdraw", "send back"):
        first = line()
        sent = hand_in(first)
        takes(sent, by)
        other = [*first]
        other[8] = "1"
        is_said(hand_in(other), "completion_reported")
        if way == "withdraw":
            completions.withdraw(sent.pk, by=by)
        else:
            completions.send_back(sent.pk, by=national, comment="请更正")
        takes(hand_in(other), by)


def completion_reported_elsewhere(hand_in, by, national):  # noqa: F811
    """确属本省的，请联系中国医师协会: it sends the other province's batch back."""
    row = line()
    sent = hand_in(row)
    takes(sent, by)
    CompletionBatch.objects.filter(pk=sent.pk).update(province="44")
    is_said(hand_in(row), "completion_reported_elsewhere")
    completions.send_back(sent.pk, by=national, comment="不属该省")
    takes(hand_in(row), by)


def certificate_reported(hand_in, by, national):  # noqa: F811
    first, second = line(certificate_no=CERTIFICATE), line(certificate_no=CERTIFICATE)
    takes(hand_in(first), by)
    is_said(hand_in(second), "certificate_reported")
    second[11] = "2016330100123457"
    takes(hand_in(second), by)


def completion_person_known(hand_in, by, national):  # noqa: F811
    person = factories.EnrollmentFactory(intake_year=timezone.localdate().year).resident
    sent = hand_in(line(id_number=person.id_number, full_name="改名", mobile=person.mobile))
    is_said(sent, "completion_person_known")
    takes(sent, by)


WALKS = {
    walk.__name__: walk
    for walk in (
        certificate_no_repeated,
        duplicate_in_file,
        completion_reported,
        completion_reported_elsewhere,
        certificate_reported,
        completion_person_known,
    )
}


@pytest.mark.parametrize("code", WALKS)
def test_repair_beyond_the_row(code, hand_in, provincial_reviewer, national_officer):  # noqa: F811
    WALKS[code](hand_in, provincial_reviewer, national_officer)


def test_every_message_of_annex_1_is_followed():
    """Whatever residents/rules/completion.py may say has its case above."""
    said = {
        word for word in re.findall(r'"([a-z_0-9]+)"', inspect.getsource(completion)) if word in CATALOGUE
    }
    assert said - MENDED.keys() - WALKS.keys() == set()
    assert len(MENDED) + len(WALKS) >= 16
