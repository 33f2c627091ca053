"""The table of tests/test_access.py: which visitor may open which route, and what its address names.

Letters: a anonymous, r resident, b base, p province, c the association. `get` is the status of the visitor's own page;
405 marks a route that only takes POST.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Route:
    """`names` is the kind of object in the address: "" none, else a key of World.arguments."""

    roles: str
    names: str = ""
    get: int = 200
    only_base: int | None = None  # where a base's officer is sent on, as he has one organisation only


ANYBODY = "arbpc"
SIGNED_IN = "rbpc"

ROUTES = {
    "portal:home": Route(ANYBODY),
    "portal:sign-in": Route(ANYBODY, get=302),
    "portal:resident-sign-in": Route(ANYBODY),
    "portal:staff-sign-in": Route(ANYBODY),
    "portal:activate": Route(ANYBODY),
    "portal:notices": Route(ANYBODY),
    "portal:notice": Route(ANYBODY, "public notice"),
    "portal:help": Route(ANYBODY),
    "portal:privacy": Route(ANYBODY),
    "portal:health": Route(ANYBODY),
    "portal:sign-out": Route(SIGNED_IN, get=405),
    "portal:desk": Route(SIGNED_IN, get=302),
    "portal:password-change": Route(SIGNED_IN),
    "portal:messages": Route(SIGNED_IN),
    "portal:message-open": Route(SIGNED_IN, "message", get=405),
    "portal:messages-read-all": Route(SIGNED_IN, get=405),
    "portal:draft": Route(SIGNED_IN, get=405),
    "residents:home": Route("r"),
    "residents:section": Route("r", "section"),
    "residents:education": Route("r"),
    "residents:education-add": Route("r"),
    "residents:education-edit": Route("r", "study"),
    "residents:education-delete": Route("r", "study", get=405),
    "residents:education-scan": Route("r", "study", get=404),
    "residents:file": Route("r", "file", get=404),
    "residents:training": Route("r"),
    "residents:history": Route("r"),
    "residents:answer": Route("r", "personal return", get=405),
    "residents:confirm": Route("r", get=405),
    "bases:desk": Route("b"),
    "bases:record-list": Route("b", "module"),
    "bases:report": Route("b"),
    "bases:return-personal": Route("b"),
    "bases:remind": Route("b"),
    "bases:record": Route("b", "record"),
    "bases:submission": Route("b", "submission"),
    "bases:record-history": Route("b", "record"),
    "bases:record-file": Route("b", "record file", get=404),
    # The record of the test is reported intake: its forms send back to it with the reason.
    "bases:training-edit": Route("b", "record", get=302),
    "bases:status-edit": Route("b", "record", get=302),
    "bases:name-correct": Route("b", "record"),
    "bases:withdraw": Route("b", "record", get=405),
    "bases:import-list": Route("b"),
    "bases:import-upload": Route("b", "module"),
    "bases:account-template": Route("b", "module"),
    "bases:import-batch": Route("b", "import batch"),
    "bases:import-confirm": Route("b", "import batch", get=405),
    "bases:import-cancel": Route("b", "import batch", get=405),
    "bases:import-annotated": Route("b", "import batch", get=302),
    # The batch of the test waits for its confirmation: there is nothing to undo.
    "bases:import-undo": Route("b", "import batch", get=302),
    "bases:accounts": Route("b"),
    "bases:account-codes": Route("b", get=405),
    "bases:activation-policy": Route("b", get=405),
    "bases:account": Route("b", "record"),
    "bases:account-reset": Route("b", "record", get=405),
    "bases:account-release": Route("b", "record", get=405),
    "bases:account-delete": Route("b", "record"),
    "bases:account-restore": Route("b", "record", get=405),
    "bases:transfers": Route("b"),
    "bases:transfer-new": Route("b"),
    "bases:transfer": Route("b", "transfer"),
    "bases:transfer-release": Route("b", "transfer", get=405),
    "bases:transfer-refuse": Route("b", "transfer", get=405),
    "bases:transfer-cancel": Route("b", "transfer", get=405),
    "review:transfers": Route("pc"),
    "review:transfer-release": Route("c", "transfer"),
    "review:queue": Route("p"),
    "review:bulk": Route("p", get=405),
    "review:batch": Route("p", "decision batch", get=404),
    "review:residents": Route("pc"),
    "review:record": Route("pc", "record"),
    "review:record-file": Route("pc", "record file", get=404),
    "review:approve": Route("p", "record", get=405),
    "review:return": Route("p", "record", get=405),
    "review:revoke": Route("p", "record", get=405),
    "review:statistics": Route("pc"),
    "review:statistics-export": Route("pc", get=405),
    "review:statistics-records": Route("pc"),
    "review:statistics-records-export": Route("pc", get=405),
    "review:national": Route("c"),
    "review:windows": Route("c"),
    "review:cycle-create": Route("c", get=405),
    "review:cycle": Route("c", "year"),
    "review:window": Route("c", "step"),
    "review:window-remove": Route("c", "window", get=405),
    "review:organisations": Route("c"),
    "review:bases": Route("c"),
    "review:base-new": Route("c"),
    "review:base": Route("c", "base"),
    "review:accreditation-new": Route("c", "accreditation base"),
    "review:accreditation": Route("c", "accreditation"),
    "review:specialties": Route("c"),
    "review:specialty": Route("c", "specialty"),
    "review:staff": Route("bpc", only_base=302),
    "review:staff-of": Route("bpc", "organisation"),
    "review:appoint": Route("bpc", "organisation"),
    "review:staff-change": Route("bpc", "colleague", get=405),
    "review:announcements": Route("c"),
    "review:notice-new": Route("c"),
    "review:notice": Route("c", "public notice"),
    "review:notice-withdraw": Route("c", "public notice", get=405),
    "review:contact": Route("c"),
}
