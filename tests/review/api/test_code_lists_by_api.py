"""docs/codes.md#edited, GOAL-N3: the interface takes and gives the code lists as the association has changed them."""

import json
import uuid

import pytest
from django.test import Client

from residents.models import CertificateInfo
from residents.services import code_lists
from tests.review.api.delivered import record

pytestmark = pytest.mark.django_db


@pytest.fixture
def key(make_key):
    return make_key()[1]


@pytest.fixture
def save(national_officer):
    def to(code, label, *, is_offered=True, version=None):
        values = {"label": label, "synonyms": [], "is_offered": is_offered, "reason": "新规定"}
        return code_lists.save_code(
            "qualification_class", code, values, by=national_officer, expected_version=version
        )

    return to


def results(key, *sent):
    answer = Client().post(
        "/api/v1/recruitments",
        json.dumps({"declared": True, "records": sent}),
        content_type="application/json",
        headers={"Authorization": f"Bearer {key}", "Idempotency-Key": str(uuid.uuid4())},
    )
    return answer.json()["results"]


def said(key, sent):
    """What is told of the class of the one record."""
    problems = results(key, sent)[0]["problems"]
    return {each["code"] for each in problems if each["field"] == "certificate.qualification_class"}


def test_platform_meets_new_and_withdrawn_classes(key, base, cycle, save):
    def sent(code, number):
        certificate = {
            "passed_qualification_exam": True,
            "has_qualification_cert": True,
            "qualification_class": code,
        }
        return record(base, cycle.year, number, certificate=certificate)

    assert said(key, sent("47", 1)) == {"code_options"}
    save("47", "壮医")
    save("46", "傣医", is_offered=False, version=0)
    assert "code_options" not in said(key, sent("47", 2))
    assert said(key, sent("壮医", 3)) == said(key, sent("47", 4))
    assert "code_withdrawn" in said(key, sent("46", 5))
    lists = (
        Client().get("/api/v1/reference/codes", headers={"Authorization": f"Bearer {key}"}).json()["lists"]
    )
    offered = {each["code"]: each["offered"] for each in lists["qualification_class"]}
    assert (offered["47"], offered["46"], offered["10"]) == (True, False, True)


def test_class_out_of_use_stays_in_a_record_delivered_before(key, base, cycle, save):
    """AM-14: sent again it is unchanged, and a correction of something else is no new entry of the class."""

    def qualified(number):
        """A record of somebody qualified and not yet licensed; the class stands in the certificate's number, too."""
        year, sent = cycle.year - 1, record(base, cycle.year, number)
        sent["certificate"] = {
            "passed_qualification_exam": True,
            "exam_pass_date": f"{year}-09",
            "has_qualification_cert": True,
            "qualification_date": f"{year}-12-01",
            "qualification_level": "1",
            "qualification_class": "46",
            "qualification_no": f"{year}33146{sent['account']['id_number']}",
            "has_license": False,
        }
        return sent

    mine = qualified(1)
    assert [each["outcome"] for each in results(key, mine)] == ["accepted"]
    save("46", "傣医", is_offered=False, version=0)
    assert [each["outcome"] for each in results(key, mine, qualified(2))] == ["unchanged", "refused"]
    mine["basic"]["email"] = "new@example.com"
    assert [each["outcome"] for each in results(key, mine)] == ["corrected"]
    assert CertificateInfo.objects.get().qualification_class == "46"
