"""What the people of the demo have filled in, block by block, complete by the rules."""

import datetime
from typing import Any

from residents.models import Enrollment
from review.demo.people import Person

# A made-up code whose check character is right (GB 32100).
SPONSOR_USCC = "123300000000000196"


def basic_values(person: Person) -> dict[str, Any]:
    return {
        "sex": person.sex,
        "birth_date": person.birth_date,
        "nationality": "CHN",
        "ethnicity": person.ethnicity,
        "hukou_province": person.hukou_province,
        "email": f"zhuyuan{person.mobile[-4:]}@example.com",
        "emergency_name": f"{person.full_name[0]}建国",
        "emergency_mobile": f"136{person.mobile[3:]}",
        "military_status": "0",
        "language_exam_type": "5",
    }


def bachelor_values(person: Person, graduated: datetime.date) -> dict[str, Any]:
    return {
        "level": "3",
        "is_full_time": True,
        "is_enrolled": False,
        "school": person.school,
        "major": person.major,
        "graduation_date": graduated,
        "education_code": "21",
        "has_diploma": True,
        "diploma_no": f"10335120{graduated:%y}05{person.mobile[-6:]}",
        "diploma_date": graduated,
        "has_degree": True,
        "degree_code": "410",
        "degree_no": f"10335420{graduated:%y}{person.mobile[-6:]}",
        "degree_date": graduated,
    }


def master_values(person: Person, enrollment: Enrollment) -> dict[str, Any]:
    """The degree programme of a 全日制硕士专业学位研究生, not yet finished."""
    return {
        "level": "4",
        "is_full_time": True,
        "is_enrolled": True,
        "enrolled_level": "4",
        "expected_graduation": datetime.date(enrollment.intake_year + 3, 6, 30),
        "school": person.school,
        "major": person.major,
        "degree_type": "1",
    }


def training_values(trainee_type: str, person: Person) -> dict[str, Any]:
    """What 人员类型 asks for beyond the common fields."""
    if trainee_type == "2":
        return {"sponsor_name": "示范县人民医院", "sponsor_uscc": SPONSOR_USCC, "sponsor_is_military": False}
    return {"degree_school": person.school} if trainee_type == "4" else {}


def work_values(trainee_type: str, enrollment: Enrollment) -> dict[str, Any]:
    if trainee_type not in ("1", "2"):
        return {}
    hospital: dict[str, Any] = {
        "employer_name": enrollment.base.name,
        "employer_kind": "1",
        "hospital_category": "1",
        "hospital_level": "3",
        "hospital_grade": "1",
        "affiliation": "2",
    }
    if trainee_type == "2":
        hospital |= {
            "employer_name": "示范县人民医院",
            "employer_uscc": SPONSOR_USCC,
            "employer_is_military": False,
            "hospital_level": "2",
        }
    return hospital
