"""The tables of the province's and the national desk. Django looks for models in this module only."""

from review.models.api import ApiClient, ApiDelivery, ApiRecord, ApiResult, DeliveredSubmission
from review.models.completions import CompletionBatch, CompletionRecord
from review.models.desk import Assignment, Claim, Substitution
from review.models.editions import (
    Edition,
    EditionCheck,
    EditionCount,
    EditionOrder,
    EditionPerson,
    Erratum,
    Signature,
    Standing,
    TrialPerson,
)
from review.models.exports import Export, export_path
from review.models.funding import BalanceNote, FundingRules
from review.models.funnel import FunnelCount
from review.models.quality import QualityCheck, QualityFinding, QualityMark
from review.models.switches import ModeSwitchApplication

__all__ = [
    "ApiClient",
    "ApiDelivery",
    "ApiRecord",
    "ApiResult",
    "Assignment",
    "BalanceNote",
    "Claim",
    "CompletionBatch",
    "CompletionRecord",
    "DeliveredSubmission",
    "Edition",
    "EditionCheck",
    "EditionCount",
    "EditionOrder",
    "EditionPerson",
    "Erratum",
    "Export",
    "FundingRules",
    "FunnelCount",
    "ModeSwitchApplication",
    "QualityCheck",
    "QualityFinding",
    "QualityMark",
    "Signature",
    "Standing",
    "Substitution",
    "TrialPerson",
    "export_path",
]
