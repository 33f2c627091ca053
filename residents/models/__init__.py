"""The tables of residents and their records. Django looks for models in this module only."""

from residents.models.code_lists import CodeEntry, NumberShape
from residents.models.disclosures import Disclosure
from residents.models.enrollment import Enrollment, RecordMove, StatusChange
from residents.models.merges import PersonMerge
from residents.models.personal import (
    BasicInfo,
    CertificateInfo,
    EducationRecord,
    PersonalReturn,
    SectionConfirmation,
    WorkInfo,
)
from residents.models.resident import IdentityCorrection, Resident

__all__ = [
    "BasicInfo",
    "CertificateInfo",
    "CodeEntry",
    "Disclosure",
    "EducationRecord",
    "Enrollment",
    "IdentityCorrection",
    "NumberShape",
    "PersonMerge",
    "PersonalReturn",
    "RecordMove",
    "Resident",
    "SectionConfirmation",
    "StatusChange",
    "WorkInfo",
]
