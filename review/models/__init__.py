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
from review.models.exams import CertificateCorrection, ExamEntry, ExamSession, ExamUpload
from review.models.exports import Export, export_path
from review.models.funding import BalanceNote, FundingRules
from review.models.funnel import FunnelCount
from review.models.quality import QualityCheck, QualityFinding, QualityMark
from review.models.switches import ModeSwitchApplication
from review.models.yearbook import IntakeTarget

__all__ = [
    "ApiClient",
    "ApiDelivery",
    "ApiRecord",
    "ApiResult",
    "Assignment",
    "BalanceNote",
    "CertificateCorrection",
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
    "ExamEntry",
    "ExamSession",
    "ExamUpload",
    "Export",
    "FundingRules",
    "FunnelCount",
    "IntakeTarget",
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
