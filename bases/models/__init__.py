"""The tables of the bases' desk. Django looks for models in this module only."""

from bases.models.counts import ApprovedCount, CountedEnrollment, CountedPerson, IntakeCount, Movement, Source
from bases.models.imports import ImportBatch, ImportRow
from bases.models.legacy import LegacyFault, LegacyRoster
from bases.models.organisations import (
    Province,
    ProvinceGroupGrant,
    ProvinceUserGrant,
    Specialty,
    SpecialtyBase,
    SpecialtyBaseGroupGrant,
    SpecialtyBaseUserGrant,
    TrainingBase,
    TrainingBaseGroupGrant,
    TrainingBaseUserGrant,
)
from bases.models.requests import CorrectionRequest, ExtensionRequest, IdentityCheck, TransferRequest
from bases.models.saved_views import SavedView
from bases.models.submissions import ReturnReason, Submission
from bases.models.successions import HandedOver, Succession

__all__ = [
    "ApprovedCount",
    "CorrectionRequest",
    "ExtensionRequest",
    "CountedEnrollment",
    "CountedPerson",
    "HandedOver",
    "IdentityCheck",
    "ImportBatch",
    "ImportRow",
    "IntakeCount",
    "Movement",
    "LegacyFault",
    "LegacyRoster",
    "Province",
    "ProvinceGroupGrant",
    "ProvinceUserGrant",
    "ReturnReason",
    "SavedView",
    "Specialty",
    "Source",
    "SpecialtyBase",
    "SpecialtyBaseGroupGrant",
    "SpecialtyBaseUserGrant",
    "Submission",
    "Succession",
    "TrainingBase",
    "TrainingBaseGroupGrant",
    "TrainingBaseUserGrant",
    "TransferRequest",
]
