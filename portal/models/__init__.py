"""The tables that all desks share. Django looks for models in this module only."""

from portal.models.audit import AuditEvent
from portal.models.chain import SealedBatch, SealedRows
from portal.models.cycle import CollectionCycle, CycleWindow, Extension, Step
from portal.models.messages import Delivery, Message, MessageSettings
from portal.models.people import SignInAttempt, User
from portal.models.processes import ClockState, ProcessSign
from portal.models.second_factor import RecoveryCode, SecondFactor
from portal.models.work import Deed, FormDraft, Job, Notice, NoticeFile, NoticeReading, SiteContact

__all__ = [
    "AuditEvent",
    "ClockState",
    "CollectionCycle",
    "CycleWindow",
    "Deed",
    "Delivery",
    "Extension",
    "FormDraft",
    "Job",
    "Message",
    "MessageSettings",
    "Notice",
    "NoticeFile",
    "NoticeReading",
    "ProcessSign",
    "RecoveryCode",
    "SealedBatch",
    "SealedRows",
    "SecondFactor",
    "SignInAttempt",
    "SiteContact",
    "Step",
    "User",
]
