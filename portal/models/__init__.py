from portal.models.audit import AuditEvent
from portal.models.cycle import CollectionCycle, CycleWindow, Extension, Step
from portal.models.people import SignInAttempt, User
from portal.models.work import FormDraft, Job, Message, Notice, SiteContact

__all__ = [
    "AuditEvent",
    "CollectionCycle",
    "CycleWindow",
    "Extension",
    "FormDraft",
    "Job",
    "Message",
    "Notice",
    "SignInAttempt",
    "SiteContact",
    "Step",
    "User",
]
