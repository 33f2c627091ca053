"""Who may do what: the one table people argue about (docs/codes.md#rights). Where a person may do it is
bases/scope.py."""

from enum import Enum

from django.db import models


class Role(models.TextChoices):
    RESIDENT = "resident", "住院医师"
    BASE = "base", "培训基地"
    PROVINCE = "province", "省级卫生健康委科教处"
    CMDA = "cmda", "中国医师协会"
    # Reads the audit log and does nothing else: whoever is watched does not watch himself.
    AUDITOR = "auditor", "安全审计员"


class Action(Enum):
    VIEW = "view"
    IMPORT_ACCOUNTS = "import_accounts"
    DELETE_ACCOUNT = "delete_account"
    EDIT_PERSONAL = "edit_personal"
    RETURN_PERSONAL = "return_personal"
    EDIT_TRAINING = "edit_training"
    EDIT_STATUS = "edit_status"
    REPORT = "report"
    REVIEW = "review"
    RESET_PASSWORD = "reset_password"  # nosec B105 # a right
    MANAGE_STAFF = "manage_staff"
    UPLOAD_COMPLETIONS = "upload_completions"
    APPLY_SWITCH = "apply_switch"
    MANAGE_CYCLE = "manage_cycle"
    EXPORT = "export"


ROLE_ACTIONS: dict[str, frozenset[Action]] = {
    Role.RESIDENT: frozenset({Action.EDIT_PERSONAL}),
    Role.BASE: frozenset(
        {
            Action.VIEW,
            Action.IMPORT_ACCOUNTS,
            Action.DELETE_ACCOUNT,
            Action.RETURN_PERSONAL,
            Action.EDIT_TRAINING,
            Action.EDIT_STATUS,
            Action.REPORT,
            Action.RESET_PASSWORD,
            Action.MANAGE_STAFF,
            Action.EXPORT,
        }
    ),
    Role.PROVINCE: frozenset(
        {
            Action.VIEW,
            Action.REVIEW,
            Action.UPLOAD_COMPLETIONS,
            Action.APPLY_SWITCH,
            Action.MANAGE_STAFF,
            Action.EXPORT,
        }
    ),
    Role.CMDA: frozenset(
        {Action.VIEW, Action.MANAGE_CYCLE, Action.RESET_PASSWORD, Action.MANAGE_STAFF, Action.EXPORT}
    ),
}

# What a read-only member of an organisation keeps of his role's actions.
READ_ONLY_ACTIONS = frozenset({Action.VIEW, Action.EXPORT})


def role_allows(role: str, action: Action) -> bool:
    return action in ROLE_ACTIONS.get(role, frozenset())
